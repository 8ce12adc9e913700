//! Nothing at all: `std::future::pending()` never ends.
//!
//! Source: core `future/pending.rs` (rustc 1.95).

use super::Leaf;
use crate::model::{EndedBy, Wait};
use crate::symbols::Type;
use crate::value::Place;

/// A future that never ends.
pub(super) struct Pending;

impl Leaf for Pending {
    fn is_leaf(&self, type_: &Type) -> bool {
        type_.is("core::future::pending::Pending")
    }

    fn wait(&self, place: &Place<'_>, _around: &[Place<'_>]) -> Option<Wait> {
        Some(Wait {
            kind: "pending".to_owned(),
            by: EndedBy::Nobody,
            type_name: place.type_.name.clone(),
            ..Wait::default()
        })
    }
}
