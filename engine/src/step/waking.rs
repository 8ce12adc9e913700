//! How a task is met, woken, polled and aborted, and by whom.

use std::collections::HashMap;

use super::Error;
use super::body::type_name;
use super::candidates::{Entry, EntryKind};
use super::event::{Cause, CauseKind, Event};
use super::names::WantedKind;
use super::poll::{Mode, place};
use super::story::{Following, Identity, Search, Seen, Stage, Story};
use crate::address::{Address, ThreadId};
use crate::arch::{HardwareTrap, Registers};
use crate::futures::Coroutine;
use crate::limits::Limits;
use crate::model::FutureState;
use crate::program::Program;
use crate::snapshot::{Snapshot, Thread};
use crate::stack::{self, ThreadStack};
use crate::tokio::{self, TaskBits, TaskHeaders, Transition, Trigger};
use crate::trace::execute;
use crate::value::Place as Value;

impl Story<'_> {
    /// A thread begins to poll something that fits the name.
    pub(super) fn meet(
        &mut self,
        thread: ThreadId,
        entry: &Entry,
        registers: &Registers,
    ) -> Result<(), Error> {
        let seen = match &self.seen {
            Some(seen) => std::rc::Rc::clone(seen),
            None => return Ok(()),
        };
        match entry.kind {
            EntryKind::Task(headers) => match registers.argument(0) {
                Some(header) => self.meet_task(thread, headers, Address(header), &seen),
                None => Ok(()),
            },
            EntryKind::Body => match seen.environment_at_entry(registers) {
                Some(environment) => self.meet_body(thread, entry.address, environment, &seen),
                None => Ok(()),
            },
        }
    }

    fn meet_task(
        &mut self,
        thread: ThreadId,
        headers: TaskHeaders,
        header: Address,
        seen: &Seen,
    ) -> Result<(), Error> {
        let snapshot = seen.view.snapshot(Vec::new());
        let program = seen.view.program(&snapshot);
        let Some(task) = headers.read(&program, header) else { return Ok(()) };
        let state = task.future.as_ref().and_then(Coroutine::read).map(|coroutine| coroutine.state);
        let is_wanted = match self.track.wanted.kind {
            WantedKind::Id(id) => task.id == Some(id),
            WantedKind::Main | WantedKind::Line(..) | WantedKind::Function(_) => {
                self.is_next(header, state)
            }
        };
        if !is_wanted {
            return Ok(());
        }
        let name = task.future.as_ref().map(|future| future_name(&program, future));
        let name = name.unwrap_or_else(|| self.track.name.clone());
        let word = headers.state_word(header);
        let identity = Identity::Task { word, header, headers };
        let is_woken = task.bits.is_notified();
        self.met(thread, identity, name, task.id)?;
        self.following().into_iter().for_each(|following| following.is_woken = is_woken);
        self.set_traps()
    }

    /// Whether this is the task that was asked for, by the count of those that fit. One at the
    /// address of an earlier one is another if it was never polled.
    fn is_next(&mut self, address: Address, state: Option<FutureState>) -> bool {
        let Stage::Searching(search) = &mut self.track.stage else { return false };
        let is_new = search.passed.insert(address) || state == Some(FutureState::Unresumed);
        if is_new {
            search.count += 1;
        }
        is_new && search.count == self.track.wanted.number
    }

    fn meet_body(
        &mut self,
        thread: ThreadId,
        entry: Address,
        environment: Address,
        seen: &Seen,
    ) -> Result<(), Error> {
        let spot = seen.code.spot(entry);
        let Some((body, _)) = spot.bodies.last() else { return Ok(()) };
        let state = seen.state(body, environment);
        if !self.is_next(environment, state) {
            return Ok(());
        }
        let stack = self.traced.thread(thread).and_then(|thread| Story::stack_of(thread, seen));
        let (task, is_task) = match &stack {
            Some((snapshot, stack)) => {
                let program = seen.view.program(snapshot);
                let header = tokio::polled_header(&program, stack);
                let is_task = tokio::polled_task(&program, stack).is_some();
                let task = header.and_then(|(headers, header)| {
                    let task = headers.read(&program, header)?;
                    let word = headers.state_word(header);
                    Some((Identity::Task { word, header, headers }, task.id))
                });
                (task, is_task)
            }
            None => (None, false),
        };
        let future = Identity::Future { environment, entry, thread: (!is_task).then_some(thread) };
        let (identity, id) = task.unwrap_or((future, None));
        self.met(thread, identity, body.name.clone(), id)?;
        self.set_traps()?;
        self.begin_at_body(thread, entry)
    }

    fn met(
        &mut self,
        thread: ThreadId,
        identity: Identity,
        name: String,
        id: Option<u64>,
    ) -> Result<(), Error> {
        // What is known of bodies by now refers to what was found before.
        if !self.has_met() {
            self.look()?;
        }
        self.track.met = true;
        let polled_by = self.thread_name(thread);
        self.tell(Event::Met { task: name, id, thread: polled_by });
        self.track.stage = Stage::Following(Box::new(Following {
            identity,
            is_woken: false,
            poll: None,
            polls: 0,
            kept: HashMap::new(),
        }));
        Ok(())
    }

    /// Begins a poll with the thread at the first instruction of a body.
    fn begin_at_body(&mut self, thread: ThreadId, entry: Address) -> Result<(), Error> {
        self.begin_poll(thread, Mode::ToBody(entry))?;
        let hits = [execute(entry)];
        self.moved(thread, &hits, false)
    }

    /// A thread that is not polling the followed future may begin to.
    pub(super) fn entered_future(
        &mut self,
        thread: ThreadId,
        hits: &[HardwareTrap],
    ) -> Result<(), Error> {
        let Some(following) = self.following() else { return Ok(()) };
        let Identity::Future { environment, entry, .. } = following.identity else {
            return Ok(());
        };
        if following.poll.is_some() || !hits.contains(&execute(entry)) {
            return Ok(());
        }
        let seen = self.seen.clone();
        let registers = self.traced.registers(thread);
        let polled = seen.zip(registers).and_then(|(seen, at)| seen.environment_at_entry(&at));
        if polled == Some(environment) {
            return self.begin_at_body(thread, entry);
        }
        Ok(())
    }

    /// A thread has written to the task's state word, and stands behind that write. What others have
    /// written meanwhile is theirs to tell: the word itself may be ahead.
    pub(super) fn word_changed(&mut self, thread: ThreadId) -> Result<(), Error> {
        let Some(seen) = self.seen.clone() else { return Ok(()) };
        match self.transition(thread, &seen) {
            Some(Transition::Notified) => {
                self.woken(thread, &seen);
                Ok(())
            }
            Some(Transition::Cancelled) => {
                let by = self.cause(thread, &seen);
                self.tell(Event::Aborted { by });
                self.following().into_iter().for_each(|following| following.is_woken = true);
                Ok(())
            }
            Some(Transition::Running) => self.polled(thread, &seen),
            Some(Transition::Idle) => self.idle(thread, &seen),
            Some(Transition::Complete) => self.completed(&seen),
            Some(Transition::Other) | None => Ok(()),
        }
    }

    /// What this thread has just done to the task's state.
    fn transition(&self, thread: ThreadId, seen: &Seen) -> Option<Transition> {
        /// The write lies in an atomic operation in a method of the state.
        const INNERMOST: usize = 16;
        let snapshot = seen.view.snapshot(vec![self.writer(thread, seen)?]);
        let program = seen.view.program(&snapshot);
        let limits = Limits { frames: INNERMOST, ..seen.view.limits().clone() };
        let stack = stack::stacks(&program, &limits).pop()?;
        tokio::transition(stack.functions())
    }

    /// The task may have been woken: not if it was already, or has ended.
    fn woken(&mut self, thread: ThreadId, seen: &Seen) {
        let Some(following) = self.following() else { return };
        let Identity::Task { word, .. } = following.identity else { return };
        let bits = seen.view.word(word).map(TaskBits);
        if following.is_woken || bits.is_none_or(TaskBits::is_complete) {
            return;
        }
        following.is_woken = true;
        let by = self.cause(thread, seen);
        self.tell(Event::Woken { by });
    }

    /// A thread begins to poll the task. It was woken for that, and the poll before has ended: what
    /// is not known of these yet is waited for, since threads report in any order.
    fn polled(&mut self, thread: ThreadId, seen: &Seen) -> Result<(), Error> {
        let longest = self.longest_wait();
        let is_early = |following: &Following| {
            let is_polled = following.poll.as_ref().is_some_and(|poll| poll.thread != thread);
            !following.is_woken || is_polled
        };
        while self.following().is_some_and(|following| is_early(following)) {
            match self.traced.wait_at_most(longest)? {
                Some(event) => self.handle(event)?,
                None => break,
            }
        }
        let Some(following) = self.following() else { return Ok(()) };
        // An exchange that found another state than it expected is tried again, and traps twice.
        if following.poll.is_some() {
            return Ok(());
        }
        following.is_woken = false;
        let mode = self.way_in(seen);
        self.begin_poll(thread, mode)
    }

    /// The thread that polls the task ends that. Nobody polls it again before that is seen here: it
    /// would write to the word first.
    fn idle(&mut self, thread: ThreadId, seen: &Seen) -> Result<(), Error> {
        let poll = self.following().and_then(|following| following.poll.as_ref());
        if poll.is_none_or(|poll| poll.thread != thread) {
            return Ok(());
        }
        self.tell_task_suspension(seen);
        self.end_poll()
    }

    /// How the thread that has just begun to poll the task comes to its body: at full speed, if the
    /// future is a coroutine that is told.
    fn way_in(&mut self, seen: &Seen) -> Mode {
        let snapshot = seen.view.snapshot(Vec::new());
        let program = seen.view.program(&snapshot);
        let Some(following) = self.following() else { return Mode::Step };
        let Identity::Task { header, headers, .. } = following.identity else {
            return Mode::Step;
        };
        let task = headers.read(&program, header);
        let future = task.and_then(|task| task.future);
        let entry = future.and_then(|future| seen.code.body_entry(&future));
        entry.map_or(Mode::Step, Mode::ToBody)
    }

    /// A thread that has just written to something, in the instruction that has.
    fn writer(&self, thread: ThreadId, seen: &Seen) -> Option<Thread> {
        let thread = self.traced.thread(thread)?;
        let next = seen.view.word(thread.registers.pc()).unwrap_or(0);
        Some(Thread { registers: thread.registers.at_write(next), ..thread })
    }

    /// The stack of a stopped thread.
    fn stack_of(thread: Thread, seen: &Seen) -> Option<(Snapshot, ThreadStack)> {
        let snapshot = seen.view.snapshot(vec![thread]);
        let program = seen.view.program(&snapshot);
        let stack = stack::stacks(&program, seen.view.limits()).pop()?;
        Some((snapshot, stack))
    }

    /// Who has just written what this thread has.
    pub(super) fn cause(&mut self, thread: ThreadId, seen: &Seen) -> Cause {
        let mut cause = Cause {
            kind: CauseKind::Thread,
            task: None,
            id: None,
            thread: self.thread_name(thread),
            at: None,
        };
        let poller = self.following().and_then(|following| Some(following.poll.as_ref()?.thread));
        let writer = self.writer(thread, seen);
        let stack = writer.and_then(|writer| Story::stack_of(writer, seen));
        let Some((snapshot, stack)) = stack else { return cause };
        let program = seen.view.program(&snapshot);
        let trigger = nearest(&stack, seen, &mut cause);
        if poller == Some(thread) {
            cause.kind = CauseKind::Itself;
            return cause;
        }
        if matches!(trigger, None | Some(Trigger::Completion | Trigger::Boundary))
            && let Some((id, future)) = tokio::polled_task(&program, &stack)
        {
            let image = stack.frames.iter().find_map(|(frame, _)| frame.image);
            let object = image.and_then(|image| program.object(image));
            cause.kind = CauseKind::Task;
            cause.id = id;
            cause.task = object.map(|object| type_name(object, &future));
        }
        match trigger {
            Some(Trigger::Timer) => cause.kind = CauseKind::Timer,
            Some(Trigger::Descriptor) => cause.kind = CauseKind::Descriptor,
            Some(Trigger::Shutdown) => cause.kind = CauseKind::Shutdown,
            Some(Trigger::Completion) => cause.kind = CauseKind::Completion,
            Some(Trigger::Deferred) => cause.kind = CauseKind::Itself,
            Some(Trigger::Boundary) | None => {}
        }
        cause
    }
}

/// What is nearest to the write on this stack: a trigger of the runtime's, which is returned, or a
/// line of the user's, which is noted.
fn nearest(stack: &ThreadStack, seen: &Seen, cause: &mut Cause) -> Option<Trigger> {
    for (_, functions) in &stack.frames {
        for function in functions {
            if let Some(trigger) = tokio::trigger(&function.name) {
                return Some(trigger);
            }
            if seen.code.users.owns(&function.name)
                && let Some(line) = &function.location
            {
                let name = crate::futures::simplified(&function.name);
                cause.at = Some(place(line, &name));
                return None;
            }
        }
    }
    None
}

fn future_name(program: &Program<'_>, future: &Value<'_>) -> String {
    let object = program.object(future.image);
    object.map_or_else(|| future.type_.name.clone(), |object| type_name(object, &future.type_))
}

impl Search {
    /// How many tasks were met that fit the name.
    pub(super) fn met(&self) -> usize {
        self.count
    }
}
