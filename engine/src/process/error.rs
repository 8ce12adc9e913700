//! What can keep a process from being stopped.

use std::io;
use std::path::PathBuf;

use nix::errno::Errno;

use crate::address::{ProcessId, ThreadId};
use crate::process::Refusal;

/// Why a process could not be stopped or read.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no such process, or it ended meanwhile.
    #[error("there is no process {0}: it has ended, or never was")]
    Gone(ProcessId),
    /// It has ended; only its exit status is left.
    #[error(
        "process {process} has ended, and its parent {parent} (`{parent_name}`) has not asked for its exit status yet"
    )]
    Zombie {
        /// The process.
        process: ProcessId,
        /// Its parent.
        parent: ProcessId,
        /// Its parent's name.
        parent_name: String,
    },
    /// Another debugger has it.
    #[error(
        "process {process} is traced by {tracer} (`{tracer_name}`), and only one can: end that one first"
    )]
    Traced {
        /// The process.
        process: ProcessId,
        /// The thread that traces it.
        tracer: ThreadId,
        /// That thread's name.
        tracer_name: String,
    },
    /// The system does not let us.
    #[error("may not look into process {process}: {refusal}")]
    Refused {
        /// The process.
        process: ProcessId,
        /// The rule that refused, and its mend.
        refusal: Refusal,
    },
    /// A thread ran on although it was told to stop.
    #[error("thread {thread} of process {process} (state {state}) did not stop within {seconds} s")]
    Unstoppable {
        /// The process.
        process: ProcessId,
        /// The thread.
        thread: ThreadId,
        /// Its state letter.
        state: char,
        /// How long was waited.
        seconds: u64,
    },
    /// A file in `/proc` could not be read.
    #[error("cannot read {path}")]
    Proc {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// No thread could be started to trace it from.
    #[error("cannot start a thread to trace process {process} from")]
    NoThread {
        /// The process.
        process: ProcessId,
        /// What the system said.
        source: io::Error,
    },
    /// A traced thread could not be controlled.
    #[error("cannot {what} thread {thread}")]
    Trace {
        /// What was tried.
        what: &'static str,
        /// The thread.
        thread: ThreadId,
        /// What the system said.
        source: Errno,
    },
    /// A signal came that cannot be handed on to a traced thread.
    #[error(
        "thread {thread} gets a real-time signal, which cannot be handed on while it is traced"
    )]
    RealTimeSignal {
        /// The thread.
        thread: ThreadId,
    },
}
