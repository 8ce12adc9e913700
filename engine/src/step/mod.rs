//! The story of one task: each line it runs, where it waits, who wakes it, how it ends.
//!
//! The task is met at a poll of it. From then on a watch on its state word tells, whatever thread
//! changes it, when it is woken, polled, aborted or has ended; the future that a thread blocks on
//! has no such word, and is known by its address and that thread. Inside a poll the polling thread
//! is stepped instruction by instruction through the bodies of coroutines and what leads from one to
//! the next, and runs freely through everything that those call. Other threads run on.
//!
//! - [`Request`], [`Event`]: what is asked for, and what comes of it
//! - `names`, `candidates`: what a name may mean in this program
//! - `code`, `callees`: what lies at an address, and what a call leads to
//! - `poll`, `frames`: inside one poll
//! - `values`, `returns`: what variables are, and what bodies return
//! - `watching`, `expression`: what is watched of the variables
//! - `waking`, `ending`: outside of polls
//! - `telling`: which lines are told
//! - `means`: how threads are stopped
//! - `story`: the loop

mod body;
mod callees;
mod candidates;
mod code;
mod ending;
mod error;
mod event;
mod expression;
mod frames;
mod means;
mod names;
mod poll;
mod request;
mod returns;
mod story;
mod telling;
mod values;
mod waking;
mod watching;

pub use error::Error;
pub use event::{Cause, CauseKind, Event, Place, Told, Waiting};
pub use request::{Means, Request, StepInto};
pub use story::{Outcome, Wish, follow};
