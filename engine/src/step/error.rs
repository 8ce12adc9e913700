//! What can keep a task from being followed.

use crate::process;
use crate::trace::TooManyTraps;

/// Why a task is not followed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The process cannot be traced or read.
    #[error(transparent)]
    Process(#[from] process::Error),
    /// More addresses would have to be watched than the CPU can.
    #[error(transparent)]
    TooManyTraps(#[from] TooManyTraps),
    /// The program's file is not readable, or has no debug info.
    #[error("the program has no debug info to step by")]
    NoDebugInfo,
    /// No task can have this name.
    #[error("no task is called `{name}`{}", listed(.known))]
    NoSuchTask {
        /// What was asked for.
        name: String,
        /// The tasks that there can be.
        known: Vec<String>,
    },
    /// More is to be watched than the CPU can.
    #[error(
        "{wanted} values are to be watched, and this CPU can watch {most} besides the task itself"
    )]
    TooManyWatched {
        /// How many were asked for.
        wanted: usize,
        /// How many can be.
        most: usize,
    },
    /// More tasks are to be followed than the CPU has registers for.
    #[error("{wanted} tasks are to be stepped, and this CPU can watch {most} at once")]
    TooManyTasks {
        /// How many were asked for.
        wanted: usize,
        /// How many can be.
        most: usize,
    },
    /// Several tasks are to be waited for at more places than the CPU has registers for.
    #[error(
        "waiting for these tasks and following those that were met takes {needed} of the CPU's \
         registers for that, and it has {most}; name fewer tasks, or each more exactly"
    )]
    TooManyPlaces {
        /// How many registers it takes.
        needed: usize,
        /// How many there are.
        most: usize,
    },
    /// Variables are to be watched, and it is not clear in which task.
    #[error("variables can be watched while one task is stepped, and several were named")]
    WatchedInSeveral,
    /// Where telling is to begin or to end is no line.
    #[error("`{given}` is no line: name one as in `src/lib.rs:12`")]
    NoLine {
        /// What was asked for.
        given: String,
    },
    /// What is to be watched is no variable and no field.
    #[error("cannot watch `{given}`: name a variable, or a field in one, as in `store.hits`")]
    NoExpression {
        /// What was asked for.
        given: String,
    },
    /// Too many functions fit.
    #[error(
        "`{name}` fits {} functions, and at most {most} can be waited for at once; name one of them{}",
        .known.len(),
        listed(.known)
    )]
    TooManyFit {
        /// What was asked for.
        name: String,
        /// What it fits.
        known: Vec<String>,
        /// How many can be waited for.
        most: usize,
    },
}

/// The names, each on a line of its own.
fn listed(names: &[String]) -> String {
    const SHOWN: usize = 40;
    if names.is_empty() {
        return String::new();
    }
    let mut text = "; there are:".to_owned();
    for name in names.iter().take(SHOWN) {
        text.push_str("\n  ");
        text.push_str(name);
    }
    if let Some(more) = names.len().checked_sub(SHOWN).filter(|more| *more > 0) {
        text.push_str(&format!("\n  and {more} more"));
    }
    text
}
