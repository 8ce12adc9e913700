//! What ends a test at once: panics and deadly signals. Where to wait for them, and what they say.
//!
//! - `panics`: the function in which every panic begins to unwind, and the message that it has
//! - `signals`: what led to a signal, as far as the stack tells

mod panics;
mod signals;

pub use panics::{Catcher, catcher, entries};

use crate::model;
use crate::program::Program;
use crate::snapshot::Occasion;
use crate::stack::ThreadStack;

/// What the process of `program` was stopped at, in the words of the model. `is_timeout` says whether
/// a panic's message is that of a time limit that has passed.
pub fn moment(
    program: &Program<'_>,
    stacks: &[ThreadStack],
    is_timeout: &dyn Fn(&str) -> bool,
) -> Option<model::Moment> {
    let moment = program.snapshot.facts.moment?;
    let blow = match moment.occasion {
        Occasion::Panic => {
            let message = panics::message(program, moment.thread);
            let is_timeout = message.as_deref().is_some_and(is_timeout);
            model::Blow::Panic { message, is_timeout }
        }
        Occasion::Signal(number) => {
            let stack = stacks.iter().find(|stack| stack.thread == moment.thread);
            model::Blow::Signal {
                name: signals::name(number),
                origin: stack.and_then(signals::origin).map(str::to_owned),
            }
        }
    };
    Some(model::Moment { thread: moment.thread, blow })
}
