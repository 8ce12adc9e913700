//! The next value of a broadcast channel.
//!
//! Source: tokio 1.20 and 1.54 `sync/broadcast.rs` (`struct Recv { receiver: &mut Receiver }`,
//! `struct Receiver { shared: Arc<Shared>, next }`, `struct Shared { buffer, tail: Tail { pos,
//! waiters }, num_tx }`). A value is sent to all receivers; one that is more than the buffer behind
//! has lost some.

use super::{Leaf, owner, queue};
use crate::model::{Amount, EndedBy, Held, Hold, Resource, ResourceKey, Wait};
use crate::symbols::Type;
use crate::value::{Place, search};

/// The values of a broadcast channel.
pub(super) struct Broadcast;

const RECEIVER: &str = "tokio::sync::broadcast::Receiver";
const SENDER: &str = "tokio::sync::broadcast::Sender";
const SHARED: &str = "tokio::sync::broadcast::Shared";

impl Leaf for Broadcast {
    fn is_leaf(&self, type_: &Type) -> bool {
        type_.is("tokio::sync::broadcast::Recv")
    }

    fn wait(&self, place: &Place<'_>, _around: &[Place<'_>]) -> Option<Wait> {
        let receiver = owner::behind_pointers(place.field("receiver")?, RECEIVER)?;
        let shared = shared(&receiver);
        let mut amounts = shared.as_ref().map(senders).unwrap_or_default();
        amounts.extend(shared.as_ref().and_then(|shared| behind(&receiver, shared)));
        let key = shared.as_ref().map(|shared| shared.address);
        Some(Wait {
            kind: "broadcast recv".to_owned(),
            by: EndedBy::Senders,
            type_name: receiver.type_.name.clone(),
            address: key,
            resource: key.map(ResourceKey),
            amounts,
            ..Wait::default()
        })
    }

    fn resource(&self, place: &Place<'_>, _around: &[Place<'_>]) -> Option<Resource> {
        let receiver = owner::behind_pointers(place.field("receiver")?, RECEIVER)?;
        resource(&shared(&receiver)?)
    }

    fn is_held(&self, type_: &Type) -> bool {
        type_.is(RECEIVER) || type_.is(SENDER)
    }

    fn held(&self, place: &Place<'_>, _around: &[Place<'_>]) -> Option<Held> {
        let hold = if place.type_.is(SENDER) { Hold::Sender } else { Hold::Receiver };
        Some(Held { resource: ResourceKey(shared(place)?.address), hold })
    }
}

/// The part that all ends of a channel share.
pub(super) fn shared<'program>(end: &Place<'program>) -> Option<Place<'program>> {
    owner::behind_pointers(end.field("shared")?, SHARED)
}

/// The channel with this shared part.
pub(super) fn resource(shared: &Place<'_>) -> Option<Resource> {
    let mut amounts = senders(shared);
    amounts.extend(capacity(shared).map(Amount::Capacity));
    amounts.extend(receivers(shared));
    let tail = shared.field("tail");
    let listeners = tail.as_ref().and_then(|tail| queue::waiters(tail, &|_| 1));
    let last = shared.field("notify_last_rx_drop");
    let senders = last.and_then(|notify| queue::waiters(&notify, &|_| 1));
    Some(Resource {
        amounts,
        listeners: listeners.into_iter().chain(senders).flatten().collect(),
        ..super::resource(shared, "broadcast channel")
    })
}

fn senders(shared: &Place<'_>) -> Vec<Amount> {
    match shared.field("num_tx").and_then(|count| count.unsigned()) {
        Some(0) => vec![Amount::Closed],
        Some(senders) => vec![Amount::Senders(senders)],
        None => Vec::new(),
    }
}

/// How many receivers there are.
pub(super) fn receivers(shared: &Place<'_>) -> Option<Amount> {
    let tail = search(&shared.field("tail")?, 6, &|type_| type_.member("rx_cnt").is_some());
    tail.first()?.field("rx_cnt")?.unsigned().map(Amount::Receivers)
}

fn capacity(shared: &Place<'_>) -> Option<u64> {
    shared.field("mask")?.unsigned()?.checked_add(1)
}

/// How many values this receiver has not taken.
fn behind(receiver: &Place<'_>, shared: &Place<'_>) -> Option<Amount> {
    let tail = search(&shared.field("tail")?, 6, &|type_| type_.member("pos").is_some());
    let sent = tail.first()?.field("pos")?.unsigned()?;
    let behind = sent.checked_sub(receiver.field("next")?.unsigned()?)?;
    (behind > 0).then_some(Amount::Length(behind))
}
