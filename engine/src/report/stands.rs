//! Where a task or a thread of which nothing worse is known stands, in words.

use super::words::{Words, at_place};
use crate::graph::{Node, NodeId};
use crate::model::{EndedBy, Hold, Holder, TaskState, Wait};

/// `task 7 (transfer) waits for a timer (fires in 3599.0 s) at src/bank.rs:41`.
pub(super) fn stands(words: &Words<'_, '_>, id: NodeId) -> String {
    let place = at_place(words.place(id).as_ref());
    let what = words.wait(id).map(|wait| words.waited(wait));
    match what {
        Some(what) => {
            let kept = words.wait(id).and_then(|wait| in_static(words, wait)).unwrap_or_default();
            format!("{} waits for {what}{place}{kept}", words.who(id))
        }
        None => {
            let word = match words.case.graph.node(id) {
                Some(Node::Thread(_)) if words.task(id).is_some() => "is being polled",
                Some(Node::Thread(thread)) if thread.call.is_none() => "runs",
                Some(Node::Branch(branch)) => match branch.task.state {
                    TaskState::Running => "is being polled",
                    TaskState::Complete => "has ended",
                    TaskState::Idle | TaskState::Scheduled => "stands",
                },
                Some(
                    Node::Thread(_)
                    | Node::Resource(_)
                    | Node::Runtime(_)
                    | Node::Pool(_)
                    | Node::Place(_),
                )
                | None => "stands",
            };
            format!("{} {word}{place}", words.who(id))
        }
    }
}

/// In which static the sender of what is waited for lies: `, whose sender lies in the static `bus::EVENTS``.
fn in_static(words: &Words<'_, '_>, wait: &Wait) -> Option<String> {
    let mut holdings = words.case.world.holdings.iter();
    let holding = holdings.find(|holding| {
        let is_static = matches!(holding.holder, Holder::Static(_));
        is_static && holding.hold == Hold::Sender && Some(holding.resource) == wait.resource
    })?;
    let name = holding.variable.as_ref().filter(|_| wait.by == EndedBy::Senders)?;
    Some(format!(", whose sender lies in the static `{name}`, which never goes"))
}
