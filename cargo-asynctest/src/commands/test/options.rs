//! How the tests are to be run, from our own flags and libtest's.

use std::collections::BTreeMap;
use std::env;
use std::num::NonZeroUsize;
use std::thread;
use std::time::Duration;

use crate::cli::{self, LibtestArguments, MessageFormat, TestArguments, TraceWhen, Values};
use crate::config::Config;
use crate::plan::{
    Deadline, FailFast, Host, Output, Plan, Rounds, RunOptions, StatusLevel, Trace, Until,
};
use crate::render;

/// How long a test that is stuck rests before it ends, if nobody says how long.
const STUCK: Duration = Duration::from_secs(2);

/// When a test is looked at, if nobody says when.
pub(in crate::commands) const SOFT: Duration = Duration::from_secs(60);

/// When a test ends in any case, if nobody says when.
pub(in crate::commands) const HARD: Duration = Duration::from_secs(600);

/// How long a process runs between two looks.
pub(in crate::commands) const APART: Duration = Duration::from_secs(1);

/// How the tests are to be run.
pub(super) fn run_options(arguments: &TestArguments, libtest: &LibtestArguments) -> RunOptions {
    RunOptions {
        jobs: jobs(arguments, libtest),
        deadline: deadline(arguments.timeout),
        stuck_after: stuck_after(arguments.stuck_after),
        stall_after: arguments.stall_after.filter(|after| !after.is_zero()),
        global_timeout: arguments.global_timeout.filter(|after| !after.is_zero()),
        trace: trace(arguments),
        slow_after: arguments.slow_after.filter(|after| !after.is_zero()),
        output: output(arguments, libtest),
        fail_fast: if arguments.fail_fast { FailFast::Yes } else { FailFast::No },
        status: status(arguments, libtest),
        apart: APART,
        values: Values::wanted(arguments.values),
        host: Host::Own,
    }
}

/// How those tests are to be run of which the configuration says something of their own.
pub(super) fn own_options(
    plan: &Plan,
    config: &Config,
    arguments: &TestArguments,
    libtest: &LibtestArguments,
) -> BTreeMap<usize, RunOptions> {
    let tests = plan.tests.iter().enumerate();
    tests
        .filter_map(|(index, case)| {
            let binary = plan.binaries.get(case.binary)?;
            let filled = config.fill_for(arguments, &binary.id, &case.name)?;
            Some((index, run_options(&filled, libtest)))
        })
        .collect()
}

/// How often they are to be run.
pub(super) fn rounds(arguments: &TestArguments) -> Rounds {
    let endless = if arguments.until_hang { u32::MAX } else { 1 };
    Rounds {
        first: 1,
        most: arguments.stress.unwrap_or(endless),
        until: if arguments.until_hang { Until::Hang } else { Until::Last },
    }
}

/// How long listing may take: as long as a test.
pub(super) fn list_limit(options: &RunOptions) -> Option<Duration> {
    match options.deadline {
        Deadline::Default { soft, .. } => Some(soft),
        Deadline::Asked(limit) => Some(limit),
        Deadline::None => None,
    }
}

/// When to use colors.
pub(super) fn color(arguments: &TestArguments, libtest: &LibtestArguments) -> render::Color {
    match arguments.build.general.color.or(libtest.color) {
        None | Some(cli::Color::Auto) => render::Color::Auto,
        Some(cli::Color::Always) => render::Color::Always,
        Some(cli::Color::Never) => render::Color::Never,
    }
}

/// How many processors there are for us.
pub(super) fn processors() -> usize {
    thread::available_parallelism().map_or(1, NonZeroUsize::get)
}

fn jobs(arguments: &TestArguments, libtest: &LibtestArguments) -> usize {
    let given = libtest.test_threads.or(arguments.test_threads);
    let variable = || env::var("RUST_TEST_THREADS").ok()?.parse().ok();
    given.or_else(variable).map_or_else(processors, NonZeroUsize::get)
}

fn trace(arguments: &TestArguments) -> Trace {
    match arguments.trace {
        _ if arguments.on_panic => Trace::Panics,
        Some(TraceWhen::Always) => Trace::Crashes,
        Some(TraceWhen::Hangs) | None => Trace::Never,
    }
}

/// How long a test rests before the proof is looked for, if it is at all.
pub(in crate::commands) fn stuck_after(given: Option<Duration>) -> Option<Duration> {
    Some(given.unwrap_or(STUCK)).filter(|after| !after.is_zero())
}

fn deadline(timeout: Option<Duration>) -> Deadline {
    match timeout {
        None => Deadline::Default { soft: SOFT, hard: HARD },
        Some(Duration::ZERO) => Deadline::None,
        Some(timeout) => Deadline::Asked(timeout),
    }
}

/// What goes to stdout beside what is asked of tests.
pub(super) fn stdout(arguments: &TestArguments) -> render::Stdout {
    match arguments.build.general.message_format {
        Some(MessageFormat::Json) => render::Stdout::Json,
        None | Some(MessageFormat::Human | MessageFormat::Short) => render::Stdout::Tests,
    }
}

/// libtest takes any value but `0` of `RUST_TEST_NOCAPTURE` for a yes. Where stdout is for JSON, the
/// tests' output is shown behind each of them.
fn output(arguments: &TestArguments, libtest: &LibtestArguments) -> Output {
    let variable = env::var_os("RUST_TEST_NOCAPTURE").is_some_and(|value| value != "0");
    if libtest.nocapture || arguments.no_capture || variable {
        match stdout(arguments) {
            render::Stdout::Tests => Output::Streamed,
            render::Stdout::Json => Output::ShownForAll,
        }
    } else if libtest.show_output {
        Output::ShownForAll
    } else {
        Output::Captured
    }
}

fn status(arguments: &TestArguments, libtest: &LibtestArguments) -> StatusLevel {
    let general = &arguments.build.general;
    if general.quiet > 0 || libtest.is_quiet() {
        StatusLevel::Failures
    } else if general.verbose > 0 {
        StatusLevel::Skipped
    } else {
        StatusLevel::All
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timeout_of_zero_is_none() {
        assert_eq!(deadline(Some(Duration::ZERO)), Deadline::None);
        let second = Duration::from_secs(1);
        assert_eq!(deadline(Some(second)), Deadline::Asked(second));
        assert_eq!(deadline(None), Deadline::Default { soft: SOFT, hard: HARD });
    }

    #[test]
    fn the_proof_is_looked_for_unless_it_is_turned_off() {
        assert_eq!(stuck_after(None), Some(STUCK));
        assert_eq!(stuck_after(Some(Duration::ZERO)), None);
        assert_eq!(stuck_after(Some(Duration::from_secs(9))), Some(Duration::from_secs(9)));
    }
}
