//! What is to be run: the seam between building and running.
//!
//! `cargo` and `select` fill a [`Plan`]; the runner executes it and knows nothing of cargo.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use asynctest_engine::limits::Values;

/// Everything that one run executes.
#[derive(Clone, Debug, Default)]
pub(crate) struct Plan {
    /// The test binaries, in cargo's order.
    pub(crate) binaries: Vec<TestBinary>,
    /// The tests to run, by binary and then as the binary lists them.
    pub(crate) tests: Vec<TestCase>,
    /// The tests that are not run, ignored ones among them: only counted and named.
    pub(crate) skipped: Vec<TestCase>,
    /// Binaries whose listing hung or failed.
    pub(crate) unlisted: Vec<Unlisted>,
    /// Where the run's files go: `target/asynctest`.
    pub(crate) output: PathBuf,
    /// Folders whose sources are the user's own: the workspace's members and path dependencies.
    pub(crate) source_roots: Vec<PathBuf>,
    /// The workspace's folder, which source files are shown relative to.
    pub(crate) workspace: Option<PathBuf>,
    /// How single tests are run, by their index in [`Plan::tests`], where that differs: what
    /// concerns all tests together is not looked at here.
    pub(crate) own_options: BTreeMap<usize, RunOptions>,
    /// How often all of it is run.
    pub(crate) rounds: Rounds,
    /// The words of the command that ran this, up to the test selection, for "again:" lines.
    pub(crate) command: Vec<String>,
    /// The words for a binary that is one test, among its test's arguments already: for "again:"
    /// lines too.
    pub(crate) words: Vec<String>,
    /// What the one program of the plan has in it, where it runs whole.
    pub(crate) inside: Option<Told>,
}

/// What a program has in it, once that is known.
pub(crate) type Told = Arc<OnceLock<Inside>>;

/// What a program has in it that runs whole.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Inside {
    /// Tests with these names, each of which runs on a thread that is named after it.
    Tests(Vec<String>),
    /// Nothing: it is one test.
    One,
    /// That cannot be told.
    Unknown,
}

/// How often the tests are run.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Rounds {
    /// The number of the first, from 1: another one where others have the tests run again.
    pub(crate) first: u32,
    /// At most so often.
    pub(crate) most: u32,
    /// When they are not run again.
    pub(crate) until: Until,
}

/// When the tests are not run again.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Until {
    /// After the last round.
    Last,
    /// When one of them hangs.
    Hang,
}

impl Default for Rounds {
    fn default() -> Rounds {
        Rounds { first: 1, most: 1, until: Until::Last }
    }
}

impl Rounds {
    /// Whether tests may be run more than once: what passes is then only counted.
    pub(crate) fn are_many(self) -> bool {
        self.most > 1
    }

    /// Whether only what happens ends them.
    pub(crate) fn is_endless(self) -> bool {
        self.most == u32::MAX
    }
}

impl Plan {
    /// How the test of this index is run, `all` being how tests are run.
    pub(crate) fn options<'all>(
        &'all self,
        test: usize,
        all: &'all RunOptions,
    ) -> &'all RunOptions {
        self.own_options.get(&test).unwrap_or(all)
    }
}

/// One test executable.
#[derive(Clone, Debug)]
pub(crate) struct TestBinary {
    /// Its name in every output, unique in the run: `ledger` (unit tests of a library),
    /// `ledger::it` (an integration test), `ledger::bin/serve`, `ledger::bench/speed`,
    /// `ledger::example/demo`.
    pub(crate) id: String,
    /// The words that make `cargo test` build just this: `--test it`, `--lib`, with `-p ledger`.
    pub(crate) selection: Vec<String>,
    /// The program that is started: the executable, or the runner that cargo was told to use
    /// (`target.<triple>.runner`), which has the executable among its tests' arguments.
    pub(crate) path: PathBuf,
    /// The folder it is run in.
    pub(crate) folder: PathBuf,
    /// Variables set over our own environment, the library path among them.
    pub(crate) environment: Vec<(OsString, OsString)>,
    /// Variables of our own environment that it must not see.
    pub(crate) unset: Vec<OsString>,
    /// Whether its own code is optimized.
    pub(crate) is_optimized: bool,
    /// Whether it can be asked for single tests.
    pub(crate) harness: Harness,
}

/// How a test executable takes its arguments.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Harness {
    /// As libtest does: `--list`, `--exact NAME`.
    Libtest,
    /// It has a `main` of its own: it is one test, run whole.
    Whole,
}

/// One test.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct TestCase {
    /// The index of its binary in [`Plan::binaries`].
    pub(crate) binary: usize,
    /// Its name in the binary; the target's name for a binary that is one test.
    pub(crate) name: String,
    /// The arguments the binary gets, ready to run just this test.
    pub(crate) arguments: Vec<OsString>,
}

/// A binary that did not list its tests.
#[derive(Clone, Debug)]
pub(crate) struct Unlisted {
    /// The index of its binary in [`Plan::binaries`].
    pub(crate) binary: usize,
    /// Why: it hung, or failed.
    pub(crate) why: ListFailure,
    /// The command that shows it, for a shell.
    pub(crate) reproduce: String,
}

/// How listing failed.
#[derive(Clone, Debug)]
pub(crate) enum ListFailure {
    /// It had not ended when its time was over. What it had printed to stderr.
    Hung(String),
    /// It ended with a failure. How, and what it had printed to stderr.
    Failed(String, String),
}

/// How the tests are run.
#[derive(Clone, Debug)]
pub(crate) struct RunOptions {
    /// How many tests run at once.
    pub(crate) jobs: usize,
    /// When a test is taken to hang.
    pub(crate) deadline: Deadline,
    /// How long a test must rest, with nothing that could wake it, to be looked at for the proof that
    /// it is stuck; none for never.
    pub(crate) stuck_after: Option<Duration>,
    /// How long a test may neither print nor compute; none for ever.
    pub(crate) stall_after: Option<Duration>,
    /// How long the whole run may take.
    pub(crate) global_timeout: Option<Duration>,
    /// What a test is traced for while it runs.
    pub(crate) trace: Trace,
    /// When a running test is reported, once, and goes on.
    pub(crate) slow_after: Option<Duration>,
    /// Whether the tests' output goes straight to ours.
    pub(crate) output: Output,
    /// Whether to go on after the first failure.
    pub(crate) fail_fast: FailFast,
    /// What is printed of each test.
    pub(crate) status: StatusLevel,
    /// How long the process may run between the two looks of a capture.
    pub(crate) apart: Duration,
    /// How much of variables' values is told.
    pub(crate) values: Values,
    /// Whose run it is.
    pub(crate) host: Host,
}

/// Whose run it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) enum Host {
    /// Ours: verdicts are printed and written to files, and nothing is left of a test.
    #[default]
    Own,
    /// Another runner's, which has us start one program: that program keeps its streams, what it has
    /// started may outlive it, and a signal that asks for its end reaches it as it came.
    Another,
}

/// A test's deadline.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Deadline {
    /// Nobody asked for one: past `soft`, a test that does not move is killed, one that moves is
    /// reported as slow and runs on up to `hard`.
    Default {
        /// The first look.
        soft: Duration,
        /// The end in any case.
        hard: Duration,
    },
    /// The user gave it: it is obeyed.
    Asked(Duration),
    /// The user wants none.
    None,
}

/// What a test is traced for while it runs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Trace {
    /// Nothing: it is traced when it is looked at.
    Never,
    /// Its end by a signal.
    Crashes,
    /// Its panics too.
    Panics,
}

/// Where the tests' output goes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Output {
    /// Kept, and shown for tests that fail.
    Captured,
    /// Kept, and shown for every test (libtest's `--show-output`).
    ShownForAll,
    /// Straight to our own (libtest's `--nocapture`).
    Streamed,
}

/// What the first failure does.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum FailFast {
    /// The rest is run too.
    No,
    /// No further test is started.
    Yes,
}

/// What is printed of each test.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum StatusLevel {
    /// Only what fails (`-q`).
    Failures,
    /// A line a test.
    All,
    /// And what was skipped (`-v`).
    Skipped,
}
