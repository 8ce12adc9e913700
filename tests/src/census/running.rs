//! One run of one test.

use std::fs;
use std::process::Child;
use std::thread;
use std::time::{Duration, Instant};

use super::source::Test;
use crate::Error;

/// How often is looked whether something has happened.
const OFTEN: Duration = Duration::from_micros(200);

/// Longest time until a test's own thread is there.
const STARTING: Duration = Duration::from_secs(2);

/// A test that runs; it is ended with this value.
pub(super) struct Running {
    child: Child,
    name: String,
}

/// How a test ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Verdict {
    /// It passed.
    Pass,
    /// It failed.
    Fail,
    /// It did not end in time.
    Endless,
}

impl Running {
    /// Starts `test` and waits until the thread is there that runs it.
    ///
    /// # Errors
    ///
    /// It cannot be started.
    pub(super) fn start(test: &Test) -> Result<Running, Error> {
        let name = test.name.clone();
        let child = test.command().spawn();
        let child = child.map_err(|source| Error::Start { program: name.clone(), source })?;
        let mut running = Running { child, name };
        let started = Instant::now();
        while running.threads() < 2 && started.elapsed() < STARTING && !running.has_ended()? {
            thread::sleep(OFTEN);
        }
        Ok(running)
    }

    /// Its process id.
    pub(super) fn process(&self) -> i32 {
        i32::try_from(self.child.id()).unwrap_or(0)
    }

    /// Whether it ends within this time.
    ///
    /// # Errors
    ///
    /// The system does not say.
    pub(super) fn ends_within(&mut self, time: Duration) -> Result<bool, Error> {
        Ok(self.verdict(time)? != Verdict::Endless)
    }

    /// How it ends, if it does so within this time.
    ///
    /// # Errors
    ///
    /// The system does not say.
    pub(super) fn verdict(&mut self, time: Duration) -> Result<Verdict, Error> {
        let started = Instant::now();
        loop {
            match self.status()? {
                Some(true) => return Ok(Verdict::Pass),
                Some(false) => return Ok(Verdict::Fail),
                None if started.elapsed() >= time => return Ok(Verdict::Endless),
                None => thread::sleep(OFTEN),
            }
        }
    }

    fn has_ended(&mut self) -> Result<bool, Error> {
        Ok(self.status()?.is_some())
    }

    /// Whether it passed; none while it runs.
    fn status(&mut self) -> Result<Option<bool>, Error> {
        let status = self.child.try_wait();
        let status =
            status.map_err(|source| Error::Start { program: self.name.clone(), source })?;
        Ok(status.map(|status| status.success()))
    }

    fn threads(&self) -> usize {
        let tasks = fs::read_dir(format!("/proc/{}/task", self.child.id()));
        tasks.map_or(0, Iterator::count)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
