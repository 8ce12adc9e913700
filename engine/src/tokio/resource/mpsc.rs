//! The next message of an mpsc channel.
//!
//! Source: tokio 1.20 and 1.54 `sync/mpsc/{bounded,unbounded,chan}.rs`: `recv` awaits a `PollFn` of
//! a closure that borrows the receiver; `struct Rx { inner: Arc<Chan> }`, `struct Chan { tx_count }`.

use super::owner;
use crate::model::{Amount, Resource, Wait};
use crate::symbols::Type;
use crate::value::{Place, search};

pub(super) fn is_leaf(type_: &Type) -> bool {
    type_.own_name.starts_with("PollFn<tokio::sync::mpsc::") && type_.own_name.contains("::recv")
}

pub(super) fn wait(place: &Place<'_>, _around: &[Place<'_>]) -> Option<Wait> {
    let receiver = receiver(place)?;
    let channels = search(&receiver, 4, &|type_| type_.is("alloc::sync::Arc"));
    let channel = channels
        .first()
        .and_then(|arc| owner::behind_pointers(arc.clone(), "tokio::sync::mpsc::chan::Chan"));
    let senders =
        channel.as_ref().and_then(|channel| channel.field("tx_count")?.unsigned());
    let amounts = match senders {
        Some(0) => vec![Amount::Closed],
        Some(senders) => vec![Amount::Senders(senders)],
        None => Vec::new(),
    };
    let resource = Resource {
        kind: "mpsc recv".to_owned(),
        type_name: receiver.type_.name.clone(),
        address: channel.map(|channel| channel.address),
    };
    Some(Wait { resource, task: None, amounts })
}

fn receiver<'program>(place: &Place<'program>) -> Option<Place<'program>> {
    let pointers = search(place, 6, &|type_| {
        matches!(type_.kind, crate::symbols::Kind::Pointer { .. })
    });
    pointers.into_iter().find_map(|pointer| {
        [
            "tokio::sync::mpsc::bounded::Receiver",
            "tokio::sync::mpsc::unbounded::UnboundedReceiver",
        ]
        .into_iter()
        .find_map(|path| owner::behind_pointers(pointer.clone(), path))
    })
}
