//! End-to-end tests of the command: builds the fixtures, runs them with the real command and
//! compares its reports with the marks in the fixtures' sources.
//!
//! - [`marks`]: what a fixture's source says the report must say
//! - [`standing`]: what a report says, in the same words
//! - [`compare`]: the two side by side
//! - [`fixture`]: the fixtures, as their sources list them
//! - [`matrix`]: the versions of Tokio, profiles and toolchains that they are tried in
//! - [`command`]: the command under test, and other programs
//! - [`census`]: captures of real packages' tests at random moments, counted
//! - [`schema`]: what the JSON Schema says of a report
//! - [`hanging`]: a program that hangs, for as long as a test needs it
//! - [`soak`]: healthy suites under all that makes a machine slow
//! - [`stories`]: what stepped tasks do, as text
//! - [`stacks`]: what gdb says of a process, and what a report says of its threads

pub mod census;
pub mod command;
pub mod compare;
mod error;
pub mod fixture;
pub mod hanging;
pub mod marks;
pub mod matrix;
pub mod schema;
pub mod soak;
pub mod stacks;
pub mod standing;
pub mod stories;

pub use error::Error;
