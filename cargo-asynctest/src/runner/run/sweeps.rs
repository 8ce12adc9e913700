//! Sweeps over the running tests for those that may be stuck, or have stalled.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use super::Run;
use crate::plan::RunOptions;
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

    /// Whether there is anything to look for.
    fn sweeps(&self) -> bool {
        let wants =
            |options: &RunOptions| options.stuck_after.is_some() || options.stall_after.is_some();
        let is_wanted = wants(self.options) || self.plan.own_options.values().any(wants);
        is_wanted || self.plan.inside.is_some() || self.terminal.is_some()
    }

    /// Looks at all tests, and whether we are in the foreground of the terminal.
    pub(super) fn sweep(&mut self, now: Instant) {
        if !self.sweeps() {
            return;
        }
        self.next_sweep = Some(now + EVERY);
        self.follow_terminal();
        let (plan, options) = (self.plan, self.options);
        for running in self.running.values_mut() {
            running.follow(plan.options(running.test, options), now);
        }
        let stalled = self.stalled(now);
        stalled.into_iter().for_each(|serial| self.examine(serial, Purpose::Stall));
        let ripe = self.ripe(now);
        ripe.into_iter().for_each(|serial| self.examine(serial, Purpose::Stuck));
    }

    /// Those that have neither printed nor computed for long.
    fn stalled(&mut self, now: Instant) -> Vec<u64> {
        let (plan, options) = (self.plan, self.options);
        let is_over = |running: &mut Running| {
            let Some(after) = plan.options(running.test, options).stall_after else {
                return false;
            };
            let printed = running.printed();
            matches!(running.state, State::Runs) && running.stall.is_over(now, printed, after)
        };
        serials(&mut self.running, is_over)
    }

    /// Those that rest and that nothing seems to be able to wake.
    fn ripe(&mut self, now: Instant) -> Vec<u64> {
        let (plan, options) = (self.plan, self.options);
        let is_ripe = |running: &mut Running| {
            let Some(after) = plan.options(running.test, options).stuck_after else {
                return false;
            };
            // The close look takes as long again as the time between its two halves.
            let rest = after.saturating_sub(options.apart);
            let rest = rest.saturating_mul(1 << running.unproven.min(MOST_DOUBLINGS));
            matches!(running.state, State::Runs) && running.watch.is_ripe(now, rest)
        };
        serials(&mut self.running, is_ripe)
    }
}

/// The serial numbers of those of which it is so.
fn serials(
    running: &mut BTreeMap<u64, Running>,
    mut is_so: impl FnMut(&mut Running) -> bool,
) -> Vec<u64> {
    running.iter_mut().filter_map(|(serial, running)| is_so(running).then_some(*serial)).collect()
}
