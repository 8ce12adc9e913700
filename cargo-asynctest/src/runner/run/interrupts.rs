//! Signals to the run: the end asked for, where all tests stand, Ctrl-Z, children that have ended.

use std::os::unix::process::parent_id;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, raise};

use super::Run;
use crate::plan::{Host, Until};
use crate::runner::event::{Event, Purpose};
use crate::runner::reactor::Ready;
use crate::runner::running::{Ending, Running, State};
use crate::runner::signals::{ASKING, Arrived, ENDING};
use crate::runner::terminal::Terminal;

/// How long a test may take to end by itself after an interrupt.
const GRACE: Duration = Duration::from_secs(2);

/// How long the looks at what an interrupt finds running may take. With [`GRACE`] it is less than the
/// 7.5 seconds that GitHub leaves a canceled job.
const LAST_LOOKS: Duration = Duration::from_secs(4);

/// The same where another runner has ended a test whose time was over: nextest kills it 10 seconds
/// after it has asked.
const WITHIN_ITS_GRACE: Duration = Duration::from_secs(7);

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

/// How what an interrupt finds running is looked at.
struct LastLook {
    /// Why.
    purpose: Purpose,
    /// A test that has run for less is not.
    age: Duration,
    /// How long that may take.
    within: Duration,
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
            } else if self.asks_for_the_end(arrived.signal) {
                self.interrupt(arrived.signal, Instant::now());
            } else if ASKING.contains(&arrived.signal) {
                self.tell_where_all_stand(Duration::ZERO, Instant::now());
            }
        }
    }

    /// Whether this signal asks for the end. Another runner that is told to quit hands that on.
    fn asks_for_the_end(&self, signal: Signal) -> bool {
        let quits = signal == Signal::SIGQUIT && self.options.host == Host::Another;
        ENDING.contains(&signal) || quits
    }

    /// Ctrl-Z: the tests are in groups of their own, so the terminal does not stop them. Returns
    /// the signals that came meanwhile.
    fn stand_still(&mut self) -> Vec<Arrived> {
        let begun = Instant::now();
        self.running.values().for_each(|one| one.process.signal(Signal::SIGTSTP));
        self.terminal.iter_mut().for_each(Terminal::give_back);
        // Returns when we are continued.
        let _ = raise(Signal::SIGSTOP);
        let arrived = self.signals.arrived();
        let duration = begun.elapsed();
        for running in self.running.values_mut() {
            running.pause(duration);
            running.process.signal(Signal::SIGCONT);
        }
        self.follow_terminal();
        arrived
    }

    /// A key was pressed.
    pub(super) fn take_keys(&mut self) {
        let is_asked = self.terminal.as_mut().is_some_and(Terminal::is_asked);
        self.follow_terminal();
        if is_asked && self.interrupted.is_none() {
            self.tell_where_all_stand(Duration::ZERO, Instant::now());
        }
    }

    /// Waits for keys while we are in the foreground of the terminal, and not in its background.
    pub(super) fn follow_terminal(&mut self) {
        let Some(terminal) = &mut self.terminal else { return };
        terminal.follow_foreground();
        let changed = match (terminal.is_taken(), self.awaits_keys) {
            (true, false) => self.reactor.add(&*terminal, Ready::Key),
            (false, true) => self.reactor.remove(&*terminal),
            (true, true) | (false, false) => return,
        };
        // What cannot be waited for, such as a terminal that is gone, is no loss to the tests.
        self.awaits_keys = changed.is_ok() && terminal.is_taken();
    }

    /// Looks at all tests that have run for at least `age`; they go on.
    fn tell_where_all_stand(&mut self, age: Duration, now: Instant) {
        self.look_at_all(age, Purpose::Asked, now);
    }

    fn look_at_all(&mut self, age: Duration, purpose: Purpose, now: Instant) {
        let runs = |(serial, running): (&u64, &Running)| {
            let is_old = running.timing.elapsed(now) >= age;
            (is_old && matches!(running.state, State::Runs)).then_some(*serial)
        };
        let serials: Vec<u64> = self.running.iter().filter_map(runs).collect();
        for serial in serials {
            self.examine(serial, purpose);
        }
    }

    /// Looks again at a test that was being looked at when the run was interrupted.
    pub(super) fn look_again_if_interrupted(&mut self, serial: u64) {
        if let (Some((stop, _)), Some(_)) = (self.interrupted, self.last_looks) {
            self.examine(serial, self.last_look(stop).purpose);
        }
    }

    /// How what an interrupt finds running is looked at. Another runner's SIGTERM says that a test's
    /// time is over.
    fn last_look(&self, stop: Stop) -> LastLook {
        match (self.options.host, stop) {
            (Host::Another, Stop::Signal(Signal::SIGTERM)) => {
                LastLook { purpose: Purpose::Soft, age: Duration::ZERO, within: WITHIN_ITS_GRACE }
            }
            (Host::Own | Host::Another, Stop::Signal(_) | Stop::Time) => {
                LastLook { purpose: Purpose::Asked, age: YOUNG, within: LAST_LOOKS }
            }
        }
    }

    /// How a test is asked to end.
    fn farewell(&self) -> Signal {
        match (self.options.host, self.interrupted) {
            (Host::Another, Some((Stop::Signal(signal), _))) => signal,
            (Host::Own | Host::Another, _) => Signal::SIGTERM,
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
            // Who looks for a hang has had the time that it was to take.
            self.totals.timed_out = self.plan.rounds.until == Until::Last;
            self.stop(Stop::Time, now);
        }
    }

    /// Begins no further test, says where all stand, and ends them.
    fn stop(&mut self, stop: Stop, now: Instant) {
        self.interrupted = Some((stop, now));
        self.start_no_more();
        let running = self.running_tests();
        (self.show)(Event::Interrupted { why: stop.word(), running });
        let look = self.last_look(stop);
        self.last_looks = Some(now + look.within);
        self.look_at_all(look.age, look.purpose, now);
        self.ask_idle_to_end(now);
    }

    /// Asks those tests to end that nobody is looking at, once the run is interrupted.
    pub(super) fn ask_idle_to_end(&mut self, now: Instant) {
        let idle = |running: &&mut Running| matches!(running.state, State::Runs);
        let farewell = self.farewell();
        if self.interrupted.is_some() {
            let running = self.running.values_mut().filter(idle);
            running.for_each(|running| ask_to_end(running, farewell, now));
        }
    }

    /// Asks all tests to end: the time for looks is over.
    pub(super) fn ask_all_to_end(&mut self, now: Instant) {
        self.last_looks = None;
        let farewell = self.farewell();
        for (serial, running) in &mut self.running {
            self.examiner.withdraw(*serial);
            ask_to_end(running, farewell, now);
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

fn ask_to_end(running: &mut Running, farewell: Signal, now: Instant) {
    let is_over = running.note_exit(now);
    if !is_over && !matches!(running.state, State::Asked { .. } | State::Killed { .. }) {
        running.ended_for.get_or_insert(Ending::Interrupt);
        running.process.signal(farewell);
        running.state = State::Asked { until: now + GRACE };
    }
}
