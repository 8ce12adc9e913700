//! How a process is stopped for its looks: by a thread that seizes it each time, or by the one that
//! traces it all the time.

use std::thread;
use std::time::Duration;

use crate::process::{Error, Process, Stopped};

/// A process that can be stopped again and again.
pub(super) trait Stops {
    /// The process.
    fn process(&self) -> &Process;

    /// Stops all its threads until the result is dropped.
    fn stop(&mut self) -> Result<Stopped<'_>, Error>;

    /// Lets it run for so long.
    fn run_for(&mut self, duration: Duration) -> Result<(), Error>;
}

impl Stops for Process {
    fn process(&self) -> &Process {
        self
    }

    fn stop(&mut self) -> Result<Stopped<'_>, Error> {
        Process::stop(self)
    }

    fn run_for(&mut self, duration: Duration) -> Result<(), Error> {
        thread::sleep(duration);
        Ok(())
    }
}
