//! Which of several findings is the root.

use std::collections::BTreeSet;

use super::case::Case;
use super::finding::{Doubt, Finding, FindingKind, Step};
use super::steps;
use crate::evidence::Certainty;
use crate::graph::NodeId;
use crate::model::Hold;

/// The findings, the root first. Those that say the same of the same nodes become one, which names
/// the others.
pub(super) fn ranked(case: &Case<'_>, found: Vec<Finding>) -> Vec<Finding> {
    let mut merged: Vec<(BTreeSet<NodeId>, Finding)> = Vec::new();
    for finding in found {
        let nodes: BTreeSet<NodeId> = finding.nodes().collect();
        // The detectors come in the order in which they name a root.
        match merged.iter_mut().find(|(known, _)| *known == nodes) {
            Some((_, root)) if root.certainty >= finding.certainty => name(root, &finding),
            Some((_, weaker)) => {
                let mut stronger = finding;
                name(&mut stronger, weaker);
                *weaker = stronger;
            }
            None => merged.push((nodes, finding)),
        }
    }
    let mut findings: Vec<Finding> = merged.into_iter().map(|(_, finding)| finding).collect();
    findings.sort_by_cached_key(|finding| rank(case, finding));
    if findings.first().is_none_or(|first| !is_root(case, first)) {
        let perhaps = findings.iter().find(|finding| is_bodys_circle(case, finding)).cloned();
        findings.insert(0, undetermined(case, perhaps));
    }
    findings
}

/// Which of the findings may be the cause where none can be called that: the only one that says that
/// what holds a lock waits, in the end, for itself.
pub fn suspect(case: &Case<'_>, findings: &[Finding]) -> Option<usize> {
    let is_open = |first: &Finding| first.kind == FindingKind::Undetermined && !first.is_circle;
    findings.first().filter(|first| is_open(first))?;
    let is_lock = |step: &Step| {
        let holding = step.holding.and_then(|index| case.world.holdings.get(index));
        holding.is_some_and(|holding| {
            matches!(holding.hold, Hold::Exclusive | Hold::Shared | Hold::Permits(_))
        })
    };
    let is_still =
        |doubt: &Doubt| !matches!(doubt, Doubt::Moved(_) | Doubt::OneLook | Doubt::Signal(_));
    let mut suspects = findings.iter().enumerate().filter(|(_, finding)| {
        matches!(
            finding.kind,
            FindingKind::Deadlock | FindingKind::SelfDeadlock | FindingKind::Futurelock
        ) && finding.steps.iter().any(is_lock)
            && finding.doubts.iter().all(is_still)
    });
    let (only, _) = suspects.next()?;
    suspects.next().is_none().then_some(only)
}

/// Whether a finding can be called the cause: it is likely at least, and what it says is not just
/// what goes on in any healthy program, unless the body waits for that.
fn is_root(case: &Case<'_>, finding: &Finding) -> bool {
    let is_everyday = matches!(finding.kind, FindingKind::ExternalWait | FindingKind::Slow)
        || finding.timer().is_some();
    let is_reached = || finding.nodes().any(|node| case.is_reached(node));
    finding.certainty > Certainty::Possible && (!is_everyday || is_reached())
}

/// Lets a root name what else is true of the same nodes, if that is likely at least.
fn name(root: &mut Finding, other: &Finding) {
    if other.certainty > Certainty::Possible {
        root.also.push(other.kind);
    }
}

/// The lower, the more this is the root.
fn rank(case: &Case<'_>, finding: &Finding) -> (bool, u8, bool, u8, u8, usize) {
    let is_reached = finding.nodes().any(|node| case.is_reached(node));
    let is_sure = finding.certainty > Certainty::Possible;
    let tier = match (is_sure, is_proof(finding), is_reached) {
        (true, true, _) => 0,
        (true, false, true) => 1,
        (true, false, false) => 2,
        (false, _, _) => 3,
    };
    let doubt = match finding.certainty {
        Certainty::Definite => 0,
        Certainty::Likely => 1,
        Certainty::Possible => 2,
    };
    let others = usize::MAX - finding.victims.len();
    (!finding.kind.is_blow(), tier, !is_reached, doubt, order(finding.kind), others)
}

/// Whether the finding says that something can never go on, whatever happens elsewhere.
fn is_proof(finding: &Finding) -> bool {
    finding.is_closed() || finding.kind == FindingKind::LostWakeup
}

/// Of two findings that are as sure, the one that says more of the cause comes first.
fn order(kind: FindingKind) -> u8 {
    match kind {
        FindingKind::Panic | FindingKind::Crash | FindingKind::Futurelock => 0,
        FindingKind::SelfDeadlock => 1,
        FindingKind::Deadlock => 2,
        FindingKind::NeverClosed => 3,
        FindingKind::LostWakeup => 4,
        FindingKind::ExitHang => 5,
        FindingKind::BlockedWorker => 6,
        FindingKind::Starvation => 7,
        FindingKind::Livelock => 8,
        FindingKind::ExternalWait => 9,
        FindingKind::Slow => 10,
        FindingKind::Undetermined => 11,
    }
}

/// Whether a finding is a circle on which the body is.
fn is_bodys_circle(case: &Case<'_>, finding: &Finding) -> bool {
    finding.is_circle && bodys_step(case, finding).is_some()
}

/// Which step is the body's.
fn bodys_step(case: &Case<'_>, finding: &Finding) -> Option<usize> {
    let body = case.body?;
    finding.steps.iter().position(|step| case.task_of(step.who) == Some(body))
}

/// That nothing is known for sure: of the way from the body to where what is known ends, or of the
/// circle `perhaps`, which something that was not read may break.
fn undetermined(case: &Case<'_>, perhaps: Option<Finding>) -> Finding {
    let way = case.way().map(|(way, end)| steps::to_end(&case.graph, &way, end));
    // Which of several waits of its own matters is not known.
    let way = way.filter(|steps| steps.len() > 1 || case.has_one_end());
    let circle = perhaps.filter(|_| way.is_none()).map(|perhaps| {
        let mut steps = perhaps.steps.clone();
        steps.rotate_left(bodys_step(case, &perhaps).unwrap_or_default());
        steps
    });
    Finding {
        kind: FindingKind::Undetermined,
        certainty: Certainty::Possible,
        is_circle: circle.is_some(),
        steps: way.or(circle).unwrap_or_default(),
        others: Vec::new(),
        victims: Vec::new(),
        also: Vec::new(),
        doubts: vec![Doubt::Concluded],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::{Looked, diagnose};
    use crate::model::worlds::{BODY, Scene, lock, wait};
    use crate::model::{EndedBy, World};

    #[test]
    fn only_a_lock_that_waits_for_itself_is_suspected() {
        #[track_caller]
        fn check(scene: &Scene, first: Option<&World>, expected: Option<FindingKind>) {
            let last = &scene.world;
            let looked = Looked { first, last, apart_ms: 1000, body: Some(BODY) };
            let case = Case::new(&looked);
            let found = diagnose(&case);
            let suspect = suspect(&case, &found).and_then(|index| found.get(index));
            assert_eq!(suspect.map(|finding| finding.kind), expected, "{found:#?}");
        }
        let mut scene = Scene::new();
        for (name, own, other) in [("a", 1, 2), ("b", 2, 1)] {
            let task = scene.task(name);
            scene.locks(task, own).certainty = Certainty::Possible;
            scene.waits(task, 1, lock(other));
        }
        scene.waits(BODY, 9, wait("unknown", EndedBy::Unknown));
        let young = scene.thread(2, "young");
        scene.thread_of(young).call = None;
        let same = scene.world.clone();
        check(&scene, Some(&same), Some(FindingKind::Deadlock));
        // What was seen once may be on its way.
        check(&scene, None, None);
        // Two of them, and neither is named.
        for (name, own, other) in [("c", 11, 12), ("d", 12, 11)] {
            let task = scene.task(name);
            scene.locks(task, own).certainty = Certainty::Possible;
            scene.waits(task, 1, lock(other));
        }
        let same = scene.world.clone();
        check(&scene, Some(&same), None);
    }
}
