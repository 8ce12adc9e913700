//! Locks and channels of the futures crate.
//!
//! Source: futures-util 0.3.34 `src/lock/mutex.rs` (`IS_LOCKED` 1, `HAS_WAITERS` 2),
//! futures-channel 0.3.34 `src/mpsc/mod.rs` (`struct BoundedInner { num_senders }`), `src/oneshot.rs`.

use super::primitive::Primitive;
use crate::model::{Amount, EndedBy, Hold};

pub(super) const MUTEX: Primitive = Primitive {
    kind: "futures Mutex",
    shared: "futures_util::lock::mutex::Mutex",
    waits: &[
        ("futures_util::lock::mutex::MutexLockFuture", "futures Mutex", EndedBy::Holders),
        ("futures_util::lock::mutex::OwnedMutexLockFuture", "futures Mutex", EndedBy::Holders),
    ],
    held: &[
        ("futures_util::lock::mutex::MutexGuard", Hold::Exclusive),
        ("futures_util::lock::mutex::OwnedMutexGuard", Hold::Exclusive),
        ("futures_util::lock::mutex::MappedMutexGuard", Hold::Exclusive),
    ],
    amounts: &[],
    locked: Some(("state", 1)),
};

pub(super) const BOUNDED: Primitive = Primitive {
    kind: "futures mpsc channel",
    shared: "futures_channel::mpsc::BoundedInner",
    waits: &[
        ("futures_channel::mpsc::Receiver", "futures mpsc recv", EndedBy::Senders),
        (
            "futures_util::sink::send::Send<futures_channel::mpsc::Sender<",
            "futures mpsc send",
            EndedBy::Receivers,
        ),
        (
            "futures_util::sink::feed::Feed<futures_channel::mpsc::Sender<",
            "futures mpsc send",
            EndedBy::Receivers,
        ),
    ],
    held: &[
        ("futures_channel::mpsc::Sender", Hold::Sender),
        ("futures_channel::mpsc::Receiver", Hold::Receiver),
    ],
    amounts: &[("num_senders", Amount::Senders), ("buffer", Amount::Capacity)],
    locked: None,
};

pub(super) const UNBOUNDED: Primitive = Primitive {
    kind: "futures mpsc channel",
    shared: "futures_channel::mpsc::UnboundedInner",
    waits: &[("futures_channel::mpsc::UnboundedReceiver", "futures mpsc recv", EndedBy::Senders)],
    held: &[
        ("futures_channel::mpsc::UnboundedSender", Hold::Sender),
        ("futures_channel::mpsc::UnboundedReceiver", Hold::Receiver),
    ],
    amounts: &[("num_senders", Amount::Senders)],
    locked: None,
};

pub(super) const ONESHOT: Primitive = Primitive {
    kind: "futures oneshot",
    shared: "futures_channel::oneshot::Inner",
    waits: &[
        ("futures_channel::oneshot::Receiver", "futures oneshot", EndedBy::Senders),
        ("futures_channel::oneshot::Cancellation", "futures oneshot closed", EndedBy::Receivers),
    ],
    held: &[
        ("futures_channel::oneshot::Sender", Hold::Sender),
        ("futures_channel::oneshot::Receiver", Hold::Receiver),
    ],
    // Either end sets it when it goes.
    amounts: &[("complete", |complete| match complete {
        0 => Amount::Senders(1),
        _ => Amount::Closed,
    })],
    locked: None,
};
