//! The moment of a stop.

use nix::time::{ClockId, clock_gettime};
use serde::{Deserialize, Serialize};

/// A moment, in nanoseconds.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Clock {
    /// Of `CLOCK_MONOTONIC`, which `std::time::Instant` uses.
    pub monotonic: u64,
    /// Of `CLOCK_REALTIME`, since 1970.
    pub realtime: u64,
}

impl Clock {
    /// The moment of the call.
    pub fn now() -> Clock {
        Clock {
            monotonic: nanoseconds(ClockId::CLOCK_MONOTONIC),
            realtime: nanoseconds(ClockId::CLOCK_REALTIME),
        }
    }
}

/// What the clock shows; 0 for a clock that this kernel does not have.
fn nanoseconds(clock: ClockId) -> u64 {
    clock_gettime(clock).map_or(0, |time| {
        let seconds = u64::try_from(time.tv_sec()).unwrap_or(0);
        let rest = u64::try_from(time.tv_nsec()).unwrap_or(0);
        seconds.saturating_mul(1_000_000_000).saturating_add(rest)
    })
}
