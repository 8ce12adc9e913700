//! Why nothing can wake what is stuck, or what still could.

use super::schema::Looks;
use super::spans::span;
use super::words::Words;
use crate::diagnosis::{Finding, FindingKind};
use crate::graph::Node;
use crate::model::{EndedBy, TaskKind, TaskState};

/// One line on what could still happen; none for findings that are about something that happens.
pub(super) fn outlook(words: &Words<'_, '_>, finding: &Finding, looks: &Looks) -> Option<String> {
    let moved = moved(looks);
    if looks.is_stuck() {
        let threads = counted(words.case.world.threads.len(), "thread");
        return Some(format!(
            "proven that nothing can wake it: {threads}, each asleep until another one wakes it; no \
             timer, child process, signal handler or file from outside can; {moved}"
        ));
    }
    match finding.kind {
        FindingKind::Slow | FindingKind::Livelock | FindingKind::Panic | FindingKind::Crash => None,
        FindingKind::LostWakeup if !finding.is_circle => Some(moved),
        _ if finding.is_closed() => {
            Some(format!("nothing outside can end this: {}; {moved}", beside(words)))
        }
        _ => Some(format!("what could still happen: {}; {moved}", beside(words))),
    }
}

/// What goes on in the process: `1 of 3 tasks can run, no timers, 2 waits for the world outside`.
fn beside(words: &Words<'_, '_>) -> String {
    let tasks = &words.case.world.tasks;
    let awake = tasks.iter().filter(|task| {
        let is_awake = matches!(task.state, TaskState::Running | TaskState::Scheduled);
        is_awake && task.kind != TaskKind::BlockOn
    });
    let waits = |wanted: EndedBy| {
        let is_one = |node: &Node<'_>| match node {
            Node::Branch(branch) => {
                branch.aside.is_none() && branch.wait().is_some_and(|wait| wait.by == wanted)
            }
            Node::Thread(_)
            | Node::Resource(_)
            | Node::Runtime(_)
            | Node::Pool(_)
            | Node::Place(_) => false,
        };
        words.case.graph.nodes().filter(|(_, node)| is_one(node)).count()
    };
    format!(
        "{} of {} tasks running or woken, {} for timers, {} for the world outside",
        awake.count(),
        tasks.len(),
        counted(waits(EndedBy::Time), "wait"),
        counted(waits(EndedBy::World), "wait"),
    )
}

fn counted(count: usize, noun: &str) -> String {
    match count {
        0 => format!("no {noun}s"),
        1 => format!("1 {noun}"),
        count => format!("{count} {noun}s"),
    }
}

fn moved(looks: &Looks) -> String {
    if looks.count < 2 {
        return "looked at once".to_owned();
    }
    let apart = span(looks.apart_ms);
    match looks.moved.len() {
        0 => format!("unchanged in {} looks {apart} apart", looks.count),
        _ => format!("other things moved in {apart}"),
    }
}
