//! Watches a process, without stopping it, for a time in which it neither prints nor computes.

use std::time::{Duration, Instant};

use crate::address::ProcessId;
use crate::process::cpu_time;

/// How often the process and its descendants are looked at.
const EVERY: Duration = Duration::from_secs(1);

/// Of a thousand parts of a time, how many a process may compute and still do nothing: a task that
/// looks at the clock now and then does not get on by that.
const IDLE_PER_THOUSAND: u32 = 2;

/// Watches one process and what it has started.
#[derive(Clone, Debug)]
pub struct Stall {
    process: ProcessId,
    /// The last moment at which it did something, and what it had used and printed by then.
    since: Instant,
    before: Sample,
    /// The last sample and when it was taken.
    last: (Instant, Sample),
}

/// What a process had done by some moment.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
struct Sample {
    cpu: Duration,
    printed: u64,
}

impl Stall {
    /// Watches this process from `now` on.
    pub fn new(process: ProcessId, now: Instant) -> Stall {
        let nothing = Sample::default();
        Stall { process, since: now, before: nothing, last: (now, nothing) }
    }

    /// To be called again and again. True when for `after` the process has printed nothing, of which it
    /// had printed `printed` bytes by now, and has as good as not computed. Then it counts from
    /// now on.
    pub fn is_over(&mut self, now: Instant, printed: u64, after: Duration) -> bool {
        let pause = EVERY.min(after / 4);
        if now.saturating_duration_since(self.last.0) < pause {
            return false;
        }
        let Some(cpu) = cpu_time(self.process) else { return false };
        self.take(now, Sample { cpu, printed }, after)
    }

    /// Whether it has printed or computed since [`Stall::is_over`] was true.
    pub fn has_gone_on(&self, now: Instant, printed: u64, after: Duration) -> bool {
        let time = now.saturating_duration_since(self.since).max(after);
        let cpu = cpu_time(self.process);
        printed != self.before.printed || cpu.is_none_or(|cpu| !is_idle(self.before.cpu, cpu, time))
    }

    fn take(&mut self, now: Instant, sample: Sample, after: Duration) -> bool {
        let (at, last) = std::mem::replace(&mut self.last, (now, sample));
        let is_silent = last.printed == sample.printed;
        let is_still = is_idle(last.cpu, sample.cpu, now.saturating_duration_since(at));
        let whole = now.saturating_duration_since(self.since);
        if !is_silent || !is_still || !is_idle(self.before.cpu, sample.cpu, whole.max(after)) {
            (self.since, self.before) = (now, sample);
            return false;
        }
        if whole < after {
            return false;
        }
        (self.since, self.before) = (now, sample);
        true
    }
}

/// Whether so little was used in this time that it is as good as nothing; a step of the clock that CPU
/// time is counted by tells nothing.
fn is_idle(before: Duration, now: Duration, time: Duration) -> bool {
    const STEP: Duration = Duration::from_millis(10);
    now.saturating_sub(before) <= (time * IDLE_PER_THOUSAND / 1000).max(STEP)
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::{Sample, Stall};
    use crate::address::ProcessId;

    const AFTER: Duration = Duration::from_secs(30);

    /// After how many seconds it is over, with these samples: CPU milliseconds and bytes each second.
    #[track_caller]
    fn check(samples: impl Iterator<Item = (u64, u64)>, expected: Option<usize>) {
        let begun = Instant::now();
        let mut stall = Stall::new(ProcessId(1), begun);
        let mut seconds = (1u64..).zip(samples);
        let found = seconds.position(|(second, (cpu, printed))| {
            let sample = Sample { cpu: Duration::from_millis(cpu), printed };
            stall.take(begun + Duration::from_secs(second), sample, AFTER)
        });
        assert_eq!(found.map(|index| index + 1), expected);
    }

    #[test]
    fn who_does_nothing_is_over_in_time() {
        check([(0, 0); 40].into_iter(), Some(30));
    }

    #[test]
    fn who_works_at_first_counts_from_then_on() {
        let work = (1..=5).map(|second| (second * 900, 0));
        check(work.chain([(4500, 0); 40]), Some(35));
    }

    #[test]
    fn who_prints_or_computes_is_not() {
        check((1..200).map(|second| (0, second)), None);
        check((1..200).map(|second| (second * 20, 0)), None);
        // 1 % of a core, counted in steps of 10 ms.
        check((1..200).map(|second| (second * 10, 0)), None);
    }

    #[test]
    fn a_heartbeat_is_no_work() {
        // 1 part in 1000, of which a step is seen every 10 s.
        check((1..200).map(|second| (second / 10 * 10, 0)), Some(30));
    }
}
