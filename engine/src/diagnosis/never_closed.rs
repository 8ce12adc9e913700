//! A task waits for a message or for the end of a channel, and every other end of it is kept by
//! those who will not use it: who waits for that task, or a place that nobody looks into.

use super::case::Case;
use super::deadlock::parties;
use super::finding::{Finding, FindingKind};
use crate::graph::{EdgeKind, Knot, Node};
use crate::model::EndedBy;

pub(super) fn find(case: &Case<'_>) -> Vec<Finding> {
    let knots = case.knots.iter().filter(|(knot, _)| is_kept_open(case, knot));
    knots
        .map(|(knot, certainty)| case.knotted(FindingKind::NeverClosed, knot, *certainty))
        .collect()
}

/// Whether on the circle one waits for others to let go of their ends, who wait for it to end.
pub(super) fn is_kept_open(case: &Case<'_>, knot: &Knot) -> bool {
    let resources = knot.circle.iter().filter_map(|edge| match case.graph.node(edge.to)? {
        // The end of one of a set of tasks is the end of a task.
        Node::Resource(resource) if resource.has_tasks() => None,
        Node::Resource(resource) => Some(resource.by),
        Node::Branch(_) | Node::Thread(_) | Node::Runtime(_) | Node::Pool(_) | Node::Place(_) => {
            None
        }
    });
    let kinds: Vec<EndedBy> = resources.collect();
    let is_open =
        matches!(kinds.as_slice(), [EndedBy::Senders | EndedBy::Handles | EndedBy::Anybody]);
    let joins = knot.circle.iter().any(|edge| edge.kind == EdgeKind::EndOf);
    is_open
        && joins
        && parties(case, knot) > 1
        && !knot.circle.iter().any(|edge| edge.kind.is_of_running())
}
