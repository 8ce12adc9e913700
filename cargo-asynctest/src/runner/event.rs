//! What happens in a run, in order. Renderers get nothing else.

use std::path::PathBuf;
use std::time::Duration;

use asynctest_engine::report::Report;

use super::output::Kept;
use super::verdict::{Exit, Totals, Verdict};

/// The index of a test in [`crate::plan::Plan::tests`].
pub(crate) type Test = usize;

/// One thing that happened.
#[derive(Debug)]
pub(crate) enum Event<'run> {
    /// The run begins.
    Begun,
    /// A test was looked at, and goes on.
    Slow {
        /// The test.
        test: Test,
        /// How long it has run.
        elapsed: Duration,
        /// What was seen.
        examination: &'run Examination,
    },
    /// The user asked where a test stands; it goes on.
    Asked {
        /// The test.
        test: Test,
        /// How long it has run.
        elapsed: Duration,
        /// What was seen.
        examination: &'run Examination,
    },
    /// A test has ended.
    Ended {
        /// The test.
        test: Test,
        /// What it came to.
        result: &'run TestResult,
        /// The run so far, this test included.
        totals: &'run Totals,
    },
    /// The run is to end before its tests have.
    Interrupted {
        /// After what: a signal's name.
        why: &'static str,
        /// What is running, and for how long.
        running: Vec<(Test, Duration)>,
    },
    /// Some time has passed: what moves on a screen may move.
    Tick {
        /// What is running, and for how long.
        running: Vec<(Test, Duration)>,
        /// The run so far.
        totals: &'run Totals,
    },
    /// The run is over.
    Finished {
        /// What all came to.
        totals: &'run Totals,
        /// Processes that could not be killed.
        survivors: Vec<i32>,
    },
}

/// What one test came to.
#[derive(Debug)]
pub(crate) struct TestResult {
    /// The verdict; `None` when the run was interrupted first.
    pub(crate) verdict: Option<Verdict>,
    /// From its start to its end, without the time that the whole run was stopped.
    pub(crate) duration: Duration,
    /// How its process ended.
    pub(crate) exit: Exit,
    /// Which try this was, from 1.
    pub(crate) attempt: u32,
    /// What it printed to stdout; empty when that was not kept.
    pub(crate) stdout: Kept,
    /// What it printed to stderr.
    pub(crate) stderr: Kept,
    /// Where that was saved.
    pub(crate) stdout_file: Option<PathBuf>,
    /// Where that was saved.
    pub(crate) stderr_file: Option<PathBuf>,
    /// What was seen when it was looked at: as slow, or at its deadline.
    pub(crate) examinations: Vec<Examination>,
    /// Whether its output was still open in another process after it had ended.
    pub(crate) leaked: bool,
}

impl TestResult {
    /// What was seen of it when its time was over, if it was ended for that; or else at the panic or
    /// the signal that ended it.
    pub(crate) fn decisive(&self) -> Option<&Examination> {
        let last = self.examinations.last()?;
        let verdict = self.verdict?;
        (verdict.is_ours() || last.purpose.is_blow()).then_some(last)
    }

    /// What was seen of it at panics and signals, but for what [`TestResult::decisive`] gives.
    pub(crate) fn blows_before(&self) -> impl Iterator<Item = &Examination> {
        let last = self.decisive();
        let is_other = move |one: &&Examination| !last.is_some_and(|last| std::ptr::eq(last, *one));
        self.examinations.iter().filter(|one| one.purpose.is_blow()).filter(is_other)
    }
}

/// A look at a test that has run for long.
#[derive(Debug)]
pub(crate) struct Examination {
    /// What made us look.
    pub(crate) purpose: Purpose,
    /// What came of it.
    pub(crate) outcome: Result<Examined, String>,
}

/// A report, and where its files are.
#[derive(Debug)]
pub(crate) struct Examined {
    /// The report.
    pub(crate) report: Box<Report>,
    /// The folder with `report.txt`, `report.json` and `capture.asynctest`.
    pub(crate) folder: PathBuf,
    /// The tests that were running, where one program runs several.
    pub(crate) tests: Vec<String>,
    /// What could not be written, if anything.
    pub(crate) unsaved: Option<String>,
}

/// What makes us look at a test.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Purpose {
    /// It is to be reported and goes on.
    Slow,
    /// The user asked where it stands; it goes on.
    Asked,
    /// It may be stuck, and ends if that is proven.
    Stuck,
    /// It has done nothing for so long that it ends, if it still does nothing.
    Stall,
    /// Its time is over if it does not move.
    Soft,
    /// Its time is over.
    Deadline,
    /// It has panicked for the first time.
    FirstPanic,
    /// It has panicked, and that ends it or was its last panic.
    Panic,
    /// A signal is about to end it.
    Crash,
}

impl Purpose {
    /// What the look calls the test; nothing when nobody asked for a verdict.
    pub(crate) fn verdict(self) -> Option<Verdict> {
        match self {
            Purpose::Asked => None,
            Purpose::Slow => Some(Verdict::Slow),
            Purpose::Stuck => Some(Verdict::Stuck),
            Purpose::Stall | Purpose::Soft | Purpose::Deadline => Some(Verdict::Hang),
            Purpose::FirstPanic | Purpose::Panic => Some(Verdict::Fail),
            Purpose::Crash => Some(Verdict::Crash),
        }
    }

    /// Whether it is a moment that was met, and not one that we have chosen.
    pub(crate) fn is_blow(self) -> bool {
        match self {
            Purpose::FirstPanic | Purpose::Panic | Purpose::Crash => true,
            Purpose::Slow
            | Purpose::Asked
            | Purpose::Stuck
            | Purpose::Stall
            | Purpose::Soft
            | Purpose::Deadline => false,
        }
    }
}
