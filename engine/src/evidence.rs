//! How sure a fact is, and what could not be read.

use serde::{Deserialize, Serialize};

/// How a fact came to be known.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Trust {
    /// A candidate that nothing else confirms.
    Guessed,
    /// Follows from facts that were read, by a rule that this project states.
    Derived,
    /// Read from the process or its debug info.
    Read,
}

/// How sure it is that two things are related: that a task holds what another waits for.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Certainty {
    /// Nothing speaks against it.
    Possible,
    /// Only one thing could speak against it, and that was not seen.
    Likely,
    /// What was read leaves nothing else.
    Definite,
}

/// Something that could not be read, and why.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub struct Gap {
    /// What is missing: a type, a task, a frame.
    pub what: String,
    /// Why it is missing.
    pub why: String,
}

impl Gap {
    /// A gap in the answer: `what` is missing because of `why`.
    pub fn new(what: impl Into<String>, why: impl Into<String>) -> Gap {
        Gap { what: what.into(), why: why.into() }
    }
}
