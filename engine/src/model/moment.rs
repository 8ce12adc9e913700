//! What a process was stopped at, where that is no moment like any other.

use crate::address::ThreadId;

/// What had just happened to a thread.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Moment {
    /// The thread.
    pub thread: ThreadId,
    /// What happened to it.
    pub blow: Blow,
}

/// What can end a test at once.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Blow {
    /// A panic.
    Panic {
        /// What it said, if that could be read.
        message: Option<String>,
        /// Whether it says that a time limit had passed: what was limited is gone by then.
        is_timeout: bool,
    },
    /// A signal.
    Signal {
        /// Its name: `SIGSEGV`.
        name: String,
        /// What led to it, where the stack tells.
        origin: Option<String>,
    },
}
