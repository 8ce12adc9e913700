//! A process while all its threads stand still.

use std::fmt;

use crate::address::ProcessId;
use crate::process::holder::Holder;
use crate::process::traced::Pause;
use crate::process::{Clock, Error, Memory, Process, Thread};

/// Proof that all threads of a process stand still. It runs on when this is dropped.
pub struct Stopped<'process> {
    process: &'process Process,
    standing: Standing,
    _hold: Hold<'process>,
}

/// What a stop brings.
pub(super) struct Standing {
    pub(super) threads: Vec<Thread>,
    pub(super) clock: Clock,
    pub(super) ended: usize,
}

/// What keeps the threads still until it is dropped.
pub(super) enum Hold<'process> {
    /// A thread that has seized them for this stop.
    Holder { _holder: Holder },
    /// The thread that traces them all the time.
    Traced { _pause: Pause<'process> },
}

impl<'process> Stopped<'process> {
    pub(super) fn new(
        process: &'process Process,
        standing: Standing,
        hold: Hold<'process>,
    ) -> Stopped<'process> {
        Stopped { process, standing, _hold: hold }
    }

    /// The process.
    pub fn process(&self) -> &'process Process {
        self.process
    }

    /// Its id.
    pub fn id(&self) -> ProcessId {
        self.process.id()
    }

    /// Its live threads, the first one first.
    pub fn threads(&self) -> &[Thread] {
        &self.standing.threads
    }

    /// How many others have ended since these were looked at: what is known of these may be from
    /// before one of them was woken by such an end.
    pub fn ended(&self) -> usize {
        self.standing.ended
    }

    /// When the last of them stood still.
    pub fn clock(&self) -> Clock {
        self.standing.clock
    }

    /// Its memory. Also readable when the process runs on, and then changing.
    pub fn memory(&self) -> Result<Memory, Error> {
        self.process.memory()
    }

    /// Lets the process run on and keeps what is known of its threads.
    pub fn into_threads(self) -> Vec<Thread> {
        self.standing.threads
    }
}

impl fmt::Debug for Stopped<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let threads = self.standing.threads.len();
        write!(formatter, "Stopped({}, {threads} threads)", self.id())
    }
}
