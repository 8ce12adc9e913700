//! The variables of the body that runs: which have changed since the line before.

use std::collections::BTreeMap;

use super::event::Event;
use super::frames::{self, Frame};
use super::story::{Seen, Story};
use crate::address::{Address, ThreadId};
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
        for (name, now) in seen.values(frame, thread) {
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
    fn values(&self, body_frame: &Frame, thread: Thread) -> BTreeMap<String, frames::Seen> {
        let body = &body_frame.body;
        let snapshot = self.view.snapshot(vec![thread]);
        let program = self.view.program(&snapshot);
        let limits = Limits { frames: 1, ..self.view.limits().clone() };
        let mut values = BTreeMap::new();
        let Some(thread) = snapshot.facts.threads.first() else { return values };
        let stack = stack::unwind(&program, thread, &limits);
        let Some(frame) = stack.frames.first() else { return values };
        let header = body.header.as_ref().map_or(0, |header| header.line);
        let kept = body_frame.environment.zip(body.environment.as_ref());
        let is_kept = |address: Address| {
            kept.is_some_and(|(start, type_)| (start..start.offset(type_.size)).contains(&address))
        };
        let is_there = |local: &Local, address: Address| {
            let declared =
                local.declaration.as_ref().map_or(0, |declared| declared.line.max(header));
            let executed = match is_kept(address) {
                true => declared == header || body_frame.known.executed.contains(&declared),
                false => body_frame.fresh.contains(&declared),
            };
            local.function == body.function && executed
        };
        for local in stack::locals(&program, frame) {
            let Ok(stack::Place::Memory(address)) = local.place else { continue };
            if !is_there(&local, address) {
                continue;
            }
            let (Some(name), Some(type_id)) = (local.name, local.type_id) else { continue };
            // The compiler's own.
            if name.starts_with('_') {
                continue;
            }
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
