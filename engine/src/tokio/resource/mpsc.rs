//! The messages of an mpsc channel, and what its two ends are.
//!
//! Source: tokio 1.20 and 1.54 `sync/mpsc/{bounded,unbounded,chan,list}.rs`: `recv` awaits a
//! `PollFn` of a closure that borrows the receiver; `struct Rx { inner: Arc<Chan> }`, `struct Chan {
//! tx: Tx { tail_position }, semaphore, rx_waker, notify_rx_closed, tx_count, rx_fields: RxFields {
//! list: Rx { index }, rx_closed } }`. Streams around a receiver (tokio-stream 0.1
//! `wrappers/mpsc_{bounded,unbounded}.rs`) poll the receiver itself. What is put there when the last
//! sender goes takes a place in the list too. The semaphore of a bounded channel has one permit for
//! each message that finds room.

use super::owner::{self, Owner};
use super::{Leaf, acquire, list, notified, queue};
use crate::model::{Amount, EndedBy, Held, Hold, Resource, ResourceKey, Wait};
use crate::symbols::{Kind, Type};
use crate::value::{Place, search};

/// The messages of an mpsc channel.
pub(super) struct Mpsc;

const OWNERS: &[Owner] = &[
    Owner {
        module: "tokio::sync::mpsc::bounded",
        type_path: "tokio::sync::mpsc::bounded::Receiver",
        kind: "mpsc recv",
    },
    Owner {
        module: "tokio::sync::mpsc::unbounded",
        type_path: "tokio::sync::mpsc::unbounded::UnboundedReceiver",
        kind: "mpsc recv",
    },
];

const SENDERS: [&str; 2] =
    ["tokio::sync::mpsc::bounded::Sender", "tokio::sync::mpsc::unbounded::UnboundedSender"];

/// The rights to send so many messages.
const PERMITS: [&str; 3] = [
    "tokio::sync::mpsc::bounded::Permit",
    "tokio::sync::mpsc::bounded::OwnedPermit",
    "tokio::sync::mpsc::bounded::PermitIterator",
];

const CHANNEL: &str = "tokio::sync::mpsc::chan::Chan";

/// How deep the parts of an end are searched.
const DEPTH: usize = 6;

impl Leaf for Mpsc {
    fn is_leaf(&self, type_: &Type) -> bool {
        let is_method = type_.own_name.starts_with("PollFn<tokio::sync::mpsc::")
            && type_.own_name.contains("::recv");
        is_method || is_receiver(type_)
    }

    fn wait(&self, place: &Place<'_>, around: &[Place<'_>]) -> Option<Wait> {
        let (type_name, channel) = receiver(place, around)?;
        let key = channel.as_ref().map(|channel| channel.address);
        Some(Wait {
            kind: "mpsc recv".to_owned(),
            by: EndedBy::Senders,
            type_name,
            address: key,
            resource: key.map(ResourceKey),
            amounts: channel.as_ref().map(senders).unwrap_or_default(),
            ..Wait::default()
        })
    }

    fn resource(&self, place: &Place<'_>, around: &[Place<'_>]) -> Option<Resource> {
        resource(&receiver(place, around)?.1?)
    }

    fn is_held(&self, type_: &Type) -> bool {
        hold(type_).is_some()
    }

    fn held(&self, place: &Place<'_>, _around: &[Place<'_>]) -> Option<Held> {
        let hold = match hold(&place.type_)? {
            Hold::Permits(_) => Hold::Permits(place.field("n").map_or(Some(1), |n| n.unsigned())?),
            hold => hold,
        };
        Some(Held { resource: ResourceKey(channel(place)?.address), hold })
    }

    fn queued<'program>(&self, place: &Place<'program>) -> Vec<Place<'program>> {
        let channel = channel(place).filter(|_| is_receiver(&place.type_));
        channel.and_then(|channel| list::messages(&channel)).unwrap_or_default()
    }
}

fn hold(type_: &Type) -> Option<Hold> {
    let is_one = |paths: &[&str]| paths.iter().any(|path| type_.is(path));
    if is_receiver(type_) {
        Some(Hold::Receiver)
    } else if is_one(&SENDERS) {
        Some(Hold::Sender)
    } else {
        is_one(&PERMITS).then_some(Hold::Permits(1))
    }
}

fn is_receiver(type_: &Type) -> bool {
    OWNERS.iter().any(|owner| type_.is(owner.type_path))
}

/// The type of the receiver that is waited on, and the shared part of its channel.
fn receiver<'program>(
    place: &Place<'program>,
    around: &[Place<'program>],
) -> Option<(String, Option<Place<'program>>)> {
    let captures = search(place, DEPTH, &|type_| matches!(type_.kind, Kind::Pointer { .. }));
    let captured =
        |path| captures.iter().find_map(|capture| owner::behind_pointers(capture.clone(), path));
    // Closures capture the receiver, or from the 2021 edition on just its field `chan`.
    let itself = is_receiver(&place.type_).then(|| place.clone());
    let receiver = itself.or_else(|| OWNERS.iter().find_map(|owner| captured(owner.type_path)));
    let receiver = receiver.or_else(|| owner::outermost(around, OWNERS)?.1);
    let half = receiver.or_else(|| captured("tokio::sync::mpsc::chan::Rx"))?;
    Some((half.type_.name.clone(), channel(&half)))
}

/// The shared part of the channel that one of its ends, or a permit for it, belongs to.
pub(super) fn channel<'program>(end: &Place<'program>) -> Option<Place<'program>> {
    let half = match end.field("chan") {
        Some(half) => half,
        None => end.clone(),
    };
    ["tokio::sync::mpsc::chan::Tx", "tokio::sync::mpsc::chan::Rx"].into_iter().find_map(|path| {
        let half = owner::behind_pointers(half.clone(), path)?;
        owner::behind_pointers(half.field("inner")?, CHANNEL)
    })
}

/// The channel with this shared part.
pub(super) fn resource(channel: &Place<'_>) -> Option<Resource> {
    let mut amounts = self::senders(channel);
    amounts.push(Amount::Receivers(1));
    amounts.extend(room(channel));
    let receiver = channel.field("rx_waker").and_then(|waker| queue::listener(&waker));
    let senders = channel.field("notify_rx_closed").and_then(|notify| notified::waiters(&notify));
    let semaphore = semaphore(channel);
    Some(Resource {
        amounts,
        waiters: semaphore.as_ref().and_then(acquire::waiters),
        listeners: receiver.into_iter().chain(senders.into_iter().flatten()).collect(),
        ..super::resource(channel, "mpsc channel")
    })
}

fn senders(channel: &Place<'_>) -> Vec<Amount> {
    match channel.field("tx_count").and_then(|count| count.unsigned()) {
        Some(0) => vec![Amount::Closed],
        Some(senders) => vec![Amount::Senders(senders)],
        None => Vec::new(),
    }
}

/// How many messages are in it, and how many find room.
pub(super) fn room(channel: &Place<'_>) -> Vec<Amount> {
    let mut amounts: Vec<Amount> = length(channel).map(Amount::Length).into_iter().collect();
    if let Some(semaphore) = semaphore(channel) {
        amounts.extend(bound(channel).map(Amount::Capacity));
        let permits = semaphore.field("permits").and_then(|permits| permits.unsigned());
        amounts.extend(permits.map(|permits| Amount::Available(permits >> 1)));
    }
    if is_closed_by_receiver(channel) == Some(true) {
        amounts.push(Amount::Closed);
    }
    amounts
}

fn length(channel: &Place<'_>) -> Option<u64> {
    let sent = inside(&channel.field("tx")?, "tail_position")?;
    let list = channel.field("rx_fields").and_then(|fields| holder(&fields, "list"))?;
    let taken = inside(&list.field("list")?, "index")?;
    let has_ended = channel.field("tx_count")?.unsigned()? == 0;
    sent.checked_sub(taken)?.checked_sub(u64::from(has_ended))
}

fn is_closed_by_receiver(channel: &Place<'_>) -> Option<bool> {
    Some(inside(&channel.field("rx_fields")?, "rx_closed")? != 0)
}

/// The semaphore of a bounded channel: alone, or with the bound beside it, as a tuple or a struct.
fn semaphore<'program>(channel: &Place<'program>) -> Option<Place<'program>> {
    let is_it = |type_: &Type| type_.is("tokio::sync::batch_semaphore::Semaphore");
    search(&channel.field("semaphore")?, DEPTH, &is_it).into_iter().next()
}

fn bound(channel: &Place<'_>) -> Option<u64> {
    let semaphore = channel.field("semaphore")?;
    semaphore.field("bound").or_else(|| semaphore.field("__1"))?.unsigned()
}

/// The number in the first field of this name inside `place`.
fn inside(place: &Place<'_>, name: &str) -> Option<u64> {
    holder(place, name)?.field(name)?.unsigned()
}

pub(super) fn holder<'program>(place: &Place<'program>, name: &str) -> Option<Place<'program>> {
    search(place, DEPTH, &|type_| type_.member(name).is_some()).into_iter().next()
}
