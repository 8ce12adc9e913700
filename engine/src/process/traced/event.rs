//! What happens to traced threads, one thing at a time.

use std::thread;
use std::time::{Duration, Instant};

use nix::libc;
use nix::sys::ptrace;
use nix::unistd::Pid;
use rustix::process::{WaitOptions, WaitStatus, wait};

use super::{Resume, Traced, Tracee, slots};
use crate::address::ThreadId;
use crate::arch::TrapSlots;
use crate::process::{Error, procfs};

/// How often a thread is looked after that may take a moment.
const PAUSE: Duration = Duration::from_micros(50);

/// Something that happened. But for the last two the thread stands still until it is resumed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Event {
    /// The process runs another program now; this is its only thread.
    Exec(ThreadId),
    /// A new thread, before its first instruction.
    Born(ThreadId),
    /// It has executed one instruction, or hit traps, or both.
    Trapped(ThreadId, Trapped),
    /// It is about to get the signal of this number.
    Signaled(ThreadId, i32),
    /// It has ended.
    Ended(ThreadId),
    /// The process has ended: nothing will happen any more.
    Exited(Ending),
}

/// Why a thread was trapped.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Trapped {
    /// The traps that it has hit, by slot.
    pub hits: TrapSlots,
    /// Whether it has executed the one instruction that it was told to.
    pub is_stepped: bool,
}

impl Event {
    /// The thread it happened to; none when all have ended.
    pub fn thread(self) -> Option<ThreadId> {
        match self {
            Event::Exec(thread)
            | Event::Born(thread)
            | Event::Trapped(thread, _)
            | Event::Signaled(thread, _)
            | Event::Ended(thread) => Some(thread),
            Event::Exited(_) => None,
        }
    }
}

/// How a process ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Ending {
    /// By itself, with this exit code.
    Code(i32),
    /// By the signal of this number.
    Signal(i32),
}

impl Traced {
    /// Waits until something happens.
    ///
    /// # Errors
    ///
    /// The process was let go or is gone.
    pub fn wait(&mut self) -> Result<Event, Error> {
        loop {
            if let Some(event) = self.waiting.pop_front() {
                return Ok(event);
            }
            if let Some(thread) = self.over.pop_front() {
                self.step_over(thread)?;
                continue;
            }
            let (thread, status) = self.wait_once()?;
            if let Some(event) = self.event(thread, status)? {
                return Ok(event);
            }
        }
    }

    /// Keeps an event for the next wait.
    pub fn put_back(&mut self, event: Event) {
        self.waiting.push_front(event);
    }

    /// Waits until something happens, at most so long.
    pub fn wait_at_most(&mut self, longest: Duration) -> Result<Option<Event>, Error> {
        let begun = Instant::now();
        loop {
            if let Some(event) = self.waiting.pop_front() {
                return Ok(Some(event));
            }
            if let Some(thread) = self.over.pop_front() {
                self.step_over(thread)?;
                continue;
            }
            let changed = self.wait_with(WaitOptions::NOHANG)?;
            if let Some((thread, status)) = changed
                && let Some(event) = self.event(thread, status)?
            {
                return Ok(Some(event));
            }
            // Threads that are led on all the time change, and are no event.
            if begun.elapsed() > longest {
                return Ok(self.waiting.pop_front());
            }
            if changed.is_none() {
                thread::sleep(PAUSE);
            }
        }
    }

    /// Waits until `thread` stands still or has ended. What happens meanwhile is kept for
    /// [`Traced::wait`], but for threads that stop because they were told to: that is no news, and
    /// they go on with those that wait for it.
    pub(super) fn wait_for(&mut self, thread: ThreadId) -> Result<(), Error> {
        while self.threads.get(&thread).is_some_and(|tracee| !tracee.is_stopped) {
            let (other, status) = self.wait_once()?;
            let event = self.event(other, status)?;
            self.waiting.extend(event);
        }
        Ok(())
    }

    /// The next change of one of our threads.
    fn wait_once(&self) -> Result<(ThreadId, WaitStatus), Error> {
        loop {
            if let Some(changed) = self.wait_with(WaitOptions::empty())? {
                return Ok(changed);
            }
        }
    }

    /// A change of one of our threads; none when a signal came first, or with `NOHANG` when there is
    /// none.
    fn wait_with(&self, more: WaitOptions) -> Result<Option<(ThreadId, WaitStatus)>, Error> {
        let confined = libc::__WALL as u32 | libc::__WNOTHREAD as u32;
        match wait(WaitOptions::from_bits_retain(confined) | more) {
            Ok(Some((id, status))) => Ok(Some((ThreadId(id.as_raw_nonzero().get()), status))),
            Ok(None) | Err(rustix::io::Errno::INTR) => Ok(None),
            Err(_) => Err(Error::Gone(self.process)),
        }
    }

    /// What a wait status means; none for what is of no interest outside.
    fn event(&mut self, thread: ThreadId, status: WaitStatus) -> Result<Option<Event>, Error> {
        if status.exited() || status.signaled() {
            return Ok(self.ended(thread, status));
        }
        let Some(signal) = status.stopping_signal() else { return Ok(None) };
        let is_new = !self.threads.contains_key(&thread);
        if is_new && self.is_forked(thread) {
            self.forked(thread)?;
            return Ok(None);
        }
        let tracee = self.threads.entry(thread).or_default();
        tracee.is_stopped = true;
        // Whatever a thread stops for takes away that it was told to.
        let is_interrupted = std::mem::take(&mut tracee.is_interrupted);
        let event = (status.as_raw() >> 16) & 0xffff;
        match event {
            libc::PTRACE_EVENT_CLONE | libc::PTRACE_EVENT_FORK if !is_interrupted => {
                let resume = tracee.resumed.unwrap_or(Resume::Run);
                self.resume(thread, resume)?;
                Ok(None)
            }
            libc::PTRACE_EVENT_EXEC => {
                self.threads.clear();
                self.breakpoints = None;
                self.over.clear();
                let tracee = Tracee { is_stopped: true, ..Tracee::default() };
                self.threads.insert(thread, tracee);
                Ok(Some(Event::Exec(thread)))
            }
            libc::PTRACE_EVENT_STOP if is_new => Ok(Some(Event::Born(thread))),
            libc::PTRACE_EVENT_CLONE | libc::PTRACE_EVENT_FORK | libc::PTRACE_EVENT_STOP
                if is_interrupted =>
            {
                Ok(None)
            }
            libc::PTRACE_EVENT_STOP => {
                // Job control has stopped it or wakes it: it is ours to stop while it is traced.
                let resume = tracee.resumed.unwrap_or(Resume::Run);
                self.resume(thread, resume)?;
                Ok(None)
            }
            _ if signal == libc::SIGTRAP && self.breakpoints.is_some() => {
                self.trapped_in_software(thread, is_interrupted)
            }
            _ if signal == libc::SIGTRAP => Ok(Some(self.trapped(thread))),
            _ => {
                tracee.signal = Some(signal);
                Ok(Some(Event::Signaled(thread, signal)))
            }
        }
    }

    /// A trap of ours, or a `SIGTRAP` that is the program's own.
    fn trapped(&mut self, thread: ThreadId) -> Event {
        /// Source: Linux `include/uapi/asm-generic/siginfo.h`.
        const OURS: [i32; 3] = [libc::TRAP_TRACE, libc::TRAP_BRANCH, libc::TRAP_HWBKPT];
        let code = ptrace::getsiginfo(Pid::from_raw(thread.0)).map(|told| told.si_code);
        let resumed = self.threads.get(&thread).and_then(|tracee| tracee.resumed);
        // The step that leaves a system call is reported so: `arch/x86/kernel/ptrace.c`,
        // `user_single_step_report`. The CPU has not set its flag then.
        let is_behind_call = code == Ok(libc::TRAP_BRKPT) && resumed == Some(Resume::Step);
        if is_behind_call || code.map_or(true, |code| OURS.contains(&code)) {
            // What is armed may change before anybody asks for this.
            let status = slots::take_status(thread);
            let armed = self.threads.get(&thread).map(|tracee| tracee.armed).unwrap_or_default();
            let mut hits = armed;
            for (slot, hit) in hits.iter_mut().enumerate() {
                *hit = hit.filter(|_| status.is_hit(slot));
            }
            return Event::Trapped(
                thread,
                Trapped { hits, is_stepped: is_behind_call || status.is_stepped() },
            );
        }
        if let Some(tracee) = self.threads.get_mut(&thread) {
            tracee.signal = Some(libc::SIGTRAP);
        }
        Event::Signaled(thread, libc::SIGTRAP)
    }

    /// The same where breakpoints are used.
    fn trapped_in_software(
        &mut self,
        thread: ThreadId,
        is_interrupted: bool,
    ) -> Result<Option<Event>, Error> {
        /// Source: Linux `include/uapi/asm-generic/siginfo.h`; `arch/x86/kernel/traps.c`, `exc_int3`.
        const BREAKPOINT: i32 = 0x80;
        const STEPPED: [i32; 2] = [libc::TRAP_TRACE, libc::TRAP_BRKPT];
        let code = ptrace::getsiginfo(Pid::from_raw(thread.0)).map(|told| told.si_code);
        if code == Ok(BREAKPOINT)
            && let Some(told) = self.executed_breakpoint(thread, is_interrupted)?
        {
            return Ok(told);
        }
        let is_stepping = self.threads.get(&thread).is_some_and(|tracee| tracee.is_stepping);
        // Source: Linux `kernel/signal.c`, `signal_delivered`: a step into a signal's handler.
        if is_stepping && code == Ok(libc::SIGTRAP) {
            return self.entered_handler(thread, is_interrupted);
        }
        if is_stepping && code.map_or(true, |code| STEPPED.contains(&code)) {
            return self.stepped(thread, is_interrupted);
        }
        if let Some(tracee) = self.threads.get_mut(&thread) {
            tracee.signal = Some(libc::SIGTRAP);
        }
        Ok(Some(Event::Signaled(thread, libc::SIGTRAP)))
    }

    fn ended(&mut self, thread: ThreadId, status: WaitStatus) -> Option<Event> {
        let is_known = self.threads.remove(&thread).is_some();
        if thread != procfs::leader(self.process) {
            return is_known.then_some(Event::Ended(thread));
        }
        self.threads.clear();
        let code = status.exit_status().map(Ending::Code);
        code.or_else(|| status.terminating_signal().map(Ending::Signal)).map(Event::Exited)
    }
}
