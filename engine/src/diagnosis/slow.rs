//! It still gets on: the looks differ in where tasks stand.

use super::case::Case;
use super::finding::{Finding, FindingKind};
use super::standing::{Movement, stand};
use super::steps;
use crate::evidence::Certainty;
use crate::graph::{Node, NodeId};
use crate::model::Task;

/// The most tasks that are named.
const MOST: usize = 4;

pub(super) fn find(case: &Case<'_>) -> Vec<Finding> {
    let Some(movement) = &case.movement else { return Vec::new() };
    let mut moved: Vec<(bool, NodeId)> = case
        .graph
        .nodes()
        .filter(|(_, node)| match node {
            Node::Branch(branch) => branch.is_whole() && has_moved(movement, branch.task),
            Node::Thread(_)
            | Node::Resource(_)
            | Node::Runtime(_)
            | Node::Pool(_)
            | Node::Place(_) => false,
        })
        .map(|(id, _)| (!case.is_reached(id), id))
        .collect();
    if moved.is_empty() {
        return Vec::new();
    }
    moved.sort_unstable();
    let is_reached = moved.first().is_some_and(|(is_beside, _)| !is_beside);
    let cause = moved.into_iter().take(MOST).map(|(_, id)| steps::last(id)).collect();
    // What moves beside the body's own waits may have nothing to do with them.
    let certainty = if is_reached { Certainty::Definite } else { Certainty::Possible };
    let mut finding = case.ended(FindingKind::Slow, certainty, cause);
    // That it moves is the claim.
    finding.doubts.clear();
    finding.certainty = certainty;
    finding.victims.clear();
    vec![finding]
}

fn has_moved(movement: &Movement<'_>, task: &Task) -> bool {
    match movement.earlier(task) {
        None => true,
        Some(earlier) => {
            let both = earlier.future.is_some() && task.future.is_some();
            (both && stand(earlier) != stand(task)) || movement.has_new_timer(earlier, task)
        }
    }
}
