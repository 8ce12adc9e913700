//! A process that is traced from its first instruction to its end, thread by thread.
//!
//! Its threads run, and stop one at a time, when something happens that was asked for. The thread
//! that seized it is its tracer and has to make every call; when that thread ends, the process is
//! killed. It is stopped by the CPU's own registers, and nothing is written into its memory; only where
//! these do nothing it is stopped by breakpoints, which are taken out again (see `breakpoints`).
//!
//! The rules of ptrace that this relies on, from `kernel/ptrace.c`, `kernel/signal.c`,
//! `kernel/exit.c` and `arch/x86/kernel/ptrace.c`:
//!
//! - With `TRACECLONE` each new thread is traced from birth and stops before its first instruction.
//!   It starts without traps; it is armed at that stop, so that no thread ever runs without.
//! - `exec` takes all traps away and leaves one thread, with the first one's id.
//! - A wait that is confined to the tracer's own children and tracees (`__WNOTHREAD`) takes nothing
//!   that is meant for other threads of the tool.
//! - A thread whose process is killed vanishes at any moment: calls then fail with `ESRCH`, and the
//!   end is reported by the next wait.

mod breakpoints;
mod event;
mod release;
mod slots;
mod standing;

pub use breakpoints::Gate;
pub use event::{Ending, Event, Trapped};
pub(super) use standing::Pause;

use std::collections::{BTreeMap, VecDeque};

use nix::errno::Errno;
use nix::sys::ptrace;
use nix::sys::signal::Signal;
use nix::unistd::Pid;

use breakpoints::{Breakpoints, Lifted, Passage};

use crate::address::{Address, ProcessId, ThreadId};
use crate::arch::{Registers, TrapSlots};
use crate::process::thread::observe;
use crate::process::{Error, Memory, Thread, procfs, refusal};

/// How a thread goes on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Resume {
    /// Until something happens.
    Run,
    /// For one instruction.
    Step,
}

/// A process that is traced. Its threads are killed with the thread that traces it.
#[derive(Debug)]
pub struct Traced {
    process: ProcessId,
    threads: BTreeMap<ThreadId, Tracee>,
    /// What has happened and was not asked for yet.
    waiting: VecDeque<Event>,
    /// The breakpoints, where they are used.
    breakpoints: Option<Breakpoints>,
    /// The threads that stand at a breakpoint and are to be led over it.
    over: VecDeque<ThreadId>,
}

/// One traced thread.
#[derive(Debug, Default)]
struct Tracee {
    /// Whether it stands still.
    is_stopped: bool,
    /// How it was told to go on last.
    resumed: Option<Resume>,
    /// The signal that it gets when it goes on.
    signal: Option<i32>,
    /// Whether it was told to stop and has not yet.
    is_interrupted: bool,
    /// The traps that are armed in it.
    armed: TrapSlots,
    /// Whether it was told to execute one instruction, be it as it was asked for or not.
    is_stepping: bool,
    /// The breakpoint that it has executed and was put back to, until it goes on.
    reported: Option<Address>,
    /// The last breakpoint that an event told of, and its stack pointer there, until it is past it.
    told: Option<(Address, Address)>,
    /// Whether that is taken out for it.
    lifted: Lifted,
    /// The gate that it is in.
    passage: Option<Passage>,
}

impl Traced {
    /// Begins to trace a process that has one thread. The calling thread becomes its tracer.
    ///
    /// # Errors
    ///
    /// The process is gone, or the system does not let us.
    pub fn seize(process: ProcessId) -> Result<Traced, Error> {
        let leader = procfs::leader(process);
        ptrace::seize(Pid::from_raw(leader.0), Traced::options())
            .map_err(|_| refusal::explain(process, leader))?;
        let tracee = Tracee { resumed: Some(Resume::Run), ..Tracee::default() };
        Ok(Traced {
            process,
            threads: BTreeMap::from([(leader, tracee)]),
            waiting: VecDeque::new(),
            breakpoints: None,
            over: VecDeque::new(),
        })
    }

    /// What is traced of every thread.
    fn options() -> ptrace::Options {
        ptrace::Options::PTRACE_O_TRACECLONE
            | ptrace::Options::PTRACE_O_TRACEEXEC
            | ptrace::Options::PTRACE_O_EXITKILL
    }

    /// Its id.
    pub fn id(&self) -> ProcessId {
        self.process
    }

    /// Its threads that live.
    pub fn threads(&self) -> impl Iterator<Item = ThreadId> {
        self.threads.keys().copied()
    }

    /// Whether this thread stands still.
    pub fn is_stopped(&self, thread: ThreadId) -> bool {
        self.threads.get(&thread).is_some_and(|tracee| tracee.is_stopped)
    }

    /// The registers of a stopped thread; none when it has just been killed.
    pub fn registers(&self, thread: ThreadId) -> Option<Registers> {
        let registers = ptrace::getregs(Pid::from_raw(thread.0)).ok()?;
        Some(Registers::from_user(&registers))
    }

    /// A stopped thread with what `/proc` says of it.
    pub fn thread(&self, thread: ThreadId) -> Option<Thread> {
        let registers = self.registers(thread)?;
        // It stands in no system call: it was stopped where it ran.
        Some(Thread { registers, syscall: None, ..observe(self.process, thread) })
    }

    /// The name of a thread (`comm`).
    pub fn thread_name(&self, thread: ThreadId) -> String {
        procfs::stat(self.process, thread).map(|stat| stat.name).unwrap_or_default()
    }

    /// Whether it runs the same file as we do.
    pub fn runs_our_program(&self) -> bool {
        let file = |process: &str| std::fs::read_link(format!("/proc/{process}/exe")).ok();
        file("self").is_some_and(|ours| file(&self.process.to_string()) == Some(ours))
    }

    /// The memory of the program that it runs now.
    pub fn memory(&self) -> Result<Memory, Error> {
        Memory::open(self.process, procfs::leader(self.process))
            .map_err(|_| refusal::ended(self.process))
    }

    /// Lets a stopped thread go on, with the signal that it was stopped at.
    pub fn resume(&mut self, thread: ThreadId, resume: Resume) -> Result<(), Error> {
        let Some(tracee) = self.threads.get_mut(&thread) else { return Ok(()) };
        if !tracee.is_stopped {
            return Ok(());
        }
        tracee.resumed = Some(resume);
        if self.stands_at_breakpoint(thread) {
            if !self.over.contains(&thread) {
                self.over.push_back(thread);
            }
            return Ok(());
        }
        self.continue_stopped(thread, resume)
    }

    /// Lets a thread execute what it stands at.
    fn continue_stopped(&mut self, thread: ThreadId, resume: Resume) -> Result<(), Error> {
        self.about_to_write(thread);
        self.forget_told(thread);
        let Some(tracee) = self.threads.get_mut(&thread) else { return Ok(()) };
        let id = Pid::from_raw(thread.0);
        let signal = tracee.signal.take().map(Signal::try_from).transpose();
        let signal = signal.map_err(|_| Error::RealTimeSignal { thread })?;
        // One that was told to stop when it stood already stops again before it executes anything.
        let is_stepping =
            resume == Resume::Step || tracee.passage.is_some() || tracee.lifted == Lifted::Under;
        let result = match is_stepping {
            false => ptrace::cont(id, signal),
            true => ptrace::step(id, signal),
        };
        tracee.is_stopped = false;
        tracee.is_stepping = is_stepping;
        tracee.reported = None;
        alive("let run", thread, result)
    }

    /// Tells a running thread to stop, which is to be waited for: it is no event.
    fn interrupt(&mut self, thread: ThreadId) -> Result<(), Error> {
        let Some(tracee) = self.threads.get_mut(&thread) else { return Ok(()) };
        if tracee.is_stopped || tracee.is_interrupted {
            return Ok(());
        }
        tracee.is_interrupted = true;
        alive("interrupt", thread, ptrace::interrupt(Pid::from_raw(thread.0)))
    }

    /// Takes away the signal that a thread was stopped at.
    pub fn drop_signal(&mut self, thread: ThreadId) {
        if let Some(tracee) = self.threads.get_mut(&thread) {
            tracee.signal = None;
        }
    }
}

/// That a thread was killed meanwhile is no error: the next wait says so.
fn alive(what: &'static str, thread: ThreadId, result: nix::Result<()>) -> Result<(), Error> {
    match result {
        Ok(()) | Err(Errno::ESRCH) => Ok(()),
        Err(source) => Err(Error::Trace { what, thread, source }),
    }
}
