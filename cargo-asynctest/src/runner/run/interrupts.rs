//! Signals to the run: the end asked for, where all tests stand, Ctrl-Z, children that have ended.

use std::os::unix::process::parent_id;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, raise};

use super::Run;
use crate::runner::event::{Event, Purpose};
use crate::runner::running::{Ending, Running, State};
use crate::runner::signals::{ASKING, Arrived, ENDING};

/// How long a test may take to end by itself after an interrupt.
const GRACE: Duration = Duration::from_secs(2);

/// How long the looks at what an interrupt finds running may take. With [`GRACE`] it is less than the
/// 7.5 seconds that GitHub leaves a canceled job.
const LAST_LOOKS: Duration = Duration::from_secs(4);

/// A test that runs for less has nothing to tell when the run is interrupted.
const YOUNG: Duration = Duration::from_secs(1);

/// The same signal twice within this is one: the terminal, or `kill` on a group, and our sentinel
/// may both bring it.
const ONE_PRESS: Duration = Duration::from_millis(100);

/// How long after a child's end its kind is looked into: once for many.
const ORPHANS: Duration = Duration::from_millis(20);

/// Why a run ends before its tests have ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Stop {
    /// A signal asked for it.
    Signal(Signal),
    /// The time of the whole run is over.
    Time,
}

impl Stop {
    fn word(self) -> &'static str {
        match self {
            Stop::Signal(signal) => signal.as_str(),
            Stop::Time => "the time of --global-timeout",
        }
    }
}

impl Run<'_> {
    pub(super) fn take_signals(&mut self) {
        let mut arrived = self.signals.arrived();
        let stop = |arrived: &Arrived| arrived.signal == Signal::SIGTSTP;
        if arrived.iter().any(stop) {
            arrived.extend(self.stand_still());
            // What was to stop us has done so, however often it came.
            arrived.retain(|arrived| !stop(arrived));
        }
        for arrived in arrived {
            if arrived.signal == Signal::SIGCHLD {
                self.orphans.get_or_insert(Instant::now() + ORPHANS);
            } else if ENDING.contains(&arrived.signal) {
                self.interrupt(arrived.signal, Instant::now());
            } else if ASKING.contains(&arrived.signal) {
                self.tell_where_all_stand(Duration::ZERO, Instant::now());
            }
        }
    }

    /// Ctrl-Z: the tests are in groups of their own, so the terminal does not stop them. Returns
    /// the signals that came meanwhile.
    fn stand_still(&mut self) -> Vec<Arrived> {
        let begun = Instant::now();
        self.running.values().for_each(|one| one.process.signal(Signal::SIGTSTP));
        // Returns when we are continued.
        let _ = raise(Signal::SIGSTOP);
        let arrived = self.signals.arrived();
        let duration = begun.elapsed();
        for running in self.running.values_mut() {
            running.timing.pause(duration);
            running.process.signal(Signal::SIGCONT);
        }
        arrived
    }

    /// Looks at all tests that have run for at least `age`; they go on.
    fn tell_where_all_stand(&mut self, age: Duration, now: Instant) {
        let runs = |(serial, running): (&u64, &Running)| {
            let is_old = running.timing.elapsed(now) >= age;
            (is_old && matches!(running.state, State::Runs)).then_some(*serial)
        };
        let serials: Vec<u64> = self.running.iter().filter_map(runs).collect();
        for serial in serials {
            self.examine(serial, Purpose::Asked);
        }
    }

    fn interrupt(&mut self, signal: Signal, now: Instant) {
        let orphaned = parent_id() != self.parent;
        match self.interrupted {
            Some((Stop::Signal(before), at))
                if before == signal && now.duration_since(at) < ONE_PRESS => {}
            Some(_) => self.kill_all(now),
            None => {
                self.totals.stopped = true;
                self.stop(Stop::Signal(signal), now);
            }
        }
        if orphaned {
            self.kill_all(now);
        }
    }

    /// The time of the whole run is over.
    pub(super) fn time_out(&mut self, now: Instant) {
        self.ends_at = None;
        if self.interrupted.is_none() {
            self.totals.timed_out = true;
            self.stop(Stop::Time, now);
        }
    }

    /// Begins no further test, says where all stand, and ends them.
    fn stop(&mut self, stop: Stop, now: Instant) {
        self.interrupted = Some((stop, now));
        self.waiting.clear();
        let running = self.running_tests();
        (self.show)(Event::Interrupted { why: stop.word(), running });
        self.last_looks = Some(now + LAST_LOOKS);
        self.tell_where_all_stand(YOUNG, now);
        self.ask_idle_to_end(now);
    }

    /// Asks those tests to end that nobody is looking at, once the run is interrupted.
    pub(super) fn ask_idle_to_end(&mut self, now: Instant) {
        let idle = |running: &&mut Running| matches!(running.state, State::Runs);
        if self.interrupted.is_some() {
            self.running.values_mut().filter(idle).for_each(|running| ask_to_end(running, now));
        }
    }

    /// Asks all tests to end: the time for looks is over.
    pub(super) fn ask_all_to_end(&mut self, now: Instant) {
        self.last_looks = None;
        for (serial, running) in &mut self.running {
            self.examiner.withdraw(*serial);
            ask_to_end(running, now);
        }
    }

    fn kill_all(&mut self, now: Instant) {
        self.ask_all_to_end(now);
        for running in self.running.values_mut() {
            if matches!(running.state, State::Asked { .. }) {
                running.kill(Ending::Interrupt, now);
            }
        }
    }
}

fn ask_to_end(running: &mut Running, now: Instant) {
    let is_over = running.note_exit(now);
    if !is_over && !matches!(running.state, State::Asked { .. } | State::Killed { .. }) {
        running.ended_for.get_or_insert(Ending::Interrupt);
        running.process.signal(Signal::SIGTERM);
        running.state = State::Asked { until: now + GRACE };
    }
}
