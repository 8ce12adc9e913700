//! A thread that polls tasks is blocked in a call that is not async: a lock or a channel of the
//! standard library, a nested `block_on`, a sleep, blocking I/O. Its tasks cannot run meanwhile.

use std::collections::HashSet;

use super::case::Case;
use super::finding::{Finding, FindingKind};
use super::steps;
use crate::evidence::Certainty;
use crate::graph::{EdgeKind, Knot, Node, NodeId};
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

/// Threads that poll a task and are blocked in a call, but are on no circle.
fn in_calls(case: &Case<'_>) -> Vec<Finding> {
    let knotted: HashSet<NodeId> =
        case.knots.iter().flat_map(|(knot, _)| knot.nodes.iter().copied()).collect();
    let blocked = case.polling().filter(|(id, thread, task)| {
        // A future that it blocks on is polled, and has a wait of its own.
        let is_nested = case.graph.needs(*id).iter().any(|edge| edge.kind == EdgeKind::BlocksOn);
        let is_free = knotted.contains(id) || is_nested || task.kind == TaskKind::Blocking;
        !is_free && is_blocked(thread) && case.stays(*id)
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
    matches!(kind, EdgeKind::RunBy | EdgeKind::RunOn | EdgeKind::DrivenBy)
}
