//! The tasks of a report: named, placed, and merged where they stand at the same place.

use std::collections::{HashMap, HashSet};

use super::paths::Paths;
use super::schema::{
    Aside, FutureNode, PollFunction, Resource, Spawn, SpawnKind, Subject, Task, TaskKind, Variable,
    Wait,
};
use super::spans::span;
use super::words;
use crate::model::{self, Amount, Future, FutureKind, FutureState, TaskKey, TaskState, World};

/// How many of the others are named beside a task that stands for several.
const NAMED_OTHERS: usize = 5;

/// The longest thread name that the kernel keeps, in bytes.
const THREAD_NAME: usize = 15;

/// What each task is called.
pub(super) struct Labels {
    labels: HashMap<TaskKey, String>,
    /// Which of them is the test's body, or `main`.
    pub(super) body: Option<TaskKey>,
}

impl Labels {
    pub(super) fn new(subject: &Subject, world: &World) -> Labels {
        let body = body(subject, world);
        let label = |task: &model::Task| label(task, world, subject, body == Some(task.key));
        let mut seen = HashSet::new();
        let shared: HashSet<String> =
            world.tasks.iter().map(label).filter(|label| !seen.insert(label.clone())).collect();
        let unique = |task: &model::Task| {
            let label = label(task);
            if shared.contains(&label) { format!("{label} {}", owner(task)) } else { label }
        };
        let labels = world.tasks.iter().map(|task| (task.key, unique(task))).collect();
        Labels { labels, body }
    }

    /// What this task is called; a task that is not in the world goes by its address.
    pub(super) fn label(&self, key: TaskKey) -> String {
        self.labels.get(&key).cloned().unwrap_or_else(|| match key {
            TaskKey::Spawned(address) => format!("task at {address}"),
            TaskKey::Root(thread, _) => format!("block_on on thread {thread}"),
        })
    }
}

/// Which `block_on` is the test's body, or `main`: the outermost one of the thread that is named
/// after the test, or else of the first thread that has one.
pub(super) fn body(subject: &Subject, world: &World) -> Option<TaskKey> {
    let named = subject.test.as_deref().unwrap_or("main");
    let named = named.get(..THREAD_NAME).unwrap_or(named);
    let is_named = |task: &&model::Task| {
        world
            .threads
            .iter()
            .any(|thread| Some(thread.id) == task.thread && thread.name.starts_with(named))
    };
    let roots = || world.tasks.iter().filter(|task| matches!(task.key, TaskKey::Root(_, 0)));
    roots().find(is_named).or_else(|| roots().next()).map(|task| task.key)
}

fn label(task: &model::Task, world: &World, subject: &Subject, is_body: bool) -> String {
    let thread = |id| {
        let name = world.threads.iter().find(|thread| thread.id == id);
        name.map_or_else(|| id.to_string(), |thread| thread.name.clone())
    };
    let is_first = |id| world.threads.first().is_some_and(|thread| thread.id == id);
    match (task.key, task.id) {
        (TaskKey::Root(..), _) if is_body && subject.test.is_some() => "test body".to_owned(),
        // Without a test's name it is `main` only on the thread that runs `main`.
        (TaskKey::Root(id, _), _) if is_body && is_first(id) => "main".to_owned(),
        (TaskKey::Root(id, 0), _) => format!("block_on on thread {}", thread(id)),
        (TaskKey::Root(id, _), _) => format!("nested block_on on thread {}", thread(id)),
        (TaskKey::Spawned(_), Some(id)) => format!("task {id}"),
        (TaskKey::Spawned(address), None) => format!("task at {address}"),
    }
}

/// What tells a task from one that would be called the same: each copy of a runtime's library counts
/// its tasks by itself, and threads share names.
fn owner(task: &model::Task) -> String {
    match (task.key, task.runtime) {
        (TaskKey::Spawned(_), Some(index)) => format!("of runtime {}", index.saturating_add(1)),
        (TaskKey::Spawned(address), None) => format!("at {address}"),
        (TaskKey::Root(thread, 0 | 1), _) => format!("({thread})"),
        (TaskKey::Root(thread, number), _) => format!("({thread}, number {number})"),
    }
}

/// All tasks, the body first. Equal ones are merged.
pub(super) fn tasks(world: &World, labels: &Labels, paths: &Paths<'_>) -> Vec<Task> {
    let mut merged: Vec<Task> = Vec::new();
    let mut places: HashMap<String, usize> = HashMap::new();
    let mut sorted: Vec<&model::Task> = world.tasks.iter().collect();
    sorted.sort_by_key(|task| (Some(task.key) != labels.body, task.kind));
    for task in sorted {
        let place = place(task);
        let known = places.get(&place).and_then(|index| merged.get_mut(*index));
        if let Some(first) = known {
            first.count += 1;
            if let (Some(node), Some(future)) = (&mut first.future, &task.future) {
                keep_common(node, future);
            }
            if first.others.len() < NAMED_OTHERS {
                first.others.push(labels.label(task.key));
            }
            continue;
        }
        places.insert(place, merged.len());
        merged.push(self::task(task, labels, paths));
    }
    merged
}

/// Where a task stands, as a text that is equal for tasks that stand at the same place. Tasks that
/// wait for things of their own are alike; those that wait for different shared things are not.
fn place(task: &model::Task) -> String {
    let mut place = format!(
        "{:?}|{}|{:?}|{}|{:?}|{:?}|{}",
        task.kind,
        task.name,
        task.state,
        task.is_aborted,
        task.runtime,
        task.spawned,
        task.is_walked
    );
    if task.kind == model::TaskKind::BlockOn || task.thread.is_some() {
        place.push_str(&format!("|{:?}", task.key));
    }
    if let Some(future) = &task.future {
        add_place(future, &mut place);
    }
    for aside in &task.aside {
        place.push_str("|aside");
        add_place(&aside.future, &mut place);
    }
    place
}

fn add_place(future: &Future, place: &mut String) {
    let line = future.line.as_ref();
    place.push_str(&format!(
        "|{}@{:?}",
        future.type_name,
        line.map(|line| (&line.file, line.line))
    ));
    if let Some(wait) = &future.wait {
        let is_own =
            ["sleep", "interval", "oneshot", "mpsc recv", "unknown"].contains(&wait.kind.as_str());
        let address = if is_own { None } else { wait.address };
        place.push_str(&format!("|{}{:?}", wait.kind, address));
        // There are as many signals as names, but as many sockets as there is room for.
        if wait.kind == "signal" {
            place.push_str(&format!("{:?}", wait.about));
        }
    }
    for child in &future.children {
        add_place(child, place);
    }
}

fn task(task: &model::Task, labels: &Labels, paths: &Paths<'_>) -> Task {
    Task {
        label: labels.label(task.key),
        kind: match task.kind {
            model::TaskKind::BlockOn => TaskKind::BlockOn,
            model::TaskKind::Spawned => TaskKind::Spawned,
            model::TaskKind::Blocking => TaskKind::Blocking,
        },
        id: task.id,
        address: match task.key {
            TaskKey::Spawned(address) => Some(address.to_string()),
            TaskKey::Root(..) => None,
        },
        name: task.name.clone(),
        future_type: task.future_type.clone(),
        state: state(task).to_owned(),
        runtime: task.runtime.and_then(|index| u32::try_from(index + 1).ok()),
        spawned: spawn(task, paths),
        thread: task.thread.map(|thread| thread.0),
        future: task.future.as_ref().map(|future| node(future, labels, paths)),
        aside: task.aside.iter().map(|aside| self::aside(aside, labels, paths)).collect(),
        count: 1,
        others: Vec::new(),
        walked: task.is_walked,
    }
}

fn aside(aside: &model::Aside, labels: &Labels, paths: &Paths<'_>) -> Aside {
    Aside {
        future: node(&aside.future, labels, paths),
        variable: aside.variable.clone(),
        at: aside.at.as_ref().map(|line| paths.location(line)),
        since: aside.since.as_ref().map(|line| paths.location(line)),
        certainty: aside.certainty,
    }
}

pub(super) fn state(task: &model::Task) -> &'static str {
    match (task.state, task.is_aborted) {
        (TaskState::Idle, false) => "idle",
        (TaskState::Idle, true) => "aborted",
        (TaskState::Scheduled, _) => "scheduled",
        (TaskState::Running, _) => "running",
        (TaskState::Complete, _) => "complete",
    }
}

fn node(future: &Future, labels: &Labels, paths: &Paths<'_>) -> FutureNode {
    FutureNode {
        name: future.name.clone(),
        kind: match future.kind {
            FutureKind::AsyncFn => "async fn",
            FutureKind::AsyncBlock => "async block",
            FutureKind::AsyncClosure => "async closure",
            FutureKind::Type => "future",
        }
        .to_owned(),
        state: future.state.map(|state| {
            match state {
                FutureState::Unresumed => "unresumed",
                FutureState::Suspended => "suspended",
                FutureState::Returned => "returned",
                FutureState::Panicked => "panicked",
            }
            .to_owned()
        }),
        location: future.line.as_ref().map(|line| paths.location(line)),
        variables: variables(future),
        wait: future.wait.as_ref().map(|wait| self::wait(wait, labels, paths)),
        count: 1,
        children: nodes(&future.children, labels, paths),
    }
}

/// The variables of a future.
pub(super) fn variables(future: &Future) -> Vec<Variable> {
    let variable = |variable: &model::Variable| Variable {
        name: variable.name.clone(),
        value: variable.value.clone(),
    };
    future.variables.iter().map(variable).collect()
}

/// Takes those variables from a future that are not the same in one that stands exactly there.
fn keep_common(node: &mut FutureNode, future: &Future) {
    let other = variables(future);
    node.variables.retain(|variable| other.contains(variable));
    let are_paired = node.children.len() == future.children.len();
    for (index, child) in node.children.iter_mut().enumerate() {
        match future.children.get(index).filter(|_| are_paired) {
            Some(other) => keep_common(child, other),
            None => clear(child),
        }
    }
}

fn clear(node: &mut FutureNode) {
    node.variables.clear();
    node.children.iter_mut().for_each(clear);
}

/// Futures side by side. Equal ones are merged.
fn nodes(futures: &[Future], labels: &Labels, paths: &Paths<'_>) -> Vec<FutureNode> {
    let mut merged: Vec<FutureNode> = Vec::new();
    let mut places: HashMap<String, usize> = HashMap::new();
    for future in futures {
        let mut place = String::new();
        add_place(future, &mut place);
        match places.get(&place).and_then(|index| merged.get_mut(*index)) {
            Some(first) => {
                first.count += 1;
                keep_common(first, future);
            }
            None => {
                places.insert(place, merged.len());
                merged.push(node(future, labels, paths));
            }
        }
    }
    merged
}

pub(super) fn wait(wait: &model::Wait, labels: &Labels, paths: &Paths<'_>) -> Wait {
    Wait {
        resource: Resource {
            kind: wait.kind.clone(),
            type_name: wait.type_name.clone(),
            address: wait.address.map(|address| address.to_string()),
        },
        detail: details(wait),
        task: wait.task.map(|key| labels.label(key)),
        poll: poll_function(wait, paths),
    }
}

/// The function that a wait is written in: of those that poll the leaf, the outermost that is the
/// user's own, or else the outermost.
pub(super) fn poll_function(wait: &model::Wait, paths: &Paths<'_>) -> Option<PollFunction> {
    let mut functions = wait.polled_by.iter().map(|function| PollFunction {
        function: function.name.clone(),
        location: paths.location(&function.line),
    });
    let outermost = functions.next()?;
    let is_users = |function: &PollFunction| words::is_users(&function.location);
    match is_users(&outermost) {
        true => Some(outermost),
        false => functions.find(is_users).or(Some(outermost)),
    }
}

/// `2nd`.
fn ordinal(number: u64) -> String {
    let suffix = match (number % 100, number % 10) {
        (11..=13, _) => "th",
        (_, 1) => "st",
        (_, 2) => "nd",
        (_, 3) => "rd",
        _ => "th",
    };
    format!("{number}{suffix}")
}

/// How full a channel of limited size is, in words.
fn room(amounts: &[Amount]) -> Option<String> {
    let find = |read: fn(&Amount) -> Option<u64>| amounts.iter().find_map(read);
    let length = find(|amount| if let Amount::Length(it) = amount { Some(*it) } else { None })?;
    let capacity = find(|amount| if let Amount::Capacity(it) = amount { Some(*it) } else { None })?;
    let free = find(|amount| if let Amount::Available(it) = amount { Some(*it) } else { None })?;
    let reserved = capacity.saturating_sub(length).saturating_sub(free);
    Some(match (free, reserved) {
        (0, 0) => format!("it is full: {length} of {capacity}"),
        (_, 0) => format!("{length} of {capacity} in it"),
        _ => format!("{length} of {capacity} in it, {reserved} reserved"),
    })
}

/// Where a task comes from.
pub(super) fn spawn(task: &model::Task, paths: &Paths<'_>) -> Option<Spawn> {
    task.spawned.as_ref().map(|spawn| Spawn {
        kind: match spawn.kind {
            model::SpawnKind::Spawned => SpawnKind::Spawned,
            model::SpawnKind::Written => SpawnKind::Written,
        },
        location: paths.location(&spawn.line),
    })
}

/// The amounts of a wait in words, if there are any that say something.
pub(super) fn details(wait: &model::Wait) -> Option<String> {
    let room = room(&wait.amounts);
    let is_said = |amount: &&Amount| {
        let is_room =
            matches!(amount, Amount::Length(_) | Amount::Capacity(_) | Amount::Available(_));
        !(room.is_some() && is_room)
    };
    let others = wait.amounts.iter().filter(is_said).filter_map(amount);
    let about = wait.about.iter().chain(&room).cloned();
    let other_end = wait.other_end.iter().map(|place| format!("other end: {place}"));
    let amounts: Vec<String> = about.chain(others).chain(other_end).collect();
    (!amounts.is_empty()).then(|| amounts.join(", "))
}

/// An amount in words; `None` for one that says nothing new.
fn amount(amount: &Amount) -> Option<String> {
    const MILLISECOND: u64 = 1_000_000;
    Some(match *amount {
        Amount::FiresIn(nanoseconds) if nanoseconds < 0 => {
            format!("was due {} ago", span(nanoseconds.unsigned_abs() / MILLISECOND))
        }
        Amount::FiresIn(nanoseconds) => {
            format!("fires in {}", span(nanoseconds.unsigned_abs() / MILLISECOND))
        }
        Amount::Needs(1) => return None,
        Amount::Needs(permits) => format!("needs {permits} permits"),
        Amount::Assigned(1) => "1 permit assigned, not yet taken".to_owned(),
        Amount::Assigned(permits) => format!("{permits} permits assigned, not yet taken"),
        Amount::Available(1) => "1 permit is free".to_owned(),
        Amount::Available(permits) => format!("{permits} permits are free"),
        Amount::Senders(1) => "1 sender is alive".to_owned(),
        Amount::Senders(senders) => format!("{senders} senders are alive"),
        Amount::Receivers(1) => "1 receiver is alive".to_owned(),
        Amount::Receivers(receivers) => format!("{receivers} receivers are alive"),
        Amount::Length(length) => format!("{length} in it"),
        Amount::Capacity(capacity) => format!("it takes {capacity}"),
        Amount::Place { number, of } => format!("{} of {of} in its queue", ordinal(number)),
        Amount::Arrived { count, of } => format!("{count} of {of} have come"),
        Amount::Tasks(1) => "1 task has not ended".to_owned(),
        Amount::Tasks(tasks) => format!("{tasks} tasks have not ended"),
        Amount::Open => "it was not closed".to_owned(),
        Amount::Descriptor(number) => format!("descriptor {number}"),
        Amount::Unread(0) | Amount::Unsent(0) => return None,
        Amount::Unread(1) => "1 byte unread".to_owned(),
        Amount::Unsent(1) => "1 byte not taken by the other end".to_owned(),
        Amount::Unread(bytes) => format!("{bytes} bytes unread"),
        Amount::Unsent(bytes) => format!("{bytes} bytes not taken by the other end"),
        Amount::Process(id) => format!("process {id}"),
        Amount::Paused => "the clock is paused".to_owned(),
        Amount::Closed => "its other end is closed".to_owned(),
    })
}
