//! `--step-task NAME`: runs the one test that was selected and tells what tasks of it do.

use std::process::ExitCode;

use asynctest_engine::limits::Limits;
use asynctest_engine::step;

use crate::cli::{MessageFormat, StepBy, StepInto, TestArguments, Values};
use crate::commands::exit::Exit;
use crate::commands::notice;
use crate::plan::{Harness, Plan, RunOptions, TestBinary, TestCase};
use crate::render::{self, story};
use crate::runner::event::Examined;
use crate::runner::stepped::{self, Errand, Finished, Stdout};
use crate::runner::verdict;

/// What is said of a program that is optimized.
const OPTIMIZED: &str = "this program is optimized: lines are told in the order of its code, some of \
                         them have none, and few variables can be shown";

/// What the command exits with when the test failed.
const FAILED: u8 = 100;

/// What it exits with when it was interrupted.
const INTERRUPTED: u8 = 130;

/// Steps the tasks that were named.
pub(super) fn step(
    arguments: &TestArguments,
    plan: &Plan,
    options: &RunOptions,
    shown: &render::Options,
) -> ExitCode {
    let (binary, case) = match only_test(plan) {
        Ok(only) => only,
        Err(exit) => return exit,
    };
    let is_json = arguments.build.general.message_format == Some(MessageFormat::Json);
    let format = if is_json { story::Format::Json } else { story::Format::Text(shown.style) };
    let errand = Errand {
        plan,
        binary,
        case,
        options,
        request: request(arguments, plan, binary, case),
        stdout: if is_json { Stdout::Stderr } else { Stdout::Own },
    };
    let mut teller = story::Teller::new(format);
    if binary.is_optimized {
        let event = step::Event::Note { text: OPTIMIZED.to_owned() };
        teller.tell(&step::Told { stepped: None, event });
    }
    match stepped::run(errand, Box::new(move |event| teller.tell(&event))) {
        Ok(Finished::Ended(exit)) => {
            story::ended(shown.style, binary, case, &exit);
            match verdict::of_exit(&exit).fails() {
                true => ExitCode::from(FAILED),
                false => Exit::Success.into(),
            }
        }
        Ok(Finished::Hung(examined)) => hung(examined, shown),
        Ok(Finished::Interrupted) => ExitCode::from(INTERRUPTED),
        Ok(Finished::Refused(why)) => {
            notice::error(why);
            Exit::Usage.into()
        }
        Err(error) => {
            notice::error(format_args!("cannot run {}: {error}", binary.id));
            Exit::Failed.into()
        }
    }
}

/// The test that is to be run, if it is one.
fn only_test(plan: &Plan) -> Result<(&TestBinary, &TestCase), ExitCode> {
    const SHOWN: usize = 10;
    let found = match plan.tests.as_slice() {
        [only] => plan.binaries.get(only.binary).map(|binary| (binary, only)),
        [] => {
            notice::error("no test was selected, and one is needed to step a task of it");
            return Err(ExitCode::from(verdict::NO_TESTS));
        }
        several => {
            let names = several.iter().take(SHOWN).map(|test| format!("\n  {}", test.name));
            let names: String = names.collect();
            let count = several.len();
            notice::error(format_args!(
                "{count} tests were selected; to step a task, name one: `-- --exact NAME`{names}"
            ));
            return Err(Exit::Usage.into());
        }
    };
    found.ok_or(Exit::Failed.into())
}

fn request(
    arguments: &TestArguments,
    plan: &Plan,
    binary: &TestBinary,
    case: &TestCase,
) -> step::Request {
    let step = &arguments.step;
    step::Request {
        names: step.step_task.clone(),
        test: (binary.harness == Harness::Libtest).then(|| case.name.clone()),
        into: match step.step_into {
            None | Some(StepInto::User) => step::StepInto::User,
            Some(StepInto::All) => step::StepInto::All,
            Some(StepInto::None) => step::StepInto::None,
        },
        values: Values::wanted(arguments.values),
        watches: step.watch.clone(),
        means: match step.step_by {
            None | Some(StepBy::Watchpoints) => step::Means::Watchpoints,
            Some(StepBy::Breakpoints) => step::Means::Breakpoints,
        },
        limit: step.step_limit,
        from: step.step_from.clone(),
        until: step.step_until.clone(),
        source_roots: plan.source_roots.clone(),
        limits: Limits::default(),
    }
}

/// Prints the report of a test that hung.
fn hung(examined: Result<Examined, String>, shown: &render::Options) -> ExitCode {
    match examined {
        Ok(examined) => {
            let folder = Some(examined.folder.as_path());
            eprintln!("{}", render::text::report(&examined.report, shown.style, folder));
        }
        Err(why) => notice::error(format_args!("the test hung, and there is no report: {why}")),
    }
    ExitCode::from(FAILED)
}
