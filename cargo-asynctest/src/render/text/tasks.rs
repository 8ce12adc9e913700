//! The tasks of a report: the bodies of `block_on` with their whole chains, then the spawned ones.

use asynctest_engine::report::{SpawnKind, Task};

use super::{Detail, Style, chain, one_line};

/// Most tasks of the short form.
const MOST: usize = 8;

/// The test's body or `main`, and every other future that a thread blocks on.
pub(super) fn bodies(tasks: &[&Task], style: Style, detail: Detail) -> Vec<String> {
    let mut lines = Vec::new();
    for task in tasks {
        lines.push(format!("  {}", title(task, style)));
        lines.extend(whole(task, style, detail));
    }
    lines
}

/// The spawned tasks and blocking closures.
pub(super) fn others(tasks: &[&Task], style: Style, detail: Detail) -> Vec<String> {
    let most = match detail {
        Detail::Short => MOST,
        Detail::Full => usize::MAX,
    };
    let mut lines = Vec::new();
    for task in tasks.iter().take(most) {
        lines.push(format!("  {}", title(task, style)));
        lines.extend(match detail {
            Detail::Short => innermost(task, style),
            Detail::Full => whole(task, style, detail),
        });
    }
    if tasks.len() > most {
        let more: u64 = tasks.iter().skip(most).map(|task| task.count).sum();
        let line = format!("  ... {more} more tasks in the full dump");
        lines.push(style.dim(&line));
    }
    lines
}

/// `task 7 transfer · idle · spawned src/bank.rs:71 · 4 like it: task 8, task 9`.
fn title(task: &Task, style: Style) -> String {
    let mut parts =
        vec![format!("{} {}", style.bold(&one_line(&task.label)), one_line(&task.name))];
    if !task.state.is_empty() {
        parts.push(one_line(&task.state));
    }
    if let Some(thread) = task.thread {
        parts.push(format!("polled by thread {thread}"));
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
    if task.thread.is_some() {
        "      it is running: its thread's stack says where".to_owned()
    } else {
        format!("      its future could not be read: {}", one_line(&task.future_type))
    }
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
        None if place.is_none() => lines.push(format!("      in {}", one_line(&future.name))),
        None => {}
    }
    lines
}

fn has_fork(root: &asynctest_engine::report::FutureNode) -> bool {
    let mut node = root;
    loop {
        match node.children.as_slice() {
            [] => return false,
            [child] => node = child,
            _ => return true,
        }
    }
}
