//! The types of a report. Its JSON form is described by `report.schema.json` beside this file.

use serde::{Deserialize, Serialize};

use super::claims::{Finding, Graph};
use crate::evidence::{self, Gap, Trust};

/// Where a hung process stands.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Report {
    /// The version of this format; 1.
    pub version: u32,
    /// The version of the tool that made it.
    pub tool: String,
    /// What was looked at.
    pub subject: Subject,
    /// The first line.
    pub headline: Headline,
    /// What the two looks at the process saw move.
    pub looks: Looks,
    /// How much was found and read.
    pub counts: Counts,
    /// What is wrong, the root first; the headline is the first of them.
    #[serde(default)]
    pub findings: Vec<Finding>,
    /// Who waits for whom, as far as it has to do with the findings.
    #[serde(default)]
    pub graph: Graph,
    /// The runtimes found.
    #[serde(default)]
    pub runtimes: Vec<Runtime>,
    /// The test's body or `main` first, then the tasks as they were spawned. Equal ones are merged.
    #[serde(default)]
    pub tasks: Vec<Task>,
    /// Every thread with its stack.
    #[serde(default)]
    pub threads: Vec<Thread>,
    /// Who has what the tasks and threads wait for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub holdings: Vec<Holding>,
    /// What could not be read.
    #[serde(default)]
    pub gaps: Vec<Gap>,
    /// The processes that this one has started and that Tokio runs in.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub children: Vec<Report>,
}

/// What was looked at.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct Subject {
    /// The verdict that made the tool look: `HANG`, `SLOW`; empty when a user asked.
    #[serde(default)]
    pub verdict: String,
    /// The test binary's name, or the executable's.
    pub binary: String,
    /// The test's name in the binary; absent when the process is no test.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub test: Option<String>,
    /// The process id it had.
    pub process: i32,
    /// The command that runs this one test again, if known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub again: Option<String>,
    /// Folders whose source files are the user's own. Empty: everything that is neither the
    /// standard library's nor a registry's.
    #[serde(default)]
    pub source_roots: Vec<String>,
    /// The folder that files in it are shown relative to: the workspace's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workspace: Option<String>,
}

/// The first line.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Headline {
    /// The finding's stable code, such as `undetermined`.
    pub finding: String,
    /// One sentence: who, what, by whom.
    pub sentence: String,
    /// How sure it is.
    pub certainty: Certainty,
}

/// How sure a finding is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Certainty {
    /// Some evidence speaks for it.
    Possible,
    /// All evidence speaks for it; some of it is derived.
    Likely,
    /// Read, not concluded.
    Certain,
}

/// What the looks at the process saw.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Looks {
    /// How many there were.
    pub count: u32,
    /// Milliseconds between the first and the last.
    pub apart_ms: u64,
    /// What moved between them, a sentence each; empty when nothing did.
    #[serde(default)]
    pub moved: Vec<String>,
    /// Milliseconds until the next timer that a task waits for fires, if one does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_timer_ms: Option<u64>,
    /// What could still make the process go on, a sentence each; empty when it is proven that nothing
    /// can. Absent when that was not looked at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stirs: Option<Vec<String>>,
}

impl Looks {
    /// Whether it is proven that the process stays as it is forever.
    pub fn is_stuck(&self) -> bool {
        self.stirs.as_ref().is_some_and(Vec::is_empty)
    }
}

/// How much was found and read.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Counts {
    /// Tasks found, the bodies of `block_on` included.
    pub tasks_found: u64,
    /// Those of them whose await chain was read to its end.
    pub tasks_walked: u64,
    /// How many gaps there are.
    pub gaps: u64,
}

/// A Tokio runtime.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Runtime {
    /// Its number in this report, from 1.
    pub number: u32,
    /// `multi-thread` or `current-thread`.
    pub flavor: String,
    /// Where its shared part lies.
    pub address: String,
    /// How many tasks it owns.
    pub tasks: u64,
}

/// A task, or several that stand at the same place.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Task {
    /// What it is called in this report: `task 7`, `test body`, `main`.
    pub label: String,
    /// What kind of task it is.
    pub kind: TaskKind,
    /// Its Tokio id, if it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<u64>,
    /// Where its header lies, if it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// The function as the user wrote it.
    pub name: String,
    /// The type of its future, as the debug info names it.
    pub future_type: String,
    /// `idle`, `scheduled`, `running`, `complete`.
    pub state: String,
    /// The number of its runtime.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub runtime: Option<u32>,
    /// Where it was spawned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spawned: Option<Spawn>,
    /// The thread that polls it now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thread: Option<i32>,
    /// Its future, if that could be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub future: Option<FutureNode>,
    /// Futures that are alive in its state and that nothing polls at the moment.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub aside: Vec<Aside>,
    /// How many tasks stand exactly here, this one included.
    pub count: u64,
    /// The labels of the others, the first few.
    #[serde(default)]
    pub others: Vec<String>,
    /// Whether its await chain was read to its end.
    pub walked: bool,
}

/// What kind of task.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TaskKind {
    /// The future given to `block_on`: a test's body, `main`.
    BlockOn,
    /// A spawned task.
    Spawned,
    /// A closure on the blocking pool.
    Blocking,
}

/// Where a task comes from.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Spawn {
    /// Which line this is.
    pub kind: SpawnKind,
    /// The line.
    pub location: Location,
}

/// Which line of a task's origin is known.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SpawnKind {
    /// The line of the `spawn` call.
    Spawned,
    /// The line where the future's body is written; its spawn call could not be told.
    Written,
}

/// A place in a source file.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub struct Location {
    /// The file, relative to the workspace where it lies in it.
    pub file: String,
    /// The line, from 1.
    pub line: u32,
    /// The text of that line, trimmed; absent when the file is missing or newer than the binary.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// Whose code it is.
    pub origin: Origin,
    /// How the place is known.
    pub trust: Trust,
}

/// A variable of a suspended future.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Variable {
    /// What its user calls it.
    pub name: String,
    /// Its value, as its user would write it; `***` for what is called a secret.
    pub value: String,
}

/// A line of the user's code on the way to where a task stands.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct WayPoint {
    /// The line.
    #[serde(flatten)]
    pub location: Location,
    /// The variables of the function there, where they were read.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub variables: Vec<Variable>,
}

/// Whose code.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Origin {
    /// The user's own workspace.
    User,
    /// A crate from a registry or a git dependency.
    Library,
    /// The standard library.
    Std,
    /// It cannot be told.
    Unknown,
}

/// One future in a task's tree: an await chain is a path through it.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct FutureNode {
    /// The function or type, as the user wrote it.
    pub name: String,
    /// `async fn`, `async block`, `async closure`, `future`.
    pub kind: String,
    /// `suspended`, `unresumed`, `returned`, `panicked`, `running`; absent when it has no states.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
    /// Where it is suspended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location: Option<Location>,
    /// Its variables, where they were read: those that are surely still there.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub variables: Vec<Variable>,
    /// What it waits for, when it is a leaf.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wait: Option<Wait>,
    /// How many of the futures beside it stand exactly here, this one included; they are left out.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub count: u64,
    /// The futures it waits for in turn: one for `.await`, several for `join!` and `select!`.
    #[serde(default)]
    pub children: Vec<FutureNode>,
}

impl FutureNode {
    /// The one future that it waits for, if it waits for just one.
    pub fn only_child(&self) -> Option<&FutureNode> {
        match self.children.as_slice() {
            [only] if only.count == 1 => Some(only),
            _ => None,
        }
    }

    /// How many futures it waits for.
    pub fn width(&self) -> u64 {
        self.children.iter().map(|child| child.count).fold(0, u64::saturating_add)
    }
}

fn one() -> u64 {
    1
}

fn is_false(value: &bool) -> bool {
    !*value
}

fn is_one(count: &u64) -> bool {
    *count == 1
}

/// A future that is alive in the state of a task and that nothing polls until the code around it goes
/// on.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Aside {
    /// The future with all that it waits for.
    pub future: FutureNode,
    /// The variable it is in, or on the way to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub variable: Option<String>,
    /// Where the code around it is suspended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<Location>,
    /// Since where it has been there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<Location>,
    /// How sure it is that it is alive.
    pub certainty: evidence::Certainty,
}

/// A part of a resource that somebody has.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Holding {
    /// Of which resource: what identifies it, as an address.
    pub resource: String,
    /// What of it: `exclusive`, `shared`, `permits`, `assigned`, `sender`, `receiver`, `handle`.
    pub hold: String,
    /// How many permits, where it is some.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub permits: Option<u64>,
    /// The type of the value that holds it.
    pub type_name: String,
    /// Where that value lies.
    pub address: String,
    /// The label of the task, or what else has it in words.
    pub holder: String,
    /// Whether it lies in a future of that task that nothing polls.
    #[serde(default, skip_serializing_if = "is_false")]
    pub aside: bool,
    /// The variable it is in, or on the way to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub variable: Option<String>,
    /// Since where it has been held.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<Location>,
    /// How sure it is that it is held.
    pub certainty: evidence::Certainty,
}

/// What a leaf waits for.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Wait {
    /// What is waited for.
    pub resource: Resource,
    /// More about it, in words: `fires in 3.2 s`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// The label of the task that is waited for, when it is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub task: Option<String>,
    /// The function that the wait is written in, when a future waits that is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub poll: Option<PollFunction>,
}

/// A function that polls a future or a stream, written by hand.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub struct PollFunction {
    /// The function as its author calls it: `bank::Transfer::poll`.
    pub function: String,
    /// Where it is written.
    pub location: Location,
}

/// Something that can be waited for.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub struct Resource {
    /// `Mutex`, `oneshot`, `sleep`, ...; `unknown` when only the type is known.
    pub kind: String,
    /// Its type, as the debug info names it.
    pub type_name: String,
    /// Where it lies, if that means anything.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
}

/// A thread with its stack.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Thread {
    /// Its id.
    pub id: i32,
    /// Its name.
    pub name: String,
    /// What it is doing, in words: `polls task 7`, `parked`, `blocked in futex`.
    pub doing: String,
    /// Its frames, innermost first, inlined ones included.
    #[serde(default)]
    pub frames: Vec<Frame>,
}

/// One frame of a thread's stack.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Frame {
    /// The function, demangled.
    pub function: String,
    /// Where in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location: Option<Location>,
    /// Whose code.
    pub origin: Origin,
    /// Whether it was inlined into the next frame.
    pub inlined: bool,
    /// The program counter.
    pub address: String,
}
