//! What is the same in each run that hangs in the same way.

use super::words::Words;
use crate::diagnosis::Finding;
use crate::graph::{Node, NodeId};

/// The code of a finding, and a number made of where its parts stand and what they wait for: no
/// address, no task's number and no thread's name is in it.
pub(super) fn signature(words: &Words<'_, '_>, finding: &Finding) -> String {
    let mut parts: Vec<String> = finding.steps.iter().map(|step| part(words, step.who)).collect();
    // Where a circle begins differs from run to run.
    parts.sort();
    format!("{}-{:012x}", finding.kind.slug(), hash(&parts.join("\n")) >> 16)
}

fn part(words: &Words<'_, '_>, id: NodeId) -> String {
    let place = words.place(id);
    let place = place.map(|place| format!("{}:{}", place.file, place.line)).unwrap_or_default();
    let kind = words.wait(id).map_or("", |wait| wait.kind.as_str());
    let name = match words.case.graph.node(id) {
        Some(Node::Branch(branch)) => branch.task.name.as_str(),
        Some(Node::Thread(_)) => words.name(id).unwrap_or("thread"),
        Some(Node::Resource(_) | Node::Runtime(_) | Node::Pool(_) | Node::Place(_)) | None => "",
    };
    format!("{name}|{place}|{kind}")
}

/// FNV-1a: the same on every machine, and nobody is to be kept from guessing it.
fn hash(text: &str) -> u64 {
    const START: u64 = 0xcbf2_9ce4_8422_2325;
    const PRIME: u64 = 0x0100_0000_01b3;
    text.bytes().fold(START, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(PRIME))
}
