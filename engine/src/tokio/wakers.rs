//! Whom the wakers in queues wake: tasks, the futures that threads block on, and children of what
//! polls several futures with wakers of its own.
//!
//! A task's waker points to its header. A thread that blocks on a future is woken by its parker, or,
//! where it drives a current-thread runtime, by that runtime's shared part. Any other waker belongs
//! to the future that its entry in the queue lies in.
//!
//! Source: tokio 1.20 to 1.54 `runtime/task/waker.rs`; 1.20 `park/thread.rs`, 1.38 and 1.54
//! `runtime/park.rs` (`CURRENT_PARKER: ParkThread { inner: Arc<Inner> }`); 1.20
//! `runtime/basic_scheduler.rs` (`impl Wake for Shared`), 1.38 and 1.54
//! `runtime/scheduler/current_thread/mod.rs` (`impl Wake for Handle`); futures-executor 0.3.34
//! `src/local_pool.rs` (`CURRENT_THREAD_NOTIFY: Arc<ThreadNotify>`).

use std::collections::{BTreeMap, HashMap, HashSet};

use super::context::{self, Context};
use crate::address::{Address, ThreadId};
use crate::model::{
    Deferred, Future, Resource, ResourceKey, Task, TaskKey, TaskState, Waker, World,
};
use crate::program::Program;
use crate::value::{Pointee, ThreadLocals, search};

/// Farthest that an entry of a queue lies behind the beginning of the leaf that it is part of: more
/// than any leaf's size.
const FARTHEST: u64 = 4096;

/// Says of each waker in `resources` whom it wakes, as far as `world` knows.
pub(super) fn resolve(program: &Program<'_>, world: &World, resources: &mut [Resource]) {
    let owners = Owners::new(program, world);
    for resource in resources {
        let key = resource.key;
        let queued = resource.waiters.iter_mut().flatten();
        for waiter in queued.chain(&mut resource.listeners) {
            if let Some(Waker::Other { data, .. }) = waiter.waker {
                let known = owners.of_data(data).map(Waker::Task);
                let child = || owners.of_child(key, waiter.node, data);
                waiter.waker = known.or_else(child).or(waiter.waker.take());
            }
        }
    }
}

/// The wake-ups that threads have put off, as far as it is known whom they wake.
pub(super) fn deferred(
    program: &Program<'_>,
    world: &World,
    contexts: &[Context<'_>],
) -> Vec<Deferred> {
    if contexts.iter().all(|context| context.deferred.is_empty()) {
        return Vec::new();
    }
    let owners = Owners::new(program, world);
    let mut found: Vec<Deferred> = Vec::new();
    for context in contexts {
        let tasks = context.deferred.iter().filter_map(|data| owners.of_data(*data));
        found.extend(tasks.map(|task| Deferred { task, by: context.thread }));
    }
    found.dedup();
    found
}

/// What wakers can lead to.
struct Owners {
    /// The headers of tasks.
    headers: HashSet<Address>,
    /// The futures that threads block on, by what their wakers point to.
    roots: HashMap<Address, TaskKey>,
    /// The leaves that wait for each resource, by where they lie.
    leaves: HashMap<ResourceKey, BTreeMap<Address, TaskKey>>,
}

impl Owners {
    fn new(program: &Program<'_>, world: &World) -> Owners {
        let mut leaves = HashMap::new();
        for task in &world.tasks {
            let aside = task.aside.iter().map(|aside| &aside.future);
            task.future.iter().chain(aside).for_each(|future| add(future, task.key, &mut leaves));
        }
        let header = |task: &Task| match task.key {
            TaskKey::Spawned(header) => Some(header),
            TaskKey::Root(..) => None,
        };
        Owners {
            headers: world.tasks.iter().filter_map(header).collect(),
            roots: roots(program, world),
            leaves,
        }
    }

    fn of_data(&self, data: Address) -> Option<TaskKey> {
        let task = self.headers.contains(&data).then_some(TaskKey::Spawned(data));
        task.or_else(|| self.roots.get(&data).copied())
    }

    /// The task whose leaf the entry at `node` lies in, or else the only one that waits there.
    fn of_child(&self, key: ResourceKey, node: Address, data: Address) -> Option<Waker> {
        let leaves = self.leaves.get(&key)?;
        let before = leaves.range(..=node).next_back();
        let around = before.filter(|(at, _)| node.0.saturating_sub(at.0) < FARTHEST);
        let only = leaves.iter().next().filter(|_| leaves.len() == 1);
        let (_, task) = around.or(only)?;
        Some(Waker::Child { data, task: Some(*task) })
    }
}

fn add(
    future: &Future,
    task: TaskKey,
    leaves: &mut HashMap<ResourceKey, BTreeMap<Address, TaskKey>>,
) {
    if let Some(key) = future.wait.as_ref().and_then(|wait| wait.resource) {
        leaves.entry(key).or_default().insert(future.address, task);
    }
    for child in &future.children {
        add(child, task, leaves);
    }
}

/// The futures that threads block on, by what their wakers point to.
fn roots(program: &Program<'_>, world: &World) -> HashMap<Address, TaskKey> {
    let mut roots = HashMap::new();
    for (thread, parker) in parkers(program) {
        // Of nested ones all are polled but the innermost.
        let mut of_thread = world.tasks.iter().filter(|task| is_root_of(task, thread));
        if let Some(root) = of_thread.find(|task| task.state == TaskState::Idle) {
            roots.insert(parker, root.key);
        }
    }
    for (index, runtime) in world.runtimes.iter().enumerate() {
        let is_driver = |task: &&Task| {
            matches!(task.key, TaskKey::Root(..))
                && task.runtime == Some(index)
                && task.state == TaskState::Idle
        };
        let mut drivers = world.tasks.iter().filter(is_driver);
        if let (Some(only), None) = (drivers.next(), drivers.next()) {
            roots.insert(runtime.address, only.key);
        }
    }
    roots
}

fn is_root_of(task: &Task, thread: ThreadId) -> bool {
    matches!(task.key, TaskKey::Root(root, _) if root == thread)
}

/// What the wakers of each thread that has blocked on a future point to.
fn parkers(program: &Program<'_>) -> Vec<(ThreadId, Address)> {
    const VARIABLES: [(&str, &str); 3] = [
        ("tokio::runtime::park::CURRENT_PARKER", super::CRATE),
        ("tokio::park::thread::CURRENT_PARKER", super::CRATE),
        ("futures_executor::local_pool::CURRENT_THREAD_NOTIFY", "futures_executor"),
    ];
    let mut parkers = Vec::new();
    let variables = VARIABLES.map(|(path, owner)| ThreadLocals::named(program, path, owner));
    for thread in &program.snapshot.facts.threads {
        let of_thread = variables.iter().flat_map(|variables| variables.of(thread));
        for variable in of_thread.filter(context::is_initialized) {
            let arcs = search(&variable, 16, &|type_| type_.is("alloc::sync::Arc"));
            let inner = arcs.first().and_then(|arc| arc.field("ptr")?.pointee());
            if let Some(Pointee::Thin(inner)) = inner {
                parkers.extend(inner.field("data").map(|data| (thread.id, data.address)));
            }
        }
    }
    parkers
}
