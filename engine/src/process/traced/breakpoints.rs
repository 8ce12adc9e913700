//! Traps by breakpoints, where the CPU's own registers stop nothing.
//!
//! What a thread is armed with is the same, and so is what is told of it. A trap before an instruction
//! becomes a byte there, which all threads execute: one that is not armed with it is led over it
//! unseen. A trap for writes is made of [`Gate`]s, the code that does all writes that matter: a thread
//! that comes to one goes through it by single steps, and what each instruction is about to write is
//! compared with what the thread is armed with. Nothing stops at writes from elsewhere.
//!
//! - A byte is taken out for as long as a thread is led over it, and all others stand still then: none
//!   is ever lost.
//! - A thread that has executed one is put back to it at once. It may tell so late, when nobody wants
//!   that byte any more: all that ever were are kept.
//! - What the process forks has the bytes too. It is traced from birth on for that, gets its code back,
//!   and is let go before it runs. A child that shares the memory until it runs another program
//!   (`vfork`, `posix_spawn`) executes nothing but the C library on that way.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{File, OpenOptions};
use std::os::unix::fs::FileExt;
use std::rc::Rc;

use nix::sys::ptrace;
use nix::unistd::Pid;

use super::{Resume, Traced, Tracee, Trapped, alive};
use crate::address::{Address, ProcessId, ThreadId};
use crate::arch::{
    Access, BREAKPOINT, HardwareTrap, LONGEST_INSTRUCTION, PC_OFFSET, Registers, TrapSlots,
    first_effect,
};
use crate::process::{Error, Event, procfs};

/// Most instructions that are stepped in a gate.
const MOST_STEPS: u32 = 100_000;

/// Code that writes what is watched.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Gate {
    /// The instruction that it begins with.
    pub address: Address,
    /// Its code; what it calls belongs to it.
    pub within: Vec<(Address, Address)>,
    /// How many bytes the first argument refers to that it writes to; absent where no function begins
    /// and that is not known.
    pub size: Option<u64>,
}

/// The breakpoints of a process.
#[derive(Debug)]
pub(super) struct Breakpoints {
    memory: File,
    /// The bytes that belong where a breakpoint is or was.
    bytes: BTreeMap<Address, u8>,
    /// Where one is now.
    planted: BTreeSet<Address>,
    gates: BTreeMap<Address, Rc<Gate>>,
}

/// A thread's way through a gate.
#[derive(Debug)]
pub(super) struct Passage {
    gate: Rc<Gate>,
    /// The stack pointer at its beginning.
    sp: Address,
    steps: u32,
    /// What the instruction writes that is being executed.
    written: Option<Address>,
}

/// Whether a breakpoint is taken out for a thread to execute the instruction there.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) enum Lifted {
    /// None is.
    #[default]
    No,
    /// One is, and it has not executed the instruction.
    Under,
    /// One is, and it has.
    Behind,
    /// One is, and a signal has led the thread elsewhere.
    Away,
}

impl Breakpoints {
    fn open(process: ProcessId) -> Result<Breakpoints, Error> {
        Ok(Breakpoints {
            memory: writable(process, procfs::leader(process))?,
            bytes: BTreeMap::new(),
            planted: BTreeSet::new(),
            gates: BTreeMap::new(),
        })
    }

    fn plant(&mut self, address: Address) {
        let mut byte = [0];
        let is_known = self.bytes.contains_key(&address);
        if !is_known && self.memory.read_exact_at(&mut byte, address.0).is_err() {
            return;
        }
        if self.memory.write_all_at(&[BREAKPOINT], address.0).is_ok() {
            let [byte] = byte;
            self.bytes.entry(address).or_insert(byte);
            self.planted.insert(address);
        }
    }

    fn lift(&mut self, address: Address) {
        if self.planted.remove(&address)
            && let Some(byte) = self.bytes.get(&address)
        {
            // What cannot be written has no memory any more.
            let _ = self.memory.write_all_at(&[*byte], address.0);
        }
    }

    /// Makes the breakpoints these.
    fn set(&mut self, wanted: &BTreeSet<Address>) {
        let old: Vec<Address> = self.planted.difference(wanted).copied().collect();
        let new: Vec<Address> = wanted.difference(&self.planted).copied().collect();
        old.into_iter().for_each(|address| self.lift(address));
        new.into_iter().for_each(|address| self.plant(address));
    }

    /// The code at `address`, as it is without breakpoints.
    fn code(&self, address: Address) -> Vec<u8> {
        let mut code = vec![0; LONGEST_INSTRUCTION as usize];
        let length = self.memory.read_at(&mut code, address.0).unwrap_or(0);
        code.truncate(length);
        for (byte, at) in code.iter_mut().zip(address.0..) {
            if self.planted.contains(&Address(at)) {
                *byte = self.bytes.get(&Address(at)).copied().unwrap_or(*byte);
            }
        }
        code
    }

    /// Gives a process that was forked its own code back.
    fn cleanse(&self, child: ThreadId) {
        let Ok(memory) = writable(ProcessId(child.0), child) else { return };
        // What is lifted now may have been planted when it was forked.
        for (address, byte) in &self.bytes {
            let _ = memory.write_all_at(&[*byte], address.0);
        }
    }
}

/// The memory of a process, to write to.
fn writable(process: ProcessId, thread: ThreadId) -> Result<File, Error> {
    let path = procfs::path(process, thread, "mem");
    let opened = OpenOptions::new().read(true).write(true).open(&path);
    opened.map_err(|source| Error::Proc { path, source })
}

impl Traced {
    /// Uses breakpoints instead of the CPU's registers from now on, until the process runs another
    /// program. It has one thread, which stands still. Traps for writes stop at what gates write.
    ///
    /// # Errors
    ///
    /// The system does not let us write to its memory.
    pub fn use_breakpoints(&mut self, thread: ThreadId) -> Result<(), Error> {
        self.breakpoints = Some(Breakpoints::open(self.process)?);
        let options = Traced::options() | ptrace::Options::PTRACE_O_TRACEFORK;
        alive("trace", thread, ptrace::setoptions(Pid::from_raw(thread.0), options))
    }

    /// Sets the code that does all writes for which traps are set.
    pub fn set_gates(&mut self, gates: Vec<Gate>) {
        if let Some(breakpoints) = &mut self.breakpoints {
            let gates = gates.into_iter().map(|gate| (gate.address, Rc::new(gate)));
            breakpoints.gates = gates.collect();
        }
    }

    /// Puts breakpoints where threads are armed, and nowhere else.
    pub(super) fn plant(&mut self) {
        let Some(breakpoints) = &mut self.breakpoints else { return };
        let armed = || self.threads.values().flat_map(|tracee| tracee.armed.iter().flatten());
        let is_execute = |trap: &&HardwareTrap| trap.access == Access::Execute;
        let mut wanted: BTreeSet<Address> =
            armed().filter(is_execute).map(|trap| trap.address).collect();
        if !armed().all(|trap| trap.access == Access::Execute) {
            wanted.extend(breakpoints.gates.keys());
        }
        breakpoints.set(&wanted);
    }

    /// Takes all breakpoints out of a process that stands still, and puts each thread that has executed
    /// one back to it.
    pub(super) fn uproot(&mut self) -> Result<(), Error> {
        if self.breakpoints.is_none() {
            return Ok(());
        }
        for thread in self.stop_all()? {
            while self.is_stopped(thread) && self.has_executed_breakpoint(thread) {
                self.continue_stopped(thread, Resume::Run)?;
                self.wait_for(thread)?;
            }
        }
        self.over.clear();
        for tracee in self.threads.values_mut() {
            tracee.passage = None;
            tracee.armed = TrapSlots::default();
        }
        if let Some(mut breakpoints) = self.breakpoints.take() {
            breakpoints.set(&BTreeSet::new());
        }
        Ok(())
    }

    /// Whether a thread that stands still for another reason is about to tell that it has executed a
    /// breakpoint: it tells nothing but that when it goes on.
    fn has_executed_breakpoint(&self, thread: ThreadId) -> bool {
        const TRAPPED: u64 = 1 << (nix::libc::SIGTRAP - 1);
        let status = procfs::read(self.process, thread, "status").unwrap_or_default();
        let status = String::from_utf8_lossy(&status);
        let pending = procfs::field(&status, "SigPnd");
        let pending = pending.and_then(|mask| u64::from_str_radix(mask, 16).ok()).unwrap_or(0);
        pending & TRAPPED != 0 && self.breakpoint_behind(thread).is_some()
    }

    /// The breakpoint of ours that a stopped thread has just executed, if it has.
    fn breakpoint_behind(&self, thread: ThreadId) -> Option<Address> {
        let at = self.registers(thread)?.executed_breakpoint();
        self.breakpoints.as_ref()?.bytes.contains_key(&at).then_some(at)
    }

    /// Whether a stopped thread stands at a breakpoint that it has told of.
    pub(super) fn stands_at_breakpoint(&self, thread: ThreadId) -> bool {
        let reported = self.threads.get(&thread).and_then(|tracee| tracee.reported);
        let planted = self.breakpoints.as_ref().map(|breakpoints| &breakpoints.planted);
        reported.zip(planted).is_some_and(|(at, planted)| {
            planted.contains(&at)
                && self.registers(thread).is_some_and(|registers| registers.pc() == at)
        })
    }

    /// A thread may have executed a breakpoint of ours. None when it has not; otherwise what is to be
    /// told of that, if anything is.
    pub(super) fn executed_breakpoint(
        &mut self,
        thread: ThreadId,
        is_interrupted: bool,
    ) -> Result<Option<Option<Event>>, Error> {
        let Some(at) = self.breakpoint_behind(thread) else { return Ok(None) };
        let id = Pid::from_raw(thread.0);
        let put_back = ptrace::write_user(id, PC_OFFSET as ptrace::AddressType, at.0.cast_signed());
        alive("put back", thread, put_back)?;
        let Some(tracee) = self.threads.get_mut(&thread) else { return Ok(Some(None)) };
        tracee.reported = Some(at);
        let registers = ptrace::getregs(id).ok().map(|it| Registers::from_user(&it));
        let hits = only(&tracee.armed, |trap| trap.address == at && trap.access == Access::Execute);
        let resumed = tracee.resumed.unwrap_or(Resume::Run);
        // After a signal's handler it comes to what it has told of a second time.
        let place = registers.map(|registers| (at, registers.sp()));
        let is_told = place.is_some() && tracee.told == place;
        if hits.iter().any(Option::is_some) && !is_told {
            tracee.told = place;
            let trapped = Trapped { hits, is_stepped: false };
            return Ok(Some(Some(Event::Trapped(thread, trapped))));
        }
        if self.stands_at_breakpoint(thread) {
            self.over.push_back(thread);
        } else if !is_interrupted {
            self.resume(thread, resumed)?;
        }
        Ok(Some(None))
    }

    /// Leads a thread over the breakpoint that it stands at: it is given the registers that it has
    /// behind, where that is simple, or else executes the instruction while all others stand still.
    pub(super) fn step_over(&mut self, thread: ThreadId) -> Result<(), Error> {
        if self.put_behind(thread)? {
            let event = self.stepped(thread, false)?;
            self.waiting.extend(event);
            return Ok(());
        }
        let running: Vec<ThreadId> =
            self.threads().filter(|thread| !self.is_stopped(*thread)).collect();
        self.stop_all()?;
        let at = self.threads.get(&thread).and_then(|tracee| tracee.reported);
        if let Some(at) = at {
            self.enter_gate(thread, at);
            self.lift(at);
            self.set_lifted(thread, Lifted::Under);
            self.continue_stopped(thread, Resume::Step)?;
            self.wait_for(thread)?;
            self.plant();
            let tracee = self.threads.get_mut(&thread);
            match tracee.map(|tracee| (std::mem::take(&mut tracee.lifted), tracee)) {
                Some((Lifted::Behind, _)) => {
                    let event = self.stepped(thread, false)?;
                    self.waiting.extend(event);
                }
                // A signal came first: it stands where it stood, and that was told.
                Some((Lifted::Under | Lifted::No, tracee)) => tracee.reported = Some(at),
                Some((Lifted::Away, tracee)) => {
                    let resumed = tracee.resumed.unwrap_or(Resume::Run);
                    self.resume(thread, resumed)?;
                }
                None => {}
            }
        }
        for thread in running {
            self.go_on(thread)?;
        }
        Ok(())
    }

    /// Does the instruction that a thread stands at in its stead; whether that could be done.
    fn put_behind(&mut self, thread: ThreadId) -> Result<bool, Error> {
        let at = self.threads.get(&thread).and_then(|tracee| tracee.reported);
        let has_signal = self.threads.get(&thread).is_none_or(|tracee| tracee.signal.is_some());
        let id = Pid::from_raw(thread.0);
        let (Some(at), Ok(registers)) = (at.filter(|_| !has_signal), ptrace::getregs(id)) else {
            return Ok(false);
        };
        let Some(breakpoints) = &self.breakpoints else { return Ok(false) };
        let Some(effect) = first_effect(&breakpoints.code(at), &registers) else {
            return Ok(false);
        };
        if let Some((address, value)) = effect.stored
            && breakpoints.memory.write_all_at(&value.to_le_bytes(), address.0).is_err()
        {
            return Ok(false);
        }
        self.enter_gate(thread, at);
        alive("lead on", thread, ptrace::setregs(id, effect.registers))?;
        if let Some(tracee) = self.threads.get_mut(&thread) {
            tracee.reported = None;
            tracee.told = None;
        }
        Ok(true)
    }

    fn lift(&mut self, address: Address) {
        if let Some(breakpoints) = &mut self.breakpoints {
            breakpoints.lift(address);
        }
    }

    fn set_lifted(&mut self, thread: ThreadId, lifted: Lifted) {
        if let Some(tracee) = self.threads.get_mut(&thread) {
            tracee.lifted = lifted;
        }
    }

    /// A thread has executed the instruction that it was told to. What is to be told of that, if
    /// anything is; else it goes on, unless it was interrupted.
    pub(super) fn stepped(
        &mut self,
        thread: ThreadId,
        is_interrupted: bool,
    ) -> Result<Option<Event>, Error> {
        let registers = self.registers(thread);
        let Some(tracee) = self.threads.get_mut(&thread) else { return Ok(None) };
        if tracee.lifted == Lifted::Under {
            tracee.lifted = Lifted::Behind;
            tracee.told = None;
            return Ok(None);
        }
        let hits = tracee.written();
        tracee.leave_gate(registers.as_ref());
        let is_stepped = tracee.resumed == Some(Resume::Step);
        if is_stepped || hits.iter().any(Option::is_some) {
            return Ok(Some(Event::Trapped(thread, Trapped { hits, is_stepped })));
        }
        if !is_interrupted {
            self.resume(thread, Resume::Run)?;
        }
        Ok(None)
    }

    /// A thread was to execute an instruction, and a signal's handler was entered instead: it stands at
    /// that, and the instruction comes when the handler has returned. What is to be told of that, if
    /// anything is; else it goes on, unless it was interrupted.
    pub(super) fn entered_handler(
        &mut self,
        thread: ThreadId,
        is_interrupted: bool,
    ) -> Result<Option<Event>, Error> {
        let Some(tracee) = self.threads.get_mut(&thread) else { return Ok(None) };
        if let Some(passage) = &mut tracee.passage {
            passage.written = None;
        }
        if tracee.lifted == Lifted::Under {
            tracee.lifted = Lifted::Away;
            return Ok(None);
        }
        if tracee.resumed == Some(Resume::Step) {
            let trapped = Trapped { hits: TrapSlots::default(), is_stepped: true };
            return Ok(Some(Event::Trapped(thread, trapped)));
        }
        if !is_interrupted {
            self.resume(thread, Resume::Run)?;
        }
        Ok(None)
    }

    /// A thread that is about to execute the first instruction of a gate may write what it is armed
    /// with.
    fn enter_gate(&mut self, thread: ThreadId, at: Address) {
        let gates = self.breakpoints.as_ref().map(|breakpoints| &breakpoints.gates);
        let gate = gates.and_then(|gates| gates.get(&at)).map(Rc::clone);
        let (Some(gate), Some(registers)) = (gate, self.registers(thread)) else { return };
        let Some(tracee) = self.threads.get_mut(&thread) else { return };
        let written = gate.size.zip(registers.argument(0));
        let written = written.map(|(size, start)| Address(start)..Address(start).offset(size));
        let may_write = |trap: &&HardwareTrap| {
            trap.access != Access::Execute
                && written.as_ref().is_none_or(|written| written.contains(&trap.address))
        };
        if tracee.passage.is_none() && tracee.armed.iter().flatten().any(|trap| may_write(&trap)) {
            let sp = registers.sp();
            tracee.passage = Some(Passage { gate, sp, steps: 0, written: None });
        }
    }

    /// A thread that goes on from the breakpoint that it has told of, which is there no more, is past it.
    pub(super) fn forget_told(&mut self, thread: ThreadId) {
        let Some(tracee) = self.threads.get(&thread) else { return };
        let goes_on = tracee.signal.is_none() && tracee.lifted == Lifted::No;
        let Some((at, _)) = tracee.told.filter(|_| goes_on) else { return };
        let is_there = self.registers(thread).is_none_or(|registers| registers.pc() == at);
        if let Some(tracee) = self.threads.get_mut(&thread).filter(|_| is_there) {
            tracee.told = None;
        }
    }

    /// Takes note of what a stopped thread, in a gate, writes with its next instruction.
    pub(super) fn about_to_write(&mut self, thread: ThreadId) {
        let is_passing = self.threads.get(&thread).is_some_and(|tracee| tracee.passage.is_some());
        let Some(registers) = self.registers(thread).filter(|_| is_passing) else { return };
        let Some(breakpoints) = &self.breakpoints else { return };
        let written = registers.about_to_write(&breakpoints.code(registers.pc()));
        if let Some(passage) =
            self.threads.get_mut(&thread).and_then(|tracee| tracee.passage.as_mut())
        {
            passage.written = written;
        }
    }

    /// A process was forked by this one, and stands before its first instruction: it gets its code
    /// back, and is let go.
    pub(super) fn forked(&mut self, child: ThreadId) -> Result<(), Error> {
        if let Some(breakpoints) = &self.breakpoints {
            breakpoints.cleanse(child);
        }
        self.threads.remove(&child);
        alive("let go", child, ptrace::detach(Pid::from_raw(child.0), None))
    }

    /// Whether a thread that was not known is none of this process's: only where forks are traced.
    pub(super) fn is_forked(&self, thread: ThreadId) -> bool {
        self.breakpoints.is_some() && !procfs::path(self.process, thread, "stat").exists()
    }
}

impl Tracee {
    /// The traps that the instruction has hit that was just executed.
    fn written(&mut self) -> TrapSlots {
        let written = self.passage.as_mut().and_then(|passage| passage.written.take());
        only(&self.armed, |trap| match trap.access {
            Access::Execute => false,
            Access::Write(_) => Some(trap.address) == written,
        })
    }

    /// Ends the way through a gate where the thread has come out of it.
    fn leave_gate(&mut self, registers: Option<&Registers>) {
        let Some(passage) = &mut self.passage else { return };
        passage.steps = passage.steps.saturating_add(1);
        let is_inside = registers.is_some_and(|registers| {
            let pc = registers.pc();
            let is_own =
                passage.gate.within.iter().any(|(begin, end)| (*begin..*end).contains(&pc));
            // What a function jumps to in its place returns to its caller, too.
            let is_callee = match passage.gate.size {
                Some(_) => registers.sp() <= passage.sp,
                None => registers.sp() < passage.sp,
            };
            is_own || is_callee
        });
        if !is_inside || passage.steps > MOST_STEPS {
            self.passage = None;
        }
    }
}

/// Those of the traps that are wanted, each in its slot.
fn only(slots: &TrapSlots, is_wanted: impl Fn(&HardwareTrap) -> bool) -> TrapSlots {
    slots.map(|trap| trap.filter(|trap| is_wanted(trap)))
}
