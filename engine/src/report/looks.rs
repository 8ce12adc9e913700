//! What moved between two looks, in words.

use super::schema::Looks;
use super::tasks::Labels;
use crate::diagnosis::{self, Movement, stand};
use crate::model::{Amount, Future, World};

/// The most sentences of one kind.
const MOST_SENTENCES: usize = 8;

pub(super) fn looks(
    first: Option<&World>,
    second: &World,
    apart_ms: u64,
    labels: &Labels,
) -> Looks {
    let timers = second.tasks.iter().filter_map(|task| next_timer(task.future.as_ref()?));
    let next_timer_ms = timers.min();
    let Some(first) = first else {
        return Looks { count: 1, apart_ms: 0, moved: Vec::new(), next_timer_ms, stirs: None };
    };
    let movement = Movement::new(first, apart_ms);
    let mut moved = threads(&movement, second);
    moved.extend(tasks(&movement, first, second, labels));
    let stirs = diagnosis::stirs(first, second, &movement);
    Looks { count: 2, apart_ms, moved, next_timer_ms, stirs }
}

fn threads(movement: &Movement<'_>, second: &World) -> Vec<String> {
    let mut moved = Vec::new();
    let mut new = 0usize;
    for thread in &second.threads {
        if movement.earlier_thread(thread).is_none() {
            new += 1;
        } else if let Some(used) = movement.cpu_of_movement(thread)
            && moved.len() < MOST_SENTENCES
        {
            let milliseconds = used / 1_000_000;
            moved.push(format!("thread {} used {milliseconds} ms of CPU time", thread.name));
        }
    }
    let (_, before) = movement.counts();
    let ended = before.saturating_sub(second.threads.len().saturating_sub(new));
    if new > 0 {
        moved.push(format!("{} began", counted(new, "thread")));
    }
    if ended > 0 {
        moved.push(format!("{} ended", counted(ended, "thread")));
    }
    moved
}

fn tasks(movement: &Movement<'_>, first: &World, second: &World, labels: &Labels) -> Vec<String> {
    let mut moved = Vec::new();
    let mut new = 0usize;
    let mut kept = 0usize;
    for task in &second.tasks {
        let Some(earlier) = movement.earlier(task) else {
            new += 1;
            continue;
        };
        kept += 1;
        let stands_elsewhere = earlier.state != task.state || stand(earlier) != stand(task);
        let word = if stands_elsewhere {
            "went on"
        } else if movement.has_new_timer(earlier, task) {
            "set its timer anew"
        } else {
            continue;
        };
        if moved.len() < MOST_SENTENCES {
            moved.push(format!("{} {} {word}", labels.label(task.key), task.name));
        }
    }
    let ended = first.tasks.len().saturating_sub(kept);
    if new > 0 {
        moved.push(format!("{} began", counted(new, "task")));
    }
    if ended > 0 {
        moved.push(format!("{} ended", counted(ended, "task")));
    }
    moved
}

/// `1 task`, `2 tasks`.
fn counted(count: usize, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}

/// Milliseconds until the next timer of this future fires.
fn next_timer(root: &Future) -> Option<u64> {
    let mut next = None;
    let mut left = vec![root];
    while let Some(future) = left.pop() {
        for amount in future.wait.iter().flat_map(|wait| &wait.amounts) {
            if let Amount::FiresIn(nanoseconds) = amount
                && let Ok(left) = u64::try_from(nanoseconds / 1_000_000)
            {
                next = Some(next.map_or(left, |next: u64| next.min(left)));
            }
        }
        left.extend(&future.children);
    }
    next
}
