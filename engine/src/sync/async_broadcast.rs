//! Channels of async-broadcast. A message is given up when every receiver has taken it: whoever sends into
//! a full one waits for the slowest.
//!
//! Source: async-broadcast 0.7.2 `src/lib.rs` (`struct Inner { receiver_count, sender_count }`; `Recv` and
//! `Send` are wrappers of `RecvInner` and `SendInner`, which have a listener of their own; `Receiver` is a
//! stream).

use super::primitive::Primitive;
use crate::model::{Amount, EndedBy, Hold};

pub(super) const CHANNEL: Primitive = Primitive {
    kind: "async-broadcast channel",
    shared: "async_broadcast::Inner",
    waits: &[
        ("async_broadcast::RecvInner", "async-broadcast recv", EndedBy::Senders),
        ("async_broadcast::Recv", "async-broadcast recv", EndedBy::Senders),
        ("async_broadcast::Receiver", "async-broadcast recv", EndedBy::Senders),
        ("async_broadcast::SendInner", "async-broadcast send", EndedBy::Receivers),
        ("async_broadcast::Send", "async-broadcast send", EndedBy::Receivers),
    ],
    held: &[
        ("async_broadcast::Sender", Hold::Sender),
        ("async_broadcast::Receiver", Hold::Receiver),
    ],
    amounts: &[("sender_count", Amount::Senders), ("receiver_count", Amount::Receivers)],
    locked: None,
};
