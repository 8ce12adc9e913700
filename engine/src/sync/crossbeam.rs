//! Channels of crossbeam, of which those of std are a copy: a thread waits in one, and values anywhere
//! are its ends.
//!
//! Source: crossbeam-channel 0.5.17 `src/{channel,counter}.rs`: `struct Sender { flavor: SenderFlavor }`,
//! whose variants have a pointer to the `struct Counter { senders, receivers, chan }` that all ends share.

use super::blocked::{Blocked, amounts};
use super::std_channels;
use crate::futures::Leaf;
use crate::model::{EndedBy, Held, Hold, ResourceKey, Wait};
use crate::symbols::Type;
use crate::value::Place;

/// The ends of channels of crossbeam. No future waits for them.
pub(super) struct Ends;

const CRATE: &str = "crossbeam_channel";
const SENDER: &str = "crossbeam_channel::channel::Sender";
const RECEIVER: &str = "crossbeam_channel::channel::Receiver";

/// What each wait is called, whose doing ends it, and the functions that tell it.
const KINDS: [(&str, EndedBy, &[&str]); 2] = [
    (
        "crossbeam channel recv",
        EndedBy::Senders,
        &[
            "channel::Receiver::recv",
            "channel::Receiver::recv_timeout",
            "channel::Receiver::recv_deadline",
        ],
    ),
    (
        "crossbeam channel send",
        EndedBy::Receivers,
        &[
            "channel::Sender::send",
            "channel::Sender::send_timeout",
            "channel::Sender::send_deadline",
        ],
    ),
];

pub(super) fn wait(blocked: &Blocked<'_>) -> Option<Wait> {
    let (kind, by, ends) =
        KINDS.iter().find(|(_, _, ends)| blocked.inside(CRATE, ends).is_some())?;
    let type_name = blocked.receiver_type(CRATE, ends).map(|end| end.type_.name.clone());
    let end = blocked.receiver_value(CRATE, ends);
    let shared = end.and_then(|end| std_channels::shared(&end));
    let mut amounts = blocked.futex().as_ref().map(amounts).unwrap_or_default();
    amounts.extend(shared.iter().flat_map(std_channels::amounts));
    Some(Wait {
        kind: (*kind).to_owned(),
        by: *by,
        type_name: type_name.unwrap_or_else(|| (*kind).to_owned()),
        resource: shared.map(|shared| ResourceKey(shared.address)),
        amounts,
        ..Wait::default()
    })
}

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
        Some(Held { resource: ResourceKey(std_channels::shared(place)?.address), hold })
    }
}
