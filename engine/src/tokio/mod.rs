//! The one home of Tokio's layout: runtimes, tasks, roots and what their leaves wait for.
//!
//! Everything is found in the debug info by the path of a type and the name of a field; there is no
//! table of versions. What was moved between versions is a second arm where it is read. Nothing is
//! ever run or changed in the process.

mod alive;
mod called;
mod context;
mod drivers;
mod elapsed;
mod followed;
mod holders;
mod idle;
mod leaves;
mod local;
mod owned;
mod pollers;
mod pool;
mod population;
mod resource;
mod root;
mod route;
mod runtime;
mod scan;
mod spawn;
mod task;
mod vtable;
mod wakers;
mod world;

pub use elapsed::is_elapsed;
pub use followed::{
    Change, Followed, Poll, STATE_SIZE, TaskHeaders, Transition, Trigger, changes, polled_header,
    polled_task, polls, spawn_line, transition, trigger,
};
pub use idle::is_spare;
pub use leaves::LEAVES;
pub use task::TaskBits;
pub use world::read;

/// Whether a thread that is blocked in this function of Tokio's, by its path, is so for the runtime's own
/// sake, as when it waits for work; nothing of a function that only wraps those of others. What the
/// primitives do is done for whoever calls them.
pub fn is_runtimes(path: &str) -> Option<bool> {
    match path.starts_with("tokio::loom::") {
        true => None,
        false => Some(path.starts_with("tokio::") && !path.starts_with("tokio::sync::")),
    }
}

/// The name of the crate.
const CRATE: &str = "tokio";
