//! A moment in time.
//!
//! Source: tokio 1.20 to 1.54 `time/sleep.rs` (`struct Sleep`), whose deadline is its own field or
//! one of its entry's: the first `std::time::Instant` inside. std's `Instant` counts
//! `CLOCK_MONOTONIC` (`std/src/sys/pal/unix/time.rs`).

use super::Leaf;
use crate::model::{Amount, EndedBy, Wait};
use crate::symbols::Type;
use crate::value::{Place, search};

const NANOSECONDS: i64 = 1_000_000_000;

/// A timer.
pub(super) struct Sleep;

impl Leaf for Sleep {
    fn is_leaf(&self, type_: &Type) -> bool {
        type_.is("tokio::time::sleep::Sleep") || type_.is("tokio::time::driver::sleep::Sleep")
    }

    fn wait(&self, place: &Place<'_>, _around: &[Place<'_>]) -> Option<Wait> {
        let amounts = fires_in(place).map(Amount::FiresIn).into_iter().collect();
        Some(Wait {
            kind: "sleep".to_owned(),
            by: EndedBy::Time,
            type_name: place.type_.name.clone(),
            address: Some(place.address),
            resource: None,
            task: None,
            thread: None,
            amounts,
        })
    }
}

/// Nanoseconds from the stop to the deadline of the timer inside `place`.
pub(super) fn fires_in(place: &Place<'_>) -> Option<i64> {
    let instants = search(place, 8, &|type_| type_.is("std::time::Instant"));
    let instant = instants.first()?;
    let number = |name: &str| {
        let found = search(instant, 8, &|type_| type_.member(name).is_some());
        found.first()?.field(name)?.unsigned()
    };
    let seconds = i64::try_from(number("tv_sec")?).ok()?;
    let nanoseconds = i64::try_from(number("tv_nsec")?).ok()?;
    let deadline = seconds.checked_mul(NANOSECONDS)?.checked_add(nanoseconds)?;
    let now = i64::try_from(place.program.snapshot.facts.clock.monotonic).ok()?;
    deadline.checked_sub(now)
}
