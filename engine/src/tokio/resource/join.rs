//! The end of another task.
//!
//! Source: tokio 1.20 and 1.54 `runtime/task/join.rs` (`struct JoinHandle { raw }`, an `Option` of
//! it up to 1.20).

use super::Leaf;
use crate::address::Address;
use crate::model::{EndedBy, TaskKey, Wait};
use crate::symbols::Type;
use crate::value::{Place, search};

/// The end of a task.
pub(super) struct Join;

impl Leaf for Join {
    fn is_leaf(&self, type_: &Type) -> bool {
        type_.is("tokio::runtime::task::join::JoinHandle")
    }

    fn wait(&self, place: &Place<'_>, _around: &[Place<'_>]) -> Option<Wait> {
        let header = header(place)?;
        Some(Wait {
            kind: "JoinHandle".to_owned(),
            by: EndedBy::Named,
            type_name: place.type_.name.clone(),
            address: Some(header),
            task: Some(TaskKey::Spawned(header)),
            ..Wait::default()
        })
    }
}

/// Where the header of the task lies that a handle inside `place` is of.
pub(super) fn header(place: &Place<'_>) -> Option<Address> {
    let pointers = search(place, 8, &|type_| type_.is("core::ptr::non_null::NonNull"));
    pointers.first()?.pointer()
}
