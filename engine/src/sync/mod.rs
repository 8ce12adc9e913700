//! What threads wait for when no runtime is involved: the locks, channels and threads of std, the
//! locks of parking_lot, and system calls that block.
//!
//! One file a library. A wait is told by the functions on the thread's stack, its identity by the
//! futex that the kernel says the thread waits for: the word lies inside the lock, so this holds in
//! optimized code too, where no variable has a place.

mod blocked;
mod parking_lot;
mod std_locks;
mod std_threads;
mod system;

use crate::model::{Held, Resource, Wait};
use crate::program::Program;
use crate::snapshot;
use crate::stack::ThreadStack;
use crate::symbols::Type;
use crate::value::Place;
use blocked::Blocked;

/// The libraries, in the order in which they are asked.
const LIBRARIES: &[fn(&Blocked<'_>) -> Option<Wait>] =
    &[parking_lot::wait, std_threads::wait, std_locks::wait, system::wait];

/// What this thread waits for, if it is blocked in something that is known here. One that waits on
/// behalf of the crate `runtime`, for work, is not.
pub fn wait(
    program: &Program<'_>,
    thread: &snapshot::Thread,
    stack: &ThreadStack,
    runtime: &str,
) -> Option<Wait> {
    let blocked = Blocked::new(program, thread, stack)?;
    if blocked.is_for_runtime(runtime) {
        return None;
    }
    LIBRARIES.iter().find_map(|wait| wait(&blocked))
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

/// Whether a value of this type holds a lock of std or of a lock library.
pub fn is_held(type_: &Type) -> bool {
    std_locks::is_held(type_) || parking_lot::is_held(type_)
}

/// What the guard at `place` holds, by the word that waiters are known by. A lock that is free has no
/// holder, whatever still lies where a guard was.
pub fn held(place: &Place<'_>) -> Option<Held> {
    let (resource, hold) = match std_locks::is_held(&place.type_) {
        true => std_locks::held(place)?,
        false => parking_lot::held(place)?,
    };
    Some(Held { resource, hold })
}
