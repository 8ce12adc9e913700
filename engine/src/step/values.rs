//! The variables of the body that runs: which have changed since the line before.

use std::collections::BTreeMap;

use super::event::Event;
use super::frames::{self, Frame};
use super::story::{Seen, Story};
use crate::address::{Address, ThreadId};
use crate::limits::{Limits, Values};
use crate::program::Program;
use crate::snapshot::Thread;
use crate::stack::{self, Local};
use crate::symbols::UserCrates;
use crate::value::{Place, Structures, ValueLimits, is_secret, render};

/// Most of a variable's own bytes that are compared.
const MOST_BYTES: u64 = 4096;

/// What stands for a value that is nobody's business.
pub(super) const MASKED: &str = "***";

/// Bounds on the values that are told; none when none are.
pub(super) fn limits(values: Values, users: &UserCrates) -> Option<ValueLimits> {
    match values {
        Values::None => None,
        Values::Short => {
            let structures = Structures::Of(users.names());
            Some(ValueLimits { structures, ..ValueLimits::line() })
        }
        Values::Full => Some(ValueLimits::default()),
    }
}

impl Story<'_> {
    /// Tells which variables of the innermost body have changed, and what is watched of them.
    ///
    /// One counts as changed when its own bytes have: a variable that was moved from stays in scope,
    /// and what it led to is anybody's.
    pub(super) fn changed_values(&mut self, thread: ThreadId, seen: &Seen) {
        if seen.values.is_none() && self.watches.is_empty() {
            return;
        }
        let Some(stopped) = self.traced.thread(thread) else { return };
        let poll = self.following().and_then(|following| following.poll.as_ref());
        let Some(frame) = poll.and_then(|poll| poll.frames.last()).cloned() else { return };
        let snapshot = seen.view.snapshot(vec![stopped]);
        let program = seen.view.program(&snapshot);
        let variables = seen.variables(&program, &frame, snapshot.facts.threads.first());
        if let Some(limits) = &seen.values {
            let now = variables
                .iter()
                .filter_map(|(name, place)| Some((name.clone(), shown(name, place, limits)?)));
            self.tell_changed(now.collect());
        }
        self.look_at_watched(&frame, &variables, seen);
    }

    fn tell_changed(&mut self, values: BTreeMap<String, frames::Seen>) {
        let poll = self.following().and_then(|following| following.poll.as_mut());
        let Some(poll) = poll else { return };
        let depth = poll.frames.len().saturating_sub(1);
        let Some(frame) = poll.frames.last_mut() else { return };
        let mut changed = Vec::new();
        for (name, now) in values {
            let before = frame.known.values.get(&name);
            if before.is_some_and(|before| before.bytes == now.bytes || before.text == now.text) {
                continue;
            }
            changed.push((
                name.clone(),
                before.map(|before| before.text.clone()),
                now.text.clone(),
            ));
            frame.known.values.insert(name, now);
        }
        for (name, before, value) in changed {
            self.tell_line(Event::Changed { depth, name, before, value });
        }
    }

    /// Takes note that the innermost body executes this line.
    pub(super) fn execute_line(&mut self, line: u32) {
        let poll = self.following().and_then(|following| following.poll.as_mut());
        if let Some(frame) = poll.and_then(|poll| poll.frames.last_mut()) {
            frame.known.executed.insert(line);
            frame.fresh.insert(line);
        }
    }
}

impl Seen {
    /// The variables of a body that a thread is in, by name: those in scope that are declared in a
    /// line that was executed; of those on the stack, in this poll. Constants are in scope from the
    /// beginning, and arguments have a copy on the stack that is not there any more in a later poll.
    fn variables<'program>(
        &self,
        program: &'program Program<'program>,
        body_frame: &Frame,
        thread: Option<&Thread>,
    ) -> BTreeMap<String, Place<'program>> {
        let body = &body_frame.body;
        let limits = Limits { frames: 1, ..self.view.limits().clone() };
        let mut variables = BTreeMap::new();
        let Some(thread) = thread else { return variables };
        let stack = stack::unwind(program, thread, &limits);
        let Some(frame) = stack.frames.first() else { return variables };
        let header = body.header.as_ref().map_or(0, |header| header.line);
        let is_there = |local: &Local, address: Address| {
            let declared =
                local.declaration.as_ref().map_or(0, |declared| declared.line.max(header));
            let executed = match body_frame.keeps(address) {
                true => declared == header || body_frame.known.executed.contains(&declared),
                false => body_frame.fresh.contains(&declared),
            };
            local.function == body.function && executed
        };
        for local in stack::locals(program, frame) {
            let Ok(stack::Place::Memory(address)) = local.place else { continue };
            if !is_there(&local, address) {
                continue;
            }
            let (Some(name), Some(type_id)) = (local.name, local.type_id) else { continue };
            // The compiler's own.
            if name.starts_with('_') {
                continue;
            }
            let place = Place::new(program, local.image, address, type_id);
            variables.extend(place.map(|place| (name, place)));
        }
        variables
    }
}

/// A value as it is now, of something of this name.
pub(super) fn shown(name: &str, place: &Place<'_>, limits: &ValueLimits) -> Option<frames::Seen> {
    let mut bytes = vec![0; usize::try_from(place.type_.size.min(MOST_BYTES)).ok()?];
    if !bytes.is_empty() {
        place.program.read(place.address, &mut bytes).ok()?;
    }
    let text = match is_secret(name) {
        true => MASKED.to_owned(),
        false => render(place, limits),
    };
    Some(frames::Seen { bytes, text })
}
