//! When a test is looked at. Pure: the clock is a parameter.

use std::time::{Duration, Instant};

use asynctest_engine::report::Looks;

use super::event::Purpose;
use crate::plan::{Deadline, RunOptions};

/// One test's clock.
#[derive(Clone, Debug)]
pub(super) struct Timing {
    started: Instant,
    /// How long the whole run was stopped meanwhile.
    paused: Duration,
    slow_after: Option<Duration>,
    soft: Option<Duration>,
    end: Option<Duration>,
}

impl Timing {
    /// A test that starts now.
    pub(super) fn new(options: &RunOptions, now: Instant) -> Timing {
        let (soft, end) = match options.deadline {
            Deadline::Default { soft, hard } => (Some(soft), Some(hard)),
            Deadline::Asked(end) => (None, Some(end)),
            Deadline::None => (None, None),
        };
        Timing { started: now, paused: Duration::ZERO, slow_after: options.slow_after, soft, end }
    }

    /// How long it has run.
    pub(super) fn elapsed(&self, now: Instant) -> Duration {
        now.saturating_duration_since(self.started).saturating_sub(self.paused)
    }

    /// The whole run was stopped for so long.
    pub(super) fn pause(&mut self, duration: Duration) {
        self.paused += duration;
    }

    /// What is to be done next, and when: what matters more first when both are due at once.
    pub(super) fn next(&self) -> Option<(Instant, Purpose)> {
        let due = [
            (self.end, Purpose::Deadline),
            (self.soft, Purpose::Soft),
            (self.slow_after, Purpose::Slow),
        ];
        due.into_iter()
            .filter_map(|(after, purpose)| {
                let at = self.started.checked_add(self.paused)?.checked_add(after?)?;
                Some((at, purpose))
            })
            .min_by_key(|(at, _)| *at)
    }

    /// The test was looked at for `purpose`: that is not done again.
    pub(super) fn done(&mut self, purpose: Purpose) {
        match purpose {
            // It may come to rest again, and the user may ask again.
            Purpose::Stuck
            | Purpose::Stall
            | Purpose::Asked
            | Purpose::FirstPanic
            | Purpose::Panic
            | Purpose::Crash => {}
            Purpose::Slow => self.slow_after = None,
            Purpose::Soft => {
                self.soft = None;
                self.slow_after = None;
            }
            Purpose::Deadline => {
                self.end = None;
                self.soft = None;
                self.slow_after = None;
            }
        }
    }
}

/// How much longer than to its first deadline a test may run if it moves.
pub(super) fn patience(options: &RunOptions) -> Duration {
    match options.deadline {
        Deadline::Default { soft, hard } => hard.saturating_sub(soft),
        Deadline::Asked(_) | Deadline::None => Duration::ZERO,
    }
}

/// Whether a test that was looked at moves, or waits for a timer that fires while it may still run:
/// a test that sleeps is not one that hangs.
pub(super) fn moves(looks: &Looks, patience: Duration) -> bool {
    let fires = looks.next_timer_ms.map(Duration::from_millis);
    !looks.moved.is_empty() || fires.is_some_and(|fires| fires < patience)
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use asynctest_engine::limits::Values;
    use asynctest_engine::report::Looks;

    use super::{Purpose, Timing, moves};
    use crate::plan::{Deadline, FailFast, Host, Output, RunOptions, StatusLevel, Trace};

    const SECOND: Duration = Duration::from_secs(1);

    fn timing(deadline: Deadline, slow_after: Option<Duration>, now: Instant) -> Timing {
        let options = RunOptions {
            jobs: 1,
            deadline,
            trace: Trace::Never,
            slow_after,
            output: Output::Captured,
            fail_fast: FailFast::No,
            status: StatusLevel::All,
            apart: SECOND,
            values: Values::default(),
            host: Host::Own,
            stuck_after: None,
            stall_after: None,
            global_timeout: None,
        };
        Timing::new(&options, now)
    }

    fn order(deadline: Deadline, slow_after: Option<Duration>) -> Vec<(u64, Purpose)> {
        let now = Instant::now();
        let mut timing = timing(deadline, slow_after, now);
        let mut order = Vec::new();
        while let Some((at, purpose)) = timing.next() {
            order.push((at.duration_since(now).as_secs(), purpose));
            timing.done(purpose);
        }
        order
    }

    #[test]
    fn a_deadline_nobody_asked_for_looks_first_and_ends_later() {
        let deadline = Deadline::Default { soft: 60 * SECOND, hard: 600 * SECOND };
        assert_eq!(order(deadline, None), [(60, Purpose::Soft), (600, Purpose::Deadline)]);
        assert_eq!(
            order(deadline, Some(10 * SECOND)),
            [(10, Purpose::Slow), (60, Purpose::Soft), (600, Purpose::Deadline)]
        );
    }

    #[test]
    fn the_end_goes_before_a_report_that_is_due_with_it() {
        assert_eq!(order(Deadline::Asked(5 * SECOND), Some(5 * SECOND)), [(5, Purpose::Deadline)]);
        assert_eq!(order(Deadline::None, Some(SECOND)), [(1, Purpose::Slow)]);
        assert_eq!(order(Deadline::None, None), []);
    }

    #[test]
    fn a_deadline_too_far_to_count_is_none() {
        assert_eq!(order(Deadline::Asked(Duration::MAX), None), []);
    }

    #[test]
    fn the_clock_stands_while_the_run_is_stopped() {
        let now = Instant::now();
        let mut timing = timing(Deadline::Asked(60 * SECOND), None, now);
        timing.pause(30 * SECOND);
        assert_eq!(timing.elapsed(now + 31 * SECOND), SECOND);
        let (at, _) = timing.next().unwrap();
        assert_eq!(at.duration_since(now), 90 * SECOND);
    }

    #[test]
    fn a_test_that_sleeps_is_not_one_that_hangs() {
        let check = |moved: &[&str], next_timer_ms, patience: u64, expected| {
            let moved = moved.iter().map(|text| (*text).to_owned()).collect();
            let looks = Looks { count: 2, apart_ms: 1000, moved, next_timer_ms, stirs: None };
            assert_eq!(moves(&looks, Duration::from_secs(patience)), expected, "{looks:?}");
        };
        check(&[], None, 540, false);
        check(&["task 1 went on"], None, 540, true);
        check(&[], Some(10_000), 540, true);
        check(&[], Some(3_600_000), 540, false);
        check(&[], Some(10_000), 0, false);
    }
}
