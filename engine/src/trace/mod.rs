//! Live again: traps in a traced process, and its memory as the model's readers want it.
//!
//! [`Traps`] says which addresses stop which threads; a [`View`] shows the process at a stop as a
//! [`crate::program::Program`]. What a trap means is for [`crate::step`] to say.

mod probe;
mod traps;
mod view;

pub use probe::watchpoints_fire;
pub use traps::{TooManyTraps, Traps, execute};
pub use view::{OUTSIDE, View};
