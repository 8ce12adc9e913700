//! Captures of the tests of real packages, each at a random moment of its run: what was there, what
//! was read, and what the reports claim. Nothing hangs in these tests, so that each claim that
//! something does is wrong.
//!
//! - [`Source`]: a package, from a folder or from crates.io, built with full debug info
//! - [`sample`]: captures at random moments
//! - [`Tally`]: what they add up to

mod running;
mod sample;
mod source;
mod tally;

pub use sample::{Plan, sample};
pub use source::{Built, Source, Test};
pub use tally::Tally;
