//! The types of a report's findings and of its graph.

use serde::{Deserialize, Serialize};

use super::schema::{Certainty, Location, Wait, WayPoint};
use crate::evidence;

/// One claim of what is wrong.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Finding {
    /// Its stable code: `deadlock`. `cargo asynctest explain` says what it means.
    pub finding: String,
    /// One sentence: who, what, by whom.
    pub sentence: String,
    /// How sure it is.
    pub certainty: Certainty,
    /// The same in each run that hangs in this way: it has no address and no number in it.
    pub signature: String,
    /// Where to look first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location: Option<Location>,
    /// The waits that are the cause, each for the next.
    #[serde(default)]
    pub steps: Vec<Step>,
    /// Whether the last step waits for the first.
    #[serde(default)]
    pub circle: bool,
    /// Why nothing can wake them, or what still could.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outlook: Option<String>,
    /// What only waits for the cause, the first few.
    #[serde(default)]
    pub victims: Vec<Victim>,
    /// How many only wait for the cause.
    #[serde(default)]
    pub victim_count: u64,
    /// The codes of what else is true of the same waits.
    #[serde(default)]
    pub also: Vec<String>,
    /// What usually mends this kind.
    pub help: String,
    /// Why it is as sure as it is, a sentence each.
    #[serde(default)]
    pub reasons: Vec<String>,
}

/// One wait of a cause.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Step {
    /// Who waits: a task's label, or a thread.
    pub who: String,
    /// Its function.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// What it is doing: `idle`, `running`; `not polled` for a future that nothing polls.
    pub state: String,
    /// What it waits for and from whom, in words.
    pub waits: String,
    /// Where it waits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location: Option<Location>,
    /// The lines of the user's code on the way there, outermost first.
    #[serde(default)]
    pub way: Vec<WayPoint>,
    /// What it waits for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wait: Option<Wait>,
    /// Where it stands in the queue of that, from 1, and how long the queue is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub queue: Option<[u64; 2]>,
    /// What it has, of what others among these steps wait for.
    #[serde(default)]
    pub holds: Vec<Hold>,
    /// The `block_on` or `spawn` that made it, or where it is written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spawned: Option<super::schema::Spawn>,
    /// The thread that is blocked, where one is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thread: Option<i32>,
}

/// A part of a resource that somebody has.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Hold {
    /// Of what, and what of it: `Mutex`, `2 permits of a Semaphore`.
    pub what: String,
    /// The resource's address, if that means anything.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// Since which line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<Location>,
    /// The variable it is in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub variable: Option<String>,
    /// How sure it is.
    pub certainty: evidence::Certainty,
}

/// Who only waits for a cause.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Victim {
    /// Its label.
    pub who: String,
    /// Its function.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// What it waits for, in words.
    pub waits: String,
    /// Where.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location: Option<Location>,
}

/// Who waits for whom.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct Graph {
    /// What waits and what is waited for, by `id`.
    #[serde(default)]
    pub nodes: Vec<GraphNode>,
    /// Who needs what.
    #[serde(default)]
    pub edges: Vec<GraphEdge>,
    /// How many nodes there are that are not among these.
    #[serde(default)]
    pub left_out: u64,
}

/// What waits, or is waited for.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct GraphNode {
    /// Its number in this graph.
    pub id: u64,
    /// What it is.
    pub kind: GraphNodeKind,
    /// What it is called.
    pub label: String,
    /// More about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Where it stands.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location: Option<Location>,
    /// Its part in the first finding.
    pub role: Role,
}

/// What a node of the graph is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum GraphNodeKind {
    /// A task, or the future that a thread blocks on.
    Task,
    /// One of several futures of a task that are polled together.
    Branch,
    /// A future that nothing polls.
    Aside,
    /// A thread.
    Thread,
    /// A lock, permits, a channel.
    Resource,
    /// A runtime.
    Runtime,
    /// A place that no task owns alone.
    Place,
}

/// The part that a node has in the first finding.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// It is part of the cause.
    Cause,
    /// It only waits for the cause.
    Victim,
    /// It has none.
    None,
}

/// One thing needs another to go on.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct GraphEdge {
    /// What needs.
    pub from: u64,
    /// What is needed.
    pub to: u64,
    /// Why, in words: `waits for`, `held by`.
    pub label: String,
    /// How sure it is.
    pub certainty: evidence::Certainty,
    /// Whether it is part of the cause.
    pub cause: bool,
}
