//! What threads wait for when no runtime is involved: the locks, channels and threads of std, the
//! locks of parking_lot, and system calls that block. And what futures wait for that belong to no
//! runtime: locks and channels of the crates that are used with any.
//!
//! One file a library. A thread's wait is told by the functions on the thread's stack, its identity by the
//! futex that the kernel says the thread waits for: the word lies inside the lock, so this holds in
//! optimized code too, where no variable has a place.

mod async_broadcast;
mod async_channel;
mod async_lock;
mod blocked;
mod crossbeam;
mod flume;
mod futures;
mod guards;
mod local_pool;
mod parking_lot;
mod primitive;
mod std_channels;
mod std_locks;
mod std_once;
mod std_threads;
mod system;

use crate::futures::{Leaf, simplified};
use crate::model::{Resource, Wait};
use crate::program::Program;
use crate::snapshot;
use crate::stack::ThreadStack;
use blocked::Blocked;

pub use local_pool::{LocalPool, local_pools};
pub use std_once::initializing;

/// The libraries, in the order in which they are asked.
const LIBRARIES: &[fn(&Blocked<'_>) -> Option<Wait>] =
    &[parking_lot::wait, crossbeam::wait, std_threads::wait, std_locks::wait, system::wait];

/// What this thread waits for, if it is blocked in something that is known here. One that waits on
/// behalf of a runtime, for work, is not: `is_runtimes` says of a function's path whether it is the
/// runtime's, and nothing of one that only wraps others.
pub fn wait(
    program: &Program<'_>,
    thread: &snapshot::Thread,
    stack: &ThreadStack,
    is_runtimes: &dyn Fn(&str) -> Option<bool>,
) -> Option<Wait> {
    let blocked = Blocked::new(program, thread, stack)?;
    if blocked.is_for_runtime(is_runtimes) {
        return None;
    }
    LIBRARIES.iter().find_map(|wait| wait(&blocked))
}

/// The paths, without generics, of the functions on a stack that are not std's or a lock library's,
/// innermost first.
pub fn own_functions(stack: &ThreadStack) -> Vec<String> {
    let functions = stack.frames.iter().flat_map(|(_, functions)| functions);
    let paths: Vec<String> = functions.map(|function| simplified(&function.name)).collect();
    blocked::above(paths.iter().map(String::as_str)).map(str::to_owned).collect()
}

/// What a thread waits for as a resource; none when nobody can hold or serve it.
pub fn resource(wait: &Wait) -> Option<Resource> {
    Some(Resource {
        key: wait.resource?,
        kind: wait.kind.clone(),
        type_name: wait.type_name.clone(),
        address: wait.address,
        amounts: Vec::new(),
        waiters: None,
        listeners: Vec::new(),
        tasks: Vec::new(),
    })
}

/// What futures of these libraries wait for, and which values hold a part of it.
pub const LEAVES: &[&dyn Leaf] = &[
    &guards::Guards,
    &std_channels::Ends,
    &crossbeam::Ends,
    &futures::MUTEX,
    &futures::BOUNDED,
    &futures::UNBOUNDED,
    &futures::ONESHOT,
    &async_lock::MUTEX,
    &async_lock::RW_LOCK,
    &async_lock::SEMAPHORE,
    &async_lock::BARRIER,
    &async_broadcast::CHANNEL,
    &async_channel::CHANNEL,
    &flume::CHANNEL,
];
