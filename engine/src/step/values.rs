//! The variables of the body that runs: which have changed since the line before.

use std::collections::{BTreeMap, BTreeSet};

use super::body::Body;
use super::event::Event;
use super::frames;
use super::story::{Seen, Story};
use crate::address::ThreadId;
use crate::limits::Limits;
use crate::snapshot::Thread;
use crate::stack::{self, Local};
use crate::value::{Place, ValueLimits, is_secret, render};

/// Most of a variable's own bytes that are compared.
const MOST_BYTES: u64 = 4096;

impl Story<'_> {
    /// Tells which variables of the innermost body have changed.
    ///
    /// One counts as changed when its own bytes have: a variable that was moved from stays in scope,
    /// and what it led to is anybody's.
    pub(super) fn changed_values(&mut self, thread: ThreadId, seen: &Seen) {
        let Some(thread) = self.traced.thread(thread) else { return };
        let poll = self.following().and_then(|following| following.poll.as_mut());
        let Some(poll) = poll else { return };
        let depth = poll.frames.len().saturating_sub(1);
        let Some(frame) = poll.frames.last_mut() else { return };
        let mut changed = Vec::new();
        for (name, now) in seen.values(&frame.body, &frame.known.executed, thread) {
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
        }
    }
}

impl Seen {
    /// The variables of a body that a thread is in, by name: those in scope that are declared in a
    /// line that was executed. Constants are in scope from the beginning, and mean nothing there.
    fn values(
        &self,
        body: &Body,
        executed: &BTreeSet<u32>,
        thread: Thread,
    ) -> BTreeMap<String, frames::Seen> {
        let snapshot = self.view.snapshot(vec![thread]);
        let program = self.view.program(&snapshot);
        let limits = Limits { frames: 1, ..self.view.limits().clone() };
        let mut values = BTreeMap::new();
        let Some(thread) = snapshot.facts.threads.first() else { return values };
        let stack = stack::unwind(&program, thread, &limits);
        let Some(frame) = stack.frames.first() else { return values };
        let header = body.header.as_ref().map_or(0, |header| header.line);
        let is_there = |local: &Local| {
            let declared = local.declaration.as_ref().map(|declared| declared.line);
            local.function == body.function
                && declared.is_some_and(|line| line <= header || executed.contains(&line))
        };
        for local in stack::locals(&program, frame).into_iter().filter(is_there) {
            let (Some(name), Some(type_id)) = (local.name, local.type_id) else { continue };
            // The compiler's own.
            if name.starts_with('_') {
                continue;
            }
            let Ok(stack::Place::Memory(address)) = local.place else { continue };
            let place = Place::new(&program, local.image, address, type_id);
            values.extend(place.and_then(|place| Some((name.clone(), shown(&name, &place)?))));
        }
        values
    }
}

/// A variable as it is now.
fn shown(name: &str, place: &Place<'_>) -> Option<frames::Seen> {
    let mut bytes = vec![0; usize::try_from(place.type_.size.min(MOST_BYTES)).ok()?];
    if !bytes.is_empty() {
        place.program.read(place.address, &mut bytes).ok()?;
    }
    let text = match is_secret(name) {
        true => "***".to_owned(),
        false => render(place, &ValueLimits::line()),
    };
    Some(frames::Seen { bytes, text })
}
