//! Letting a traced process go.

use nix::sys::ptrace;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::{Resume, Traced, alive};
use crate::address::ThreadId;
use crate::arch::TRAP_SLOTS;
use crate::process::Error;

impl Traced {
    /// Takes all traps out, lets every thread go, and with it the right to trace the process: it
    /// runs on as if it had never been traced.
    pub fn release(mut self) -> Result<(), Error> {
        self.uproot()?;
        while let Some(thread) = self.threads.keys().next().copied() {
            self.interrupt(thread)?;
            self.wait_for(thread)?;
            self.arm(thread, &[None; TRAP_SLOTS])?;
            let signal = self.threads.remove(&thread).and_then(|tracee| tracee.signal);
            let signal = signal.and_then(|signal| Signal::try_from(signal).ok());
            alive("let go", thread, ptrace::detach(Pid::from_raw(thread.0), signal))?;
        }
        Ok(())
    }

    /// Lets a thread go on as before that was only told to stop. One to which something has happened
    /// stands until that was asked for by [`Traced::wait`].
    pub fn go_on(&mut self, thread: ThreadId) -> Result<(), Error> {
        let has_news = self.waiting.iter().any(|event| event.thread() == Some(thread));
        let resumed = self.threads.get(&thread).and_then(|tracee| tracee.resumed);
        if has_news || self.over.contains(&thread) {
            return Ok(());
        }
        self.resume(thread, resumed.unwrap_or(Resume::Run))
    }

    /// Kills the process; what is left to happen is still to be waited for.
    pub fn kill(&mut self) {
        // It may have ended just now.
        let _ = kill(Pid::from_raw(self.process.0), Signal::SIGKILL);
    }

    /// Stops every thread, those born meanwhile included, and returns them.
    pub fn stop_all(&mut self) -> Result<Vec<ThreadId>, Error> {
        loop {
            let running: Vec<ThreadId> =
                self.threads().filter(|thread| !self.is_stopped(*thread)).collect();
            if running.is_empty() {
                return Ok(self.threads().collect());
            }
            for thread in &running {
                self.interrupt(*thread)?;
            }
            for thread in running {
                self.wait_for(thread)?;
            }
        }
    }
}
