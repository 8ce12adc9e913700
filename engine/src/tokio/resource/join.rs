//! The end of another task.
//!
//! Source: tokio 1.20 and 1.54 `runtime/task/join.rs` (`struct JoinHandle { raw }`, an `Option` of
//! it up to 1.20).

use super::Leaf;
use crate::address::Address;
use crate::futures::coroutine_kind;
use crate::model::{EndedBy, TaskKey, Wait};
use crate::symbols::Type;
use crate::value::{Place, search};

/// The end of a task.
pub(super) struct Join;

/// What a closure is that Tokio itself gave to the blocking pool.
pub(super) const BLOCKING: &str = "blocking work";

impl Leaf for Join {
    fn is_leaf(&self, type_: &Type) -> bool {
        type_.is("tokio::runtime::task::join::JoinHandle")
    }

    fn wait(&self, place: &Place<'_>, around: &[Place<'_>]) -> Option<Wait> {
        let header = header(place)?;
        Some(Wait {
            kind: if is_for_tokio(around) { BLOCKING } else { "JoinHandle" }.to_owned(),
            by: EndedBy::Named,
            type_name: place.type_.name.clone(),
            address: Some(header),
            task: Some(TaskKey::Spawned(header)),
            ..Wait::default()
        })
    }
}

/// Whether the closure that is waited for is one that Tokio itself gave to the blocking pool, on
/// behalf of `fs` and the like.
fn is_for_tokio(around: &[Place<'_>]) -> bool {
    let innermost = around.iter().rev().find(|place| coroutine_kind(&place.type_).is_some());
    innermost.is_some_and(|place| {
        let module = place.type_.scope.get(1).map(String::as_str);
        place.type_.crate_name() == Some("tokio") && matches!(module, Some("fs" | "io" | "net"))
    })
}

/// Where the header of the task lies that a handle inside `place` is of.
pub(super) fn header(place: &Place<'_>) -> Option<Address> {
    let pointers = search(place, 8, &|type_| type_.is("core::ptr::non_null::NonNull"));
    pointers.first()?.pointer()
}
