//! The one value of a oneshot channel.
//!
//! Source: tokio 1.20 and 1.54 `sync/oneshot.rs` (`struct Receiver { inner: Option<Arc<Inner>> }`,
//! `struct Inner { state, tx_task, rx_task }`). The state's bits: 1 for a receiver's waker, 2 for a
//! value that was sent, 4 for a receiver that is closed, 8 for a sender's waker. A sender that goes
//! sets 2 as well. `Sender::closed` awaits a `PollFn` of a closure that borrows the sender.

use super::{Leaf, owner, queue};
use crate::model::{Amount, EndedBy, Held, Hold, Resource, ResourceKey, Wait};
use crate::symbols::{Kind, Type};
use crate::value::{Place, search};

/// The value of a oneshot channel.
pub(super) struct Oneshot;

const RECEIVER: &str = "tokio::sync::oneshot::Receiver";
const SENDER: &str = "tokio::sync::oneshot::Sender";
const SHARED: &str = "tokio::sync::oneshot::Inner";

const RECEIVER_WAITS: u64 = 1;
const CLOSED_OR_COMPLETE: u64 = 0b110;
const SENDER_WAITS: u64 = 0b1000;

impl Leaf for Oneshot {
    fn is_leaf(&self, type_: &Type) -> bool {
        type_.is(RECEIVER) || is_closed(type_)
    }

    fn wait(&self, place: &Place<'_>, around: &[Place<'_>]) -> Option<Wait> {
        let shared = shared(place, around);
        let state = shared.as_ref().and_then(|shared| shared.field("state")?.unsigned());
        let is_sender = is_closed(&place.type_);
        let has_ended = state.is_some_and(|state| state & CLOSED_OR_COMPLETE != 0);
        let key = shared.as_ref().map(|shared| shared.address);
        Some(Wait {
            kind: if is_sender { "oneshot closed" } else { "oneshot" }.to_owned(),
            by: if is_sender { EndedBy::Receivers } else { EndedBy::Senders },
            type_name: if is_sender { SENDER.to_owned() } else { place.type_.name.clone() },
            address: key,
            resource: key.map(ResourceKey),
            amounts: has_ended.then_some(Amount::Closed).into_iter().collect(),
            ..Wait::default()
        })
    }

    fn resource(&self, place: &Place<'_>, around: &[Place<'_>]) -> Option<Resource> {
        let shared = shared(place, around)?;
        let state = shared.field("state")?.unsigned()?;
        let wakers = [("rx_task", RECEIVER_WAITS), ("tx_task", SENDER_WAITS)].into_iter();
        let wakers = wakers.filter(|(_, bit)| state & bit != 0);
        let wakers = wakers.filter_map(|(field, _)| queue::listener(&shared.field(field)?));
        let has_ended = state & CLOSED_OR_COMPLETE != 0;
        Some(Resource {
            amounts: match has_ended {
                true => vec![Amount::Closed],
                false => vec![Amount::Senders(1), Amount::Receivers(1)],
            },
            listeners: wakers.collect(),
            ..super::resource(&shared, "oneshot channel")
        })
    }

    fn is_held(&self, type_: &Type) -> bool {
        type_.is(RECEIVER) || type_.is(SENDER)
    }

    fn held(&self, place: &Place<'_>, _around: &[Place<'_>]) -> Option<Held> {
        let shared = owner::behind_pointers(place.field("inner")?, SHARED)?;
        let hold = if place.type_.is(SENDER) { Hold::Sender } else { Hold::Receiver };
        Some(Held { resource: ResourceKey(shared.address), hold })
    }
}

fn is_closed(type_: &Type) -> bool {
    type_.own_name.starts_with("PollFn<tokio::sync::oneshot::")
        && type_.own_name.contains("::closed")
}

/// The part that both ends share, until this end has got its value.
fn shared<'program>(
    place: &Place<'program>,
    around: &[Place<'program>],
) -> Option<Place<'program>> {
    if place.type_.is(RECEIVER) {
        return owner::behind_pointers(place.field("inner")?, SHARED);
    }
    let captures = search(place, 6, &|type_| matches!(type_.kind, Kind::Pointer { .. }));
    let captured = captures.into_iter().find_map(|capture| owner::behind_pointers(capture, SENDER));
    let sender = captured.or_else(|| owner::captured(around, SENDER))?;
    owner::behind_pointers(sender.field("inner")?, SHARED)
}
