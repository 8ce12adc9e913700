//! A thread that polls tasks is blocked in a call that is not async: a lock or a channel of the
//! standard library, a nested `block_on`, a sleep, blocking I/O. Its tasks cannot run meanwhile.

use super::case::Case;
use super::finding::{Finding, FindingKind};
use super::steps;
use crate::evidence::Certainty;
use crate::graph::{EdgeKind, Knot, Node};
use crate::model::{TaskKind, Thread};

pub(super) fn find(case: &Case<'_>) -> Vec<Finding> {
    let knots = case.knots.iter().filter(|(knot, _)| holds_thread(case, knot));
    let mut found: Vec<Finding> = knots
        .map(|(knot, certainty)| case.knotted(FindingKind::BlockedWorker, knot, *certainty))
        .collect();
    found.extend(in_calls(case));
    found
}

/// Whether a thread that polls a task, and waits in the middle of that, is on the circle.
fn holds_thread(case: &Case<'_>, knot: &Knot) -> bool {
    knot.circle.iter().any(|edge| {
        let is_thread = matches!(case.graph.node(edge.from), Some(Node::Thread(_)));
        let task = case.task_of(edge.from).filter(|_| is_thread);
        task.is_some_and(|key| {
            case.world.tasks.iter().any(|task| task.key == key && task.kind != TaskKind::Blocking)
        })
    })
}

/// Threads that poll a task and are blocked in what nobody in the process is known to end.
fn in_calls(case: &Case<'_>) -> Vec<Finding> {
    let blocked = case.polling().filter(|(id, thread, task)| {
        let needs_none = case.graph.needs(*id).is_empty();
        task.kind != TaskKind::Blocking && needs_none && is_blocked(thread) && case.stays(*id)
    });
    blocked
        .map(|(id, _, _)| {
            let steps = vec![steps::last(id)];
            case.ended(FindingKind::BlockedWorker, Certainty::Definite, steps)
        })
        .collect()
}

fn is_blocked(thread: &Thread) -> bool {
    thread.call.is_some() || thread.wait.is_some()
}

/// Whether an edge says that a task needs a thread to poll it.
pub(super) fn is_run(kind: EdgeKind) -> bool {
    matches!(kind, EdgeKind::RunBy | EdgeKind::DrivenBy)
}
