//! The value that a watch channel shows, and its ends.
//!
//! Source: tokio 1.20 and 1.54 `sync/watch.rs` (`struct Shared { state, ref_count_rx, notify_rx,
//! notify_tx }`, whose state's lowest bit says that the senders are gone; `struct Receiver { shared:
//! Arc<Shared> }`, `struct Sender { shared }`). From 1.26 on the receivers are spread over several
//! `Notify`s.

use super::{Leaf, notified, owner};
use crate::model::{Amount, Held, Hold, Resource, ResourceKey, Wait};
use crate::symbols::{Kind, Type};
use crate::value::{Place, search};

/// The ends of a watch channel. Its leaves are notifications.
pub(super) struct Watch;

pub(super) const RECEIVER: &str = "tokio::sync::watch::Receiver";
pub(super) const SENDER: &str = "tokio::sync::watch::Sender";
pub(super) const SHARED: &str = "tokio::sync::watch::Shared";

const CLOSED: u64 = 1;

impl Leaf for Watch {
    fn is_leaf(&self, _type: &Type) -> bool {
        false
    }

    fn wait(&self, _place: &Place<'_>, _around: &[Place<'_>]) -> Option<Wait> {
        None
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
    let listeners = ["notify_rx", "notify_tx"].into_iter().filter_map(|name| shared.field(name));
    let listeners = listeners.flat_map(|field| notifies(&field));
    let mut amounts = amounts(shared);
    amounts.extend(receivers(shared));
    Some(Resource {
        amounts,
        listeners: listeners.filter_map(|notify| notified::waiters(&notify)).flatten().collect(),
        ..super::resource(shared, "watch channel")
    })
}

/// How many senders there are, and whether they are gone. Before 1.37 nothing counts them: a channel that
/// is open has one, as `Sender` could not be cloned.
pub(super) fn amounts(shared: &Place<'_>) -> Vec<Amount> {
    let state = shared.field("state").and_then(|state| state.unsigned());
    if state.is_some_and(|state| state & CLOSED != 0) {
        return vec![Amount::Closed];
    }
    let senders = match shared.field("ref_count_tx") {
        Some(count) => count.unsigned(),
        None => state.map(|_| 1),
    };
    senders.map(Amount::Senders).into_iter().collect()
}

/// How many receivers there are.
pub(super) fn receivers(shared: &Place<'_>) -> Option<Amount> {
    shared.field("ref_count_rx")?.unsigned().map(Amount::Receivers)
}

/// The `Notify`s inside a field: one, or an array of them.
fn notifies<'program>(field: &Place<'program>) -> Vec<Place<'program>> {
    const MOST: u64 = 64;
    let is_notify = |type_: &Type| type_.is("tokio::sync::notify::Notify");
    let is_wanted = |type_: &Type| is_notify(type_) || matches!(type_.kind, Kind::Array { .. });
    let mut found = Vec::new();
    for part in search(field, 6, &is_wanted) {
        let Kind::Array { element, count } = part.type_.kind else {
            found.push(part);
            continue;
        };
        let Some(first) = part.cast(element).filter(|first| is_notify(&first.type_)) else {
            continue;
        };
        let at = |index: u64| first.address.offset(index.saturating_mul(first.type_.size));
        found.extend((0..count.min(MOST)).filter_map(|index| first.at(at(index), element)));
    }
    found
}
