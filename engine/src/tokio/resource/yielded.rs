//! The next turn of a task that has yielded: it is woken at once.
//!
//! Source: tokio 1.20 `task/yield_now.rs` (`struct YieldNow`), 1.54 (a `PollFn`).

use super::Leaf;
use crate::model::Wait;
use crate::symbols::Type;
use crate::value::Place;

/// The next turn of a task.
pub(super) struct Yielded;

const MODULE: &str = "tokio::task::yield_now";

impl Leaf for Yielded {
    fn is_leaf(&self, type_: &Type) -> bool {
        let is_struct = type_.own_name == "YieldNow" && type_.path().starts_with(MODULE);
        let closure = type_.own_name.strip_prefix("PollFn<");
        is_struct || closure.is_some_and(|closure| closure.starts_with(MODULE))
    }

    fn wait(&self, place: &Place<'_>, _around: &[Place<'_>]) -> Option<Wait> {
        Some(Wait {
            kind: "yield_now".to_owned(),
            type_name: place.type_.name.clone(),
            ..Wait::default()
        })
    }
}
