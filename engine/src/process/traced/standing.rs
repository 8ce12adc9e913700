//! All threads of a traced process standing still, as a look needs them.

use std::collections::BTreeMap;

use nix::libc;

use super::Traced;
use crate::address::ThreadId;
use crate::process::stopped::{Hold, Standing};
use crate::process::thread::observe;
use crate::process::{Clock, Error, Process, Stopped, Thread, procfs, refusal};

/// The threads that run on when the stop is over. The others stand because something has happened
/// to them that is still to be asked for.
pub(in crate::process) struct Pause<'traced> {
    traced: &'traced mut Traced,
    running: Vec<ThreadId>,
}

impl Traced {
    /// Stops every thread of the process, which is `process`, until the result is dropped. Those that
    /// stood before stand afterwards.
    pub fn stop<'stop>(&'stop mut self, process: &'stop Process) -> Result<Stopped<'stop>, Error> {
        // What a thread waits for is to be seen before it is interrupted.
        let mut observed: BTreeMap<ThreadId, Thread> =
            self.threads().map(|thread| (thread, observe(self.process, thread))).collect();
        let running: Vec<ThreadId> =
            self.threads().filter(|thread| !self.is_stopped(*thread)).collect();
        let standing = match self.stop_all() {
            Ok(standing) => standing,
            Err(error) => {
                self.let_run(&running);
                return Err(error);
            }
        };
        let mut threads = Vec::new();
        for id in standing {
            let known = observed.remove(&id);
            // One that has just been killed has no registers; the next wait tells of its end.
            if let Some(registers) = self.registers(id) {
                let thread = known.unwrap_or_else(|| observe(self.process, id));
                threads.push(Thread { registers, ..thread });
            }
        }
        let leader = procfs::leader(self.process);
        threads.sort_by_key(|thread| (thread.id != leader, thread.id));
        let is_gone = threads.is_empty();
        let pause = Pause { traced: self, running };
        if is_gone {
            return Err(refusal::ended(process.id()));
        }
        let ended = observed.values().filter(|thread| thread.is_alive()).count();
        let standing = Standing { threads, clock: Clock::now(), ended };
        Ok(Stopped::new(process, standing, Hold::Traced { _pause: pause }))
    }

    /// Lets threads go on that were only told to stop.
    fn let_run(&mut self, threads: &[ThreadId]) {
        for thread in threads {
            // One that cannot go on is gone, which the next wait says.
            let _ = self.go_on(*thread);
        }
    }

    /// Whether a signal that a thread is about to get ends the process, and is none by which others ask
    /// it to end.
    pub fn is_deadly(&self, signal: i32) -> bool {
        /// What does nothing, stops or continues where no handler is set (signal(7)).
        const HARMLESS: [i32; 8] = [
            libc::SIGCHLD,
            libc::SIGURG,
            libc::SIGWINCH,
            libc::SIGCONT,
            libc::SIGSTOP,
            libc::SIGTSTP,
            libc::SIGTTIN,
            libc::SIGTTOU,
        ];
        const REQUESTS: [i32; 3] = [libc::SIGTERM, libc::SIGINT, libc::SIGHUP];
        if HARMLESS.contains(&signal) || REQUESTS.contains(&signal) {
            return false;
        }
        let bit = signal.checked_sub(1).and_then(|bit| 1u64.checked_shl(bit.cast_unsigned()));
        let status = procfs::read(self.process, procfs::leader(self.process), "status");
        let status = status.unwrap_or_default();
        let status = String::from_utf8_lossy(&status);
        let has = |key: &str| {
            let mask =
                procfs::field(&status, key).and_then(|mask| u64::from_str_radix(mask, 16).ok());
            mask.zip(bit).is_none_or(|(mask, bit)| mask & bit != 0)
        };
        !has("SigCgt") && !has("SigIgn")
    }
}

impl Drop for Pause<'_> {
    fn drop(&mut self) {
        let running = std::mem::take(&mut self.running);
        self.traced.let_run(&running);
    }
}
