//! Tests that are run again and again.

use super::Run;
use crate::plan::Until;
use crate::runner::verdict::Verdict;

impl Run<'_> {
    /// Has all tests wait again, if there is another round and room for it, and says so. Rounds
    /// overlap: one begins when all tests of the one before have been started.
    pub(super) fn begin_round(&mut self) -> bool {
        let is_over = self.round >= self.rounds_left_to || self.plan.tests.is_empty();
        let has_room = self.running.len() < self.options.jobs.max(1);
        if is_over || !has_room || !self.waiting.is_empty() {
            return false;
        }
        self.round += 1;
        self.waiting = (0..self.plan.tests.len()).collect();
        self.totals.rounds = self.round;
        // Without an end, as many are planned as have begun.
        let rounds = if self.plan.rounds.is_endless() { self.round } else { self.plan.rounds.most };
        self.totals.planned = self.plan.tests.len().saturating_mul(rounds as usize);
        true
    }

    /// Begins no further round.
    pub(super) fn last_round(&mut self) {
        self.rounds_left_to = self.round;
    }

    /// Starts no further test, of no round.
    pub(super) fn start_no_more(&mut self) {
        self.waiting.clear();
        self.last_round();
    }

    /// Whether this verdict is what was waited for.
    pub(super) fn is_caught(&self, verdict: Option<Verdict>) -> bool {
        match self.plan.rounds.until {
            Until::Last => false,
            Until::Hang => verdict.is_some_and(Verdict::is_hang),
        }
    }
}
