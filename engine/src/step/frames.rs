//! The bodies that a poll is in, from the task's own inward.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use super::body::Body;
use crate::address::Address;
use crate::symbols::SourceLocation;

/// A body that was entered and has not been left.
#[derive(Clone, Debug)]
pub(super) struct Frame {
    /// Which.
    pub(super) body: Rc<Body>,
    /// The stack pointer when its function was entered: it has returned when the pointer is above.
    pub(super) sp: Address,
    /// Where the coroutine lies; absent when the body was inlined.
    pub(super) environment: Option<Address>,
    /// The line that was told last.
    pub(super) line: Option<SourceLocation>,
    /// Where it goes on in this poll, until that was told.
    pub(super) resumed: Option<SourceLocation>,
    /// How many more instructions may lead to the line that it goes on at. What the compiler puts
    /// before is attributed to any line.
    pub(super) leading: u32,
    /// Whether what it polls next was polled before: it goes on at an `.await`.
    pub(super) polls_again: bool,
    /// What is known of its variables.
    pub(super) known: Known,
    /// The lines that were executed in this poll: what is on the stack was put there since.
    pub(super) fresh: BTreeSet<u32>,
}

impl Frame {
    /// Whether this address lies in its coroutine.
    pub(super) fn keeps(&self, address: Address) -> bool {
        let kept = self.environment.zip(self.body.environment.as_ref());
        kept.is_some_and(|(start, type_)| (start..start.offset(type_.size)).contains(&address))
    }
}

/// What is known of a body's variables, also while it is suspended.
#[derive(Clone, Debug, Default)]
pub(super) struct Known {
    /// What the body is called, and how many it lies in.
    pub(super) body: Option<(String, usize)>,
    /// The lines that were executed: variables that are declared there are there.
    pub(super) executed: BTreeSet<u32>,
    /// The variables that were seen last.
    pub(super) values: BTreeMap<String, Seen>,
}

/// A variable as it was seen last.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Seen {
    /// Its own bytes, without what they lead to.
    pub(super) bytes: Vec<u8>,
    /// Its value.
    pub(super) text: String,
}
