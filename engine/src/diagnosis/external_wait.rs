//! It waits for the world outside of the process: a socket, a pipe, a child, a signal, a moment that
//! is far away.

use super::case::Case;
use super::finding::{Finding, FindingKind};
use super::steps;
use crate::evidence::Certainty;
use crate::graph::{Branch, Node, NodeId};
use crate::model::{Amount, EndedBy, TaskState, Wait};

/// From how many nanoseconds on a moment is far away.
const FAR_NS: i64 = 5_000_000_000;

/// The most that are reported one by one; those that the body waits for come first.
const MOST: usize = 8;

pub(super) fn find(case: &Case<'_>) -> Vec<Finding> {
    let mut waits: Vec<(bool, NodeId)> = case
        .ends()
        .filter(|(id, node)| is_outside(node) && case.stays(*id))
        .map(|(id, _)| (!case.is_reached(id), id))
        .collect();
    waits.sort_unstable();
    waits
        .into_iter()
        .take(MOST)
        .map(|(_, id)| {
            case.ended(FindingKind::ExternalWait, Certainty::Definite, vec![steps::last(id)])
        })
        .collect()
}

fn is_outside(node: &Node<'_>) -> bool {
    match node {
        Node::Branch(branch) => is_idle(branch) && branch.wait().is_some_and(waits_outside),
        Node::Thread(thread) => thread.wait.as_ref().is_some_and(waits_outside),
        Node::Resource(_) | Node::Runtime(_) | Node::Place(_) => false,
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
