//! What is waited for belongs to a future that is alive and that nothing polls: its guard, the permit
//! that was handed to it, its place ahead in the queue.

use super::case::Case;
use super::finding::{Finding, FindingKind};
use crate::graph::EdgeKind;

pub(super) fn find(case: &Case<'_>) -> Vec<Finding> {
    let is_one = |kind| kind == EdgeKind::SetAside;
    let knots =
        case.knots.iter().filter(|(knot, _)| knot.circle.iter().any(|edge| is_one(edge.kind)));
    knots.map(|(knot, certainty)| case.knotted(FindingKind::Futurelock, knot, *certainty)).collect()
}
