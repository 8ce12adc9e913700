//! What is told of a task, one thing after the other. Plain data, for all renderers.

use serde::Serialize;

/// Something that is told.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Told {
    /// The task that it is of, as the user calls it, where several are followed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stepped: Option<String>,
    /// What.
    #[serde(flatten)]
    pub event: Event,
}

/// Something that the task did or that was done to it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum Event {
    /// It was polled and is followed from here on.
    Met {
        /// What it is called.
        task: String,
        /// The runtime's number for it.
        id: Option<u64>,
        /// The thread that polls it.
        thread: String,
    },
    /// A poll begins.
    Polled {
        /// Which poll since it is followed, from 1.
        number: u64,
        /// The thread that polls it.
        thread: String,
        /// The line it goes on at; absent when it begins.
        at: Option<Place>,
    },
    /// An `async` function's body begins.
    Entered {
        /// How many bodies it lies in.
        depth: usize,
        /// The function.
        function: String,
        /// Its first line.
        at: Option<Place>,
    },
    /// A body that others await goes on where it was suspended.
    Resumed {
        /// How many bodies it lies in.
        depth: usize,
        /// The function.
        function: String,
        /// The line of its `.await`.
        at: Place,
    },
    /// A line is executed.
    Line {
        /// How many bodies its function lies in.
        depth: usize,
        /// The line.
        at: Place,
    },
    /// A variable has got another value since the line before.
    Changed {
        /// How many bodies its function lies in.
        depth: usize,
        /// The variable.
        name: String,
        /// What it was; absent for a new one.
        before: Option<String>,
        /// What it is.
        value: String,
    },
    /// Something that is watched has got a value.
    Watched {
        /// What is watched, as the user wrote it.
        what: String,
        /// Its value before; absent when it comes into scope.
        before: Option<String>,
        /// Its value.
        value: String,
        /// Who wrote it; absent when that was not seen.
        by: Option<Cause>,
    },
    /// Something is awaited, and polled for the first time.
    Awaits {
        /// How many bodies the function that awaits lies in.
        depth: usize,
        /// What is awaited.
        what: String,
        /// The line.
        at: Option<Place>,
    },
    /// An `async` function's body has ended.
    Returned {
        /// How many bodies it lay in.
        depth: usize,
        /// The function.
        function: String,
        /// What it returned, if that is known.
        value: Option<String>,
    },
    /// A future was dropped before it had ended.
    Dropped {
        /// How many bodies it lay in.
        depth: usize,
        /// Its function.
        function: String,
    },
    /// The poll ends, and the task waits.
    Suspended {
        /// What it waits for; several things at once where futures are polled side by side.
        waits: Vec<Waiting>,
    },
    /// It was woken.
    Woken {
        /// By whom.
        by: Cause,
    },
    /// It was aborted.
    Aborted {
        /// By whom.
        by: Cause,
    },
    /// A panic begins in it.
    Panics {
        /// The line.
        at: Option<Place>,
    },
    /// Its future has returned.
    Completed {
        /// What it returned, if that is known.
        value: Option<String>,
    },
    /// It has ended by a panic.
    Panicked {
        /// The panic's message, if that is known.
        message: Option<String>,
    },
    /// It was dropped before it had ended.
    Cancelled,
    /// As many lines as were asked for have been told: no more are.
    LimitReached,
    /// Something the reader should know.
    Note {
        /// What.
        text: String,
    },
}

/// A line of source code in a function.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize)]
pub struct Place {
    /// The file, as debug info names it.
    pub file: String,
    /// The line, from 1.
    pub line: u32,
    /// The function.
    pub function: String,
    /// The source line itself, where it can be shown.
    pub text: Option<String>,
}

impl Event {
    /// The places that it names.
    pub fn places(&mut self) -> Vec<&mut Place> {
        match self {
            Event::Polled { at, .. }
            | Event::Entered { at, .. }
            | Event::Awaits { at, .. }
            | Event::Panics { at } => at.iter_mut().collect(),
            Event::Line { at, .. } | Event::Resumed { at, .. } => vec![at],
            Event::Suspended { waits } => {
                waits.iter_mut().flat_map(|waiting| &mut waiting.chain).collect()
            }
            Event::Woken { by } | Event::Aborted { by } | Event::Watched { by: Some(by), .. } => {
                by.at.iter_mut().collect()
            }
            Event::Met { .. }
            | Event::Changed { .. }
            | Event::Watched { by: None, .. }
            | Event::Returned { .. }
            | Event::Dropped { .. }
            | Event::Completed { .. }
            | Event::Panicked { .. }
            | Event::Cancelled
            | Event::LimitReached
            | Event::Note { .. } => Vec::new(),
        }
    }
}

/// What a suspended task waits for.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Waiting {
    /// The user's lines that lead to it, outermost first.
    pub chain: Vec<Place>,
    /// What it is called: `Mutex`, `sleep`; the future that is awaited where only that is known.
    pub kind: String,
    /// Its type.
    pub type_name: String,
    /// How many of these there are, each awaited by the same lines.
    pub count: u32,
}

/// Who did something to a task.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Cause {
    /// What kind of cause.
    pub kind: CauseKind,
    /// The task that did it.
    pub task: Option<String>,
    /// The runtime's number for that task.
    pub id: Option<u64>,
    /// The thread on which it happened.
    pub thread: String,
    /// The user's line.
    pub at: Option<Place>,
}

/// What kind of cause.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum CauseKind {
    /// The task itself.
    Itself,
    /// Another task.
    Task,
    /// The end of another task.
    Completion,
    /// A thread that polls no task, or the future that a thread blocks on.
    Thread,
    /// A timer that has fired.
    Timer,
    /// A descriptor that is ready.
    Descriptor,
    /// The end of the runtime.
    Shutdown,
}
