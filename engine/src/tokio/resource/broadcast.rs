//! The next value of a broadcast channel.
//!
//! Source: tokio 1.20 and 1.54 `sync/broadcast.rs` (`struct Recv { receiver: &mut Receiver }`,
//! `struct Receiver { shared: Arc<Shared> }`, `struct Shared { num_tx }`).

use super::{Leaf, owner};
use crate::model::{Amount, EndedBy, ResourceKey, Wait};
use crate::symbols::Type;
use crate::value::Place;

/// The values of a broadcast channel.
pub(super) struct Broadcast;

impl Leaf for Broadcast {
    fn is_leaf(&self, type_: &Type) -> bool {
        type_.is("tokio::sync::broadcast::Recv")
    }

    fn wait(&self, place: &Place<'_>, _around: &[Place<'_>]) -> Option<Wait> {
        let receiver =
            owner::behind_pointers(place.field("receiver")?, "tokio::sync::broadcast::Receiver")?;
        let shared = receiver
            .field("shared")
            .and_then(|shared| owner::behind_pointers(shared, "tokio::sync::broadcast::Shared"));
        let senders = shared.as_ref().and_then(|shared| shared.field("num_tx")?.unsigned());
        let amounts = match senders {
            Some(0) => vec![Amount::Closed],
            Some(senders) => vec![Amount::Senders(senders)],
            None => Vec::new(),
        };
        Some(Wait {
            kind: "broadcast recv".to_owned(),
            by: EndedBy::Senders,
            type_name: receiver.type_.name.clone(),
            address: shared.as_ref().map(|shared| shared.address),
            resource: shared.map(|shared| ResourceKey(shared.address)),
            task: None,
            thread: None,
            amounts,
        })
    }
}
