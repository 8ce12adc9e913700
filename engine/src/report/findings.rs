//! Findings as the report has them: in words, with places.

use super::claims::{Finding, Hold, Step, Victim};
use super::help;
use super::outlook;
use super::schema::{Certainty, Looks};
use super::sentence::{self, Told};
use super::signature;
use super::tasks;
use super::words::{Words, at, kind, waited};
use crate::diagnosis::{self, Doubt, FindingKind};
use crate::evidence;
use crate::graph::{Node, NodeId};
use crate::model::{self, Amount, Blow, TaskState};

/// Most findings of one report.
const MOST: usize = 16;

/// Most steps of one finding.
const MOST_STEPS: usize = 32;

/// Most victims that are named.
const MOST_VICTIMS: usize = 16;

pub(super) fn findings(
    words: &Words<'_, '_>,
    found: &[diagnosis::Finding],
    looks: &Looks,
) -> Vec<Finding> {
    found.iter().take(MOST).map(|finding| self::finding(words, finding, looks)).collect()
}

fn finding(words: &Words<'_, '_>, finding: &diagnosis::Finding, looks: &Looks) -> Finding {
    let told = sentence::told(words, finding);
    let steps: Vec<Step> =
        told.iter().take(MOST_STEPS).map(|told| step(words, finding, told)).collect();
    let victims: Vec<NodeId> =
        finding.victims.iter().copied().filter(|id| is_shown(words, *id)).collect();
    Finding {
        finding: finding.kind.slug().to_owned(),
        sentence: sentence::sentence(words, finding, looks),
        certainty: certainty(finding.certainty),
        signature: signature::signature(words, finding),
        location: told.iter().find_map(|told| words.place(told.who)),
        steps,
        circle: finding.is_circle,
        outlook: outlook::outlook(words, finding, looks),
        victim_count: victims.len() as u64,
        victims: victims.into_iter().take(MOST_VICTIMS).map(|id| victim(words, id)).collect(),
        also: finding.also.iter().map(|kind| kind.slug().to_owned()).collect(),
        help: help::help(words, finding, &told).to_owned(),
        reasons: reasons(words, finding),
    }
}

/// How sure a report is of what a finding says.
pub(super) fn certainty(certainty: evidence::Certainty) -> Certainty {
    match certainty {
        evidence::Certainty::Definite => Certainty::Certain,
        evidence::Certainty::Likely => Certainty::Likely,
        evidence::Certainty::Possible => Certainty::Possible,
    }
}

fn step(words: &Words<'_, '_>, finding: &diagnosis::Finding, told: &Told) -> Step {
    let task = words.task(told.who);
    let thread = match words.case.graph.node(told.who) {
        Some(Node::Thread(thread)) => Some(thread.id.0),
        _ => None,
    };
    Step {
        who: words.label(told.who),
        name: words.name(told.who).map(str::to_owned),
        state: state(words, told.who).to_owned(),
        waits: waits(words, told),
        location: words.place(told.leaf).or_else(|| words.place(told.who)),
        way: words.way_to(told.who, told.leaf),
        wait: words.wait(told.leaf).map(|wait| tasks::wait(wait, words.labels, words.paths)),
        queue: queue(words, told.leaf),
        holds: holds(words, finding, told.who),
        spawned: task.and_then(|task| tasks::spawn(task, words.paths)),
        thread,
    }
}

fn state(words: &Words<'_, '_>, id: NodeId) -> &'static str {
    match words.blow(id) {
        Some(Blow::Panic { .. }) => return "panicked",
        Some(Blow::Signal { .. }) => return "crashed",
        None => {}
    }
    match words.case.graph.node(id) {
        Some(Node::Branch(branch)) if branch.aside.is_some() => "not polled",
        Some(Node::Branch(branch)) => tasks::state(branch.task),
        Some(Node::Thread(thread)) if thread.call.is_none() && thread.wait.is_none() => "running",
        Some(Node::Thread(_)) => "blocked",
        Some(Node::Resource(_) | Node::Runtime(_) | Node::Pool(_) | Node::Place(_)) | None => "",
    }
}

/// What a step waits for and from whom.
fn waits(words: &Words<'_, '_>, told: &Told) -> String {
    let said = sentence::what(words, told);
    let since = words.since(words.holding(told.step.holding));
    format!("{said}{since}")
}

/// Where a leaf stands in the queue of what it waits for, and how long that is.
fn queue(words: &Words<'_, '_>, id: NodeId) -> Option<[u64; 2]> {
    words.wait(id)?.amounts.iter().find_map(|amount| match *amount {
        Amount::Place { number, of } => Some([number, of]),
        _ => None,
    })
}

/// What a node has of what the steps wait for.
fn holds(words: &Words<'_, '_>, finding: &diagnosis::Finding, who: NodeId) -> Vec<Hold> {
    let label = words.label(who);
    let told = sentence::told(words, finding);
    let held = told.iter().filter(|told| {
        told.next
            .is_some_and(|next| next == who || words.label(next) == label && !is_aside(words, next))
    });
    held.filter_map(|told| {
        let holding = words.holding(told.step.holding)?;
        let through = told.step.through.and_then(|id| words.case.graph.node(id));
        let Some(Node::Resource(resource)) = through else { return None };
        Some(Hold {
            what: held_of(holding.hold, kind(resource)),
            address: resource.wait.address.map(|address| address.to_string()),
            since: holding.since.as_ref().map(|line| words.paths.location(line)),
            variable: holding.variable.clone(),
            certainty: holding.certainty,
        })
    })
    .collect()
}

fn is_aside(words: &Words<'_, '_>, id: NodeId) -> bool {
    words.case.graph.branch(id).is_some_and(|branch| branch.aside.is_some())
}

fn held_of(hold: model::Hold, kind: &str) -> String {
    match hold {
        model::Hold::Exclusive | model::Hold::Shared => kind.to_owned(),
        model::Hold::Permits(1) => format!("a permit of the {kind}"),
        model::Hold::Permits(count) => format!("{count} permits of the {kind}"),
        model::Hold::Assigned(_) => format!("the {kind}, handed to it and not yet taken"),
        model::Hold::Sender | model::Hold::Receiver if kind.ends_with("Stream") => {
            format!("the other end of the {kind}")
        }
        model::Hold::Acceptor => format!("the listener that can accept the {kind}"),
        model::Hold::Sender => format!("a sender of the {}", kind.trim_end_matches(" recv")),
        model::Hold::Receiver => format!("the receiver of the {}", kind.trim_end_matches(" send")),
        model::Hold::Handle => format!("a handle of the {kind}"),
    }
}

/// Whether a victim is one that a reader knows: a task, or a thread that waits by itself.
fn is_shown(words: &Words<'_, '_>, id: NodeId) -> bool {
    match words.case.graph.node(id) {
        Some(Node::Branch(branch)) => {
            branch.aside.is_none()
                && (branch.wait().is_some() || branch.task.state == TaskState::Scheduled)
        }
        Some(Node::Thread(thread)) => thread.wait.is_some() && words.task(id).is_none(),
        Some(Node::Resource(_) | Node::Runtime(_) | Node::Pool(_) | Node::Place(_)) | None => false,
    }
}

fn victim(words: &Words<'_, '_>, id: NodeId) -> Victim {
    let waits = match words.wait(id) {
        Some(model::Wait { task: Some(task), .. }) => {
            format!("the end of {}", words.labels.label(*task))
        }
        Some(wait) => waited(wait, None),
        None => "a thread to run it".to_owned(),
    };
    Victim {
        who: words.label(id),
        name: words.name(id).map(str::to_owned),
        waits,
        location: words.place(id),
    }
}

/// Why a finding is as sure as it is.
fn reasons(words: &Words<'_, '_>, finding: &diagnosis::Finding) -> Vec<String> {
    let mut reasons = Vec::new();
    if finding.certainty == evidence::Certainty::Definite {
        let read = match finding.kind {
            FindingKind::Slow => "the looks differ",
            FindingKind::Panic => "the thread was stopped at its panic",
            FindingKind::Crash => "the thread was stopped at its signal",
            _ => "each wait, and who has what is waited for, was read",
        };
        reasons.push(read.to_owned());
    }
    reasons.extend(finding.doubts.iter().map(|doubt| match *doubt {
        Doubt::Holding(index) => holding_doubt(words, index, finding.certainty),
        Doubt::Moved(node) => format!("{} did something between the looks", words.again(node)),
        Doubt::OneLook => "there was one look alone".to_owned(),
        Doubt::Uncounted(node) => match words.case.graph.node(node) {
            Some(Node::Resource(resource)) => format!(
                "how many others have a part of the {} is not counted anywhere",
                kind(resource)
            ),
            _ => "whether anybody looks there is not known".to_owned(),
        },
        Doubt::Timer(node) => match sentence::timer(words, node) {
            Some(timer) => format!("{timer} gives up one of these waits"),
            None => "a timer gives up one of these waits".to_owned(),
        },
        Doubt::Signal(node) => {
            let signal = words.wait(node).and_then(|wait| wait.about.as_deref());
            format!("{}, if it is sent, gives up one of these waits", signal.unwrap_or("a signal"))
        }
        Doubt::Concluded => "it is concluded from what was read".to_owned(),
    }));
    reasons.dedup();
    reasons
}

fn holding_doubt(words: &Words<'_, '_>, index: usize, finding: evidence::Certainty) -> String {
    let Some(holding) = words.holding(Some(index)) else { return String::new() };
    let variable = holding.variable.as_deref().unwrap_or("a value");
    let since = holding.since.as_ref().map(|line| words.paths.location(line));
    let since = since.map(|place| format!(" of {}", at(&place))).unwrap_or_default();
    match holding.certainty {
        evidence::Certainty::Definite => format!("`{variable}`{since} is alive"),
        evidence::Certainty::Likely => {
            format!("`{variable}`{since} is very probably alive still: it could have been dropped")
        }
        evidence::Certainty::Possible if finding == evidence::Certainty::Likely => {
            format!("`{variable}`{since} is the only thing found that can have it")
        }
        evidence::Certainty::Possible => {
            format!("`{variable}`{since} may have been moved away or dropped")
        }
    }
}
