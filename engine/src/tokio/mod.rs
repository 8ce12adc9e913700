//! The one home of Tokio's layout: runtimes, tasks, roots and what their leaves wait for.
//!
//! Everything is found in the debug info by the path of a type and the name of a field; there is no
//! table of versions. What was moved between versions is a second arm where it is read. Nothing is
//! ever run or changed in the process.

mod called;
mod context;
mod drivers;
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

pub use followed::{
    Followed, Poll, TaskHeaders, Transition, Trigger, polled_header, polled_task, polls,
    spawn_line, transition, trigger,
};
pub use idle::{is_own_file, is_spare};
pub use leaves::LEAVES;
pub use task::TaskBits;
pub use world::read;

/// The name of the crate.
pub const CRATE: &str = "tokio";
