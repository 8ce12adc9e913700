//! Who holds what others wait for: in the tasks, and in the variables of the threads' frames.

use std::cmp::Reverse;
use std::collections::{HashMap, HashSet};

use super::alive::{Alive, is_drop, of_dropped};
use super::world::Reader;
use crate::address::Address;
use crate::evidence::{Certainty, Trust};
use crate::futures::{FrameVariable, Survey, Walk, coroutine_kind, settled};
use crate::model::{self, Amount, Hold, Holder, Holding, Line, ResourceKey, Shared};
use crate::program::Program;
use crate::stack::{self, Local, ThreadStack};
use crate::symbols::{CodeFrame, SourceLocation, VariableKind};
use crate::sync;
use crate::value::{Place, Pointee, all_statics};

/// The methods by which a future or a stream is polled.
const POLLS: [&str; 2] = ["poll", "poll_next"];

impl<'program> Reader<'_, 'program> {
    /// What a task keeps beside what it awaits.
    pub(super) fn add_survey(&mut self, task: &mut model::Task, walk: &Walk<'program>) {
        let Survey { aside, holdings, shared, gaps } = self.walker.survey(task.key, walk);
        task.aside = aside;
        self.world.shared.extend(shared);
        self.world.holdings.extend(holdings);
        self.world.gaps.extend(gaps);
    }

    /// Of all that is held, what somebody waits for.
    pub(super) fn add_holdings(
        &mut self,
        program: &'program Program<'program>,
        stacks: &[ThreadStack],
        waited: &HashSet<ResourceKey>,
    ) {
        if !waited.is_empty() {
            for thread_stack in stacks {
                self.add_locals(program, thread_stack);
            }
        }
        if self.lacks_senders() {
            self.add_statics(program);
        }
        let mut holdings = std::mem::take(&mut self.world.holdings);
        let needed = with_queues(waited, &holdings);
        holdings.retain(|holding| needed.contains(&holding.resource));
        self.world.holdings = settled(holdings);
        self.world.shared = with_all_owners(std::mem::take(&mut self.world.shared));
    }

    /// Whether somebody waits for a channel not all of whose senders were found.
    fn lacks_senders(&self) -> bool {
        let mut found: HashMap<ResourceKey, u64> = HashMap::new();
        let holdings = self.world.holdings.iter();
        for holding in holdings.filter(|holding| holding.certainty > Certainty::Possible) {
            *found.entry(holding.resource).or_default() += u64::from(holding.hold == Hold::Sender);
        }
        self.world.resources.iter().any(|resource| {
            let found = found.get(&resource.key).copied().unwrap_or(0);
            let is_lacking =
                |amount: &Amount| matches!(amount, Amount::Senders(count) if *count > found);
            resource.amounts.iter().any(is_lacking)
        })
    }

    fn add_statics(&mut self, program: &'program Program<'program>) {
        for (name, place) in all_statics(program) {
            let survey = self.walker.survey_static(&name, &place);
            self.world.holdings.extend(survey.holdings);
            self.world.shared.extend(survey.shared);
        }
    }

    fn add_locals(&mut self, program: &'program Program<'program>, thread_stack: &ThreadStack) {
        self.world.holdings.extend(sync::initializing(program, thread_stack));
        let mut frames_before = 0;
        let inside = inside(program, thread_stack);
        let mut is_in_drop = false;
        for (frame, functions) in &thread_stack.frames {
            let alive = Alive::new(program, frame, is_in_drop);
            let locals = stack::locals(program, frame);
            for local in &locals {
                let Some(place) = value(program, local) else { continue };
                let number = frames_before + local.depth;
                if let Some(polled) = polled_by_hand(functions, local, &place) {
                    let thread = thread_stack.thread;
                    let survey = self.walker.survey_polled(thread, number, &polled, &inside);
                    self.add_kept(survey);
                    continue;
                }
                let Some(certainty) = alive.certainty(&place) else { continue };
                let declared = local.declaration.clone().map(line);
                let variable = FrameVariable {
                    thread: thread_stack.thread,
                    frame: number,
                    name: local.name.as_deref(),
                    since: declared,
                    certainty,
                };
                let survey = self.walker.survey_local(variable, &place, &inside);
                self.add_kept(survey);
            }
            for (place, unnamed) in alive.unnamed(program, &locals) {
                let variable = FrameVariable {
                    thread: thread_stack.thread,
                    frame: frames_before + functions.len().saturating_sub(1),
                    name: None,
                    since: unnamed.made.clone().map(line),
                    certainty: of_dropped(unnamed),
                };
                let survey = self.walker.survey_local(variable, &place, &inside);
                self.add_kept(survey);
            }
            frames_before += functions.len();
            is_in_drop = functions.last().is_some_and(|function| is_drop(&function.name));
        }
    }

    fn add_kept(&mut self, survey: Survey) {
        self.world.holdings.extend(survey.holdings);
        self.world.shared.extend(survey.shared);
    }
}

fn line(place: SourceLocation) -> Line {
    Line { file: place.file, line: place.line, trust: Trust::Derived }
}

/// The future that a function of a frame polls, if it is of a type that is written by hand: what its own
/// `poll` calls `self`.
fn polled_by_hand<'program>(
    functions: &[CodeFrame],
    local: &Local,
    place: &Place<'program>,
) -> Option<Place<'program>> {
    let is_self = local.name.as_deref() == Some("self") && local.kind == VariableKind::Parameter;
    let function = functions.get(local.depth).filter(|_| is_self)?;
    let path = function.name.split('<').next().unwrap_or_default();
    let is_poll = path.rsplit("::").next().is_some_and(|own| POLLS.contains(&own));
    let pointer = place.innermost();
    let is_exclusive = pointer.type_.own_name.starts_with("&mut ");
    let Some(Pointee::Thin(target)) = pointer.pointee().filter(|_| is_poll && is_exclusive) else {
        return None;
    };
    coroutine_kind(&target.type_).is_none().then_some(target)
}

/// Where the variables of the coroutines lie whose bodies are on a stack.
fn inside(program: &Program<'_>, thread_stack: &ThreadStack) -> Vec<Address> {
    let mut inside = Vec::new();
    for (frame, functions) in &thread_stack.frames {
        let is_body = |depth: usize| {
            functions.get(depth).is_some_and(|function| is_coroutine_body(&function.name))
        };
        let locals = stack::locals(program, frame).into_iter();
        inside.extend(locals.filter(|local| is_body(local.depth)).filter_map(|local| {
            match local.place {
                Ok(stack::Place::Memory(address)) => Some(address),
                Ok(stack::Place::Value { .. }) | Err(_) => None,
            }
        }));
    }
    inside
}

/// Whether a function is the body of a coroutine: `bank::transfer::{async_fn#0}<T>`.
fn is_coroutine_body(name: &str) -> bool {
    let path = name.split('<').next().unwrap_or(name);
    path.rsplit("::").next().is_some_and(|last| last.starts_with("{async_"))
}

/// What is waited for, and the channels in whose messages somebody has a part of that.
fn with_queues(waited: &HashSet<ResourceKey>, holdings: &[Holding]) -> HashSet<ResourceKey> {
    let mut needed = waited.clone();
    loop {
        let queues = holdings.iter().filter_map(|holding| match holding.holder {
            Holder::Queued(queue) if needed.contains(&holding.resource) => Some(queue),
            _ => None,
        });
        let new: Vec<ResourceKey> = queues.filter(|queue| !needed.contains(queue)).collect();
        if new.is_empty() {
            return needed;
        }
        needed.extend(new);
    }
}

/// Each shared value once, with all its owners, each of these once: where a pointer is seen twice, the
/// surer look counts.
fn with_all_owners(mut shared: Vec<Shared>) -> Vec<Shared> {
    shared.sort_by_key(|shared| (shared.address, Reverse(shared.size)));
    let mut merged: Vec<Shared> = Vec::new();
    for shared in shared {
        match merged.last_mut().filter(|last| last.address == shared.address) {
            Some(last) => last.owners.extend(shared.owners),
            None => merged.push(shared),
        }
    }
    for shared in &mut merged {
        shared.owners.sort_by_key(|owner| (owner.address, Reverse(owner.certainty)));
        shared.owners.dedup_by_key(|owner| owner.address);
    }
    merged
}

/// The value of a variable that lies in memory.
fn value<'program>(program: &'program Program<'program>, local: &Local) -> Option<Place<'program>> {
    match &local.place {
        Ok(stack::Place::Memory(address)) => {
            Place::new(program, local.image, *address, local.type_id?)
        }
        Ok(stack::Place::Value { .. }) | Err(_) => None,
    }
}
