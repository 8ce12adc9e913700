//! One task waits for what it has itself: a guard, the last permit, the other end of its own channel.

use super::case::Case;
use super::deadlock::parties;
use super::finding::{Finding, FindingKind};
use super::lost_wakeup::is_unreachable;
use crate::graph::Knot;

pub(super) fn find(case: &Case<'_>) -> Vec<Finding> {
    let knots = case.knots.iter().filter(|(knot, _)| is_own(case, knot));
    knots
        .map(|(knot, certainty)| case.knotted(FindingKind::SelfDeadlock, knot, *certainty))
        .collect()
}

fn is_own(case: &Case<'_>, knot: &Knot) -> bool {
    parties(case, knot) == 1
        && !is_unreachable(case, knot)
        && !knot.circle.iter().any(|edge| edge.kind.is_of_running())
}
