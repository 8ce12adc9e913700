//! Channels of std: a thread waits in one, and values anywhere are its ends.
//!
//! Source: rust 1.95 `library/std/src/sync/mpmc/{mod,counter}.rs`: `struct Sender { flavor: SenderFlavor }`,
//! `struct Receiver { flavor: ReceiverFlavor }`, whose variants have a pointer to the `struct Counter {
//! senders, receivers, chan }` that all ends share. Those of `std::sync::mpsc` have one of these inside.

use crate::futures::Leaf;
use crate::model::{Amount, Held, Hold, ResourceKey, Wait};
use crate::symbols::{Kind, Type};
use crate::value::{Place, Pointee, search};

/// The ends of channels of std. No future waits for them.
pub(super) struct Ends;

const SENDER: &str = "std::sync::mpmc::Sender";
const RECEIVER: &str = "std::sync::mpmc::Receiver";

/// How deep in an end the pointer to what all ends share is.
const DEPTH: usize = 6;

impl Leaf for Ends {
    fn is_leaf(&self, _type: &Type) -> bool {
        false
    }

    fn wait(&self, _place: &Place<'_>, _around: &[Place<'_>]) -> Option<Wait> {
        None
    }

    fn is_held(&self, type_: &Type) -> bool {
        type_.is(SENDER) || type_.is(RECEIVER)
    }

    fn held(&self, place: &Place<'_>, _around: &[Place<'_>]) -> Option<Held> {
        let hold = if place.type_.is(SENDER) { Hold::Sender } else { Hold::Receiver };
        Some(Held { resource: ResourceKey(shared(place)?.address), hold })
    }
}

/// What all ends of a channel share.
pub(super) fn shared<'program>(end: &Place<'program>) -> Option<Place<'program>> {
    let pointers = search(end, DEPTH, &|type_| matches!(type_.kind, Kind::Pointer { .. }));
    pointers.iter().find_map(|pointer| match pointer.pointee()? {
        Pointee::Thin(counter) => counter.type_.member("senders").is_some().then_some(counter),
        Pointee::Dynamic(_) | Pointee::UnknownDynamic(_) => None,
    })
}

/// How many ends of each kind there are.
pub(super) fn amounts(shared: &Place<'_>) -> Vec<Amount> {
    let count = |name: &str| shared.field(name)?.unsigned();
    let senders = count("senders").map(Amount::Senders);
    senders.into_iter().chain(count("receivers").map(Amount::Receivers)).collect()
}
