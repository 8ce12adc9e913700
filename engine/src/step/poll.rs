//! Inside one poll: the polling thread is stepped from line to line, into bodies and over all else.

use std::collections::BTreeSet;
use std::rc::Rc;

use super::Error;
use super::callees::{Awaited, Way};
use super::code::Spot;
use super::event::{Event, Place};
use super::frames::{Frame, Known};
use super::request::StepInto;
use super::story::{Seen, Story};
use crate::address::{Address, ThreadId};
use crate::arch::{HardwareTrap, LONGEST_INSTRUCTION, Registers};
use crate::process::Resume;
use crate::symbols::{SourceLocation, is_library};
use crate::trace::execute;

/// Most instructions that lead a body to the line where it goes on.
const MOST_LEADING: u32 = 64;

/// One poll of the task.
#[derive(Debug)]
pub(super) struct Poll {
    /// The thread.
    pub(super) thread: ThreadId,
    /// How the thread goes on.
    pub(super) mode: Mode,
    /// The bodies that it is in, outermost first.
    pub(super) frames: Vec<Frame>,
    /// Where the thread was before its last step.
    before: Option<(Address, Address)>,
    /// The number of the poll, until it was told.
    pub(super) untold: Option<u64>,
}

/// How the polling thread goes on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Mode {
    /// At full speed up to the first instruction of the task's body.
    ToBody(Address),
    /// By one instruction.
    Step,
    /// At full speed until it comes back to this address, with at least this stack pointer.
    Back(Address, Address),
    /// At full speed: nothing of interest follows in this poll.
    Free,
}

impl Poll {
    /// A poll by this thread, which has just begun.
    pub(super) fn new(thread: ThreadId, mode: Mode, number: u64) -> Poll {
        Poll { thread, mode, frames: Vec::new(), before: None, untold: Some(number) }
    }

    /// How its thread goes on.
    pub(super) fn resume(&self) -> Resume {
        match self.mode {
            Mode::Step => Resume::Step,
            Mode::ToBody(_) | Mode::Back(..) | Mode::Free => Resume::Run,
        }
    }

    /// The traps that its thread has for itself.
    pub(super) fn traps(&self) -> Vec<HardwareTrap> {
        match self.mode {
            Mode::ToBody(address) | Mode::Back(address, _) => vec![execute(address)],
            Mode::Step | Mode::Free => Vec::new(),
        }
    }
}

impl Story<'_> {
    /// Begins to follow a poll.
    pub(super) fn begin_poll(&mut self, thread: ThreadId, mode: Mode) -> Result<(), Error> {
        let Some(following) = self.following() else { return Ok(()) };
        following.polls += 1;
        following.poll = Some(Poll::new(thread, mode, following.polls));
        self.set_local_traps(thread)
    }

    /// Ends the poll that is followed.
    pub(super) fn end_poll(&mut self) -> Result<(), Error> {
        let Some(poll) = self.following().and_then(|following| following.poll.take()) else {
            return Ok(());
        };
        self.set_local_traps(poll.thread)
    }

    /// Sets how the polling thread goes on.
    pub(super) fn set_mode(&mut self, mode: Mode) -> Result<(), Error> {
        let Some(poll) = self.following().and_then(|following| following.poll.as_mut()) else {
            return Ok(());
        };
        poll.mode = mode;
        let thread = poll.thread;
        self.set_local_traps(thread)
    }

    /// Something happened to a thread while the task is followed: if it is the one that polls it, it
    /// may have come further.
    pub(super) fn moved(
        &mut self,
        thread: ThreadId,
        hits: &[HardwareTrap],
        is_stepped: bool,
    ) -> Result<(), Error> {
        let Some(following) = self.following() else { return Ok(()) };
        let Some(poll) = following.poll.as_ref().filter(|poll| poll.thread == thread) else {
            return self.entered_future(thread, hits);
        };
        let mode = poll.mode;
        let Some(registers) = self.traced.registers(thread) else { return Ok(()) };
        let is_hit = |address| hits.contains(&execute(address));
        match mode {
            Mode::ToBody(entry) if is_hit(entry) => {
                self.set_mode(Mode::Step)?;
                self.arrived(thread, &registers)
            }
            Mode::Back(address, sp) if is_hit(address) && registers.sp() >= sp => {
                self.set_mode(Mode::Step)?;
                self.arrived(thread, &registers)
            }
            Mode::Step if is_stepped => self.arrived(thread, &registers),
            Mode::Step | Mode::ToBody(_) | Mode::Back(..) | Mode::Free => Ok(()),
        }
    }

    /// Lets a thread that is about to run a signal's handler do that at full speed.
    pub(super) fn step_over_handler(&mut self, thread: ThreadId) -> Result<(), Error> {
        let is_stepped = self
            .following()
            .and_then(|following| following.poll.as_ref())
            .is_some_and(|poll| poll.thread == thread && poll.mode == Mode::Step);
        match self.traced.registers(thread).filter(|_| is_stepped) {
            Some(registers) => self.set_mode(Mode::Back(registers.pc(), registers.sp())),
            None => Ok(()),
        }
    }

    /// The polling thread stands at an instruction that it had not come to.
    fn arrived(&mut self, thread: ThreadId, registers: &Registers) -> Result<(), Error> {
        let Some(seen) = self.seen.clone() else { return Ok(()) };
        self.leave_returned(registers, &seen)?;
        let is_over = self.following().is_none_or(|following| following.poll.is_none());
        if is_over {
            return Ok(());
        }
        let spot = seen.code.spot(registers.pc());
        let call = self.call_from(registers, &seen);
        if call.is_some() && !spot.is_entry {
            let callee = seen.code.callee(registers.pc());
            self.awaits(callee.awaits.as_ref(), registers, &seen);
            if callee.way == Way::Over {
                self.dropped(callee.drops, registers);
                return self.step_back(registers, &seen);
            }
        }
        if spot.is_entry && (call.is_some() || self.is_at_start()) {
            if self.is_deep_enough() {
                return self.step_back(registers, &seen);
            }
            let callee = seen.code.callee(registers.pc());
            self.awaits(callee.awaits.as_ref(), registers, &seen);
            self.enter(registers, &spot, &seen);
        } else if !spot.bodies.is_empty() {
            self.follow_inlined(registers, &spot);
            self.at_line(thread, &spot, &seen);
        }
        if let Some(poll) = self.following().and_then(|following| following.poll.as_mut()) {
            poll.before = Some((registers.pc(), registers.sp()));
        }
        Ok(())
    }

    /// Tells which suspended bodies end because what holds them is about to be dropped: a value of so
    /// many bytes at the first argument.
    fn dropped(&mut self, size: Option<u64>, registers: &Registers) {
        let held = size.zip(registers.argument(0));
        let (Some((size, start)), Some(following)) = (held, self.following()) else { return };
        let end = Address(start).offset(size);
        let is_held = |at: &Address| (Address(start)..end).contains(at);
        let mut held: Vec<_> = following.kept.extract_if(|(at, _), _| is_held(at)).collect();
        held.sort_by_key(|((at, _), _)| *at);
        for (_, known) in held {
            if let Some((function, depth)) = known.body {
                self.tell_line(Event::Dropped { depth, function });
            }
        }
    }

    /// Whether the polling thread has come here at full speed, to begin with a body.
    fn is_at_start(&mut self) -> bool {
        let poll = self.following().and_then(|following| following.poll.as_ref());
        poll.is_some_and(|poll| poll.before.is_none())
    }

    /// Whether nothing further inside is wanted.
    fn is_deep_enough(&mut self) -> bool {
        self.request.into == StepInto::None && self.depth() > 0
    }

    /// How many bodies the polling thread is in.
    fn depth(&mut self) -> usize {
        let poll = self.following().and_then(|following| following.poll.as_ref());
        poll.map_or(0, |poll| poll.frames.len())
    }

    /// Where the function that was just called returns to; none when the last step was no call.
    fn call_from(&mut self, registers: &Registers, seen: &Seen) -> Option<Address> {
        let poll = self.following()?.poll.as_ref()?;
        let (pc, sp) = poll.before?;
        let behind = pc.offset(1)..=pc.offset(LONGEST_INSTRUCTION);
        let has_pushed = registers.sp_after_return() == sp;
        if !has_pushed || behind.contains(&registers.pc()) {
            return None;
        }
        let back = Address(seen.view.word(registers.return_address_at_entry())?);
        behind.contains(&back).then_some(back)
    }

    /// Lets a function of which no instruction has run yet do its work at full speed.
    fn step_back(&mut self, registers: &Registers, seen: &Seen) -> Result<(), Error> {
        match seen.view.word(registers.return_address_at_entry()) {
            Some(back) => self.set_mode(Mode::Back(Address(back), registers.sp_after_return())),
            None => Ok(()),
        }
    }

    /// Tells that something is awaited, unless it was before.
    fn awaits(&mut self, what: Option<&Awaited>, registers: &Registers, seen: &Seen) {
        let Some(what) = what else { return };
        let depth = self.depth();
        let Some(poll) = self.following().and_then(|following| following.poll.as_mut()) else {
            return;
        };
        let Some((pc, _)) = poll.before else { return };
        let Some(frame) = poll.frames.last_mut() else { return };
        // Only what the body itself calls: what that calls in turn is how it does it.
        let is_own = seen
            .code
            .spot(pc)
            .bodies
            .first()
            .is_some_and(|(body, _)| Rc::ptr_eq(body, &frame.body));
        if !is_own || std::mem::take(&mut frame.polls_again) {
            return;
        }
        let at = frame.line.as_ref().map(|line| place(line, &frame.body.name));
        let what = seen.awaited(what, registers);
        self.tell_line(Event::Awaits { depth: depth.saturating_sub(1), what, at });
    }

    /// A body begins, or goes on where it was suspended.
    fn enter(&mut self, registers: &Registers, spot: &Spot, seen: &Seen) {
        let Some((body, _)) = spot.bodies.last() else { return };
        let environment = seen.environment_at_entry(registers);
        let resumed = environment.and_then(|at| seen.suspended_line(body, at));
        let depth = self.depth();
        let Some(following) = self.following() else { return };
        let kept = environment.and_then(|at| following.kept.remove(&(at, body.function)));
        let has_begun = resumed.is_some();
        let header = body.header.clone();
        let at = header.as_ref().map(|line| place(line, &body.name));
        let line = resumed.or(header);
        if !has_begun {
            self.tell_resumed();
        }
        let Some(following) = self.following() else { return };
        let told = match &mut following.poll {
            Some(poll) => {
                let mut known = kept.filter(|_| has_begun).unwrap_or_default();
                known.executed.extend(line.iter().map(|line| line.line));
                poll.frames.push(Frame {
                    body: Rc::clone(body),
                    sp: registers.sp(),
                    environment,
                    line: line.clone(),
                    resumed: line.clone().filter(|_| has_begun && depth > 0),
                    leading: if has_begun { MOST_LEADING } else { 0 },
                    polls_again: has_begun,
                    known,
                    // What the awaited value is bound to is declared on the line it goes on at.
                    fresh: line.iter().map(|line| line.line).collect(),
                });
                poll.untold.take()
            }
            None => None,
        };
        if let Some(number) = told {
            let thread = self.polling_thread();
            let at = line.filter(|_| has_begun).map(|line| place(&line, &body.name));
            self.tell(Event::Polled { number, thread, at });
        }
        if !has_begun {
            self.tell_line(Event::Entered { depth, function: body.name.clone(), at });
        }
    }

    fn polling_thread(&mut self) -> String {
        let thread = self.following().and_then(|following| following.poll.as_ref());
        let thread = thread.map(|poll| poll.thread);
        thread.map(|thread| self.thread_name(thread)).unwrap_or_default()
    }

    /// Leaves the bodies that have returned.
    fn leave_returned(&mut self, registers: &Registers, seen: &Seen) -> Result<(), Error> {
        loop {
            let depth = self.depth();
            let Some(poll) = self.following().and_then(|following| following.poll.as_mut()) else {
                return Ok(());
            };
            let Some(frame) = poll.frames.pop_if(|frame| frame.sp < registers.sp()) else {
                return Ok(());
            };
            let is_outermost = poll.frames.is_empty();
            self.left(&frame, depth.saturating_sub(1), registers, seen);
            if is_outermost {
                self.left_outermost(&frame, registers, seen)?;
            }
        }
    }

    /// Tells that the innermost body goes on, before the first thing that is told of it in this poll.
    /// That those around it do is clear then.
    fn tell_resumed(&mut self) {
        let depth = self.depth();
        let poll = self.following().and_then(|following| following.poll.as_mut());
        let Some(poll) = poll else { return };
        let resumed = poll.frames.last_mut().and_then(|frame| {
            let line = frame.resumed.take()?;
            Some((frame.body.name.clone(), place(&line, &frame.body.name)))
        });
        if let Some((function, at)) = resumed {
            poll.frames.iter_mut().for_each(|frame| frame.resumed = None);
            self.tell_line(Event::Resumed { depth: depth.saturating_sub(1), function, at });
        }
    }

    /// A body has returned: it has ended, or is suspended.
    fn left(&mut self, frame: &Frame, depth: usize, registers: &Registers, seen: &Seen) {
        let is_suspended =
            frame.environment.is_some_and(|at| seen.suspended_line(&frame.body, at).is_some());
        if is_suspended {
            self.keep_watched(frame, seen);
            if let (Some(at), Some(following)) = (frame.environment, self.following()) {
                let body = Some((frame.body.name.clone(), depth));
                let known = Known { body, ..frame.known.clone() };
                following.kept.insert((at, frame.body.function), known);
            }
            return;
        }
        self.forget_watched(frame);
        // Where the coroutine of a body lies that was inlined is not known, nor where its result is:
        // it may be suspended.
        if frame.environment.is_none() {
            return;
        }
        if depth > 0 {
            let function = frame.body.name.clone();
            let value = seen.returned_value(&frame.body, registers);
            self.tell_line(Event::Returned { depth, function, value });
        }
    }

    /// Takes note of bodies that the compiler has put into the function that runs.
    fn follow_inlined(&mut self, registers: &Registers, spot: &Spot) {
        let is_known = |frame: &Frame| {
            spot.bodies.first().is_some_and(|(body, _)| Rc::ptr_eq(body, &frame.body))
        };
        let Some(poll) = self.following().and_then(|following| following.poll.as_mut()) else {
            return;
        };
        if poll.frames.last().is_some_and(is_known) {
            return;
        }
        if let Some(at) = poll.frames.iter().rposition(is_known) {
            // The inner ones are inlined into this one: their code ends without a return.
            poll.frames.truncate(at + 1);
            return;
        }
        let Some((body, _)) = spot.bodies.first() else { return };
        poll.frames.push(Frame {
            body: Rc::clone(body),
            sp: registers.sp(),
            environment: None,
            line: body.header.clone(),
            resumed: None,
            leading: 0,
            polls_again: false,
            known: Known::default(),
            fresh: BTreeSet::new(),
        });
    }

    /// Tells the line that the innermost body is at, if it is another one.
    fn at_line(&mut self, thread: ThreadId, spot: &Spot, seen: &Seen) {
        let Some((_, Some(line))) = spot.bodies.first() else { return };
        let depth = self.depth().saturating_sub(1);
        let poll = self.following().and_then(|following| following.poll.as_mut());
        let Some(frame) = poll.and_then(|poll| poll.frames.last_mut()) else { return };
        // What is before the body's first line takes the arguments apart.
        let is_header = frame
            .body
            .header
            .as_ref()
            .is_some_and(|header| line.file == header.file && line.line <= header.line);
        let is_told = frame.line.as_ref().is_some_and(|told| is_same(told, line));
        // In optimized code there may be no instruction of the line that it goes on at.
        frame.leading = if is_told { 0 } else { frame.leading.saturating_sub(1) };
        let is_leading = frame.leading > 0;
        // A macro's own lines are not what its user wrote.
        let is_macro = frame.body.is_user && is_library(&line.file);
        if is_header || is_told || is_macro || is_leading {
            return;
        }
        frame.line = Some(line.clone());
        frame.polls_again = false;
        let at = place(line, &frame.body.name);
        self.tell_resumed();
        self.changed_values(thread, seen);
        self.execute_line(line.line);
        self.tell_line(Event::Line { depth, at });
    }
}

/// Whether it is the same line: columns do not matter.
fn is_same(one: &SourceLocation, other: &SourceLocation) -> bool {
    one.line == other.line && one.file == other.file
}

/// A line in a function.
pub(super) fn place(line: &SourceLocation, function: &str) -> Place {
    Place {
        file: line.file.to_string_lossy().into_owned(),
        line: line.line,
        function: function.to_owned(),
        text: None,
    }
}
