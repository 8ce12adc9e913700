//! `cargo asynctest runner`: one program, started by cargo or by nextest, whose tests they are.
//!
//! [`mod@wrapped`] tells what the program is, [`origin`] where it comes from, [`mod@inside`] which
//! tests it has.

mod inside;
mod origin;
mod wrapped;

use std::env;
use std::ffi::OsString;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command as Program, ExitCode};

use super::exit::Exit;
use super::notice;
use super::test::options::{APART, HARD, SOFT, stuck_after};
use crate::cargo::debug_info;
use crate::cli::{self, Command, RunnerArguments, Values};
use crate::config::{self, Config};
use crate::plan::{
    Deadline, FailFast, Harness, Host, Output, Plan, Rounds, RunOptions, StatusLevel, TestBinary,
    TestCase, Trace,
};
use crate::render;
use crate::runner::{self, death, verdict};
use origin::Origin;
use wrapped::{Wrapped, wrapped};

/// What libtest, and so a test program, exits with when a test fails.
const FAILED: u8 = 101;

/// The variable that chooses a profile of the configuration.
const PROFILE: &str = "ASYNCTEST_PROFILE";

/// Becomes the program, where there is nothing to watch. To be called first of all; returns nothing
/// where there is, and otherwise only what keeps the program from being started.
pub(crate) fn pass_on(words: &[OsString]) -> Option<ExitCode> {
    let arguments = match cli::parse(words.iter().cloned()) {
        Ok(Command::Runner(arguments)) => arguments,
        Ok(_) => return None,
        Err(error) => return Some(refused(&error)),
    };
    if what(&arguments) != Wrapped::Passed {
        return None;
    }
    let (program, rest) = arguments.command.split_first()?;
    Some(not_started(program.as_ref(), &Program::new(program).args(rest).exec()))
}

/// Runs the program and reports what hangs in it.
pub(crate) fn runner(arguments: &RunnerArguments) -> ExitCode {
    let Some(plan) = plan(arguments) else { return Exit::Usage.into() };
    let options = match configured(arguments, &plan) {
        Ok(arguments) => options(&arguments),
        Err(error) => {
            notice::error(error);
            return Exit::Usage.into();
        }
    };
    let shown = render::Options::detect(render::Color::Auto);
    match runner::run_wrapped(&plan, &options, &shown) {
        Ok(wrapped) => {
            if wrapped.verdict.is_none_or(verdict::Verdict::is_ours) {
                tell_what_lacks(&plan);
            }
            exit_code(&wrapped, &arguments.command)
        }
        Err(error) => {
            notice::error(error);
            Exit::Failed.into()
        }
    }
}

fn refused(error: &clap::Error) -> ExitCode {
    let exit = if error.use_stderr() { Exit::Usage } else { Exit::Success };
    let _ = error.print();
    exit.into()
}

fn not_started(program: &Path, why: &dyn std::fmt::Display) -> ExitCode {
    notice::error(format_args!("cannot run {}: {why}", program.display()));
    Exit::Failed.into()
}

fn variable(name: &str) -> Option<String> {
    env::var(name).ok().filter(|value| !value.is_empty())
}

fn what(arguments: &RunnerArguments) -> Wrapped {
    wrapped(&arguments.command, variable("NEXTEST_TEST_NAME").as_deref())
}

/// The one test, or the whole program as one.
fn plan(arguments: &RunnerArguments) -> Option<Plan> {
    let (program, rest) = arguments.command.split_first()?;
    let path = PathBuf::from(program);
    let origin = Origin::find(&path, variable);
    let name = match what(arguments) {
        Wrapped::OneTest { name } => name,
        Wrapped::Program | Wrapped::Passed => String::new(),
    };
    let inside = name.is_empty().then(|| inside::ask(&path));
    let harness = if name.is_empty() { Harness::Whole } else { Harness::Libtest };
    let binary = TestBinary {
        id: origin.id,
        selection: origin.selection,
        path,
        folder: PathBuf::from("."),
        environment: Vec::new(),
        unset: Vec::new(),
        is_optimized: false,
        harness,
    };
    Some(Plan {
        binaries: vec![binary],
        tests: vec![TestCase { binary: 0, name, arguments: rest.to_vec() }],
        output: origin.output,
        source_roots: origin.source_roots,
        workspace: origin.workspace,
        command: ["cargo", "asynctest"].map(str::to_owned).into(),
        rounds: Rounds { first: attempt(), ..Rounds::default() },
        words: rest.iter().map(|word| word.to_string_lossy().into_owned()).collect(),
        inside,
        ..Plan::default()
    })
}

/// Which try of nextest's this is: it runs a test again that has failed, where its users want that.
fn attempt() -> u32 {
    let told = variable("NEXTEST_ATTEMPT").and_then(|number| number.parse().ok());
    told.unwrap_or(1).max(1)
}

/// The arguments, with what the workspace's configuration says where they say nothing.
fn configured(arguments: &RunnerArguments, plan: &Plan) -> Result<RunnerArguments, config::Error> {
    let (Some(root), [binary], [test]) = (&plan.workspace, &*plan.binaries, &*plan.tests) else {
        return Ok(arguments.clone());
    };
    let config = Config::read(root, None, variable(PROFILE).as_deref())?;
    Ok(config.fill_wrapped(arguments, &binary.id, &test.name))
}

/// Says how a program gets the debug info that its report had to do without: it was not we who built
/// it.
fn tell_what_lacks(plan: &Plan) {
    let Some(binary) = plan.binaries.first() else { return };
    if debug_info::lacks_types(&binary.path) {
        let profile = origin::profile(&binary.path);
        notice::note(format_args!(
            "{} was built without the types that tell tasks; in Cargo.toml, this brings them \
             back:\n    [profile.{profile}]\n    debug = 2\n    strip = false",
            binary.id
        ));
    }
}

fn options(arguments: &RunnerArguments) -> RunOptions {
    RunOptions {
        jobs: 1,
        deadline: deadline(arguments),
        stuck_after: stuck_after(arguments.stuck_after),
        stall_after: None,
        global_timeout: None,
        trace: Trace::Never,
        slow_after: arguments.slow_after.filter(|after| !after.is_zero()),
        output: Output::Streamed,
        fail_fast: FailFast::No,
        status: StatusLevel::Failures,
        apart: APART,
        values: Values::wanted(arguments.values),
        host: Host::Another,
    }
}

/// Nextest has deadlines of its own, and its users have set them.
fn deadline(arguments: &RunnerArguments) -> Deadline {
    match (arguments.timeout, what(arguments)) {
        (Some(timeout), _) if timeout.is_zero() => Deadline::None,
        (Some(timeout), _) => Deadline::Asked(timeout),
        (None, Wrapped::OneTest { .. }) => Deadline::None,
        (None, Wrapped::Program | Wrapped::Passed) => Deadline::Default { soft: SOFT, hard: HARD },
    }
}

/// Ends as the program has ended; as one with a failed test when it was ended because it hangs.
fn exit_code(wrapped: &runner::Wrapped, command: &[OsString]) -> ExitCode {
    let program = command.first().map(Path::new).unwrap_or(Path::new(""));
    match (&wrapped.verdict, &wrapped.exit) {
        (_, verdict::Exit::NotStarted(why)) => not_started(program, why),
        (Some(verdict), _) if verdict.is_ours() => ExitCode::from(FAILED),
        (_, verdict::Exit::Code(code)) => ExitCode::from(*code as u8),
        (_, verdict::Exit::Signal(signal)) => death::by(*signal),
        (_, exit) => {
            notice::error(format_args!("{}: {exit}", program.display()));
            ExitCode::from(FAILED)
        }
    }
}
