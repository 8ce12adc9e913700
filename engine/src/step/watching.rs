//! What is watched of the task's variables: each change, by whom and at which line.
//!
//! A watched value is found anew at each line of the body that has its variable, and at the end of
//! each poll where the suspended body keeps it: it may lie in a register's copy on the stack, in the
//! future, or behind a pointer. While it has a place that stays, what writes to its own bytes is
//! trapped, in all threads. What was trapped has an author; a change that is only found later, such
//! as one that the kernel made or one behind a pointer, has none.

use std::collections::{BTreeMap, BTreeSet};

use super::Error;
use super::event::{Cause, Event};
use super::expression::Expression;
use super::frames::{Frame, Seen as Shown};
use super::story::{Seen, Story};
use super::values::{MASKED, shown};
use crate::address::{Address, ThreadId};
use crate::arch::{Access, HardwareTrap, TRAP_SLOTS, WatchSize};
use crate::futures::Coroutine;
use crate::model::FutureState;
use crate::program::ImageId;
use crate::symbols::{FunctionId, TypeId};
use crate::value::{Place, ValueLimits};

/// The traps that are needed besides: for the task's state word, and for the thread that polls it.
const NEEDED: usize = 2;

/// How many values can be watched at once.
pub(super) const MOST_WATCHED: usize = TRAP_SLOTS - NEEDED;

/// Most names of variables that are kept for saying what there was.
const MOST_NAMES: usize = 100;

/// Everything that is watched.
#[derive(Debug, Default)]
pub(super) struct Watches {
    all: Vec<Watch>,
    /// The variables that were there.
    names: BTreeSet<String>,
}

/// One thing that is watched.
#[derive(Debug)]
struct Watch {
    expression: Expression,
    /// Where it is now.
    bound: Option<Bound>,
    /// What was told last.
    told: Option<Told>,
    /// Who wrote to it since.
    by: Option<Cause>,
}

/// The body whose variable it is: where its coroutine lies, or else the stack pointer it began with.
type Owner = (Address, FunctionId);

/// Where a watched value lies.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Bound {
    owner: Owner,
    image: ImageId,
    address: Address,
    type_id: TypeId,
    size: u64,
}

/// A value that was told.
#[derive(Debug)]
struct Told {
    owner: Owner,
    /// Its type: another variable of the same name may have another.
    type_id: TypeId,
    value: Shown,
}

impl Watches {
    /// What the user asks for.
    pub(super) fn new(given: &[String]) -> Result<Watches, Error> {
        if given.len() > MOST_WATCHED {
            return Err(Error::TooManyWatched { wanted: given.len(), most: MOST_WATCHED });
        }
        let watch = |text: &String| match Expression::parse(text) {
            Some(expression) => Ok(Watch { expression, bound: None, told: None, by: None }),
            None => Err(Error::NoExpression { given: text.clone() }),
        };
        let all = given.iter().map(watch).collect::<Result<_, Error>>()?;
        Ok(Watches { all, names: BTreeSet::new() })
    }

    /// Whether nothing is watched.
    pub(super) fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// The traps for all that have a place, as many as there are registers for.
    pub(super) fn traps(&self) -> Vec<HardwareTrap> {
        let bound = self.all.iter().filter_map(|watch| watch.bound.as_ref());
        bound.flat_map(Bound::traps).take(MOST_WATCHED).collect()
    }

    /// What was never in scope, in words.
    pub(super) fn missed(&self) -> Vec<String> {
        let names: Vec<&str> = self.names.iter().map(String::as_str).collect();
        let missed = self.all.iter().filter(|watch| watch.told.is_none());
        missed
            .map(|watch| {
                let text = &watch.expression.text;
                match self.names.contains(watch.expression.variable()) {
                    true => {
                        format!("`{text}`: `{}` has no such field", watch.expression.variable())
                    }
                    false if names.is_empty() => format!("`{text}` was not seen"),
                    false => {
                        format!("`{text}` was not seen; there were {}", names.join(", "))
                    }
                }
            })
            .collect()
    }
}

impl Bound {
    fn of(owner: Owner, place: &Place<'_>) -> Bound {
        Bound {
            owner,
            image: place.image,
            address: place.address,
            type_id: place.type_.id,
            size: place.type_.size,
        }
    }

    /// The traps for its bytes, of whole words where it is more than one.
    fn traps(&self) -> Vec<HardwareTrap> {
        const WORD: u64 = 8;
        let trap = |address, size| HardwareTrap { address, access: Access::Write(size) };
        if let Some(size) = WatchSize::covering(self.address, self.size) {
            return vec![trap(self.address, size)];
        }
        let first = self.address.0 / WORD;
        let end = self.address.0.saturating_add(self.size).div_ceil(WORD);
        let words = (first..end).take(MOST_WATCHED);
        words.map(|word| trap(Address(word.wrapping_mul(WORD)), WatchSize::Eight)).collect()
    }

    /// Whether one write changes it as a whole.
    fn is_one(&self) -> bool {
        WatchSize::covering(self.address, self.size).is_some()
    }

    fn contains(&self, address: Address) -> bool {
        self.traps().iter().any(|trap| trap.address == address)
    }
}

fn owner(frame: &Frame) -> Owner {
    (frame.environment.unwrap_or(frame.sp), frame.body.function)
}

impl Story<'_> {
    /// Looks at what is watched of the variables of the innermost body, before its next line.
    pub(super) fn look_at_watched(
        &mut self,
        frame: &Frame,
        variables: &BTreeMap<String, Place<'_>>,
        seen: &Seen,
    ) {
        if self.watches.is_empty() {
            return;
        }
        if self.watches.names.len() < MOST_NAMES {
            self.watches.names.extend(variables.keys().cloned());
        }
        let before = self.watches.traps();
        for index in 0..self.watches.all.len() {
            let Some(watch) = self.watches.all.get(index) else { continue };
            let own = owner(frame);
            if watch.bound.as_ref().is_some_and(|bound| bound.owner != own) {
                self.compare(index, seen);
                continue;
            }
            let found = watch.expression.find(variables);
            self.bind(index, own, found.as_ref(), seen);
        }
        self.rearm(&before);
    }

    /// Follows what is watched of a body's variables into its coroutine, where that is suspended and
    /// keeps them.
    pub(super) fn keep_watched(&mut self, frame: &Frame, seen: &Seen) {
        if self.watches.is_empty() {
            return;
        }
        let own = owner(frame);
        let before = self.watches.traps();
        let snapshot = seen.view.snapshot(Vec::new());
        let program = seen.view.program(&snapshot);
        let environment = frame.environment.zip(frame.body.environment.as_ref());
        let place = environment
            .and_then(|(at, type_)| Place::new(&program, frame.body.image, at, type_.id));
        let coroutine = place.as_ref().and_then(Coroutine::read);
        let coroutine = coroutine.filter(|found| found.state == FutureState::Suspended);
        for index in 0..self.watches.all.len() {
            let Some(watch) = self.watches.all.get(index) else { continue };
            if watch.bound.as_ref().is_none_or(|bound| bound.owner != own) {
                continue;
            }
            self.compare(index, seen);
            let Some(watch) = self.watches.all.get(index) else { continue };
            let variable = coroutine
                .as_ref()
                .and_then(|coroutine| coroutine.variant.field(watch.expression.variable()));
            let kept = variable.and_then(|variable| watch.expression.inside(&variable));
            self.bind(index, own, kept.as_ref(), seen);
        }
        self.rearm(&before);
    }

    /// A thread has written to something that is watched.
    pub(super) fn watched_written(&mut self, thread: ThreadId, hits: &[HardwareTrap]) {
        let Some(seen) = self.seen.clone() else { return };
        for index in 0..self.watches.all.len() {
            let is_hit = |bound: &Bound| hits.iter().any(|hit| bound.contains(hit.address));
            let bound = self.watches.all.get(index).and_then(|watch| watch.bound.clone());
            let Some(bound) = bound.filter(is_hit) else { continue };
            let by = self.cause(thread, &seen);
            if let Some(watch) = self.watches.all.get_mut(index) {
                watch.by = Some(by);
            }
            if bound.is_one() {
                self.compare(index, &seen);
            }
        }
    }

    /// Stops watching what has no place any more.
    pub(super) fn forget_watched(&mut self, frame: &Frame) {
        let own = owner(frame);
        let before = self.watches.traps();
        for watch in &mut self.watches.all {
            if watch.bound.as_ref().is_some_and(|bound| bound.owner == own) {
                watch.bound = None;
                watch.by = None;
            }
        }
        self.rearm(&before);
    }

    /// Puts a watched value at its place, and tells it when it is another than before.
    fn bind(&mut self, index: usize, own: Owner, found: Option<&Place<'_>>, seen: &Seen) {
        let Some(watch) = self.watches.all.get_mut(index) else { return };
        watch.bound = found.map(|place| Bound::of(own, place));
        let is_other =
            |told: &Told, bound: &Bound| told.owner != bound.owner || told.type_id != bound.type_id;
        if watch
            .told
            .as_ref()
            .zip(watch.bound.as_ref())
            .is_some_and(|(told, at)| is_other(told, at))
        {
            watch.told = None;
        }
        match found {
            Some(_) => self.compare(index, seen),
            None => watch.by = None,
        }
    }

    /// Tells a watched value if it is another than was told last.
    fn compare(&mut self, index: usize, seen: &Seen) {
        let line = ValueLimits::line();
        let limits = seen.values.as_ref().unwrap_or(&line);
        let Some(watch) = self.watches.all.get_mut(index) else { return };
        let Some(bound) = &watch.bound else { return };
        let snapshot = seen.view.snapshot(Vec::new());
        let program = seen.view.program(&snapshot);
        let place = Place::new(&program, bound.image, bound.address, bound.type_id);
        let Some(mut now) = place.and_then(|place| shown("", &place, limits)) else { return };
        if watch.expression.is_secret() {
            MASKED.clone_into(&mut now.text);
        }
        let by = watch.by.take();
        let before = watch.told.as_ref().map(|told| told.value.clone());
        let is_same = before.as_ref().is_some_and(|before| match watch.expression.is_secret() {
            true => before.bytes == now.bytes,
            false => before.text == now.text,
        });
        if is_same {
            return;
        }
        let event = Event::Watched {
            what: watch.expression.text.clone(),
            by: by.filter(|_| before.is_some()),
            before: before.map(|before| before.text),
            value: now.text.clone(),
        };
        watch.told = Some(Told { owner: bound.owner, type_id: bound.type_id, value: now });
        self.tell(event);
    }

    /// Arms what has changed since these were the traps. That a process which ends meanwhile is not
    /// armed any more is no matter: the next wait says so.
    fn rearm(&mut self, before: &[HardwareTrap]) {
        if self.watches.traps() == before {
            return;
        }
        let _ = self.set_traps();
    }
}

/// The trap for writes to a task's state word.
pub(super) fn state_trap(word: Address) -> HardwareTrap {
    let size = WatchSize::covering(word, 8).unwrap_or(WatchSize::One);
    HardwareTrap { address: word, access: Access::Write(size) }
}
