//! The end of a child process.
//!
//! Source: tokio 1.20 and 1.54 `process/mod.rs` (`Child::wait` awaits a `ChildDropGuard` around the
//! child), std `sys/process/unix/unix.rs` (rustc 1.95: `struct Process { pid }`).

use super::Leaf;
use crate::model::{Amount, EndedBy, Wait};
use crate::symbols::Type;
use crate::value::{Place, search};

/// The end of a child process.
pub(super) struct Child;

impl Leaf for Child {
    fn is_leaf(&self, type_: &Type) -> bool {
        type_.is("tokio::process::ChildDropGuard")
    }

    fn wait(&self, place: &Place<'_>, _around: &[Place<'_>]) -> Option<Wait> {
        let process = search(place, 16, &|type_| {
            type_.crate_name() == Some("std") && type_.member("pid").is_some()
        });
        let id = process.first().and_then(|process| process.field("pid")?.unsigned());
        Some(Wait {
            kind: "child process".to_owned(),
            by: EndedBy::World,
            type_name: "tokio::process::Child".to_owned(),
            amounts: id.map(Amount::Process).into_iter().collect(),
            ..Wait::default()
        })
    }
}
