//! Stops every thread of a process, new ones included, and reads their registers.
//!
//! Runs on the holder thread; what it seized is let go when that thread ends.

use std::collections::BTreeMap;
use std::io;
use std::thread;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::sys::ptrace;
use nix::unistd::{Pid, gettid};

use crate::address::{ProcessId, ThreadId};
use crate::arch::Registers;
use crate::process::stopped::Standing;
use crate::process::thread::{blocked, observe};
use crate::process::{Clock, Error, Thread, holder, procfs, refusal};

/// How long a thread may take to stop before the attempt is given up.
const PATIENCE: Duration = Duration::from_secs(10);

/// How long a thread may sit in a wait inside the kernel that no signal ends (state `D`, such as the
/// parent's wait after `vfork`) before it counts as standing still.
const DEEP_SLEEP: Duration = Duration::from_millis(200);

/// How often a thread is looked at in quick succession before the pauses begin. Most stop within
/// microseconds.
const QUICK_LOOKS: u32 = 50;

/// The longest pause between two looks.
const LONGEST_PAUSE: Duration = Duration::from_millis(1);

/// How long the system may refuse a thread before that is believed: one that is ending or in the
/// middle of `exec` is refused for a moment, too.
const REFUSAL: Duration = Duration::from_millis(200);

/// The threads of a process on their way to standing still.
pub(super) struct Freeze {
    process: ProcessId,
    began: Instant,
    refused_since: Option<Instant>,
    observed: BTreeMap<ThreadId, Thread>,
    standing: BTreeMap<ThreadId, Registers>,
}

/// What came of an attempt to seize a thread.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Seized {
    /// It is ours.
    Yes,
    /// It has ended, and its entry is left.
    Dead,
    /// It is ending, or changing.
    NotNow,
}

impl Freeze {
    /// Stops every thread of the process, and returns them as they stand.
    pub(super) fn run(process: ProcessId) -> Result<Standing, Error> {
        let mut freeze = Freeze {
            process,
            began: Instant::now(),
            refused_since: None,
            observed: BTreeMap::new(),
            standing: BTreeMap::new(),
        };
        for id in freeze.listed()? {
            freeze.observed.insert(id, observe(process, id));
        }
        while !freeze.round()? {
            freeze.check_patience(procfs::leader(process))?;
        }
        freeze.standing()
    }

    /// Stops all threads that are listed and not yet stopped; true when every thread that lives had
    /// been stopped by the round before and the list was whole.
    fn round(&mut self) -> Result<bool, Error> {
        let listed = self.listed()?;
        let mut new = Vec::new();
        let mut moving = Vec::new();
        for &id in &listed {
            if self.standing.contains_key(&id) {
                continue;
            }
            match self.seize(id)? {
                Seized::Yes => new.push(id),
                // The first thread stays until its parent has asked for the exit status.
                Seized::Dead if id == procfs::leader(self.process) => {}
                Seized::Dead => {
                    holder::bury(id);
                    moving.push(id);
                }
                Seized::NotNow => moving.push(id),
            }
        }
        for &id in &new {
            if let Some(registers) = self.settle(id)? {
                self.standing.insert(id, registers);
            }
        }
        if !moving.is_empty() {
            thread::yield_now();
        }
        // Reading the folder can miss threads while others end, so the kernel's own count decides. It
        // is one of the same threads, for none of those listed could go meanwhile.
        Ok(new.is_empty() && moving.is_empty() && self.count() == Some(listed.len()))
    }

    /// Seizes a thread, looks at it unless that was done, and tells it to stop.
    ///
    /// With `TRACECLONE`, whatever it starts before it stops is seized and stopped from birth: a
    /// relay of threads that each start the next and end cannot run ahead of us.
    fn seize(&mut self, id: ThreadId) -> Result<Seized, Error> {
        let thread = Pid::from_raw(id.0);
        match ptrace::seize(thread, ptrace::Options::PTRACE_O_TRACECLONE) {
            Ok(()) => self.refused_since = None,
            Err(Errno::ESRCH) => return Ok(Seized::NotNow),
            // Also one of ours that ended after it was seized.
            Err(_) if self.is_dead(id) => return Ok(Seized::Dead),
            Err(_) if self.is_ours(id) => {}
            Err(_) => return self.refused(id),
        }
        let process = self.process;
        self.observed.entry(id).or_insert_with(|| observe(process, id));
        match ptrace::interrupt(thread) {
            Ok(()) => Ok(Seized::Yes),
            Err(_) => Ok(Seized::NotNow),
        }
    }

    /// What it means that the system refused to let us seize a thread.
    fn refused(&mut self, id: ThreadId) -> Result<Seized, Error> {
        let since = *self.refused_since.get_or_insert_with(Instant::now);
        if refusal::tracer(self.process, id).is_some() || since.elapsed() > REFUSAL {
            return Err(refusal::explain(self.process, id));
        }
        Ok(Seized::NotNow)
    }

    /// Waits until a thread stands still, or sleeps where no signal reaches it: then only some of
    /// its registers are known, and it stops before it executes another instruction of its own.
    /// `None`: it has ended, or its id now belongs to another thread.
    fn settle(&self, id: ThreadId) -> Result<Option<Registers>, Error> {
        let began = Instant::now();
        let mut looks = 0;
        let mut pause = Duration::from_micros(20);
        loop {
            // They can be read exactly when the thread stands still, whatever wait status somebody
            // else has consumed.
            if let Ok(registers) = ptrace::getregs(Pid::from_raw(id.0)) {
                return Ok(Some(Registers::from_user(&registers)));
            }
            looks += 1;
            if looks < QUICK_LOOKS {
                thread::yield_now();
                continue;
            }
            let Some(state) = self.state(id) else {
                return Ok(None);
            };
            if state == 'D'
                && began.elapsed() > DEEP_SLEEP
                && let Some(blocked) = blocked(self.process, id)
            {
                return Ok(Some(blocked.registers()));
            }
            self.check_patience(id)?;
            // The order is given again because `exec` moves a thread to the first one's id, and with
            // it an order that was meant for another.
            let _ = ptrace::interrupt(Pid::from_raw(id.0));
            thread::sleep(pause);
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// The state letter of a thread of ours; `None` when it has ended, or `exec` has given its id to
    /// a thread that we do not have: the next round seizes that.
    fn state(&self, id: ThreadId) -> Option<char> {
        let stat = procfs::stat(self.process, id).ok()?;
        (!stat.is_dead() && self.is_ours(id)).then_some(stat.state)
    }

    /// An error when stopping has taken too long, for want of this thread.
    fn check_patience(&self, thread: ThreadId) -> Result<(), Error> {
        if self.began.elapsed() <= PATIENCE {
            return Ok(());
        }
        Err(Error::Unstoppable {
            process: self.process,
            thread,
            state: procfs::stat(self.process, thread).map_or('?', |stat| stat.state),
            seconds: PATIENCE.as_secs(),
        })
    }

    /// Whether a listed thread has ended.
    fn is_dead(&self, id: ThreadId) -> bool {
        procfs::stat(self.process, id).is_ok_and(|stat| stat.is_dead())
    }

    fn is_ours(&self, id: ThreadId) -> bool {
        refusal::tracer(self.process, id) == Some(ThreadId(gettid().as_raw()))
    }

    /// The threads of the process, which now stand still.
    fn standing(mut self) -> Result<Standing, Error> {
        let clock = Clock::now();
        let mut threads = Vec::new();
        for (id, registers) in self.standing {
            if let Some(mut thread) = self.observed.remove(&id) {
                thread.registers = registers;
                threads.push(thread);
            }
        }
        if threads.is_empty() {
            return Err(refusal::ended(self.process));
        }
        // The first thread's id need not be the lowest: ids wrap around.
        threads.sort_by_key(|thread| (thread.id.0 != self.process.0, thread.id));
        let ended = self.observed.values().filter(|thread| thread.is_alive()).count();
        Ok(Standing { threads, clock, ended })
    }

    /// The ids of all threads.
    fn listed(&self) -> Result<Vec<ThreadId>, Error> {
        match procfs::threads(self.process) {
            Ok(threads) => Ok(threads),
            Err(error) if is_gone(&error) => Err(Error::Gone(self.process)),
            Err(source) => {
                Err(Error::Proc { path: format!("/proc/{}/task", self.process).into(), source })
            }
        }
    }

    /// How many threads the kernel counts.
    fn count(&self) -> Option<usize> {
        let stat = procfs::stat(self.process, procfs::leader(self.process));
        stat.ok().map(|stat| stat.thread_count)
    }
}

/// Whether a file in `/proc` could not be read because its process has ended.
fn is_gone(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::NotFound || error.raw_os_error() == Some(Errno::ESRCH as i32)
}
