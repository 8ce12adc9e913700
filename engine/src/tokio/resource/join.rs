//! The end of another task.
//!
//! Source: tokio 1.20 and 1.54 `runtime/task/join.rs` (`struct JoinHandle { raw }`, an `Option` of
//! it up to 1.20).

use crate::model::{EndedBy, TaskKey, Wait};
use crate::symbols::Type;
use crate::value::{Place, search};

pub(super) fn is_leaf(type_: &Type) -> bool {
    type_.is("tokio::runtime::task::join::JoinHandle")
}

pub(super) fn wait(place: &Place<'_>, _around: &[Place<'_>]) -> Option<Wait> {
    let pointers = search(place, 6, &|type_| type_.is("core::ptr::non_null::NonNull"));
    let header = pointers.first()?.pointer()?;
    Some(Wait {
        kind: "JoinHandle".to_owned(),
        by: EndedBy::Named,
        type_name: place.type_.name.clone(),
        address: Some(header),
        resource: None,
        task: Some(TaskKey::Spawned(header)),
        thread: None,
        amounts: Vec::new(),
    })
}
