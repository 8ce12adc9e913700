//! The one value of a oneshot channel.
//!
//! Source: tokio 1.20 and 1.54 `sync/oneshot.rs` (`struct Receiver { inner: Option<Arc<Inner>> }`,
//! `struct Inner { state }` with bit 2 for a sender that is gone).

use super::Leaf;
use crate::model::{Amount, EndedBy, ResourceKey, Wait};
use crate::symbols::Type;
use crate::value::{Place, Pointee, search};

const CLOSED_OR_COMPLETE: u64 = 0b110;

/// The value of a oneshot channel.
pub(super) struct Oneshot;

impl Leaf for Oneshot {
    fn is_leaf(&self, type_: &Type) -> bool {
        type_.is("tokio::sync::oneshot::Receiver")
    }

    fn wait(&self, place: &Place<'_>, _around: &[Place<'_>]) -> Option<Wait> {
        let arcs = search(place, 6, &|type_| type_.is("alloc::sync::Arc"));
        let inner = arcs.first().and_then(|arc| match arc.field("ptr")?.pointee()? {
            Pointee::Thin(inner) => inner.field("data"),
            Pointee::Dynamic(_) | Pointee::UnknownDynamic(_) => None,
        });
        let state = inner.as_ref().and_then(|inner| inner.field("state")?.unsigned());
        let amounts = match state {
            Some(state) if state & CLOSED_OR_COMPLETE != 0 => vec![Amount::Closed],
            _ => Vec::new(),
        };
        Some(Wait {
            kind: "oneshot".to_owned(),
            by: EndedBy::Senders,
            type_name: place.type_.name.clone(),
            address: inner.as_ref().map(|inner| inner.address),
            resource: inner.map(|inner| ResourceKey(inner.address)),
            task: None,
            thread: None,
            amounts,
        })
    }
}
