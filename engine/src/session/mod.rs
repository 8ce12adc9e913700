//! The facade: captures a process and makes its report. This is the library's API boundary.

mod attended;
mod capture;
mod error;
mod family;
mod harness;
mod links;
mod look;
mod probe;
mod saved;
mod stall;
mod stepping;
mod stops;
mod variables;
mod watch;

pub use attended::{Attended, Panics, Seen};
pub use capture::{Capture, Request};
pub use error::Error;
pub use probe::{Watchpoints, probe};
pub use saved::Bundle;
pub use stall::Stall;
pub use stepping::{Stepping, Telling};
pub use watch::Watch;
