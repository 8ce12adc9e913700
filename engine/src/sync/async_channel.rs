//! Channels of async-channel.
//!
//! Source: async-channel 1.9.0 and 2.5.0 `src/lib.rs` (`struct Channel { sender_count,
//! receiver_count }`; `Recv` and `Send` are wrappers of `RecvInner` and `SendInner` in the later one).

use super::primitive::Primitive;
use crate::model::{Amount, EndedBy, Hold};

pub(super) const CHANNEL: Primitive = Primitive {
    kind: "async-channel",
    shared: "async_channel::Channel",
    waits: &[
        ("async_channel::RecvInner", "async-channel recv", EndedBy::Senders),
        ("async_channel::Recv", "async-channel recv", EndedBy::Senders),
        ("async_channel::Receiver", "async-channel recv", EndedBy::Senders),
        ("async_channel::SendInner", "async-channel send", EndedBy::Receivers),
        ("async_channel::Send", "async-channel send", EndedBy::Receivers),
    ],
    held: &[("async_channel::Sender", Hold::Sender), ("async_channel::Receiver", Hold::Receiver)],
    amounts: &[("sender_count", Amount::Senders), ("receiver_count", Amount::Receivers)],
    locked: None,
};
