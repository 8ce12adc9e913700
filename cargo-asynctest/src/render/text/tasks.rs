//! The tasks of a report: the bodies of `block_on` with their whole chains, then the spawned ones.

use std::collections::VecDeque;

use asynctest_engine::report::{FutureNode, SpawnKind, Task, TaskKind};

use super::{Detail, Style, chain, one_line};

/// Most groups of equal tasks in the short form.
const MOST: usize = 12;

/// Fewest lines that the short form has for them, however much there is of the rest.
const FEWEST_LINES: usize = 8;

/// The test's body or `main`, and every other future that a thread blocks on.
pub(super) fn bodies(tasks: &[&Task], style: Style, detail: Detail) -> Vec<String> {
    let mut lines = Vec::new();
    for task in tasks {
        lines.push(format!("  {}", title(task, style)));
        lines.extend(whole(task, style, detail));
    }
    lines
}

/// The same task without the values of variables, where there is no room for them.
pub(super) fn without_variables(task: &Task) -> Task {
    let mut bare = task.clone();
    let mut left: Vec<&mut FutureNode> = bare.future.iter_mut().collect();
    while let Some(node) = left.pop() {
        node.variables.clear();
        left.extend(&mut node.children);
    }
    bare
}

/// The spawned tasks and blocking closures, all of them.
pub(super) fn others(tasks: &[&Task], style: Style) -> Vec<String> {
    let mut lines = Vec::new();
    for task in tasks {
        lines.push(format!("  {}", title(task, style)));
        lines.extend(whole(task, style, Detail::Full));
    }
    lines
}

/// The spawned tasks and blocking closures, as many as `room` lines take: with their whole chains
/// if those of all fit, else each with the line where it stands. Those that `bodies` wait for, and
/// what these wait for in turn, come first.
pub(super) fn foremost(
    bodies: &[&Task],
    tasks: &[&Task],
    style: Style,
    room: usize,
) -> Vec<String> {
    let room = room.max(FEWEST_LINES);
    let ordered = by_need(bodies, tasks);
    let whole = whole_chains(&ordered, style);
    if ordered.len() <= MOST && whole.len() <= room {
        return whole;
    }
    let mut lines = Vec::new();
    for (index, task) in ordered.iter().enumerate() {
        let mut block = vec![format!("  {}", title(task, style))];
        block.extend(innermost(task, style));
        let is_last = index + 1 == ordered.len();
        let kept_back = if is_last { 0 } else { 1 };
        let is_full = index >= MOST || lines.len() + block.len() + kept_back > room;
        // A task that is larger than all the room is cut where the whole report is.
        if is_full && index > 0 {
            let left: u64 = ordered.iter().skip(index).map(|task| task.count).sum();
            let noun = if left == 1 { "task" } else { "tasks" };
            lines.push(style.dim(&format!("  ... {left} more {noun} in report.txt")));
            break;
        }
        lines.append(&mut block);
    }
    lines
}

/// Each of the tasks with all of the user's lines on its way to the leaf.
fn whole_chains(tasks: &[&Task], style: Style) -> Vec<String> {
    let mut lines = Vec::new();
    for task in tasks {
        lines.push(format!("  {}", title(task, style)));
        let future = task.future.as_ref().filter(|future| !future.children.is_empty());
        match future {
            Some(future) => lines.extend(chain::lines(future, style, Detail::Short)),
            None => lines.extend(innermost(task, style)),
        }
    }
    lines
}

/// The tasks that `bodies` wait for in the order of the waits, then the others.
fn by_need<'report>(bodies: &[&'report Task], tasks: &[&'report Task]) -> Vec<&'report Task> {
    let mut left = tasks.to_vec();
    let mut ordered: Vec<&Task> = Vec::new();
    let mut waiting: VecDeque<&Task> = bodies.iter().copied().collect();
    while let Some(task) = waiting.pop_front() {
        let awaited = task.future.as_ref().map(chain::awaited_tasks).unwrap_or_default();
        for label in awaited {
            let is_it = |task: &&Task| {
                task.label == label || task.others.iter().any(|other| other == label)
            };
            if let Some(index) = left.iter().position(is_it) {
                let task = left.remove(index);
                ordered.push(task);
                waiting.push_back(task);
            }
        }
    }
    ordered.append(&mut left);
    ordered
}

/// `task 7 transfer · idle · spawned src/bank.rs:71 · 4 like it: task 8, task 9`.
fn title(task: &Task, style: Style) -> String {
    let mut parts =
        vec![format!("{} {}", style.bold(&one_line(&task.label)), one_line(&task.name))];
    if !task.state.is_empty() {
        parts.push(one_line(&task.state));
    }
    if let Some(thread) = task.thread {
        parts.push(match task.kind {
            TaskKind::Spawned => format!("polled by thread {thread}"),
            TaskKind::BlockOn | TaskKind::Blocking => format!("on thread {thread}"),
        });
    }
    if let Some(spawn) = &task.spawned {
        let word = match spawn.kind {
            SpawnKind::Spawned => "spawned",
            SpawnKind::Written => "written",
        };
        parts.push(format!("{word} {}", style.cyan(&chain::place(&spawn.location))));
    }
    if task.count > 1 {
        parts.push(like(task));
    }
    parts.join(" · ")
}

fn like(task: &Task) -> String {
    let others = task.count - 1;
    let named: Vec<String> = task.others.iter().map(|label| one_line(label)).collect();
    let rest = if named.len() as u64 == others { "" } else { ", ..." };
    match named.is_empty() {
        true => format!("{others} more like it"),
        false => format!("{others} more like it: {}{rest}", named.join(", ")),
    }
}

fn whole(task: &Task, style: Style, detail: Detail) -> Vec<String> {
    match &task.future {
        Some(future) => chain::lines(future, style, detail),
        None => vec![unread(task)],
    }
}

fn unread(task: &Task) -> String {
    let said = match (task.kind, task.state.as_str()) {
        (_, "complete") => "it has ended".to_owned(),
        (_, "running") => "it is running: its thread's stack says where".to_owned(),
        (TaskKind::Blocking, "scheduled") => {
            "it waits for a thread of the blocking pool".to_owned()
        }
        (_, _) => format!("its future could not be read: {}", one_line(&task.future_type)),
    };
    format!("      {said}")
}

/// One line: where the user's code stands, and what is waited for.
fn innermost(task: &Task, style: Style) -> Vec<String> {
    let Some(future) = &task.future else {
        return vec![unread(task)];
    };
    if has_fork(future) {
        return chain::lines(future, style, Detail::Short);
    }
    let (place, wait) = chain::innermost(future);
    let mut lines = Vec::new();
    if let Some(place) = place {
        let text = place
            .text
            .as_deref()
            .map_or_else(String::new, |text| format!("  | {}", one_line(text)));
        lines.push(format!("    > {}{text}", style.cyan(&chain::place(place))));
    }
    match wait {
        Some(wait) => lines.push(format!("      {}", style.bold(&chain::wait(wait)))),
        None if future.state.as_deref() == Some("unresumed") => {
            lines.push("      it was never polled".to_owned());
        }
        None if place.is_none() => lines.push(format!("      in {}", one_line(&future.name))),
        None => {}
    }
    lines
}

/// Whether a future waits for several at once somewhere.
pub(super) fn has_fork(root: &FutureNode) -> bool {
    let mut node = root;
    loop {
        match node.only_child() {
            Some(child) => node = child,
            None => return !node.children.is_empty(),
        }
    }
}
