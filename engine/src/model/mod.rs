//! What a process is made of, in the words of its users: tasks, futures, resources, waits.
//!
//! Plain data that knows no runtime. [`crate::tokio`] fills it, [`crate::report`] presents it.

mod future;
mod moment;
mod resource;
mod shared;
mod task;
mod thread;
mod wait;

#[cfg(test)]
pub(crate) mod worlds;

pub use future::{Described, Future, FutureKind, FutureState, Line, Needs, Variable};
pub use moment::{Blow, Moment};
pub use resource::{Aside, Held, Hold, Holder, Holding, Resource, ResourceKey, Waiter, Waker};
pub use shared::{Owner, Shared};
pub use task::{Deferred, Pool, Runtime, Spawn, SpawnKind, Task, TaskKey, TaskKind, TaskState};
pub use thread::{Activity, Frame, Thread};
pub use wait::{Amount, Driver, EndedBy, PollFunction, Wait};

use crate::evidence::Gap;

/// Everything that was found at one stop.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct World {
    /// The runtimes, in order of their address; behind them those that only timers and descriptors lead to.
    pub runtimes: Vec<Runtime>,
    /// The pools of threads that closures wait for.
    pub pools: Vec<Pool>,
    /// The roots first, by thread; then the spawned tasks by id.
    pub tasks: Vec<Task>,
    /// The threads, the first one first.
    pub threads: Vec<Thread>,
    /// What is waited for and can be held or served by others, by key.
    pub resources: Vec<Resource>,
    /// Who has what of these.
    pub holdings: Vec<Holding>,
    /// What could still wake a thread of the process from outside, in words; absent if that was not
    /// looked at.
    pub stirs: Option<Vec<String>>,
    /// What it was stopped at, if it was not just stopped.
    pub moment: Option<Moment>,
    /// Values with several owners that something of this may lie in, by where they lie.
    pub shared: Vec<Shared>,
    /// The wake-ups that threads have put off.
    pub deferred: Vec<Deferred>,
    /// What could not be read.
    pub gaps: Vec<Gap>,
}

impl World {
    /// How many tasks were read to the end of their await chains.
    pub fn walked(&self) -> usize {
        self.tasks.iter().filter(|task| task.is_walked).count()
    }
}
