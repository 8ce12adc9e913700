//! A moment in time.
//!
//! Source: tokio 1.20 to 1.54 `time/sleep.rs` (`struct Sleep`), whose deadline is its own field or
//! one of its entry's: the first `std::time::Instant` inside.

use super::Leaf;
use super::clock::{self, Now};
use crate::model::{Amount, EndedBy, Wait};
use crate::symbols::Type;
use crate::tokio::runtime;
use crate::value::Place;

/// A timer.
pub(super) struct Sleep;

impl Leaf for Sleep {
    fn is_leaf(&self, type_: &Type) -> bool {
        type_.is("tokio::time::sleep::Sleep") || type_.is("tokio::time::driver::sleep::Sleep")
    }

    fn wait(&self, place: &Place<'_>, _around: &[Place<'_>]) -> Option<Wait> {
        Some(Wait {
            kind: "sleep".to_owned(),
            by: EndedBy::Time,
            type_name: place.type_.name.clone(),
            address: Some(place.address),
            driven_by: runtime::registered_with(place),
            amounts: amounts(place),
            ..Wait::default()
        })
    }
}

/// How long until the moment of the timer inside `place`, and whether its clock stands still.
pub(super) fn amounts(place: &Place<'_>) -> Vec<Amount> {
    let deadline = clock::instant(place);
    let fires_in = |now: i64| deadline.and_then(|deadline| deadline.checked_sub(now));
    match clock::now(place) {
        Some(Now::Runs(now)) => fires_in(now).map(Amount::FiresIn).into_iter().collect(),
        Some(Now::Paused(now)) => {
            fires_in(now).map(Amount::FiresIn).into_iter().chain([Amount::Paused]).collect()
        }
        None => Vec::new(),
    }
}
