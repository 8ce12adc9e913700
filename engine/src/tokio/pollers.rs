//! Which thread polls which running task.

use std::collections::{HashMap, HashSet};

use super::context::Context;
use super::task::Task;
use crate::address::{Address, ThreadId};
use crate::model::TaskState;
use crate::program::Program;
use crate::stack::ThreadStack;

/// The thread of each running task that has one: by the id that the thread keeps, or else by the
/// address that the frames which poll it keep, or else by the only thread whose stack polls just this
/// type, if only one such task runs.
///
/// Optimized code has one copy of functions that came out the same, under the name of any of them,
/// so that a stack may show another type. An id that one task and one thread have needs no stack:
/// only two Tokios in one process give an id twice.
pub(super) fn pollers<'tasks, 'program: 'tasks>(
    program: &Program<'_>,
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
    let is_missing = |task: &&&Task<'_>| !pollers.contains_key(&task.header);
    let missing: Vec<&Task<'_>> = running.iter().filter(is_missing).copied().collect();
    let kept =
        by_address(program, &missing, stacks.iter().filter(|stack| !taken.contains(&stack.thread)));
    taken.extend(kept.values().copied());
    pollers.extend(kept);
    let is_missing = |task: &&&Task<'_>| !pollers.contains_key(&task.header);
    let missing: Vec<&Task<'_>> = missing.iter().filter(is_missing).copied().collect();
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

/// The thread of each of these tasks whose address just one thread keeps in the frames that poll
/// its type, if that thread keeps no other one's.
fn by_address<'stacks>(
    program: &Program<'_>,
    tasks: &[&Task<'_>],
    stacks: impl Iterator<Item = &'stacks ThreadStack>,
) -> HashMap<Address, ThreadId> {
    let mut keepers: HashMap<Address, Vec<ThreadId>> = HashMap::new();
    for stack in stacks.filter(|_| !tasks.is_empty()) {
        let mut polled = tasks.iter().filter(|task| has(stack, &polls_of(task))).peekable();
        if polled.peek().is_none() {
            continue;
        }
        let words = words(program, stack);
        let kept: Vec<&&Task<'_>> = polled.filter(|task| words.contains(&task.header.0)).collect();
        if let [only] = kept.as_slice() {
            keepers.entry(only.header).or_default().push(stack.thread);
        }
    }
    let single = keepers.into_iter().filter_map(|(header, threads)| match threads.as_slice() {
        [thread] => Some((header, *thread)),
        _ => None,
    });
    single.collect()
}

/// Whether a thread's stack polls this task: its type, and its address is in the frames.
pub(super) fn polls(program: &Program<'_>, stack: &ThreadStack, task: &Task<'_>) -> bool {
    has(stack, &polls_of(task)) && words(program, stack).contains(&task.header.0)
}

/// The words in the frames of a stack from the one that polls a task inwards.
fn words(program: &Program<'_>, stack: &ThreadStack) -> HashSet<u64> {
    const MOST: u64 = 1 << 20;
    const WORD: usize = 8;
    let is_poll = |name: &str| name.starts_with("tokio::runtime::task::");
    let outermost = stack
        .frames
        .iter()
        .filter(|(_, functions)| functions.iter().any(|function| is_poll(&function.name)))
        .filter_map(|(frame, _)| frame.cfa)
        .next_back();
    let innermost = stack.frames.first().map(|(frame, _)| frame.registers.sp());
    let (Some(start), Some(end)) = (innermost, outermost) else { return HashSet::new() };
    let size = end.0.saturating_sub(start.0).min(MOST);
    let mut bytes = vec![0; usize::try_from(size).unwrap_or(0)];
    if program.read(start, &mut bytes).is_err() {
        return HashSet::new();
    }
    let (words, _) = bytes.as_chunks::<WORD>();
    words.iter().map(|word| u64::from_le_bytes(*word)).collect()
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
