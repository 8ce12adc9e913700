//! What a job on GitHub is told.

use std::fs;

use asynctest_tests::Error;
use asynctest_tests::command::{run, workspace};
use asynctest_tests::marks::{Program, Who};
use libtest_mimic::Failed;

use super::Case;
use super::scene::Scene;

pub(crate) const CASES: &[Case] =
    &[("a_hang_is_an_annotation_at_the_line_of_its_root", a_hang_is_an_annotation)];

/// The line that the marks of `tests/ledger.rs` name for the wait of the first task of the circle.
fn line_of_the_root() -> Result<u32, Failed> {
    let path = workspace().join("fixtures/tests/ledger.rs");
    let source = fs::read_to_string(&path).map_err(Error::file(&path))?;
    let program = Program::parse(&source)?;
    let paths = program.tasks.get(&Who::Task("transfer".into())).map(|root| root.paths.as_slice());
    let lines = paths.and_then(<[_]>::first).map(|path| path.lines.as_slice());
    Ok(*lines.and_then(<[_]>::last).ok_or("the task has no mark")?)
}

fn a_hang_is_an_annotation(scene: &Scene) -> Result<(), Failed> {
    let summary = scene.file("summary.md");
    let mut command = scene.command()?;
    command.env("GITHUB_ACTIONS", "true").env("GITHUB_STEP_SUMMARY", &summary);
    command.args(["--test", "ledger", "--timeout", "3s", "--stuck-after", "0"]);
    let ended = run(&mut command)?.expect_code(100)?;
    let head = format!(
        "::error file=tests/ledger.rs,line={},title=HANG  \
         fixtures%3A%3Aledger%3A%3Amoney_is_neither_made_nor_lost::",
        line_of_the_root()?
    );
    let count = |start: &str| ended.stderr.lines().filter(|line| line.starts_with(start)).count();
    let text = fs::read_to_string(&summary).map_err(Error::file(&summary))?;
    let is_right = count(&head) == 1
        && count("::error ") == 1
        && count("::stop-commands::") == 1
        && text.contains("| test | cause | where |")
        && text.contains("\nHANG  fixtures::ledger::money_is_neither_made_nor_lost  ");
    if is_right { Ok(()) } else { Err(format!("{head}\n{ended}\n{text}").into()) }
}
