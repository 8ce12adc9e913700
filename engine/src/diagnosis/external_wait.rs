//! It waits for the world outside of the process: a socket, a pipe, a child, a signal, a moment that
//! is far away.

use std::collections::HashSet;

use super::case::Case;
use super::finding::{Doubt, Finding, FindingKind};
use super::starvation::is_unserved;
use super::steps;
use crate::evidence::Certainty;
use crate::graph::{Branch, Node, NodeId};
use crate::model::{Amount, EndedBy, TaskKey, TaskState, Wait};

/// From how many nanoseconds on a moment is far away.
const FAR_NS: i64 = 5_000_000_000;

/// The most that are reported one by one; those that the body waits for come first.
const MOST: usize = 8;

pub(super) fn find(case: &Case<'_>) -> Vec<Finding> {
    let other_ways = other_ways(case);
    let is_way_out = |id: &NodeId| case.task_of(*id).is_some_and(|key| other_ways.contains(&key));
    let mut waits: Vec<(bool, NodeId)> = case
        .ends()
        .filter(|(id, node)| is_outside(case, node) && !is_way_out(id) && case.stays(*id))
        .map(|(id, _)| (!case.is_reached(id), id))
        .collect();
    waits.sort_unstable();
    waits.into_iter().take(MOST).map(|(_, id)| outside(case, id)).collect()
}

fn outside(case: &Case<'_>, id: NodeId) -> Finding {
    let steps = vec![steps::last(id)];
    let kind = FindingKind::ExternalWait;
    if !case.graph.branch(id).is_some_and(Branch::is_partial) {
        return case.ended(kind, Certainty::Definite, steps);
    }
    // It may wait for something inside of the process as well.
    let mut finding = case.ended(kind, Certainty::Likely, steps);
    finding.doubts.push(Doubt::Concluded);
    finding
}

/// The tasks that wait for something in the process as well: a timer beside that is its timeout, a
/// signal what would stop it.
fn other_ways(case: &Case<'_>) -> HashSet<TaskKey> {
    let inside = case.graph.nodes().filter_map(|(_, node)| match node {
        Node::Branch(branch) if branch.aside.is_none() => {
            let wait = branch.wait()?;
            (!matches!(wait.by, EndedBy::World | EndedBy::Time)).then_some(branch.task.key)
        }
        Node::Branch(_)
        | Node::Thread(_)
        | Node::Resource(_)
        | Node::Runtime(_)
        | Node::Pool(_)
        | Node::Place(_) => None,
    });
    inside.collect()
}

fn is_outside(case: &Case<'_>, node: &Node<'_>) -> bool {
    let is_told = |wait: &Wait| waits_outside(wait) && !is_unserved(case, wait);
    match node {
        Node::Branch(branch) => is_idle(branch) && branch.wait().is_some_and(is_told),
        Node::Thread(thread) => thread.wait.as_ref().is_some_and(waits_outside),
        Node::Resource(_) | Node::Runtime(_) | Node::Pool(_) | Node::Place(_) => false,
    }
}

fn is_idle(branch: &Branch<'_>) -> bool {
    branch.aside.is_none() && branch.task.state == TaskState::Idle
}

fn waits_outside(wait: &Wait) -> bool {
    let is_far = |amount: &Amount| matches!(amount, Amount::FiresIn(left) if *left >= FAR_NS);
    match wait.by {
        EndedBy::World => true,
        EndedBy::Time => wait.amounts.iter().any(is_far),
        EndedBy::Unknown
        | EndedBy::Holders
        | EndedBy::Permits
        | EndedBy::Senders
        | EndedBy::Receivers
        | EndedBy::Handles
        | EndedBy::Named
        | EndedBy::Anybody
        | EndedBy::Nobody => false,
    }
}
