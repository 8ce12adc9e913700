//! Where tasks and threads stand, and whether they still stood there at the second look.

use std::collections::HashMap;

use crate::model::{Amount, Future, Task, TaskKey, Thread, World};

/// By how many nanoseconds a timer's moment must differ to be another one: the clock is read beside
/// the looks, not in them.
const TIMER_SLACK_NS: i64 = 50_000_000;

/// The CPU time of a thread, per thousand of the time between the looks, from which on it counts as
/// movement. Stopping a thread twice costs it a few microseconds.
const CPU_PER_THOUSAND: u64 = 5;

/// The CPU time in nanoseconds that is never movement.
const LEAST_CPU_NS: u64 = 1_000_000;

/// What two looks at one process have to say of each other.
#[derive(Clone, Debug)]
pub struct Movement<'world> {
    /// Milliseconds between the looks.
    pub apart_ms: u64,
    tasks: HashMap<TaskKey, &'world Task>,
    threads: HashMap<i32, &'world Thread>,
}

impl<'world> Movement<'world> {
    /// What moved since the look that found `first`.
    pub fn new(first: &'world World, apart_ms: u64) -> Movement<'world> {
        Movement {
            apart_ms,
            tasks: first.tasks.iter().map(|task| (task.key, task)).collect(),
            threads: first.threads.iter().map(|thread| (thread.id.0, thread)).collect(),
        }
    }

    /// The same task at the first look. An ended task's memory may already be another task's.
    pub fn earlier(&self, task: &Task) -> Option<&'world Task> {
        self.tasks.get(&task.key).copied().filter(|earlier| earlier.id == task.id)
    }

    /// Whether a task stands where it stood, in the same state.
    pub fn stays(&self, task: &Task) -> bool {
        self.earlier(task).is_some_and(|earlier| {
            earlier.state == task.state
                && stand(earlier) == stand(task)
                && !self.has_new_timer(earlier, task)
        })
    }

    /// Whether a task that stands where it stood waits for a later moment than before: a loop around
    /// a timer has gone round meanwhile.
    pub fn has_new_timer(&self, earlier: &Task, task: &Task) -> bool {
        let passed = i64::try_from(self.apart_ms.saturating_mul(1_000_000)).unwrap_or(i64::MAX);
        let is_later = |(before, now): (i64, i64)| {
            now.saturating_add(passed).saturating_sub(before) > TIMER_SLACK_NS
        };
        timers(earlier).into_iter().zip(timers(task)).any(is_later)
    }

    /// Whether a thread is where it was, and has done nothing in between.
    pub fn stays_blocked(&self, thread: &Thread) -> bool {
        let Some(earlier) = self.threads.get(&thread.id.0) else { return false };
        let pcs = |thread: &Thread| thread.frames.iter().map(|frame| frame.pc).collect::<Vec<_>>();
        self.cpu_of_movement(thread).is_none()
            && earlier.call == thread.call
            && earlier.activity == thread.activity
            && pcs(earlier) == pcs(thread)
    }

    /// The CPU time that a thread has used, in nanoseconds; absent for a new one.
    pub fn cpu(&self, thread: &Thread) -> Option<u64> {
        let earlier = self.threads.get(&thread.id.0)?;
        Some(thread.cpu.saturating_sub(earlier.cpu))
    }

    /// The CPU time that a thread has used, if that is movement.
    pub fn cpu_of_movement(&self, thread: &Thread) -> Option<u64> {
        let most = self.apart_ms.saturating_mul(CPU_PER_THOUSAND).saturating_mul(1_000);
        self.cpu(thread).filter(|used| *used > most.max(LEAST_CPU_NS))
    }

    /// Whether a thread runs that had no time to get on between the looks: what it is about to do, to
    /// wake somebody for instance, could not be seen. On a busy machine a thread waits for a
    /// processor for longer than the looks are apart.
    pub fn has_thread_without_turn(&self, last: &World) -> bool {
        let runs = |thread: &&Thread| thread.call.is_none();
        last.threads.iter().filter(runs).any(|thread| self.cpu_of_movement(thread).is_none())
    }

    /// The same thread at the first look.
    pub fn earlier_thread(&self, thread: &Thread) -> Option<&'world Thread> {
        self.threads.get(&thread.id.0).copied()
    }

    /// How many tasks and threads the first look found.
    pub fn counts(&self) -> (usize, usize) {
        (self.tasks.len(), self.threads.len())
    }
}

/// The lines and the resources at which a task stands.
pub fn stand(task: &Task) -> Vec<(&str, Option<u32>, Option<u64>)> {
    let mut stand = Vec::new();
    each_future(task, &mut |future| {
        let address = future.wait.as_ref().and_then(|wait| wait.address);
        let line = future.line.as_ref().map(|line| line.line);
        stand.push((future.type_name.as_str(), line, address.map(|address| address.0)));
    });
    stand
}

/// Nanoseconds until each timer of this task fires. One whose clock stands still is none.
pub(super) fn timers(task: &Task) -> Vec<i64> {
    let mut timers = Vec::new();
    each_future(task, &mut |future| {
        let runs = future.wait.iter().filter(|wait| !wait.amounts.contains(&Amount::Paused));
        for amount in runs.flat_map(|wait| &wait.amounts) {
            if let Amount::FiresIn(nanoseconds) = amount {
                timers.push(*nanoseconds);
            }
        }
    });
    timers
}

fn each_future<'task>(task: &'task Task, visit: &mut dyn FnMut(&'task Future)) {
    let mut left: Vec<&Future> = task.future.iter().collect();
    while let Some(future) = left.pop() {
        visit(future);
        left.extend(future.children.iter().rev());
    }
}
