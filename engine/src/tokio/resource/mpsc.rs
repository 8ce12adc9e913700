//! The next message of an mpsc channel.
//!
//! Source: tokio 1.20 and 1.54 `sync/mpsc/{bounded,unbounded,chan}.rs`: `recv` awaits a `PollFn` of
//! a closure that borrows the receiver; `struct Rx { inner: Arc<Chan> }`, `struct Chan { tx_count }`.
//! Streams around a receiver (tokio-stream 0.1 `wrappers/mpsc_{bounded,unbounded}.rs`) poll the
//! receiver itself.

use super::Leaf;
use super::owner::{self, Owner};
use crate::model::{Amount, EndedBy, ResourceKey, Wait};
use crate::symbols::{Kind, Type};
use crate::value::{Place, search};

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

/// The messages of an mpsc channel.
pub(super) struct Mpsc;

impl Leaf for Mpsc {
    fn is_leaf(&self, type_: &Type) -> bool {
        let is_method = type_.own_name.starts_with("PollFn<tokio::sync::mpsc::")
            && type_.own_name.contains("::recv");
        is_method || is_receiver(type_)
    }

    fn wait(&self, place: &Place<'_>, around: &[Place<'_>]) -> Option<Wait> {
        let captures = search(place, 6, &|type_| matches!(type_.kind, Kind::Pointer { .. }));
        let captured = |path| {
            captures.iter().find_map(|capture| owner::behind_pointers(capture.clone(), path))
        };
        // Closures capture the receiver, or from the 2021 edition on just its field `chan`.
        let itself = is_receiver(&place.type_).then(|| place.clone());
        let receiver = itself.or_else(|| OWNERS.iter().find_map(|owner| captured(owner.type_path)));
        let receiver = receiver.or_else(|| owner::outermost(around, OWNERS)?.1);
        let half = receiver.clone().and_then(|receiver| receiver.field("chan"));
        let half = half.or_else(|| captured("tokio::sync::mpsc::chan::Rx"))?;
        let channel = owner::behind_pointers(half.field("inner")?, "tokio::sync::mpsc::chan::Chan");
        let senders = channel.as_ref().and_then(|channel| channel.field("tx_count")?.unsigned());
        let amounts = match senders {
            Some(0) => vec![Amount::Closed],
            Some(senders) => vec![Amount::Senders(senders)],
            None => Vec::new(),
        };
        Some(Wait {
            kind: "mpsc recv".to_owned(),
            by: EndedBy::Senders,
            type_name: receiver.unwrap_or(half).type_.name.clone(),
            address: channel.as_ref().map(|channel| channel.address),
            resource: channel.map(|channel| ResourceKey(channel.address)),
            task: None,
            thread: None,
            amounts,
        })
    }
}

fn is_receiver(type_: &Type) -> bool {
    OWNERS.iter().any(|owner| type_.is(owner.type_path))
}
