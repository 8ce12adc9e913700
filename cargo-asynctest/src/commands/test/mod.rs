//! `cargo asynctest`: builds, lists, runs.
//!
//! [`compile`] ends with binaries, [`options`] reads how they are to be run, [`step`] runs one test
//! with a task that is followed.

pub(super) mod compile;
pub(super) mod options;
mod step;

use std::ffi::OsString;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::process::{ExitCode, Stdio};

use super::exit::Exit;
use super::notice;
use crate::cargo::manifest::MainFunction;
use crate::cargo::{Error, doctests};
use crate::cli::{Color, LibtestArguments, TestArguments};
use crate::config::Config;
use crate::plan::{Harness, Plan};
use crate::render;
use crate::runner;
use crate::select::binary::Binary;
use crate::select::filter::Filter;
use crate::select::list::{self, ListOptions};
use crate::select::partition;
use crate::select::plan::{Wanted, fill};
use compile::{Compiled, Workspace};

/// Builds the tests that the user selected and runs them.
pub(crate) fn test(arguments: &TestArguments) -> ExitCode {
    match arguments.build.general.color {
        Some(Color::Always) => console::set_colors_enabled_stderr(true),
        Some(Color::Never) => console::set_colors_enabled_stderr(false),
        None | Some(Color::Auto) => (),
    }
    if arguments.build.targets.doc {
        let command = doctests::command_words(&arguments.build);
        notice::error(format_args!("doctests are not run here; `{command}` runs them"));
        return Exit::Usage.into();
    }
    let compiled = Workspace::read(&arguments.build).and_then(|workspace| {
        let config = match Config::read(
            workspace.root(),
            arguments.config_file.as_deref(),
            arguments.run_profile.as_deref(),
        ) {
            Ok(config) => config,
            Err(error) => {
                notice::error(error);
                return Ok(ControlFlow::Break(Exit::Usage));
            }
        };
        if let Some(exit) = refused_early(arguments, &workspace)? {
            return Ok(ControlFlow::Break(exit));
        }
        let compiled = workspace.compile(&arguments.build)?;
        Ok(ControlFlow::Continue((config, compiled)))
    });
    match compiled {
        Ok(ControlFlow::Continue((config, compiled))) => after_build(arguments, &config, compiled),
        Ok(ControlFlow::Break(exit)) => exit.into(),
        Err(error) => {
            if let Some(text) = error.unsaid() {
                notice::error(text);
            }
            Exit::BuildFailed.into()
        }
    }
}

/// Refuses words after `--` that no binary will understand, before any is built: where all are
/// libtest's, as far as manifests tell.
fn refused_early(arguments: &TestArguments, workspace: &Workspace) -> Result<Option<Exit>, Error> {
    let Err(error) = LibtestArguments::parse_words(&arguments.arguments) else {
        return Ok(None);
    };
    let unread = arguments.build.general.no_run;
    if unread || workspace.main_function(&arguments.build)? == MainFunction::Written {
        return Ok(None);
    }
    Ok(Some(refused(&error)))
}

/// Prints what is wrong with the words after `--`, or the help that they ask for.
fn refused(error: &clap::Error) -> Exit {
    let _ = error.print();
    if error.use_stderr() { Exit::Usage } else { Exit::Success }
}

fn after_build(arguments: &TestArguments, config: &Config, compiled: Compiled) -> ExitCode {
    if arguments.build.general.no_run {
        for binary in &compiled.binaries {
            eprintln!("  Executable {} ({})", binary.test.id, binary.executable.display());
        }
        return Exit::Success.into();
    }
    // Words that libtest would refuse are none of its business when it is in no binary.
    let harnessed = |binary: &Binary| binary.test.harness == Harness::Libtest;
    let libtest = match LibtestArguments::parse_words(&arguments.arguments) {
        Ok(libtest) => libtest,
        Err(error) if compiled.binaries.iter().any(harnessed) || !error.use_stderr() => {
            return refused(&error).into();
        }
        Err(_) => LibtestArguments::default(),
    };
    if libtest.list {
        return print_lists(arguments, &compiled.binaries);
    }
    let quiet = arguments.build.general.quiet > 0 || libtest.is_quiet();
    if let (Some(command), false) = (&compiled.doctests, quiet) {
        notice::note(format_args!("doctests are not run here; `{command}` runs them"));
    }
    run(arguments, config, &libtest, compiled)
}

fn run(
    arguments: &TestArguments,
    config: &Config,
    libtest: &LibtestArguments,
    compiled: Compiled,
) -> ExitCode {
    let options = options::run_options(&config.fill(arguments), libtest);
    let harnessed = compiled.binaries.iter();
    let harnessed: Vec<&Binary> =
        harnessed.filter(|binary| binary.test.harness == Harness::Libtest).collect();
    let listing = ListOptions { jobs: options::processors(), limit: options::list_limit(&options) };
    let answers = list::list(&harnessed, listing);
    let wanted = Wanted {
        filter: Filter::new(arguments.filter.as_deref(), libtest),
        words: words(arguments),
    };
    let mut plan = Plan {
        output: compiled.output,
        source_roots: compiled.source_roots,
        workspace: Some(compiled.workspace),
        command: again(arguments),
        rounds: options::rounds(arguments),
        ..Plan::default()
    };
    fill(&mut plan, compiled.binaries, answers, &wanted);
    let had_tests = !plan.tests.is_empty();
    if let Some(partition) = arguments.partition {
        partition::keep(&mut plan, partition);
    }
    let is_empty_part = had_tests && plan.tests.is_empty();
    plan.own_options = options::own_options(&plan, config, arguments, libtest);
    let mut shown = render::Options::detect(options::color(arguments, libtest));
    shown.stdout = options::stdout(arguments);
    if !arguments.step.step_task.is_empty() {
        return step::step(arguments, &plan, &options, &shown);
    }
    match runner::run(plan, &options, &shown) {
        // That a part has no tests is for whoever makes the parts.
        Ok(outcome) if is_empty_part && outcome.exit == runner::verdict::NO_TESTS => {
            Exit::Success.into()
        }
        Ok(outcome) => ExitCode::from(outcome.exit),
        Err(error) => {
            notice::error(error);
            Exit::Failed.into()
        }
    }
}

/// What cargo would pass to each binary.
fn words(arguments: &TestArguments) -> Vec<OsString> {
    let filter = arguments.filter.iter().map(OsString::from);
    filter.chain(arguments.arguments.iter().cloned()).collect()
}

/// The command that builds the same again, up to the selection.
fn again(arguments: &TestArguments) -> Vec<String> {
    let shared = arguments.build.shared().into_iter();
    let shared = shared.map(|word| word.to_string_lossy().into_owned());
    ["cargo", "asynctest"].map(str::to_owned).into_iter().chain(shared).collect()
}

/// Has each binary list its tests on our stdout, in its own words.
fn print_lists(arguments: &TestArguments, binaries: &[Binary]) -> ExitCode {
    for binary in binaries {
        let status = list::command(binary).args(words(arguments)).stdin(Stdio::null()).status();
        match status {
            Ok(status) if status.success() => (),
            Ok(_) => return Exit::ListFailed.into(),
            Err(error) => {
                notice::error(format_args!("cannot run {}: {error}", binary.test.id));
                return Exit::ListFailed.into();
            }
        }
    }
    Exit::Success.into()
}

/// A path of the user's, from the folder we are in.
fn from_here(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}
