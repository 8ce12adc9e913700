//! It is busy and does not get on: one poll that never ends, or a task that is polled again and again
//! and stands where it stood.

use super::case::Case;
use super::finding::{Doubt, Finding, FindingKind};
use super::standing::{Movement, stand};
use super::steps;
use crate::evidence::Certainty;
use crate::graph::{Node, NodeId};
use crate::model::{Task, TaskKind, TaskState, Thread};

/// Of a thousand parts of the time between the looks, how many a thread must have computed to be
/// called busy: on a machine with much else to do, even one that never waits gets no more.
const BUSY_PER_THOUSAND: u64 = 100;

/// How often a thread rests between the looks because of these alone: it is stopped for the second.
const STOPS: u64 = 1;

/// The looks must be this far apart for what did not get on between them to be called more than
/// possible: in a few milliseconds any healthy program computes without getting on.
const LEAST_APART_MS: u64 = 250;

pub(super) fn find(case: &Case<'_>) -> Vec<Finding> {
    let Some(movement) = &case.movement else { return Vec::new() };
    let mut found = one_poll(case, movement);
    if found.is_empty() {
        found.extend(many_polls(case, movement));
    }
    found
}

/// Threads that polled the same task at both looks and computed in between.
fn one_poll(case: &Case<'_>, movement: &Movement<'_>) -> Vec<Finding> {
    let busy = case.polling().filter(|(_, thread, task)| {
        let earlier = movement.earlier_thread(thread);
        let same = earlier.is_some_and(|earlier| {
            earlier.activity == thread.activity && earlier.call.is_none() && thread.call.is_none()
        });
        let is_task = movement.earlier(task).is_some_and(|earlier| earlier.state == task.state);
        same && is_task && task.kind != TaskKind::Blocking && is_busy(movement, thread)
    });
    busy.map(|(id, _, _)| busy_at(case, id, Certainty::Likely)).collect()
}

/// A task that stands where it stood while a thread that drives its runtime computes.
fn many_polls(case: &Case<'_>, movement: &Movement<'_>) -> Option<Finding> {
    let busy: Vec<&Thread> =
        case.world.threads.iter().filter(|thread| is_busy(movement, thread)).collect();
    let is_suspect = |task: &Task| {
        let runtime = task.runtime.and_then(|index| case.world.runtimes.get(index));
        let is_driven = busy.iter().any(|thread| {
            task.thread == Some(thread.id)
                || runtime.is_some_and(|runtime| runtime.drivers.contains(&thread.id))
        });
        let earlier = movement.earlier(task);
        let is_awake =
            |task: &Task| matches!(task.state, TaskState::Running | TaskState::Scheduled);
        let was_awake = earlier.is_some_and(is_awake);
        let stood = earlier.is_some_and(|earlier| {
            earlier.future.is_none() || task.future.is_none() || stand(earlier) == stand(task)
        });
        is_driven && stood && (is_awake(task) || was_awake)
    };
    let mut suspects = case.graph.nodes().filter(|(_, node)| match node {
        Node::Branch(branch) => branch.is_whole() && is_suspect(branch.task),
        Node::Thread(_) | Node::Resource(_) | Node::Runtime(_) | Node::Pool(_) | Node::Place(_) => {
            false
        }
    });
    let (id, _) = suspects.next()?;
    let certainty = if suspects.next().is_none() { Certainty::Likely } else { Certainty::Possible };
    Some(busy_at(case, id, certainty))
}

fn busy_at(case: &Case<'_>, id: NodeId, most: Certainty) -> Finding {
    let apart = case.movement.as_ref().map_or(0, |movement| movement.apart_ms);
    let certainty = if apart < LEAST_APART_MS { Certainty::Possible } else { most };
    let mut finding = case.ended(FindingKind::Livelock, certainty, vec![steps::last(id)]);
    // That it moves is the claim.
    finding.doubts = vec![Doubt::Concluded];
    finding.certainty = certainty;
    finding
}

fn is_busy(movement: &Movement<'_>, thread: &Thread) -> bool {
    let least = movement.apart_ms.saturating_mul(BUSY_PER_THOUSAND).saturating_mul(1_000);
    let used = movement.cpu(thread).unwrap_or(0);
    movement.apart_ms > 0 && (used >= least || (used > 0 && wants_more(movement, thread)))
}

/// Whether a thread has had something to compute all the time between the looks, however little of it
/// the machine let it do.
fn wants_more(movement: &Movement<'_>, thread: &Thread) -> bool {
    let Some(earlier) = movement.earlier_thread(thread) else { return false };
    let runs = |thread: &Thread| thread.call.is_none();
    let rests = thread.rests.saturating_sub(earlier.rests);
    runs(earlier) && runs(thread) && rests <= STOPS
}
