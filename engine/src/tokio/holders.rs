//! Who holds what others wait for: in the tasks, and in the variables of the threads' frames.

use std::collections::HashSet;

use super::world::Reader;
use crate::evidence::Trust;
use crate::futures::{Survey, Walk, settled};
use crate::model::{self, Line, ResourceKey};
use crate::program::Program;
use crate::stack::{self, Local, ThreadStack};
use crate::value::Place;

impl<'program> Reader<'_, 'program> {
    /// What a task keeps beside what it awaits.
    pub(super) fn add_survey(&mut self, task: &mut model::Task, walk: &Walk<'program>) {
        let Survey { aside, holdings, gaps } = self.walker.survey(task.key, walk);
        task.aside = aside;
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
        let mut holdings = std::mem::take(&mut self.world.holdings);
        holdings.retain(|holding| waited.contains(&holding.resource));
        self.world.holdings = settled(holdings);
    }

    fn add_locals(&mut self, program: &'program Program<'program>, thread_stack: &ThreadStack) {
        let mut frames_before = 0;
        for (frame, functions) in &thread_stack.frames {
            for local in stack::locals(program, frame) {
                let Some(place) = value(program, &local) else { continue };
                let number = frames_before + local.depth;
                let declared = local.declaration.map(|place| Line {
                    file: place.file,
                    line: place.line,
                    trust: Trust::Derived,
                });
                let thread = thread_stack.thread;
                let survey = self.walker.survey_local(
                    thread,
                    number,
                    local.name.as_deref(),
                    declared,
                    &place,
                );
                self.world.holdings.extend(survey.holdings);
            }
            frames_before += functions.len();
        }
    }
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
