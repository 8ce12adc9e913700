//! The end of all that a task tracker tracks.
//!
//! Source: tokio-util 0.7 `task/task_tracker.rs` (`struct TaskTrackerInner { state, on_last_exit:
//! Notify }`, whose state's lowest bit says that it is closed and the others how many it tracks;
//! `struct TaskTrackerWaitFuture { future: Notified, inner: Option<&TaskTrackerInner> }`, `struct
//! TaskTrackerToken { task_tracker: TaskTracker { inner: Arc<TaskTrackerInner> } }`).

use super::{Leaf, notified, owner};
use crate::model::{Amount, EndedBy, Held, Hold, Resource, ResourceKey, Wait};
use crate::symbols::Type;
use crate::value::Place;

/// The end of all that a task tracker tracks.
pub(super) struct TaskTracker;

const TRACKER: &str = "tokio_util::task::task_tracker::TaskTracker";
const TOKEN: &str = "tokio_util::task::task_tracker::TaskTrackerToken";
const INNER: &str = "tokio_util::task::task_tracker::TaskTrackerInner";

const CLOSED: u64 = 1;

impl Leaf for TaskTracker {
    fn is_leaf(&self, type_: &Type) -> bool {
        type_.is("tokio_util::task::task_tracker::TaskTrackerWaitFuture")
    }

    fn wait(&self, place: &Place<'_>, _around: &[Place<'_>]) -> Option<Wait> {
        let inner = owner::behind_pointers(place.field("inner")?, INNER);
        let key = inner.as_ref().map(|inner| inner.address);
        Some(Wait {
            kind: "TaskTracker".to_owned(),
            by: inner.as_ref().map_or(EndedBy::Handles, by),
            type_name: TRACKER.to_owned(),
            address: key,
            resource: key.map(ResourceKey),
            amounts: inner.as_ref().map(amounts).unwrap_or_default(),
            ..Wait::default()
        })
    }

    fn resource(&self, place: &Place<'_>, _around: &[Place<'_>]) -> Option<Resource> {
        let inner = owner::behind_pointers(place.field("inner")?, INNER)?;
        let listeners = inner.field("on_last_exit").and_then(|notify| notified::waiters(&notify));
        Some(Resource {
            type_name: TRACKER.to_owned(),
            amounts: amounts(&inner),
            listeners: listeners.unwrap_or_default(),
            ..super::resource(&inner, "TaskTracker")
        })
    }

    fn is_held(&self, type_: &Type) -> bool {
        type_.is(TOKEN)
    }

    fn is_waited(&self, type_: &Type) -> bool {
        type_.is(INNER)
    }

    fn held(&self, place: &Place<'_>, _around: &[Place<'_>]) -> Option<Held> {
        let inner = place.fields(&["task_tracker", "inner"])?;
        let inner = owner::behind_pointers(inner, INNER)?;
        Some(Held { resource: ResourceKey(inner.address), hold: Hold::Handle })
    }
}

/// Whose doing ends the wait: with no task left, whoever can reach the tracker has to close it.
fn by(inner: &Place<'_>) -> EndedBy {
    match amounts(inner).as_slice() {
        [Amount::Tasks(0), Amount::Open] => EndedBy::Anybody,
        _ => EndedBy::Handles,
    }
}

/// How many tasks there are, and that the tracker was not closed: its wait does not end before.
fn amounts(inner: &Place<'_>) -> Vec<Amount> {
    let Some(state) = inner.field("state").and_then(|state| state.unsigned()) else {
        return Vec::new();
    };
    let mut amounts = vec![Amount::Tasks(state >> 1)];
    if state & CLOSED == 0 {
        amounts.push(Amount::Open);
    }
    amounts
}
