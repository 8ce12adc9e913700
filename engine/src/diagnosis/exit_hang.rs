//! The body has returned and the process does not end: a runtime that is dropped waits for a closure
//! on its blocking pool, or something else keeps a thread.

use super::case::Case;
use super::finding::{Finding, FindingKind, Step};
use super::steps;
use crate::evidence::Certainty;
use crate::graph::{Node, NodeId};
use crate::model::{Activity, TaskKey, TaskKind, TaskState};

/// The most closures that are named.
const MOST: usize = 8;

pub(super) fn find(case: &Case<'_>) -> Vec<Finding> {
    let has_body = case.world.tasks.iter().any(|task| matches!(task.key, TaskKey::Root(..)));
    if has_body {
        return Vec::new();
    }
    let waiting = case.graph.nodes().filter(|(id, node)| match node {
        Node::Thread(thread) => matches!(thread.activity, Activity::Waits(_)) && case.stays(*id),
        Node::Branch(_) | Node::Resource(_) | Node::Runtime(_) | Node::Pool(_) | Node::Place(_) => {
            false
        }
    });
    waiting.map(|(id, _)| kept(case, id)).collect()
}

/// The thread that waits, then the closures that it waits for.
fn kept(case: &Case<'_>, thread: NodeId) -> Finding {
    let closures = case.graph.nodes().filter(|(_, node)| match node {
        Node::Branch(branch) => {
            branch.task.kind == TaskKind::Blocking && branch.task.state == TaskState::Running
        }
        Node::Thread(_) | Node::Resource(_) | Node::Runtime(_) | Node::Pool(_) | Node::Place(_) => {
            false
        }
    });
    let mut cause: Vec<Step> = vec![steps::last(thread)];
    cause.extend(closures.take(MOST).map(|(id, _)| steps::last(id)));
    // With several closures, which of them it is that does not end is not known.
    let certainty = if cause.len() == 2 { Certainty::Definite } else { Certainty::Likely };
    let is_moving = cause.iter().any(|step| !case.stays(step.who));
    let mut finding = case.ended(FindingKind::ExitHang, certainty, cause);
    if is_moving {
        finding.certainty = Certainty::Likely;
    }
    let movement = case.movement.as_ref();
    if movement.is_some_and(|movement| movement.has_thread_without_turn(case.world)) {
        finding.certainty = Certainty::Possible;
    }
    finding
}
