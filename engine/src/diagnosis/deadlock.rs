//! Tasks and threads in a circle, each of which has what the one before it waits for.

use std::collections::BTreeSet;

use super::case::Case;
use super::finding::{Finding, FindingKind};
use super::never_closed::is_kept_open;
use crate::graph::{EdgeKind, Knot, Node, WaitGraph};
use crate::model::TaskKey;

pub(super) fn find(case: &Case<'_>) -> Vec<Finding> {
    let knots = case.knots.iter().filter(|(knot, _)| is_deadlock(case, knot));
    knots.map(|(knot, certainty)| case.knotted(FindingKind::Deadlock, knot, *certainty)).collect()
}

fn is_deadlock(case: &Case<'_>, knot: &Knot) -> bool {
    let runs = |kind| matches!(kind, EdgeKind::RunBy | EdgeKind::RunOn | EdgeKind::SetAside);
    parties(case, knot) > 1
        && !is_kept_open(case, knot)
        && !knot.circle.iter().any(|edge| runs(edge.kind))
}

/// How many tasks and threads that poll none of these are on the circle of a knot.
pub(super) fn parties(case: &Case<'_>, knot: &Knot) -> usize {
    let tasks: BTreeSet<TaskKey> =
        knot.circle.iter().filter_map(|edge| case.task_of(edge.from)).collect();
    let is_alone = |edge: &&crate::graph::Edge| {
        is_thread(&case.graph, edge) && case.task_of(edge.from).is_none()
    };
    tasks.len() + knot.circle.iter().filter(is_alone).count()
}

fn is_thread(graph: &WaitGraph<'_>, edge: &crate::graph::Edge) -> bool {
    matches!(graph.node(edge.from), Some(Node::Thread(_)))
}
