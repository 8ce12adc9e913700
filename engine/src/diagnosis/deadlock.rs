//! Tasks and threads in a circle, each of which has what the one before it waits for.

use std::collections::BTreeSet;

use super::case::{Case, polled};
use super::finding::{Finding, FindingKind};
use super::never_closed::is_kept_open;
use crate::graph::{Knot, Node, NodeId};
use crate::model::TaskKey;

pub(super) fn find(case: &Case<'_>) -> Vec<Finding> {
    let knots = case.knots.iter().filter(|(knot, _)| is_deadlock(case, knot));
    knots.map(|(knot, certainty)| case.knotted(FindingKind::Deadlock, knot, *certainty)).collect()
}

fn is_deadlock(case: &Case<'_>, knot: &Knot) -> bool {
    parties(case, knot) > 1
        && !is_kept_open(case, knot)
        && !knot.circle.iter().any(|edge| edge.kind.is_of_running())
}

/// Who waits by itself: a task, or a thread that polls none. A future that a thread blocks on is that
/// thread, or the task in the middle of whose poll it does so.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Party {
    Task(TaskKey),
    Thread(i32),
}

/// How many tasks and threads that poll none of these are on the circle of a knot.
pub(super) fn parties(case: &Case<'_>, knot: &Knot) -> usize {
    let parties: BTreeSet<Party> =
        knot.circle.iter().filter_map(|edge| party(case, edge.from)).collect();
    parties.len()
}

fn party(case: &Case<'_>, node: NodeId) -> Option<Party> {
    let own = case.task_of(node);
    let thread = match (own, case.graph.node(node)) {
        (Some(TaskKey::Root(id, _)), _) => id,
        (None, Some(Node::Thread(thread))) => thread.id,
        _ => return own.map(Party::Task),
    };
    let blocked = case.world.threads.iter().find(|known| known.id == thread)?;
    let polled = polled(blocked).filter(|polled| Some(*polled) != own);
    // A body that its thread polls no further is no part of another.
    let is_blocked_on = own.is_none() || blocked.blocks_on == own;
    Some(match (polled.filter(|_| is_blocked_on), own) {
        (Some(polled), _) => Party::Task(polled),
        (None, Some(key)) if blocked.blocks_on != own => Party::Task(key),
        (None, _) => Party::Thread(thread.0),
    })
}
