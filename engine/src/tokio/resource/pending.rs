//! Nothing at all: `std::future::pending()` never ends.
//!
//! Source: core `future/pending.rs` (rustc 1.95).

use crate::model::{Resource, Wait};
use crate::symbols::Type;
use crate::value::Place;

pub(super) fn is_leaf(type_: &Type) -> bool {
    type_.is("core::future::pending::Pending")
}

pub(super) fn wait(place: &Place<'_>, _around: &[Place<'_>]) -> Option<Wait> {
    let resource =
        Resource { kind: "pending".to_owned(), type_name: place.type_.name.clone(), address: None };
    Some(Wait { resource, task: None, amounts: Vec::new() })
}
