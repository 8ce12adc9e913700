//! Which thread polls which running task.

use std::collections::{HashMap, HashSet};

use super::context::Context;
use super::task::Task;
use crate::address::{Address, ThreadId};
use crate::model::TaskState;
use crate::stack::ThreadStack;

/// The thread of each running task that has one: by the id that the thread keeps, or else by the
/// only thread whose stack polls just this type, if only one such task runs.
///
/// Optimized code has one copy of functions that came out the same, under the name of any of them,
/// so that a stack may show another type. An id that one task and one thread have needs no stack:
/// only two Tokios in one process give an id twice.
pub(super) fn pollers<'tasks, 'program: 'tasks>(
    tasks: impl Iterator<Item = &'tasks Task<'program>>,
    contexts: &[Context<'_>],
    stacks: &[ThreadStack],
) -> HashMap<Address, ThreadId> {
    let running: Vec<&Task<'_>> = tasks.filter(|task| task.state == TaskState::Running).collect();
    let mut pollers = HashMap::new();
    let mut taken = HashSet::new();
    for task in &running {
        let wanted = polls_of(task);
        let polls =
            |thread| stacks.iter().any(|stack| stack.thread == thread && has(stack, &wanted));
        let by_id: Vec<&Context<'_>> = contexts
            .iter()
            .filter(|context| task.id.is_some() && context.task_id == task.id)
            .collect();
        let by_stack = by_id.iter().find(|context| polls(context.thread));
        let is_alone = running.iter().filter(|other| other.id == task.id).count() == 1;
        let alone = by_id.first().filter(|_| is_alone && by_id.len() == 1);
        if let Some(context) = by_stack.or(alone) {
            pollers.insert(task.header, context.thread);
            taken.insert(context.thread);
        }
    }
    let missing: Vec<&&Task<'_>> =
        running.iter().filter(|task| !pollers.contains_key(&task.header)).collect();
    for task in &missing {
        let wanted = polls_of(task);
        let mut threads =
            stacks.iter().filter(|stack| !taken.contains(&stack.thread) && has(stack, &wanted));
        let alike = missing.iter().filter(|other| polls_of(other) == wanted).count();
        if let (Some(only), None, 1) = (threads.next(), threads.next(), alike) {
            pollers.insert(task.header, only.thread);
        }
    }
    pollers
}

/// How the names of functions begin that poll this task and no other type. In optimized code the
/// first one ends by jumping to the next: it is on no stack.
///
/// Source: tokio 1.20 and 1.54 `runtime/task/raw.rs`, `runtime/task/harness.rs`.
fn polls_of(task: &Task<'_>) -> [String; 2] {
    let future = task.types.as_ref().map_or("", |types| &types.future.name);
    ["raw::poll", "harness::poll_future"]
        .map(|function| format!("tokio::runtime::task::{function}<{future}"))
}

fn has(stack: &ThreadStack, polls: &[String; 2]) -> bool {
    let is_it = |name: &str| {
        polls.iter().any(|poll| {
            name.strip_prefix(poll.as_str()).is_some_and(|rest| rest.starts_with([',', '>']))
        })
    };
    stack.functions().any(is_it)
}
