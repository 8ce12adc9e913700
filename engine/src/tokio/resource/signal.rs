//! A signal of the system's.
//!
//! Source: tokio 1.20 and 1.54 `signal/mod.rs`, `signal/unix.rs`, `signal/ctrl_c.rs`: `recv` awaits a
//! `PollFn` of a closure that borrows the receiver. Which signal that is for is not kept beside it.

use super::Leaf;
use crate::futures::coroutine_kind;
use crate::model::{EndedBy, Wait};
use crate::symbols::Type;
use crate::value::Place;

/// A signal.
pub(super) struct Signal;

impl Leaf for Signal {
    fn is_leaf(&self, type_: &Type) -> bool {
        type_.own_name.starts_with("PollFn<tokio::signal::")
    }

    fn wait(&self, _place: &Place<'_>, around: &[Place<'_>]) -> Option<Wait> {
        let is_interrupt = around.iter().any(|place| {
            let scope = &place.type_.scope;
            coroutine_kind(&place.type_).is_some()
                && scope.first().is_some_and(|first| first == "tokio")
                && scope.last().is_some_and(|last| last == "ctrl_c")
        });
        Some(Wait {
            kind: "signal".to_owned(),
            by: EndedBy::World,
            type_name: "tokio::signal::unix::Signal".to_owned(),
            about: is_interrupt.then(|| "SIGINT".to_owned()),
            ..Wait::default()
        })
    }
}
