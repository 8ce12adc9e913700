//! A task can run, and no thread will run it: those that would are blocked, or nobody drives its
//! runtime, or it sits in a queue that only a blocked thread empties. Or it waits for a timer or a
//! descriptor of a runtime that nobody drives.

use super::blocked_worker::is_run;
use super::case::Case;
use super::finding::{Doubt, Finding, FindingKind};
use super::steps;
use crate::evidence::Certainty;
use crate::graph::{Branch, Node, NodeId};
use crate::model::{Activity, Runtime, TaskState, Wait};

/// The most tasks that are reported one by one.
const MOST: usize = 8;

pub(super) fn find(case: &Case<'_>) -> Vec<Finding> {
    let is_run = |(edges, _): &&(crate::graph::Knot, Certainty)| {
        edges.circle.iter().any(|edge| is_run(edge.kind))
    };
    let knots = case.knots.iter().filter(is_run);
    let mut found: Vec<Finding> = knots
        .map(|(knot, certainty)| case.knotted(FindingKind::Starvation, knot, *certainty))
        .collect();
    found.extend(unpolled(case));
    found.extend(unserved(case));
    found
}

/// Futures that wait for a timer or a descriptor of which a runtime would be told that nobody drives.
fn unserved(case: &Case<'_>) -> Vec<Finding> {
    if case.movement.is_none() {
        return Vec::new();
    }
    let waiting = case.graph.nodes().filter_map(|(id, node)| match node {
        Node::Branch(branch) => {
            let is_idle = branch.aside.is_none() && branch.task.state == TaskState::Idle;
            let wait = branch.wait().filter(|_| is_idle)?;
            (is_unserved(case, wait) && case.stays(id)).then_some(id)
        }
        Node::Thread(_) | Node::Resource(_) | Node::Runtime(_) | Node::Pool(_) | Node::Place(_) => {
            None
        }
    });
    let found = waiting.take(MOST).map(|id| {
        let steps = vec![steps::last(id)];
        let mut finding = case.ended(FindingKind::Starvation, Certainty::Likely, steps);
        finding.doubts.push(Doubt::Concluded);
        finding
    });
    found.collect()
}

/// Whether this is a wait for something of which a runtime would be told that nobody drives.
pub(super) fn is_unserved(case: &Case<'_>, wait: &Wait) -> bool {
    let driver = wait.driven_by.and_then(|driver| {
        case.world.runtimes.iter().find(|runtime| runtime.address == driver.address)
    });
    driver.is_some_and(|runtime| is_undriven(case, runtime))
}

/// Tasks that were woken before the first look and not polled until the second.
fn unpolled(case: &Case<'_>) -> Vec<Finding> {
    if case.movement.is_none() {
        return Vec::new();
    }
    let waiting = case.graph.nodes().filter_map(|(id, node)| match node {
        Node::Branch(branch) if is_waiting(branch) && case.stays(id) => Some((id, branch)),
        _ => None,
    });
    waiting
        .filter(|(id, _)| case.graph.needs(*id).is_empty())
        .take(MOST)
        .map(|(id, branch)| starved(case, id, branch))
        .collect()
}

fn is_waiting(branch: &Branch<'_>) -> bool {
    branch.is_whole() && branch.task.state == TaskState::Scheduled
}

fn starved(case: &Case<'_>, id: NodeId, branch: &Branch<'_>) -> Finding {
    let runtime = branch.task.runtime.and_then(|index| case.world.runtimes.get(index));
    let is_explained =
        runtime.is_some_and(|runtime| is_undriven(case, runtime) || blocks(case, runtime));
    let certainty = if is_explained { Certainty::Likely } else { Certainty::Possible };
    let mut finding = case.ended(FindingKind::Starvation, certainty, vec![steps::last(id)]);
    finding.doubts.push(Doubt::Concluded);
    finding
}

/// Whether no thread drives a runtime, nor is about to: one that runs may be a worker that has just
/// been born, or come to the call that drives it.
fn is_undriven(case: &Case<'_>, runtime: &Runtime) -> bool {
    let mut threads = case.world.threads.iter();
    runtime.drivers.is_empty() && threads.all(|thread| thread.call.is_some())
}

/// Whether a thread of the runtime is blocked while it polls a task: what is in that thread's own
/// slot is nobody else's.
fn blocks(case: &Case<'_>, runtime: &Runtime) -> bool {
    case.graph.nodes().any(|(id, node)| match node {
        Node::Thread(thread) => {
            let polls = matches!(thread.activity, Activity::Polls(_));
            let is_blocked = thread.call.is_some() || thread.wait.is_some();
            polls && is_blocked && runtime.drivers.contains(&thread.id) && case.stays(id)
        }
        Node::Branch(_) | Node::Resource(_) | Node::Runtime(_) | Node::Pool(_) | Node::Place(_) => {
            false
        }
    })
}
