//! A notification: by itself, or as the part that other primitives wait on.
//!
//! Source: tokio 1.20 and 1.54 `sync/notify.rs` (`struct Notified { notify }`), `sync/watch.rs`,
//! `sync/barrier.rs`.

use super::Leaf;
use super::owner::{self, Owner};
use crate::model::{EndedBy, ResourceKey, Wait};
use crate::symbols::Type;
use crate::value::{Place, search};

const OWNERS: &[Owner] = &[
    Owner {
        module: "tokio::sync::barrier",
        type_path: "tokio::sync::barrier::Barrier",
        kind: "Barrier",
    },
    Owner { module: "tokio::signal", type_path: "tokio::signal::unix::Signal", kind: "signal" },
    Owner {
        module: "tokio::sync::watch",
        type_path: "tokio::sync::watch::Receiver",
        kind: "watch",
    },
];

/// A notification.
pub(super) struct Notified;

impl Leaf for Notified {
    fn is_leaf(&self, type_: &Type) -> bool {
        type_.is("tokio::sync::notify::Notified") || type_.is("tokio::sync::notify::OwnedNotified")
    }

    fn wait(&self, place: &Place<'_>, around: &[Place<'_>]) -> Option<Wait> {
        let notify = owner::behind_pointers(place.field("notify")?, "tokio::sync::notify::Notify")?;
        let (kind, type_name) = match owner::outermost(around, OWNERS) {
            Some((owner, Some(value))) => (owner.kind, value.type_.name.clone()),
            Some((owner, None)) => (owner.kind, owner.type_path.to_owned()),
            None if is_cancellation(around) => {
                ("CancellationToken", "tokio_util::sync::CancellationToken".to_owned())
            }
            None => ("Notify", notify.type_.name.clone()),
        };
        Some(Wait {
            kind: kind.to_owned(),
            by: match kind {
                "watch" => EndedBy::Senders,
                "signal" => EndedBy::World,
                _ => EndedBy::Anybody,
            },
            type_name,
            address: Some(notify.address),
            resource: Some(ResourceKey(notify.address)),
            task: None,
            thread: None,
            amounts: Vec::new(),
        })
    }
}

/// Source: tokio-util 0.7 `sync/cancellation_token.rs`.
fn is_cancellation(around: &[Place<'_>]) -> bool {
    around.iter().any(|place| {
        !search(place, 1, &|type_| type_.path().contains("cancellation_token::WaitForCancellation"))
            .is_empty()
    })
}
