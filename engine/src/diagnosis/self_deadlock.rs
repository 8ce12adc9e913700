//! One task waits for what it has itself: a guard, the last permit, the other end of its own channel.

use super::case::Case;
use super::deadlock::parties;
use super::finding::{Finding, FindingKind};
use super::lost_wakeup::is_unreachable;
use crate::graph::{EdgeKind, Knot};

pub(super) fn find(case: &Case<'_>) -> Vec<Finding> {
    let knots = case.knots.iter().filter(|(knot, _)| is_own(case, knot));
    knots
        .map(|(knot, certainty)| case.knotted(FindingKind::SelfDeadlock, knot, *certainty))
        .collect()
}

fn is_own(case: &Case<'_>, knot: &Knot) -> bool {
    let runs = |kind| matches!(kind, EdgeKind::RunBy | EdgeKind::RunOn | EdgeKind::SetAside);
    parties(case, knot) == 1
        && !is_unreachable(case, knot)
        && !knot.circle.iter().any(|edge| runs(edge.kind))
}
