//! A barrier: how many of how many have come.
//!
//! Source: tokio 1.20 and 1.54 `sync/barrier.rs` (`struct Barrier { state: Mutex<BarrierState>, wait:
//! watch::Receiver, n }`, `struct BarrierState { arrived }`).

use super::watch;
use crate::model::{Amount, Resource};
use crate::value::{Place, search};

/// The barrier at this place.
pub(super) fn resource(barrier: &Place<'_>) -> Option<Resource> {
    let channel = barrier.field("wait").and_then(|receiver| watch::shared(&receiver));
    let listeners = channel.as_ref().and_then(watch::resource).map(|channel| channel.listeners);
    Some(Resource {
        amounts: amounts(barrier),
        listeners: listeners.unwrap_or_default(),
        ..super::resource(barrier, "Barrier")
    })
}

/// How many of how many have come to it.
pub(super) fn amounts(barrier: &Place<'_>) -> Vec<Amount> {
    arrived(barrier).into_iter().collect()
}

fn arrived(barrier: &Place<'_>) -> Option<Amount> {
    let state = search(&barrier.field("state")?, 6, &|type_| type_.member("arrived").is_some());
    let count = state.first()?.field("arrived")?.unsigned()?;
    Some(Amount::Arrived { count, of: barrier.field("n")?.unsigned()? })
}
