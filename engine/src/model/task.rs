//! Tasks and the runtimes that own them.

use super::future::{Future, Line};
use super::resource::Aside;
use crate::address::{Address, ThreadId};

/// A runtime: what owns tasks and polls them.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Runtime {
    /// Where its shared part lies; what identifies it.
    pub address: Address,
    /// What its users call its kind: `multi-thread`, `current-thread`.
    pub flavor: String,
    /// How many tasks it owned.
    pub tasks: usize,
    /// The threads that poll its tasks, as far as they are known: workers, or who blocks on it.
    pub drivers: Vec<ThreadId>,
}

/// The threads that run closures for a runtime, where all that there may be are busy.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Pool {
    /// The index of its runtime in [`super::World::runtimes`].
    pub runtime: usize,
    /// Its threads.
    pub threads: Vec<ThreadId>,
}

/// A wake-up that a thread gives only when it has ended the poll that it is in.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Deferred {
    /// Who will be woken.
    pub task: TaskKey,
    /// The thread.
    pub by: ThreadId,
}

/// What identifies a task within one stop.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum TaskKey {
    /// The future that a thread blocks on: the thread, and which `block_on` of it from outside.
    Root(ThreadId, usize),
    /// A spawned task, by the address of its header.
    Spawned(Address),
}

/// What kind of task.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum TaskKind {
    /// The future given to `block_on`.
    BlockOn,
    /// A spawned future.
    Spawned,
    /// A closure given to the blocking pool.
    Blocking,
}

/// What a task is doing.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum TaskState {
    /// It waits to be woken.
    Idle,
    /// It was woken and waits for a thread to poll it.
    Scheduled,
    /// A thread polls it.
    Running,
    /// Its future has ended.
    Complete,
}

/// A future that a runtime drives.
#[derive(Clone, PartialEq, Debug)]
pub struct Task {
    /// What identifies it.
    pub key: TaskKey,
    /// What kind it is.
    pub kind: TaskKind,
    /// The runtime's own number for it.
    pub id: Option<u64>,
    /// The function as the user wrote it.
    pub name: String,
    /// The type of its future.
    pub future_type: String,
    /// What it is doing.
    pub state: TaskState,
    /// Whether it has been aborted and not yet ended.
    pub is_aborted: bool,
    /// The index of its runtime in [`super::World::runtimes`].
    pub runtime: Option<usize>,
    /// The index in [`super::World::pools`] of the pool that it waits for a thread of.
    pub pool: Option<usize>,
    /// Where it comes from.
    pub spawned: Option<Spawn>,
    /// The thread that polls it.
    pub thread: Option<ThreadId>,
    /// Its future as it is suspended. Absent while it is polled: what memory says of it is stale
    /// then, and the thread's stack says it better.
    pub future: Option<Future>,
    /// Futures that are alive in its state and that nothing polls at the moment.
    pub aside: Vec<Aside>,
    /// How many references to it there are besides the runtime's list, its `JoinHandle` and a run
    /// queue: no more wakers than these can wake it. Absent where that cannot be told.
    pub wakers: Option<u64>,
    /// Whether its await chain was read to its end.
    pub is_walked: bool,
}

/// Where a task comes from.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Spawn {
    /// Which line this is.
    pub kind: SpawnKind,
    /// The line.
    pub line: Line,
}

/// Which line of a task's origin is known.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SpawnKind {
    /// The line of the call that spawned it.
    Spawned,
    /// The line where its future's body is written.
    Written,
}
