//! Channels of flume.
//!
//! Source: flume 0.11.1 `src/lib.rs` (`struct Shared { sender_count, receiver_count }`),
//! `src/async.rs`.

use super::primitive::Primitive;
use crate::model::{Amount, EndedBy, Hold};

pub(super) const CHANNEL: Primitive = Primitive {
    kind: "flume channel",
    shared: "flume::Shared",
    waits: &[
        ("flume::async::RecvFut", "flume recv", EndedBy::Senders),
        ("flume::async::SendFut", "flume send", EndedBy::Receivers),
    ],
    held: &[("flume::Sender", Hold::Sender), ("flume::Receiver", Hold::Receiver)],
    amounts: &[("sender_count", Amount::Senders), ("receiver_count", Amount::Receivers)],
    locked: None,
};
