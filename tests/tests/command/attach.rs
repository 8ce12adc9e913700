//! Reports of processes that somebody else has started.

use std::process::Command;

use asynctest_tests::Error;
use asynctest_tests::command::run;
use asynctest_tests::matrix::{Profile, Targets};
use libtest_mimic::Failed;

use super::Case;
use super::scene::{Scene, Started, TOLD, status};

pub(crate) const CASES: &[Case] = &[
    ("a_process_goes_on_after_its_report", goes_on_after_its_report),
    ("a_process_that_is_not_there_is_said_so", not_there),
];

fn goes_on_after_its_report(scene: &Scene) -> Result<(), Failed> {
    let mut executables = scene.package.build(Targets::Tests, Profile::Dev)?;
    let verdicts = executables.remove("verdicts");
    let verdicts = verdicts.ok_or_else(|| Error::Missing("the test `verdicts`".into()))?;
    let mut test = Command::new(verdicts);
    test.args(["--exact", TOLD]).env("FIXTURE_FOLDER", scene.file(""));
    let mut test = Started::new(&mut test)?;
    let process = scene.begun()?;

    let mut command = scene.command()?;
    let attached = run(command.args(["attach", &process.to_string()]))?.expect_code(0)?;
    let state = status(process, "State").unwrap_or_default();
    let tracer = status(process, "TracerPid");
    scene.tell()?;
    let code = test.end()?;
    let is_right = attached.stdout.contains("waits for a timer")
        && attached.stdout.contains("tests/verdicts.rs:")
        && attached.stderr.is_empty()
        && (state.starts_with('S') || state.starts_with('R'))
        && tracer.as_deref() == Some("0")
        && code == Some(0);
    if is_right { Ok(()) } else { Err(format!("{state} {tracer:?} {code:?}\n{attached}").into()) }
}

fn not_there(scene: &Scene) -> Result<(), Failed> {
    let mut command = scene.command()?;
    // The largest process id that there can be is 2^22.
    let ended = run(command.args(["attach", "4194305"]))?;
    let said = ended.stderr.lines().count() == 1 && ended.stderr.contains("4194305");
    let is_right = ended.code.is_some_and(|code| code != 0) && said;
    if is_right { Ok(()) } else { Err(format!("{:?}\n{ended}", ended.code).into()) }
}
