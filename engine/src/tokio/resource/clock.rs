//! What time it is for a timer: that of the system, or of a clock that a test has paused.
//!
//! Source: tokio 1.20 to 1.54 `time/clock.rs` (with `test-util`: `struct Inner { base: Instant,
//! unfrozen: Option<Instant> }`; time stands still at `base` while the second is absent), which a
//! timer reaches through its runtime's handle: 1.20 `time/driver/handle.rs` (`Handle { time_source }`),
//! 1.38 and 1.54 `runtime/driver.rs` (`Handle { clock }`). std's `Instant` counts `CLOCK_MONOTONIC`
//! (`std/src/sys/pal/unix/time.rs`).

use super::owner;
use crate::symbols::Type;
use crate::value::{Place, search};

const NANOSECONDS: i64 = 1_000_000_000;

/// How deep in wrappers the parts of a timer and of a handle are searched.
const DEPTH: usize = 12;

/// The time, in nanoseconds of `CLOCK_MONOTONIC`.
#[derive(Clone, Copy)]
pub(super) enum Now {
    /// It passes.
    Runs(i64),
    /// It stands still until the runtime moves it.
    Paused(i64),
}

/// The time as the timer inside `place` has it.
pub(super) fn now(place: &Place<'_>) -> Option<Now> {
    let system = i64::try_from(place.program.snapshot.facts.clock.monotonic).ok()?;
    let Some(clock) = clock(place) else { return Some(Now::Runs(system)) };
    let base = instant(&clock.field("base")?)?;
    let (_, unfrozen) = clock.field("unfrozen")?.active_variant()?;
    match unfrozen.field("__0") {
        Some(since) => {
            let passed = system.checked_sub(instant(&since)?)?;
            base.checked_add(passed).map(Now::Runs)
        }
        None => Some(Now::Paused(base)),
    }
}

/// The clock that can be paused, where there is one.
fn clock<'program>(place: &Place<'program>) -> Option<Place<'program>> {
    let first = |place: &Place<'program>, is_wanted: &dyn Fn(&Type) -> bool| {
        search(place, DEPTH, is_wanted).into_iter().next()
    };
    let is_clock = |type_: &Type| type_.is("tokio::time::clock::Clock");
    let is_inner = |type_: &Type| type_.is("tokio::time::clock::Inner");
    let is_arc = |type_: &Type| type_.is("alloc::sync::Arc");
    let clock = first(place, &is_clock).or_else(|| {
        let handle = first(place, &|type_| type_.is("tokio::runtime::scheduler::Handle"))?;
        first(&owner::shared(&first(&handle, &is_arc)?)?, &is_clock)
    })?;
    first(&clock, &is_inner).or_else(|| first(&owner::shared(&first(&clock, &is_arc)?)?, &is_inner))
}

/// The nanoseconds of the first `std::time::Instant` inside `place`.
pub(super) fn instant(place: &Place<'_>) -> Option<i64> {
    let instants = search(place, DEPTH, &|type_| type_.is("std::time::Instant"));
    let instant = instants.first()?;
    let number = |name: &str| {
        let found = search(instant, DEPTH, &|type_| type_.member(name).is_some());
        found.first()?.field(name)?.unsigned()
    };
    let seconds = i64::try_from(number("tv_sec")?).ok()?;
    let nanoseconds = i64::try_from(number("tv_nsec")?).ok()?;
    seconds.checked_mul(NANOSECONDS)?.checked_add(nanoseconds)
}
