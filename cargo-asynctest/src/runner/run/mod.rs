//! The loop: starts tests, waits for whatever happens first, and brings the run to its end.
//!
//! - [`starts`]: a test's start
//! - [`looks`]: looks at tests that take long
//! - [`rounds`]: tests that are run again and again
//! - [`sweeps`]: which of the others may be stuck
//! - [`ends`]: a test's end
//! - [`interrupts`]: what signals do

mod ends;
mod interrupts;
mod looks;
mod rounds;
mod starts;
mod sweeps;

use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::os::unix::process::parent_id;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::sys::signal::Signal;

use interrupts::Stop;

use super::event::{Event, Test};
use super::examine::{Captures, Examiner, Files};
use super::processes;
use super::reactor::{Reactor, Ready};
use super::running::Running;
use super::signals::Signals;
use super::terminal::Terminal;
use super::verdict::Totals;
use crate::plan::{Host, Plan, RunOptions};

/// Why a run cannot begin or go on.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// The kernel refused what the loop waits with.
    #[error("cannot wait for tests: {0}")]
    Wait(#[from] Errno),
    /// The signals could not be taken over.
    #[error("cannot take signals: {0}")]
    Signals(#[source] io::Error),
}

/// How the loop is set up, beside the plan.
pub(super) struct Setup {
    /// How captures are taken.
    pub(super) captures: Captures,
    /// What makes the files of a report.
    pub(super) files: Files,
    /// How often renderers want to move something.
    pub(super) tick: Option<Duration>,
}

/// A run.
pub(super) struct Run<'run> {
    plan: &'run Plan,
    options: &'run RunOptions,
    tick: Option<Duration>,
    next_tick: Option<Instant>,
    next_sweep: Option<Instant>,
    show: &'run mut dyn FnMut(Event<'_>),
    reactor: Reactor,
    signals: Signals,
    terminal: Option<Terminal>,
    /// Whether keys are waited for.
    awaits_keys: bool,
    examiner: Examiner,
    waiting: VecDeque<Test>,
    /// The round that tests are started in, from 1.
    round: u32,
    /// The last round that is begun.
    rounds_left_to: u32,
    running: BTreeMap<u64, Running>,
    next_serial: u64,
    totals: Totals,
    begun: Instant,
    parent: u32,
    interrupted: Option<(Stop, Instant)>,
    /// When its time is over.
    ends_at: Option<Instant>,
    /// Until when looks at what was interrupted may take.
    last_looks: Option<Instant>,
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
            next_sweep: Some(Instant::now()),
            show,
            reactor: Reactor::new()?,
            signals: Signals::take(&[Signal::SIGCHLD, Signal::SIGTSTP]).map_err(Error::Signals)?,
            terminal: match options.host {
                Host::Own => Terminal::on_stdin(),
                Host::Another => None,
            },
            awaits_keys: false,
            examiner: Examiner::new(setup.captures, setup.files)?,
            waiting: (0..plan.tests.len()).collect(),
            round: plan.rounds.first,
            rounds_left_to: plan.rounds.most,
            running: BTreeMap::new(),
            next_serial: 0,
            totals: Totals {
                planned: match plan.rounds.is_endless() {
                    true => plan.tests.len(),
                    false => plan.tests.len().saturating_mul(plan.rounds.most as usize),
                },
                rounds: 1,
                skipped: plan.skipped.len(),
                unlisted: plan.unlisted.len(),
                ..Totals::default()
            },
            begun: Instant::now(),
            parent: parent_id(),
            interrupted: None,
            ends_at: options.global_timeout.and_then(|after| Instant::now().checked_add(after)),
            last_looks: None,
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
        self.follow_terminal();
        let done = self.turn_until_done();
        self.terminal = None;
        let survivors = match self.leaves_descendants() && done.is_ok() {
            true => Vec::new(),
            false => processes::end_all_descendants(),
        };
        self.totals.duration = self.begun.elapsed();
        (self.show)(Event::Finished { totals: &self.totals, survivors });
        done.map(|()| self.totals)
    }

    /// Whether what a test has started may outlive it: another runner judges that, as long as the test
    /// has ended by itself.
    fn leaves_descendants(&self) -> bool {
        let by_itself = self.totals.hung == 0 && self.totals.interrupted == 0;
        self.options.host == Host::Another && by_itself
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
            .chain(self.ends_at)
            .chain(self.last_looks)
            .chain(self.next_tick)
            .chain(self.next_sweep())
            .min()
    }

    fn react(&mut self, ready: Ready) {
        match ready {
            Ready::Signals => self.take_signals(),
            Ready::Examiner => self.take_examinations(),
            Ready::Key => self.take_keys(),
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
        let running = self.running_tests();
        (self.show)(Event::Tick { running, totals: &self.totals });
    }

    /// What is running, and for how long.
    fn running_tests(&self) -> Vec<(Test, Duration)> {
        let now = Instant::now();
        self.running.values().map(|one| (one.test, one.timing.elapsed(now))).collect()
    }
}
