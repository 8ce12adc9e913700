//! One test that is running: what it printed, what it waits for, what was seen of it.

use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use asynctest_engine::session::{Stall, Watch};

use super::event::{Examination, Purpose, Test};
use super::inside::{Inner, Since};
use super::isolation::Process;
use super::output::Kept;
use super::reactor::{Reactor, Ready};
use super::timing::Timing;
use super::verdict::{Exit, Verdict};
use crate::plan::RunOptions;

/// How long its output may stay open after its end.
const LEAK: Duration = Duration::from_millis(200);

/// How long a killed process may take to be gone.
const DYING: Duration = Duration::from_secs(5);

/// Most bytes read from one pipe before others have their turn.
const TURN: usize = 1 << 20;

/// A running test.
pub(super) struct Running {
    /// Which.
    pub(super) test: Test,
    /// Which try this is, from 1.
    pub(super) attempt: u32,
    /// Its process.
    pub(super) process: Process,
    /// Its clock.
    pub(super) timing: Timing,
    /// The tests in it, if it is a program that runs whole.
    pub(super) inside: Option<Inner>,
    /// Tells when it may be stuck.
    pub(super) watch: Watch,
    /// Tells when it has done nothing for long.
    pub(super) stall: Stall,
    /// How many looks did not prove that it is stuck.
    pub(super) unproven: u32,
    /// What it is in.
    pub(super) state: State,
    /// What it was ended for, if it was.
    pub(super) ended_for: Option<Ending>,
    /// What it printed to stdout.
    pub(super) stdout: Kept,
    /// What it printed to stderr.
    pub(super) stderr: Kept,
    /// What was seen of it.
    pub(super) examinations: Vec<Examination>,
    /// Where its files go.
    pub(super) folder: PathBuf,
}

/// What a running test is in.
#[derive(Debug)]
pub(super) enum State {
    /// It runs.
    Runs,
    /// It is being looked at, or waits for that.
    Examined {
        /// Why.
        purpose: Purpose,
        /// How long it had run when it ended by itself meanwhile. It is not waited for before the
        /// look is over, so that its process id stays its own.
        gone: Option<Duration>,
        /// The thread of the test in it whose time made us look.
        thread: Option<i32>,
    },
    /// It was asked to end.
    Asked {
        /// When it is killed.
        until: Instant,
    },
    /// It was killed.
    Killed {
        /// When we no longer wait for it.
        until: Instant,
    },
    /// It has ended; its output is still open.
    Ended {
        /// How.
        exit: Exit,
        /// How long it had run.
        duration: Duration,
        /// When that counts as a leak.
        until: Instant,
    },
}

/// What we end a test for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Ending {
    /// It hangs.
    Hang,
    /// It is proven that it hangs.
    Stuck,
    /// Its body has returned, and its process does not end.
    ExitHang,
    /// The run is over.
    Interrupt,
}

impl Ending {
    /// What the test comes to.
    pub(super) fn verdict(self) -> Option<Verdict> {
        match self {
            Ending::Hang => Some(Verdict::Hang),
            Ending::Stuck => Some(Verdict::Stuck),
            Ending::ExitHang => Some(Verdict::ExitHang),
            Ending::Interrupt => None,
        }
    }
}

impl Running {
    /// Has the loop told of everything that happens to it.
    pub(super) fn watch(&self, serial: u64, reactor: &Reactor) -> nix::Result<()> {
        reactor.add(self.process.ending(), Ready::Exit(serial))?;
        if let Some(pipe) = &self.process.stdout {
            reactor.add(pipe, Ready::Stdout(serial))?;
        }
        if let Some(pipe) = &self.process.stderr {
            reactor.add(pipe, Ready::Stderr(serial))?;
        }
        Ok(())
    }

    /// Has its clock follow the oldest test in it, if it is a program that runs whole.
    pub(super) fn follow(&mut self, options: &RunOptions, now: Instant) {
        let process = self.process.id();
        match self.inside.as_mut().map(|inside| inside.look(process, now)) {
            None | Some(Since::Before) => {}
            Some(Since::Then(begun)) => self.timing = Timing::new(options, begun),
        }
    }

    /// The whole run was stopped for so long.
    pub(super) fn pause(&mut self, duration: Duration) {
        self.timing.pause(duration);
        if let Some(inside) = &mut self.inside {
            inside.pause(duration);
        }
    }

    /// Takes what it has printed to stdout.
    pub(super) fn read_stdout(&mut self, buffer: &mut [u8], spill: &Path) {
        read(&mut self.process.stdout, &mut self.stdout, buffer, spill);
    }

    /// Takes what it has printed to stderr.
    pub(super) fn read_stderr(&mut self, buffer: &mut [u8], spill: &Path) {
        read(&mut self.process.stderr, &mut self.stderr, buffer, spill);
    }

    /// How much it has printed, as far as it is kept.
    pub(super) fn printed(&self) -> u64 {
        self.stdout.length().saturating_add(self.stderr.length())
    }

    /// Whether it has printed or computed since it had done neither for `after`.
    pub(super) fn has_gone_on(&self, after: Duration, now: Instant) -> bool {
        self.stall.has_gone_on(now, self.printed(), after)
    }

    /// Whether somebody can still write to its output.
    pub(super) fn output_open(&self) -> bool {
        self.process.stdout.is_some() || self.process.stderr.is_some()
    }

    /// Notes that its process is over, if it is.
    pub(super) fn note_exit(&mut self, now: Instant) -> bool {
        let duration = match &mut self.state {
            State::Ended { .. } => return true,
            State::Examined { gone: Some(duration), .. } => *duration,
            State::Examined { .. } | State::Runs | State::Asked { .. } | State::Killed { .. } => {
                self.timing.elapsed(now)
            }
        };
        let Some(exit) = self.process.exit() else {
            return false;
        };
        self.ended(exit, duration, now);
        true
    }

    /// Notes that it is over.
    pub(super) fn ended(&mut self, exit: Exit, duration: Duration, now: Instant) {
        self.state = State::Ended { exit, duration, until: now + LEAK };
    }

    /// Kills it with all its descendants, unless it has ended by itself.
    pub(super) fn kill(&mut self, ending: Ending, now: Instant) {
        if self.note_exit(now) {
            return;
        }
        self.ended_for.get_or_insert(ending);
        self.process.end();
        self.state = State::Killed { until: now + DYING };
    }

    /// When something is to be done even if nothing happens.
    pub(super) fn next(&self) -> Option<Instant> {
        match &self.state {
            State::Runs => self.timing.next().map(|(at, _)| at),
            State::Examined { .. } => None,
            State::Asked { until } | State::Killed { until } | State::Ended { until, .. } => {
                Some(*until)
            }
        }
    }
}

/// Reads what is there; drops the pipe at its end.
fn read(pipe: &mut Option<std::io::PipeReader>, kept: &mut Kept, buffer: &mut [u8], spill: &Path) {
    let mut turn = TURN;
    while let Some(reader) = pipe
        && turn > 0
    {
        match reader.read(buffer) {
            Ok(0) => *pipe = None,
            Ok(length) => {
                kept.push(buffer.get(..length).unwrap_or_default(), spill);
                turn = turn.saturating_sub(length);
                // A short read has emptied it; what comes next wakes us again.
                if length < buffer.len() {
                    return;
                }
            }
            Err(error) => match error.kind() {
                ErrorKind::WouldBlock => return,
                ErrorKind::Interrupted => {}
                _ => *pipe = None,
            },
        }
    }
}
