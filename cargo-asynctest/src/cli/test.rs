//! `cargo asynctest` itself: cargo's flags and our own.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use clap::{ArgAction, Args, Parser, ValueEnum};

use super::build::BuildArguments;
use super::duration::duration;
use super::partition::Partition;
use super::values::Values;

/// Builds the tests, runs each in a process of its own, and where one hangs says where every Tokio
/// task of it stands.
#[derive(Parser, Clone, Debug, Default)]
#[command(
    name = "asynctest",
    bin_name = "cargo asynctest",
    version,
    about = ABOUT,
    disable_help_flag = true,
    styles = clap_style(),
    after_help = AFTER_HELP,
    override_usage = "cargo asynctest [OPTIONS] [TESTNAME] [-- [ARGS]...]\n       \
        cargo asynctest attach <PID>\n       \
        cargo asynctest report <PATH>\n       \
        cargo asynctest runner <PROGRAM> [ARGS]...",
)]
pub(crate) struct TestArguments {
    /// If specified, only run tests containing this string in their names
    #[arg(value_name = "TESTNAME")]
    pub(crate) filter: Option<String>,
    /// Arguments for the test binary, as libtest takes them
    #[arg(last = true, value_name = "ARGS")]
    pub(crate) arguments: Vec<OsString>,
    /// When a test counts as hung: `30s`, `2m`, a bare number of seconds, 0 for never [default:
    /// 60s, and up to 10m for a test that still moves]
    #[arg(long, value_name = "DURATION", value_parser = duration, help_heading = OWN)]
    pub(crate) timeout: Option<Duration>,
    /// End a test as STUCK when nothing in it has run for so long and it is proven that nothing can
    /// ever wake it; 0 for never [default: 2s]
    #[arg(long, value_name = "DURATION", value_parser = duration, help_heading = OWN)]
    pub(crate) stuck_after: Option<Duration>,
    /// End a test as HANG that has neither printed nor computed for so long, whatever it waits for;
    /// one that works is left alone [default: never]
    #[arg(long, value_name = "DURATION", value_parser = duration, help_heading = OWN)]
    pub(crate) stall_after: Option<Duration>,
    /// Report a test that runs this long, once, and let it go on
    #[arg(long, value_name = "DURATION", value_parser = duration, help_heading = OWN)]
    pub(crate) slow_after: Option<Duration>,
    /// When the whole run is over: what still runs is reported and ended, the rest is not begun
    #[arg(long, value_name = "DURATION", value_parser = duration, help_heading = OWN)]
    pub(crate) global_timeout: Option<Duration>,
    /// Trace each test, and where a panic fails it, report where all of its tasks stood at that panic;
    /// for tests that limit their own time: `timeout(..).await.unwrap()`
    #[arg(long, help_heading = OWN)]
    pub(crate) on_panic: bool,
    /// When a test is traced: `hangs`, when it is looked at, or `always`, so that one that a signal
    /// ends is reported as it was at that moment [default: hangs]
    #[arg(long, value_name = "WHEN", hide_possible_values = true, help_heading = OWN)]
    pub(crate) trace: Option<TraceWhen>,
    /// How much of variables is printed, in reports and of a stepped task: none, short, full [default:
    /// short]
    #[arg(
        long,
        value_name = "HOW_MUCH",
        env = "ASYNCTEST_VALUES",
        hide_env_values = true,
        hide_possible_values = true,
        help_heading = OWN
    )]
    pub(crate) values: Option<Values>,
    /// The profile of .config/asynctest.toml to run with [default: default]
    #[arg(
        short = 'P',
        long = "run-profile",
        value_name = "NAME",
        env = "ASYNCTEST_PROFILE",
        hide_env_values = true,
        help_heading = OWN
    )]
    pub(crate) run_profile: Option<String>,
    /// Read this file instead of .config/asynctest.toml
    #[arg(long, value_name = "PATH", help_heading = OWN)]
    pub(crate) config_file: Option<PathBuf>,
    /// Run the tests so many times, in parallel; what passes is only counted
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u32).range(1..), help_heading = OWN)]
    pub(crate) stress: Option<u32>,
    /// Run the tests again and again, in parallel, until one hangs; with --stress, COUNT times at
    /// most, with --global-timeout for so long
    #[arg(long, help_heading = OWN)]
    pub(crate) until_hang: bool,
    /// Run one part of the tests only, for machines that share them: hash:1/3, by names; count:1/3, in
    /// turn
    #[arg(long, value_name = "PARTITION", help_heading = OWN)]
    pub(crate) partition: Option<Partition>,
    /// How many tests run at once [default: RUST_TEST_THREADS, or # of CPUs]
    #[arg(long, value_name = "N", help_heading = OWN)]
    pub(crate) test_threads: Option<std::num::NonZeroUsize>,
    /// Don't keep the tests' output: print it as it comes, as after `--`
    #[arg(long, alias = "nocapture", help_heading = OWN)]
    pub(crate) no_capture: bool,
    /// Start no further test after the first failure
    #[arg(long, conflicts_with = "no_fail_fast", help_heading = OWN)]
    pub(crate) fail_fast: bool,
    /// Which task to step, if one is.
    #[command(flatten)]
    pub(crate) step: StepArguments,
    /// Print help
    #[arg(short, long, action = ArgAction::HelpShort)]
    pub(crate) help: Option<bool>,
    /// Cargo's flags.
    #[command(flatten)]
    pub(crate) build: BuildArguments,
}

const ABOUT: &str = "\
Builds the tests, runs each in a process of its own, and where one hangs says where every Tokio
task of it stands.

Takes `cargo test`'s own flags, and after `--` libtest's. A test that is proven to be stuck ends
within seconds, one that has not ended after a minute and no longer moves ends then: it is reported,
killed and counted as failed, and the rest goes on.";

const OWN: &str = "Run Options";

const STEP: &str = "Stepping a Task";

/// When a test is traced.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(crate) enum TraceWhen {
    /// When it is looked at.
    Hangs,
    /// From its first instruction to its end.
    Always,
}

/// Which task is stepped, and what is told of it.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct StepArguments {
    /// Run one test and print what this task of it does, line by line: a function's path or a part
    /// of it, FILE:LINE, a task's id, `main` for the test's body; NAME#2 for the second that fits;
    /// can be given three times
    #[arg(long, value_name = "NAME", help_heading = STEP)]
    pub(crate) step_task: Vec<String>,
    /// Whose async functions are stepped into: user, all, none [default: user]
    #[arg(
        long,
        value_name = "WHOSE",
        hide_possible_values = true,
        requires = "step_task",
        help_heading = STEP
    )]
    pub(crate) step_into: Option<StepInto>,
    /// Print each change of a variable of the task or of a field in one, `store.hits`, and who made
    /// it; can be given twice
    #[arg(long, value_name = "EXPR", requires = "step_task", help_heading = STEP)]
    pub(crate) watch: Vec<String>,
    /// Print at most so many lines
    #[arg(long, value_name = "N", requires = "step_task", help_heading = STEP)]
    pub(crate) step_limit: Option<u64>,
    /// Begin to print at this line
    #[arg(long, value_name = "FILE:LINE", requires = "step_task", help_heading = STEP)]
    pub(crate) step_from: Option<String>,
    /// Print up to this line
    #[arg(long, value_name = "FILE:LINE", requires = "step_task", help_heading = STEP)]
    pub(crate) step_until: Option<String>,
    /// What stops threads: watchpoints where they fire, or breakpoints, which are taken by themselves
    /// where watchpoints do not fire; for trying how it goes there
    #[arg(long, value_name = "MEANS", requires = "step_task", hide = true)]
    pub(crate) step_by: Option<StepBy>,
}

/// What stops the threads of a test of which a task is stepped.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(crate) enum StepBy {
    /// Watchpoints where they fire.
    Watchpoints,
    /// Breakpoints.
    Breakpoints,
}

/// Whose async functions are stepped into.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(crate) enum StepInto {
    /// The user's.
    User,
    /// Everybody's.
    All,
    /// Nobody's.
    None,
}

const AFTER_HELP: &str = "\
Commands:
  attach <PID>       Report where every task of a running process stands; it then goes on
  report <PATH>      Print the report of a saved capture again
  explain <FINDING>  Say what a finding means, and how such bugs are mended
  doctor             Say what here would keep hangs from being reported, and the mend
  completions <SHELL>  Print a script that completes these words
  runner <PROGRAM>   Run a test program as cargo's runner or as nextest's run-wrapper
  A test filter of such a name goes after `--`: cargo asynctest -- attach

Exit status:
  0 all passed, 2 bad usage, 4 no tests to run, 100 a test failed or hung, 101 the build failed,
  104 tests could not be listed, 130 interrupted

While tests run, the key t, Ctrl-\\ (SIGQUIT) or SIGUSR1 prints where each of them stands; they go on.

Run `cargo asynctest -- --help` for the flags that go after `--`.";

/// The colors of cargo's own help.
pub(super) fn clap_style() -> clap::builder::Styles {
    use clap::builder::styling::{AnsiColor, Styles};
    Styles::styled()
        .header(AnsiColor::BrightGreen.on_default().bold())
        .usage(AnsiColor::BrightGreen.on_default().bold())
        .literal(AnsiColor::BrightCyan.on_default().bold())
        .placeholder(AnsiColor::Cyan.on_default())
}
