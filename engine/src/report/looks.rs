//! What moved between two looks.

use std::collections::HashMap;

use super::schema::Looks;
use super::tasks::Labels;
use crate::model::{Amount, Future, Task, TaskKey, World};

/// The CPU time of a thread, per thousand of the time between the looks, from which on it counts as
/// movement. Stopping a thread twice costs it a few microseconds.
const CPU_PER_THOUSAND: u64 = 5;

/// By how many nanoseconds a timer's moment must differ to be another one: the clock is read beside
/// the looks, not in them.
const TIMER_SLACK_NS: i64 = 50_000_000;

/// The most sentences of one kind.
const MOST_SENTENCES: usize = 8;

pub(super) fn looks(first: &World, second: &World, apart_ms: u64, labels: &Labels) -> Looks {
    let mut moved = threads(first, second, apart_ms);
    moved.extend(tasks(first, second, apart_ms, labels));
    let timers = second.tasks.iter().filter_map(|task| next_timer(task.future.as_ref()?));
    Looks { count: 2, apart_ms, moved, next_timer_ms: timers.min() }
}

fn threads(first: &World, second: &World, apart_ms: u64) -> Vec<String> {
    let before: HashMap<_, _> = first.threads.iter().map(|thread| (thread.id, thread)).collect();
    let most = apart_ms.saturating_mul(CPU_PER_THOUSAND).saturating_mul(1_000);
    let mut moved = Vec::new();
    let mut new = 0usize;
    for thread in &second.threads {
        match before.get(&thread.id) {
            None => new += 1,
            Some(earlier) => {
                let used = thread.cpu.saturating_sub(earlier.cpu);
                if used > most.max(1_000_000) && moved.len() < MOST_SENTENCES {
                    let milliseconds = used / 1_000_000;
                    moved
                        .push(format!("thread {} used {milliseconds} ms of CPU time", thread.name));
                }
            }
        }
    }
    let ended = before.len().saturating_sub(second.threads.len().saturating_sub(new));
    if new > 0 {
        moved.push(format!("{new} threads began"));
    }
    if ended > 0 {
        moved.push(format!("{ended} threads ended"));
    }
    moved
}

fn tasks(first: &World, second: &World, apart_ms: u64, labels: &Labels) -> Vec<String> {
    let before: HashMap<TaskKey, &Task> = first.tasks.iter().map(|task| (task.key, task)).collect();
    let mut moved = Vec::new();
    let mut new = 0usize;
    let mut kept = 0usize;
    for task in &second.tasks {
        // An ended task's memory may already be another task's.
        let earlier = before.get(&task.key).filter(|earlier| earlier.id == task.id);
        let Some(earlier) = earlier else {
            new += 1;
            continue;
        };
        kept += 1;
        let stands_elsewhere = earlier.state != task.state || stand(earlier) != stand(task);
        let word = if stands_elsewhere {
            "went on"
        } else if has_new_timer(earlier, task, apart_ms) {
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
        moved.push(format!("{new} tasks began"));
    }
    if ended > 0 {
        moved.push(format!("{ended} tasks ended"));
    }
    moved
}

/// The lines and the resources at which a task stands.
fn stand(task: &Task) -> Vec<(&str, Option<u32>, Option<u64>)> {
    fn add<'task>(future: &'task Future, stand: &mut Vec<(&'task str, Option<u32>, Option<u64>)>) {
        let address = future.wait.as_ref().and_then(|wait| wait.address);
        let line = future.line.as_ref().map(|line| line.line);
        stand.push((&future.type_name, line, address.map(|address| address.0)));
        for child in &future.children {
            add(child, stand);
        }
    }
    let mut stand = Vec::new();
    if let Some(future) = &task.future {
        add(future, &mut stand);
    }
    stand
}

/// Whether a task that stands where it stood waits for a later moment than before: a loop around a
/// timer has gone round meanwhile.
fn has_new_timer(earlier: &Task, task: &Task, apart_ms: u64) -> bool {
    let timers = |task: &Task| {
        let mut found = Vec::new();
        task.future.iter().for_each(|future| add_timers(future, &mut found));
        found
    };
    let passed = i64::try_from(apart_ms.saturating_mul(1_000_000)).unwrap_or(i64::MAX);
    let is_later = |(before, now): (i64, i64)| {
        now.saturating_add(passed).saturating_sub(before) > TIMER_SLACK_NS
    };
    timers(earlier).into_iter().zip(timers(task)).any(is_later)
}

/// Nanoseconds until each timer of this future fires.
fn add_timers(future: &Future, timers: &mut Vec<i64>) {
    let amounts = future.wait.iter().flat_map(|wait| &wait.amounts);
    for amount in amounts {
        if let Amount::FiresIn(nanoseconds) = amount {
            timers.push(*nanoseconds);
        }
    }
    for child in &future.children {
        add_timers(child, timers);
    }
}

/// Milliseconds until the next timer of this future fires.
fn next_timer(future: &Future) -> Option<u64> {
    let mut timers = Vec::new();
    add_timers(future, &mut timers);
    timers.into_iter().filter_map(|fires_in| u64::try_from(fires_in / 1_000_000).ok()).min()
}
