//! A task is idle, and nothing has a way to wake it: no waker of it exists; or nobody else can reach what
//! would wake it; or what it waits for is there, and it was not told.

use super::case::Case;
use super::deadlock::parties;
use super::finding::{Doubt, Finding, FindingKind};
use super::steps;
use crate::evidence::Certainty;
use crate::graph::{Branch, Edge, EdgeKind, Knot, Node, NodeId, is_ready};
use crate::model::{Amount, EndedBy, TaskKey, TaskState};

pub(super) fn find(case: &Case<'_>) -> Vec<Finding> {
    let mut found: Vec<Finding> = Vec::new();
    for (id, node) in case.graph.nodes() {
        let Node::Branch(branch) = node else { continue };
        if branch.aside.is_none() && branch.task.state == TaskState::Idle {
            found.extend(unwoken(case, id, branch));
        }
    }
    let unreachable = case.knots.iter().filter(|(knot, _)| is_unreachable(case, knot));
    found.extend(unreachable.map(|(knot, certainty)| {
        let kind = match is_open(case, knot) {
            true => FindingKind::NeverClosed,
            false => FindingKind::LostWakeup,
        };
        case.knotted(kind, knot, *certainty)
    }));
    found
}

/// Whether something is waited for that had to be closed and was not.
fn is_open(case: &Case<'_>, knot: &Knot) -> bool {
    knot.circle.iter().any(|edge| match case.graph.node(edge.to) {
        Some(Node::Resource(resource)) => resource.wait.amounts.contains(&Amount::Open),
        _ => false,
    })
}

/// Whether one waits for what anybody could end who can reach it, and nobody else can.
pub(super) fn is_unreachable(case: &Case<'_>, knot: &Knot) -> bool {
    let is_anybodys = |edge: &Edge| {
        let resource = case.graph.node(edge.from);
        let is_anybodys =
            matches!(resource, Some(Node::Resource(node)) if node.by == EndedBy::Anybody);
        edge.kind == EdgeKind::Inside && is_anybodys
    };
    parties(case, knot) == 1 && knot.circle.iter().any(is_anybodys)
}

fn unwoken(case: &Case<'_>, id: NodeId, branch: &Branch<'_>) -> Option<Finding> {
    let is_leaf = branch.links.last().is_some_and(|last| last.children.is_empty());
    let wait = branch.wait().filter(|wait| wait.by != EndedBy::Nobody);
    if branch.is_sealed && is_leaf && !is_made_to_last(branch) {
        let kind = FindingKind::LostWakeup;
        return Some(case.ended(kind, Certainty::Definite, vec![steps::last(id)]));
    }
    let wait = wait?;
    if case.graph.needs(id).iter().any(|edge| edge.kind == EdgeKind::WokenBy) {
        return None;
    }
    let resource = wait.resource.and_then(|key| case.resource(key));
    // Between the moment when something is there and the task being told lie microseconds: in both
    // looks it can only be seen where nobody is going to tell.
    if is_ready(wait, resource) && !branch.is_sealed && case.movement.is_some() && case.stays(id) {
        let kind = FindingKind::LostWakeup;
        let mut finding = case.ended(kind, Certainty::Possible, vec![steps::last(id)]);
        finding.doubts.push(Doubt::Concluded);
        return Some(finding);
    }
    let has_ended = wait.task.is_some_and(|key| is_over(case, key));
    if let Some(movement) = case.movement.as_ref().filter(|_| has_ended && case.stays(id)) {
        let kind = FindingKind::LostWakeup;
        let certainty = match movement.has_thread_without_turn(case.world) {
            true => Certainty::Possible,
            false => Certainty::Likely,
        };
        let mut finding = case.ended(kind, certainty, vec![steps::last(id)]);
        finding.doubts.push(Doubt::Concluded);
        return Some(finding);
    }
    None
}

/// Whether a task has ended, and had before the first look.
fn is_over(case: &Case<'_>, key: TaskKey) -> bool {
    let task = case.world.tasks.iter().find(|task| task.key == key);
    let earlier = task.and_then(|task| case.movement.as_ref()?.earlier(task));
    let both = [task, earlier];
    both.iter().all(|task| task.is_some_and(|task| task.state == TaskState::Complete))
}

/// Whether the task waits for what never comes, on purpose: nothing was lost.
fn is_made_to_last(branch: &Branch<'_>) -> bool {
    branch.wait().is_some_and(|wait| wait.by == EndedBy::Nobody)
}
