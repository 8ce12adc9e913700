//! What is asked for.

use std::path::PathBuf;

use crate::limits::{Limits, Values};

/// Which tasks are followed, and how much of it is told.
#[derive(Clone, Debug)]
pub struct Request {
    /// The tasks, each: a function's path or part of it, `file:line`, a task's id, `main`; with `#2` the
    /// second that the name fits.
    pub names: Vec<String>,
    /// The test's name in its binary: what `main` means.
    pub test: Option<String>,
    /// Whose `async` functions are stepped into.
    pub into: StepInto,
    /// How much of values is told.
    pub values: Values,
    /// What of its variables is watched: a variable, or a field in one, `store.map.len`.
    pub watches: Vec<String>,
    /// How threads are stopped.
    pub means: Means,
    /// How many lines are told at most.
    pub limit: Option<u64>,
    /// The line, `file:line`, at which telling lines begins.
    pub from: Option<String>,
    /// The line, `file:line`, at which telling ends.
    pub until: Option<String>,
    /// Folders whose sources are the user's own; with none all are but libraries'.
    pub source_roots: Vec<PathBuf>,
    /// Bounds on what is read.
    pub limits: Limits,
}

/// How threads are stopped at what matters of a task.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Means {
    /// By watchpoints where these fire, which is tried, and else by breakpoints.
    Watchpoints,
    /// By breakpoints.
    Breakpoints,
}

/// Whose `async` functions are stepped into.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum StepInto {
    /// The user's.
    User,
    /// Everybody's.
    All,
    /// Nobody's: the body of the task alone is stepped.
    None,
}
