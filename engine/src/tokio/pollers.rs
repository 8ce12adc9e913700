//! Which thread polls which running task.

use std::collections::{HashMap, HashSet};

use super::context::Context;
use super::task::Task;
use crate::address::{Address, ThreadId};
use crate::model::TaskState;
use crate::stack::ThreadStack;

/// The thread of each running task that has one: by the id that the thread keeps, or else by the
/// only thread whose stack has the `poll` of just this type, if only one such task runs.
pub(super) fn pollers<'tasks, 'program: 'tasks>(
    tasks: impl Iterator<Item = &'tasks Task<'program>>,
    contexts: &[Context<'_>],
    stacks: &[ThreadStack],
) -> HashMap<Address, ThreadId> {
    let running: Vec<&Task<'_>> = tasks.filter(|task| task.state == TaskState::Running).collect();
    let mut pollers = HashMap::new();
    let mut taken = HashSet::new();
    for task in &running {
        let wanted = poll_of(task);
        let by_id = contexts.iter().find(|context| {
            task.id.is_some()
                && context.task_id == task.id
                && stacks.iter().any(|stack| stack.thread == context.thread && has(stack, &wanted))
        });
        if let Some(context) = by_id {
            pollers.insert(task.header, context.thread);
            taken.insert(context.thread);
        }
    }
    let missing: Vec<&&Task<'_>> =
        running.iter().filter(|task| !pollers.contains_key(&task.header)).collect();
    for task in &missing {
        let wanted = poll_of(task);
        let mut threads =
            stacks.iter().filter(|stack| !taken.contains(&stack.thread) && has(stack, &wanted));
        let alike = missing.iter().filter(|other| poll_of(other) == wanted).count();
        if let (Some(only), None, 1) = (threads.next(), threads.next(), alike) {
            pollers.insert(task.header, only.thread);
        }
    }
    pollers
}

/// The beginning of the name of the function that polls this task.
fn poll_of(task: &Task<'_>) -> String {
    let future = task.types.as_ref().map_or("", |types| &types.future.name);
    format!("tokio::runtime::task::raw::poll<{future}, ")
}

fn has(stack: &ThreadStack, poll: &str) -> bool {
    stack.functions().any(|name| name.starts_with(poll))
}
