//! The bodies that a poll is in, from the task's own inward.

use std::collections::BTreeMap;
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
    /// Whether what it polls next was polled before: it goes on at an `.await`.
    pub(super) polls_again: bool,
    /// The variables that were seen last, with their values.
    pub(super) values: BTreeMap<String, String>,
}

/// What is kept of a body while it is suspended: by the address of its coroutine.
#[derive(Clone, Debug, Default)]
pub(super) struct Kept {
    /// The variables that were seen last, with their values.
    pub(super) values: BTreeMap<String, String>,
}
