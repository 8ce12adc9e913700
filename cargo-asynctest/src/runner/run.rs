//! The loop: starts tests, waits for whatever happens first, and brings the run to its end.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::io;
use std::os::unix::process::parent_id;
use std::time::{Duration, Instant};

use asynctest_engine::address::ProcessId;
use asynctest_engine::limits::Limits;
use asynctest_engine::report::{Report, Subject};
use asynctest_engine::session::Request;
use nix::errno::Errno;
use nix::sys::signal::{Signal, raise};

use super::again::again;
use super::event::{Event, Examination, Examined, Purpose, Test, TestResult};
use super::examine::{Captures, Examiner, Order};
use super::folders;
use super::isolation;
use super::output::Kept;
use super::processes;
use super::reactor::{Reactor, Ready};
use super::running::{Ending, Running, State};
use super::signals::{Arrived, ENDING, Signals};
use super::timing::Timing;
use super::verdict::{Exit, Totals, Verdict};
use crate::plan::{FailFast, Plan, RunOptions, TestBinary, TestCase};

/// How long a test may take to end by itself after an interrupt.
const GRACE: Duration = Duration::from_secs(2);

/// The same signal twice within this is one: the terminal, or `kill` on a group, and our sentinel
/// may both bring it.
const ONE_PRESS: Duration = Duration::from_millis(100);

/// How long after a child's end its kind is looked into: once for many.
const ORPHANS: Duration = Duration::from_millis(20);

/// Why a run cannot begin or go on.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// The kernel refused what the loop waits with.
    #[error("cannot wait for tests: {0}")]
    Wait(#[from] Errno),
}

/// How the loop is set up, beside the plan.
pub(super) struct Setup {
    /// How captures are taken.
    pub(super) captures: Captures,
    /// Makes `report.txt`.
    pub(super) text: fn(&Report) -> String,
    /// How often renderers want to move something.
    pub(super) tick: Option<Duration>,
}

/// A run.
pub(super) struct Run<'run> {
    plan: &'run Plan,
    options: &'run RunOptions,
    tick: Option<Duration>,
    next_tick: Option<Instant>,
    show: &'run mut dyn FnMut(Event<'_>),
    reactor: Reactor,
    signals: Signals,
    examiner: Examiner,
    waiting: VecDeque<Test>,
    running: BTreeMap<u64, Running>,
    next_serial: u64,
    totals: Totals,
    begun: Instant,
    parent: u32,
    interrupted: Option<(Signal, Instant)>,
    orphans: Option<Instant>,
    buffer: Vec<u8>,
}

impl<'run> Run<'run> {
    /// Prepares to run `plan`.
    pub(super) fn new(
        plan: &'run Plan,
        options: &'run RunOptions,
        setup: Setup,
        show: &'run mut dyn FnMut(Event<'_>),
    ) -> Result<Run<'run>, Error> {
        let run = Run {
            plan,
            options,
            tick: setup.tick,
            next_tick: setup.tick.map(|_| Instant::now()),
            show,
            reactor: Reactor::new()?,
            signals: Signals::take(&[Signal::SIGCHLD, Signal::SIGTSTP])?,
            examiner: Examiner::new(setup.captures, setup.text)?,
            waiting: (0..plan.tests.len()).collect(),
            running: BTreeMap::new(),
            next_serial: 0,
            totals: Totals {
                planned: plan.tests.len(),
                skipped: plan.skipped.len(),
                unlisted: plan.unlisted.len(),
                ..Totals::default()
            },
            begun: Instant::now(),
            parent: parent_id(),
            interrupted: None,
            orphans: None,
            buffer: vec![0; 64 << 10],
        };
        run.reactor.add(&run.signals, Ready::Signals)?;
        run.reactor.add(&run.examiner, Ready::Examiner)?;
        Ok(run)
    }

    /// Runs all, and leaves no process behind.
    pub(super) fn finish_all(mut self) -> Result<Totals, Error> {
        (self.show)(Event::Begun);
        let done = self.turn_until_done();
        let survivors = processes::end_all_descendants();
        self.totals.duration = self.begun.elapsed();
        (self.show)(Event::Finished { totals: &self.totals, survivors });
        done.map(|()| self.totals)
    }

    fn turn_until_done(&mut self) -> Result<(), Error> {
        loop {
            self.start_tests();
            if self.running.is_empty() && self.waiting.is_empty() {
                return Ok(());
            }
            let ready = self.reactor.wait(self.next_moment())?;
            for ready in &ready {
                self.react(*ready);
            }
            self.do_what_is_due(Instant::now());
        }
    }

    fn next_moment(&self) -> Option<Instant> {
        self.running
            .values()
            .filter_map(Running::next)
            .chain(self.examiner.next())
            .chain(self.orphans)
            .chain(self.next_tick)
            .min()
    }

    fn react(&mut self, ready: Ready) {
        match ready {
            Ready::Signals => {
                while let Some(arrived) = self.signals.next() {
                    self.signal(arrived);
                }
            }
            Ready::Examiner => self.take_examinations(),
            Ready::Exit(serial) => self.process_over(serial),
            Ready::Stdout(serial) => {
                if let Some(running) = self.running.get_mut(&serial) {
                    running.read_stdout(&mut self.buffer, &self.plan.output);
                    self.finish_if_over(serial);
                }
            }
            Ready::Stderr(serial) => {
                if let Some(running) = self.running.get_mut(&serial) {
                    running.read_stderr(&mut self.buffer, &self.plan.output);
                    self.finish_if_over(serial);
                }
            }
        }
    }

    fn tick(&mut self, now: Instant) {
        self.next_tick = self.tick.map(|tick| now + tick);
        (self.show)(Event::Tick { running: running_tests(&self.running), totals: &self.totals });
    }
}

/// Starting.
impl Run<'_> {
    fn start_tests(&mut self) {
        while self.running.len() < self.options.jobs.max(1)
            && let Some(test) = self.waiting.pop_front()
        {
            if !self.start(test) {
                self.waiting.push_front(test);
                return;
            }
        }
    }

    /// Starts a test; says `false` when that has to wait for another one's end.
    fn start(&mut self, test: Test) -> bool {
        let Some(case) = self.plan.tests.get(test) else {
            return true;
        };
        let serial = self.next_serial;
        self.next_serial += 1;
        match isolation::start(self.plan, case, serial, self.options.output) {
            Ok(process) => {
                (self.show)(Event::Started { test });
                self.admit(serial, test, process);
                true
            }
            Err(error) if is_shortage(&error) && !self.running.is_empty() => false,
            Err(error) => {
                self.end(test, not_started(&error));
                true
            }
        }
    }

    fn admit(&mut self, serial: u64, test: Test, process: isolation::Process) {
        let running = Running {
            test,
            process,
            timing: Timing::new(self.options, Instant::now()),
            state: State::Runs,
            ended_for: None,
            stdout: Kept::default(),
            stderr: Kept::default(),
            examinations: Vec::new(),
            folder: self.folder(test),
        };
        match running.watch(serial, &self.reactor) {
            Ok(()) => {
                self.running.insert(serial, running);
            }
            Err(error) => {
                running.process.end();
                self.end(test, not_started(&error.into()));
            }
        }
    }

    fn folder(&self, test: Test) -> std::path::PathBuf {
        let (binary, name) = self.names(test);
        folders::of_test(&self.plan.output, binary, name)
    }

    fn case(&self, test: Test) -> Option<(&TestBinary, &TestCase)> {
        let case = self.plan.tests.get(test)?;
        Some((self.plan.binaries.get(case.binary)?, case))
    }

    fn names(&self, test: Test) -> (&str, &str) {
        self.case(test).map_or(("", ""), |(binary, case)| (&binary.id, &case.name))
    }
}

/// Deadlines.
impl Run<'_> {
    fn do_what_is_due(&mut self, now: Instant) {
        let due: Vec<u64> = self
            .running
            .iter()
            .filter(|(_, running)| running.next().is_some_and(|at| at <= now))
            .map(|(serial, _)| *serial)
            .collect();
        for serial in due {
            self.due(serial, now);
        }
        if self.examiner.next().is_some_and(|at| at <= now) {
            self.take_examinations();
        }
        if self.next_tick.is_some_and(|at| at <= now) {
            self.tick(now);
        }
        if self.orphans.is_some_and(|at| at <= now) {
            self.orphans = None;
            let known: BTreeSet<i32> = self.running.values().map(|one| one.process.id()).collect();
            processes::reap_orphans(&known);
        }
    }

    fn due(&mut self, serial: u64, now: Instant) {
        let Some(running) = self.running.get_mut(&serial) else {
            return;
        };
        match &running.state {
            State::Runs => {
                if let Some((_, purpose)) = running.timing.next() {
                    self.examine(serial, purpose);
                }
            }
            State::Examined { .. } => {}
            State::Asked { .. } => running.kill(Ending::Interrupt, now),
            State::Killed { .. } => {
                let duration = running.timing.elapsed(now);
                running.ended(Exit::Unkillable, duration, now);
                self.finish(serial);
            }
            State::Ended { .. } => self.finish(serial),
        }
    }

    fn examine(&mut self, serial: u64, purpose: Purpose) {
        let Some(running) = self.running.get_mut(&serial) else {
            return;
        };
        running.timing.done(purpose);
        running.state = State::Examined { purpose, gone: None };
        let (test, process) = (running.test, ProcessId(running.process.id()));
        let order = Order {
            purpose,
            request: Request {
                process,
                subject: self.subject(test, process, purpose),
                apart: self.options.apart,
                limits: Limits::default(),
            },
            folder: self.folder(test),
            attempt: 1,
        };
        self.examiner.submit(serial, order);
    }

    fn subject(&self, test: Test, process: ProcessId, purpose: Purpose) -> Subject {
        let (binary, name) = self.names(test);
        let verdict = match purpose {
            Purpose::Slow => Verdict::Slow,
            Purpose::Soft | Purpose::Deadline => Verdict::Hang,
        };
        Subject {
            verdict: verdict.word().to_owned(),
            binary: binary.to_owned(),
            test: Some(name.to_owned()),
            process: process.0,
            again: self.case(test).map(|(binary, case)| again(self.plan, binary, case)),
            source_roots: self
                .plan
                .source_roots
                .iter()
                .map(|root| root.display().to_string())
                .collect(),
        }
    }

    fn take_examinations(&mut self) {
        let now = Instant::now();
        for (serial, outcome) in self.examiner.done(now) {
            self.examined(serial, outcome, now);
        }
    }

    fn examined(&mut self, serial: u64, outcome: Result<Examined, String>, now: Instant) {
        let Some(running) = self.running.get_mut(&serial) else {
            return;
        };
        let State::Examined { purpose, gone } = &running.state else {
            return;
        };
        if gone.is_some() {
            // It ended by itself: what it came to is its own.
            if let Ok(examined) = &outcome {
                let _ = std::fs::remove_dir_all(&examined.folder);
            }
            self.process_over(serial);
            return;
        }
        let purpose = *purpose;
        let moves = outcome.as_ref().is_ok_and(|seen| !seen.report.looks.moved.is_empty());
        let examination = Examination { purpose, outcome };
        if purpose == Purpose::Slow || (purpose == Purpose::Soft && moves) {
            running.state = State::Runs;
            self.report_slow(serial, examination, now);
        } else {
            running.examinations.push(examination);
            running.kill(Ending::Hang, now);
            self.finish_if_over(serial);
        }
    }

    /// A slow test is reported once.
    fn report_slow(&mut self, serial: u64, examination: Examination, now: Instant) {
        let Some(running) = self.running.get_mut(&serial) else {
            return;
        };
        if running.examinations.is_empty() {
            self.totals.slow += 1;
            (self.show)(Event::Slow {
                test: running.test,
                elapsed: running.timing.elapsed(now),
                examination: &examination,
            });
            running.examinations.push(examination);
        }
    }
}

/// Ends.
impl Run<'_> {
    /// The process of a test has ended.
    fn process_over(&mut self, serial: u64) {
        let now = Instant::now();
        let Some(running) = self.running.get_mut(&serial) else {
            return;
        };
        if let State::Examined { gone: gone @ None, .. } = &mut running.state
            && !self.examiner.withdraw(serial)
        {
            *gone = Some(running.timing.elapsed(now));
            let _ = self.reactor.remove(&running.process.handle);
            return;
        }
        if running.note_exit(now) {
            // What it wrote last is in the pipes already.
            running.read_stdout(&mut self.buffer, &self.plan.output);
            running.read_stderr(&mut self.buffer, &self.plan.output);
            self.finish_if_over(serial);
            if let Some(running) = self.running.get(&serial) {
                let _ = self.reactor.remove(&running.process.handle);
            }
        }
    }

    fn finish_if_over(&mut self, serial: u64) {
        let over = self.running.get(&serial).is_some_and(|running| {
            matches!(running.state, State::Ended { .. }) && !running.output_open()
        });
        if over {
            self.finish(serial);
        }
    }

    fn finish(&mut self, serial: u64) {
        let Some(running) = self.running.remove(&serial) else {
            return;
        };
        let leaked = running.output_open() && running.ended_for.is_none();
        let State::Ended { exit, duration, .. } = running.state else {
            return;
        };
        let verdict = match running.ended_for {
            Some(ending) => ending.verdict(),
            None => Some(match isolation::verdict(&exit) {
                Verdict::Pass if leaked => Verdict::Leak,
                verdict => verdict,
            }),
        };
        let mut result = TestResult {
            verdict,
            duration,
            exit,
            attempt: 1,
            stdout: running.stdout,
            stderr: running.stderr,
            stdout_file: None,
            stderr_file: None,
            examinations: running.examinations,
            leaked,
        };
        if verdict != Some(Verdict::Pass) {
            save_output(&mut result, &running.folder);
        }
        self.end(running.test, result);
    }

    fn end(&mut self, test: Test, result: TestResult) {
        self.totals.count(result.verdict);
        self.totals.duration = self.begun.elapsed();
        if self.options.fail_fast == FailFast::Yes && self.totals.any_failed() {
            self.waiting.clear();
        }
        (self.show)(Event::Ended { test, result: &result, totals: &self.totals });
    }
}

/// Signals.
impl Run<'_> {
    fn signal(&mut self, arrived: Arrived) {
        if arrived.signal == Signal::SIGCHLD {
            self.orphans.get_or_insert(Instant::now() + ORPHANS);
        } else if arrived.signal == Signal::SIGTSTP {
            self.stand_still();
        } else if ENDING.contains(&arrived.signal) {
            self.interrupt(arrived.signal, Instant::now());
        }
    }

    /// Ctrl-Z: the tests are in groups of their own, so the terminal does not stop them.
    fn stand_still(&mut self) {
        let begun = Instant::now();
        self.running.values().for_each(|one| one.process.signal(Signal::SIGTSTP));
        // Returns when we are continued.
        let _ = raise(Signal::SIGSTOP);
        let duration = begun.elapsed();
        for running in self.running.values_mut() {
            running.timing.pause(duration);
            running.process.signal(Signal::SIGCONT);
        }
    }

    fn interrupt(&mut self, signal: Signal, now: Instant) {
        let orphaned = parent_id() != self.parent;
        match self.interrupted {
            Some((before, at)) if before == signal && now.duration_since(at) < ONE_PRESS => {}
            Some(_) => self.kill_all(now),
            None => {
                self.interrupted = Some((signal, now));
                self.totals.stopped = true;
                self.waiting.clear();
                (self.show)(Event::Interrupted {
                    signal: signal.as_str(),
                    running: running_tests(&self.running),
                });
                self.ask_all_to_end(now);
            }
        }
        if orphaned {
            self.kill_all(now);
        }
    }

    fn ask_all_to_end(&mut self, now: Instant) {
        for (serial, running) in &mut self.running {
            self.examiner.withdraw(*serial);
            let over = running.note_exit(now);
            if !over && !matches!(running.state, State::Killed { .. }) {
                running.ended_for.get_or_insert(Ending::Interrupt);
                running.process.signal(Signal::SIGTERM);
                running.state = State::Asked { until: now + GRACE };
            }
        }
    }

    fn kill_all(&mut self, now: Instant) {
        for running in self.running.values_mut() {
            if matches!(running.state, State::Asked { .. }) {
                running.kill(Ending::Interrupt, now);
            }
        }
    }
}

fn running_tests(running: &BTreeMap<u64, Running>) -> Vec<(Test, Duration)> {
    let now = Instant::now();
    running.values().map(|one| (one.test, one.timing.elapsed(now))).collect()
}

/// Whether a process could not be started because there are too many.
fn is_shortage(error: &io::Error) -> bool {
    [Errno::EAGAIN, Errno::EMFILE, Errno::ENFILE, Errno::ENOMEM]
        .iter()
        .any(|errno| error.raw_os_error() == Some(*errno as i32))
}

fn not_started(error: &io::Error) -> TestResult {
    TestResult {
        verdict: Some(Verdict::Fail),
        duration: Duration::ZERO,
        exit: Exit::NotStarted(error.to_string()),
        attempt: 1,
        stdout: Kept::default(),
        stderr: Kept::default(),
        stdout_file: None,
        stderr_file: None,
        examinations: Vec::new(),
        leaked: false,
    }
}

/// Puts what a test printed beside its reports. What cannot be written is still shown.
fn save_output(result: &mut TestResult, folder: &std::path::Path) {
    if result.stdout.is_empty() && result.stderr.is_empty() {
        return;
    }
    if std::fs::create_dir_all(folder).is_err() {
        return;
    }
    let attempt = result.attempt;
    if !result.stdout.is_empty() {
        result.stdout_file = result.stdout.save(&folder.join(format!("{attempt}-stdout.txt"))).ok();
    }
    if !result.stderr.is_empty() {
        result.stderr_file = result.stderr.save(&folder.join(format!("{attempt}-stderr.txt"))).ok();
    }
}
