//! What a fixture's source says the report must say. The language is described in the library
//! documentation of the package `fixtures`; it is not read from anywhere else.

mod mark;
mod program;

pub use mark::{Comment, Holds, Leaves, Link, Mark, Runs, Tally, Waits, comments, variables};
pub use program::{Expected, Path, Program};

use std::fmt;

/// Whom a mark speaks of.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Who {
    /// The future given to `block_on`: a test's body or `main`.
    Body,
    /// Another future given to `block_on`.
    Root(String),
    /// A spawned task.
    Task(String),
    /// A thread that polls no task.
    Thread(String),
    /// A static, which has what it has for ever.
    Static,
}

impl fmt::Display for Who {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Who::Body => formatter.write_str("body"),
            Who::Root(name) => write!(formatter, "root {name}"),
            Who::Task(name) => write!(formatter, "task {name}"),
            Who::Thread(name) => write!(formatter, "thread {name}"),
            Who::Static => formatter.write_str("a static"),
        }
    }
}
