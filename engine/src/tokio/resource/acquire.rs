//! Permits of the semaphore that `Mutex`, `RwLock`, `Semaphore`, `OnceCell` and bounded channels are
//! made of.
//!
//! Source: tokio 1.20 and 1.54 `sync/batch_semaphore.rs` (`struct Acquire { node, semaphore,
//! num_permits, queued }`, `struct Waiter { state }`, `struct Semaphore { permits }`, whose lowest
//! bit says that it is closed). A waiter that was given all its permits is taken off the queue with
//! the state 0.

use super::owner::{self, Owner};
use super::{Leaf, connection, guard, mpsc, queue};
use crate::model::{Amount, EndedBy, Held, Hold, Resource, ResourceKey, Wait};
use crate::symbols::Type;
use crate::value::{Place, Pointee};

/// Permits of a semaphore.
pub(super) struct Acquire;

const MUTEX: &str = "Mutex";
const RW_LOCK: &str = "RwLock";
const SEMAPHORE: &str = "Semaphore";
const SEND: &str = "mpsc send";

const OWNERS: &[Owner] = &[
    Owner { module: "tokio::sync::mutex", type_path: "tokio::sync::mutex::Mutex", kind: MUTEX },
    Owner {
        module: "tokio::sync::rwlock",
        type_path: "tokio::sync::rwlock::RwLock",
        kind: RW_LOCK,
    },
    Owner {
        module: "tokio::sync::once_cell",
        type_path: "tokio::sync::once_cell::OnceCell",
        kind: "OnceCell",
    },
    Owner {
        module: "tokio::sync::mpsc",
        type_path: "tokio::sync::mpsc::bounded::Sender",
        kind: SEND,
    },
    Owner {
        module: "tokio::sync::semaphore",
        type_path: "tokio::sync::semaphore::Semaphore",
        kind: SEMAPHORE,
    },
];

impl Leaf for Acquire {
    fn is_leaf(&self, type_: &Type) -> bool {
        type_.is("tokio::sync::batch_semaphore::Acquire")
    }

    fn wait(&self, place: &Place<'_>, around: &[Place<'_>]) -> Option<Wait> {
        let of = Of::read(place, around)?;
        // Of a lock it means nothing to a user how many permits there are.
        let mut amounts = match of.kind {
            kind if is_counted(kind) => vec![Amount::Needs(needed(place)?)],
            _ => Vec::new(),
        };
        match assigned(place, &of.semaphore) {
            // A writer is given as many as there can be readers.
            Some(_) if of.kind == RW_LOCK => amounts.push(Amount::Assigned(1)),
            Some(permits) => amounts.push(Amount::Assigned(permits)),
            None => amounts.extend(of.amounts()),
        }
        // A writer takes all permits at once, a reader one.
        let kind = match place.field("num_permits").and_then(|permits| permits.unsigned()) {
            Some(1) if of.kind == RW_LOCK => "RwLock read",
            Some(_) if of.kind == RW_LOCK => "RwLock write",
            _ => of.kind,
        };
        Some(Wait {
            kind: kind.to_owned(),
            by: match of.kind {
                SEND => EndedBy::Receivers,
                kind if is_counted(kind) => EndedBy::Permits,
                _ => EndedBy::Holders,
            },
            type_name: of.type_name.clone(),
            address: Some(of.address),
            resource: Some(of.key()),
            about: part(place).filter(|_| is_counted(of.kind)),
            amounts,
            ..Wait::default()
        })
    }

    fn resource(&self, place: &Place<'_>, around: &[Place<'_>]) -> Option<Resource> {
        let of = Of::read(place, around)?;
        if let Some(channel) = &of.channel {
            return mpsc::resource(channel);
        }
        Some(Resource {
            type_name: of.type_name.clone(),
            address: Some(of.address),
            amounts: of.all_amounts(),
            waiters: waiters(&of.semaphore),
            ..super::resource(&of.semaphore, of.kind)
        })
    }

    fn is_held(&self, type_: &Type) -> bool {
        self.is_leaf(type_) || guard::is_guard(type_)
    }

    fn is_waited(&self, type_: &Type) -> bool {
        type_.is(guard::SEMAPHORE)
    }

    fn held(&self, place: &Place<'_>, around: &[Place<'_>]) -> Option<Held> {
        if !self.is_leaf(&place.type_) {
            return guard::held(place);
        }
        let of = Of::read(place, around)?;
        let permits = assigned(place, &of.semaphore)?;
        Some(Held { resource: of.key(), hold: Hold::Assigned(permits) })
    }
}

/// What the permits are of.
struct Of<'program> {
    semaphore: Place<'program>,
    /// The shared part of the channel, if it is one.
    channel: Option<Place<'program>>,
    kind: &'static str,
    type_name: String,
    address: crate::address::Address,
}

impl<'program> Of<'program> {
    fn read(place: &Place<'program>, around: &[Place<'program>]) -> Option<Of<'program>> {
        let Pointee::Thin(semaphore) = place.field("semaphore")?.pointee()? else { return None };
        let (kind, type_name, value) = match owner::outermost(around, OWNERS) {
            Some((owner, Some(value))) => (owner.kind, value.type_.name.clone(), Some(value)),
            Some((owner, None)) => (owner.kind, owner.type_path.to_owned(), None),
            None => (SEMAPHORE, semaphore.type_.name.clone(), None),
        };
        let pool = owner::user(around).and_then(connection::pool).filter(|_| kind == SEMAPHORE);
        let kind = pool.unwrap_or(kind);
        // A sender is one of many; what they share is the channel.
        let channel = value.as_ref().filter(|_| kind == SEND).and_then(mpsc::channel);
        let address = match (kind, &value) {
            (SEND, _) | (_, None) => semaphore.address,
            (_, Some(value)) => value.address,
        };
        let address = channel.as_ref().map_or(address, |channel| channel.address);
        Some(Of { semaphore, channel, kind, type_name, address })
    }

    fn key(&self) -> ResourceKey {
        let shared = self.channel.as_ref().unwrap_or(&self.semaphore);
        ResourceKey(shared.address)
    }

    /// What of its amounts means something to a user: of a lock not how many permits are free.
    fn amounts(&self) -> Vec<Amount> {
        let mut amounts = self.all_amounts();
        if self.channel.is_none() && !is_counted(self.kind) {
            amounts.retain(|amount| !matches!(amount, Amount::Available(_)));
        }
        amounts
    }

    fn all_amounts(&self) -> Vec<Amount> {
        if let Some(channel) = &self.channel {
            return mpsc::room(channel);
        }
        let Some(permits) = self.semaphore.field("permits").and_then(|it| it.unsigned()) else {
            return Vec::new();
        };
        let closed = (permits & 1 != 0).then_some(Amount::Closed);
        std::iter::once(Amount::Available(permits >> 1)).chain(closed).collect()
    }
}

/// Whether it means something to a user how many permits of this kind of thing there are.
fn is_counted(kind: &str) -> bool {
    kind == SEMAPHORE || connection::is_pool(kind)
}

/// Who waits for permits of a semaphore.
pub(super) fn waiters(semaphore: &Place<'_>) -> Option<Vec<crate::model::Waiter>> {
    let needs = |node: &Place<'_>| node.field("state").and_then(|state| state.unsigned());
    queue::waiters(&semaphore.field("waiters")?, &|node| needs(node).unwrap_or(1))
}

/// How many permits are still to come.
fn needed(place: &Place<'_>) -> Option<u64> {
    match place.field("queued")?.unsigned()? {
        0 => place.field("num_permits")?.unsigned(),
        _ => place.field("node")?.field("state")?.unsigned(),
    }
}

/// That it has been given a part of what it asked for, in words: whoever asks for several permits waits in
/// its queue with those that were free.
fn part(place: &Place<'_>) -> Option<String> {
    let wanted = place.field("num_permits")?.unsigned()?;
    let given = wanted.checked_sub(needed(place)?).filter(|given| *given > 0)?;
    (given < wanted).then(|| format!("it has been given {given} of {wanted} permits"))
}

/// How many permits it was given since it was polled, if it has them all.
fn assigned(place: &Place<'_>, semaphore: &Place<'_>) -> Option<u64> {
    let is_queued = place.field("queued")?.unsigned()? != 0;
    let node = place.field("node")?;
    let has_all = is_queued && node.field("state")?.unsigned()? == 0;
    (has_all && !queue::is_on(&node, &semaphore.field("waiters")?)?)
        .then(|| place.field("num_permits")?.unsigned())?
}
