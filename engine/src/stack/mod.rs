//! Call stacks: each thread's frames by call frame information, the functions inlined in each, and
//! the local variables.
//!
//! What could not be followed ends a stack with a gap that says why. Nothing here knows types or
//! reads values: see [`locals`] for where each value lies.

mod caller;
mod cleanup;
mod evaluation;
mod frame;
mod locals;
mod place;
#[cfg(test)]
mod synthetic;
mod threads;
mod unwinding;

pub use cleanup::{Cleanup, Dropped, cleanup};
pub use frame::{Frame, Stack, functions};
pub use locals::{Local, evaluate, locals};
pub use place::{Place, Unavailable};
pub use threads::{ThreadStack, stacks};
pub use unwinding::unwind;
