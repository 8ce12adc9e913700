//! What a report says of one program's tasks, in the words of the marks: lines of one source file,
//! and what the leaves wait for. Lines of other files are left out.

use std::collections::BTreeSet;

use asynctest_engine::report::{FutureNode, Location, Origin, Report, SpawnKind, Task, TaskKind};

/// A task, or equal ones that the report has merged.
#[derive(Clone, PartialEq, Debug)]
pub struct Standing {
    /// What the report calls it.
    pub label: String,
    /// What the report calls the others that it was merged with, as far as it says.
    pub others: Vec<String>,
    /// Its Tokio id.
    pub id: Option<u64>,
    /// What kind of task it is.
    pub kind: TaskKind,
    /// How many there are.
    pub count: u64,
    /// The function it is called by.
    pub name: String,
    /// Where it comes from.
    pub spawned: Option<(SpawnKind, u32)>,
    /// Its state.
    pub state: String,
    /// Its await chains, one a leaf.
    pub paths: Vec<Chain>,
    /// The lines of the functions in which its leaves' waits are written.
    pub polls: BTreeSet<u32>,
    /// The user's lines of the stack of the thread that polls it, outermost first.
    pub stack: Vec<u32>,
}

/// One await chain, from the task to a leaf.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub struct Chain {
    /// The user's lines, outermost first.
    pub lines: Vec<u32>,
    /// What the leaf waits for; absent for a leaf that is not waiting.
    pub waits: Option<Wait>,
}

/// What a leaf waits for.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Wait {
    /// The kind.
    pub kind: String,
    /// The type.
    pub type_name: String,
    /// The label of the task that ends it.
    pub task: Option<String>,
    /// What else the report says of it.
    pub detail: Option<String>,
}

/// The tasks of `report` that are not complete, with their lines in the source file that ends in
/// `file`.
pub fn standings(report: &Report, file: &str) -> Vec<Standing> {
    report
        .tasks
        .iter()
        .filter(|task| task.state != "complete")
        .map(|task| standing(report, task, file))
        .collect()
}

/// The user's lines of each thread's stack, outermost first.
pub fn stacks(report: &Report, file: &str) -> Vec<Vec<u32>> {
    let threads = report.threads.iter();
    threads.map(|thread| stack(thread.frames.iter(), file)).collect()
}

fn standing(report: &Report, task: &Task, file: &str) -> Standing {
    let mut paths = Vec::new();
    if let Some(future) = &task.future {
        walk(future, &Chain::default(), file, &mut paths);
    }
    let thread = report.threads.iter().find(|thread| task.thread == Some(thread.id));
    Standing {
        label: task.label.clone(),
        others: task.others.clone(),
        id: task.id,
        kind: task.kind,
        count: task.count,
        name: task.name.clone(),
        spawned: task
            .spawned
            .as_ref()
            .and_then(|spawn| Some((spawn.kind, line(&spawn.location, file)?))),
        state: task.state.clone(),
        polls: task.future.iter().flat_map(|future| polls(future, file)).collect(),
        paths,
        stack: thread.map_or_else(Vec::new, |thread| stack(thread.frames.iter(), file)),
    }
}

/// Adds the chains below `future`, which is reached by `above`.
fn walk(future: &FutureNode, above: &Chain, file: &str, paths: &mut Vec<Chain>) {
    let mut chain = above.clone();
    chain.lines.extend(future.location.as_ref().and_then(|location| line(location, file)));
    chain.waits = future.wait.as_ref().map(|wait| Wait {
        kind: wait.resource.kind.clone(),
        type_name: wait.resource.type_name.clone(),
        task: wait.task.clone(),
        detail: wait.detail.clone(),
    });
    if chain.waits.is_some() || future.children.is_empty() {
        if future.state.as_deref() != Some("returned") {
            paths.push(chain);
        }
        return;
    }
    for child in &future.children {
        for _ in 0..child.count {
            walk(child, &chain, file, paths);
        }
    }
}

/// The lines of the functions in which the waits below `future` are written.
fn polls(future: &FutureNode, file: &str) -> BTreeSet<u32> {
    let own = future.wait.as_ref().and_then(|wait| line(&wait.poll.as_ref()?.location, file));
    own.into_iter().chain(future.children.iter().flat_map(|child| polls(child, file))).collect()
}

fn stack<'frames>(
    frames: impl DoubleEndedIterator<Item = &'frames asynctest_engine::report::Frame>,
    file: &str,
) -> Vec<u32> {
    frames
        .rev()
        .filter(|frame| frame.origin == Origin::User)
        .filter_map(|frame| line(frame.location.as_ref()?, file))
        .collect()
}

fn line(location: &Location, file: &str) -> Option<u32> {
    (location.origin == Origin::User && location.file.ends_with(file)).then_some(location.line)
}
