//! Permits of the semaphore that `Mutex`, `RwLock`, `Semaphore`, `OnceCell` and bounded channels are
//! made of.
//!
//! Source: tokio 1.20 and 1.54 `sync/batch_semaphore.rs` (`struct Acquire { node, semaphore,
//! num_permits, queued }`, `struct Waiter { state }`, `struct Semaphore { permits }`, whose lowest
//! bit says that it is closed).

use super::Leaf;
use super::owner::{self, Owner};
use crate::model::{Amount, EndedBy, ResourceKey, Wait};
use crate::symbols::Type;
use crate::value::{Place, Pointee};

const OWNERS: &[Owner] = &[
    Owner { module: "tokio::sync::mutex", type_path: "tokio::sync::mutex::Mutex", kind: "Mutex" },
    Owner {
        module: "tokio::sync::rwlock",
        type_path: "tokio::sync::rwlock::RwLock",
        kind: "RwLock",
    },
    Owner {
        module: "tokio::sync::once_cell",
        type_path: "tokio::sync::once_cell::OnceCell",
        kind: "OnceCell",
    },
    Owner {
        module: "tokio::sync::mpsc",
        type_path: "tokio::sync::mpsc::bounded::Sender",
        kind: "mpsc send",
    },
    Owner {
        module: "tokio::sync::semaphore",
        type_path: "tokio::sync::semaphore::Semaphore",
        kind: "Semaphore",
    },
];

/// Permits of a semaphore.
pub(super) struct Acquire;

impl Leaf for Acquire {
    fn is_leaf(&self, type_: &Type) -> bool {
        type_.is("tokio::sync::batch_semaphore::Acquire")
    }

    fn wait(&self, place: &Place<'_>, around: &[Place<'_>]) -> Option<Wait> {
        let Pointee::Thin(semaphore) = place.field("semaphore")?.pointee()? else { return None };
        let permits = semaphore.field("permits").and_then(|permits| permits.unsigned());
        let (kind, type_name, address) = match owner::outermost(around, OWNERS) {
            // A sender is one of many; what they share is the channel's semaphore.
            Some((owner, Some(value))) if owner.kind == "mpsc send" => {
                (owner.kind, value.type_.name.clone(), semaphore.address)
            }
            Some((owner, Some(value))) => (owner.kind, value.type_.name.clone(), value.address),
            Some((owner, None)) => (owner.kind, owner.type_path.to_owned(), semaphore.address),
            None => ("Semaphore", semaphore.type_.name.clone(), semaphore.address),
        };
        let free = permits.map(|permits| permits >> 1);
        let mut amounts = Vec::new();
        // Of the others it means nothing to a user how many permits there are.
        match kind {
            "Semaphore" => {
                amounts.extend(needed(place).map(Amount::Needs));
                amounts.extend(free.map(Amount::Available));
            }
            "mpsc send" => amounts.extend(free.map(Amount::Capacity)),
            _ => {}
        }
        if permits.is_some_and(|permits| permits & 1 != 0) {
            amounts.push(Amount::Closed);
        }
        // A writer takes all permits at once, a reader one.
        let kind = match place.field("num_permits").and_then(|permits| permits.unsigned()) {
            Some(1) if kind == "RwLock" => "RwLock read",
            Some(_) if kind == "RwLock" => "RwLock write",
            _ => kind,
        };
        Some(Wait {
            kind: kind.to_owned(),
            by: match kind {
                "mpsc send" => EndedBy::Receivers,
                "Semaphore" => EndedBy::Permits,
                _ => EndedBy::Holders,
            },
            type_name,
            address: Some(address),
            resource: Some(ResourceKey(semaphore.address)),
            task: None,
            thread: None,
            amounts,
        })
    }
}

/// How many permits are still to come.
fn needed(place: &Place<'_>) -> Option<u64> {
    match place.field("queued")?.unsigned()? {
        0 => place.field("num_permits")?.unsigned(),
        _ => place.field("node")?.field("state")?.unsigned(),
    }
}
