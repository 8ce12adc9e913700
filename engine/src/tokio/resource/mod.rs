//! What Tokio's leaves wait for, and what of it is held: one file a kind, each a [`Leaf`].

mod acquire;
mod barrier;
mod broadcast;
mod cancellation;
mod child;
mod clock;
mod connection;
mod duplex;
mod endpoint;
mod guard;
mod interval;
mod io;
mod join;
mod join_set;
mod list;
mod mpsc;
mod notified;
mod oneshot;
mod owner;
mod pending;
mod queue;
mod signal;
mod sleep;
mod stream;
mod task_tracker;
mod watch;
mod yielded;

use crate::futures::Leaf;
use crate::model::{Resource, ResourceKey, Wait};
use crate::value::Place;

/// All kinds, in the order in which they are tried.
pub(super) const LEAVES: &[&dyn Leaf] = &[
    &acquire::Acquire,
    &connection::Connection,
    &join::Join,
    &oneshot::Oneshot,
    &mpsc::Mpsc,
    &broadcast::Broadcast,
    &cancellation::Cancellation,
    &task_tracker::TaskTracker,
    &notified::Notified,
    &watch::Watch,
    &join_set::JoinSet,
    &interval::Interval,
    &sleep::Sleep,
    &pending::Pending,
    &child::Child,
    &signal::Signal,
    &yielded::Yielded,
    &duplex::Duplex,
    &io::Io,
    &stream::Stream,
    &stream::Listener,
];

/// What a future of a type that is not known polls: an endpoint that it alone can poll.
pub(super) fn polled(place: &Place<'_>) -> Option<Wait> {
    io::polled(place, endpoint::Reach::Exclusive)
}

/// What the key of such a wait stands for.
pub(super) fn polled_resource(place: &Place<'_>) -> Option<Resource> {
    io::polled_resource(place, endpoint::Reach::Exclusive)
}

/// The resource that the shared state at this place is, of which no more is known yet.
fn resource(shared: &Place<'_>, kind: &str) -> Resource {
    Resource {
        key: ResourceKey(shared.address),
        kind: kind.to_owned(),
        type_name: shared.type_.name.clone(),
        address: Some(shared.address),
        amounts: Vec::new(),
        waiters: None,
        listeners: Vec::new(),
        tasks: Vec::new(),
    }
}
