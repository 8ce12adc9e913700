//! Sweeps over the running tests for those that may be stuck.

use std::time::{Duration, Instant};

use super::Run;
use crate::runner::event::Purpose;
use crate::runner::running::{Running, State};

/// How often all are looked at, without stopping them.
const EVERY: Duration = Duration::from_millis(500);

/// By how much longer a test must rest after each look that did not prove it stuck: `2^n` times as
/// long, up to this `n`.
const MOST_DOUBLINGS: u32 = 6;

impl Run<'_> {
    /// When the next sweep is due.
    pub(super) fn next_sweep(&self) -> Option<Instant> {
        self.next_sweep.filter(|_| self.interrupted.is_none() && self.sweeps())
    }

    /// Whether any test can be ended as stuck, or is one of several in a program.
    fn sweeps(&self) -> bool {
        let mut own = self.plan.own_options.values();
        let is_stuck = self.options.stuck_after.is_some();
        is_stuck || self.plan.inside.is_some() || own.any(|one| one.stuck_after.is_some())
    }

    /// Looks at all tests, and closely at those that rest and that nothing seems to be able to
    /// wake.
    pub(super) fn sweep(&mut self, now: Instant) {
        if !self.sweeps() {
            return;
        }
        self.next_sweep = Some(now + EVERY);
        let (plan, options) = (self.plan, self.options);
        for running in self.running.values_mut() {
            running.follow(plan.options(running.test, options), now);
        }
        let ripe = |running: &mut Running| {
            let Some(after) = plan.options(running.test, options).stuck_after else {
                return false;
            };
            // The close look takes as long again as the time between its two halves.
            let rest = after.saturating_sub(options.apart);
            let rest = rest.saturating_mul(1 << running.unproven.min(MOST_DOUBLINGS));
            matches!(running.state, State::Runs) && running.watch.is_ripe(now, rest)
        };
        let serials: Vec<u64> = self
            .running
            .iter_mut()
            .filter_map(|(serial, running)| ripe(running).then_some(*serial))
            .collect();
        for serial in serials {
            self.examine(serial, Purpose::Stuck);
        }
    }
}
