//! What a job on GitHub is told.

use std::fs;
use std::path::Path;

use asynctest_tests::Error;
use asynctest_tests::command::{run, workspace};
use asynctest_tests::marks::{Program, Who};
use libtest_mimic::Failed;

use super::Case;
use super::scene::Scene;

pub(crate) const CASES: &[Case] =
    &[("a_hang_is_an_annotation_at_the_line_of_its_root", a_hang_is_an_annotation)];

/// The example of the README.
const TEST: &str = "money_is_neither_made_nor_lost";

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
    let output = scene.file("output");
    let mut command = scene.command()?;
    command.env("GITHUB_ACTIONS", "true").env("GITHUB_STEP_SUMMARY", &summary);
    command.env("GITHUB_OUTPUT", &output).env("GITHUB_WORKSPACE", "/");
    // What the report says of where this test waits is no secret; it stands for one.
    command.env("SOME_TOKEN", "money_is_neither");
    command.args(["--test", "ledger", "--test", "verdicts", "--timeout", "3s"]);
    command.args(["--stuck-after", "0", "--", "--exact", "fails", TEST]);
    let ended = run(&mut command)?.expect_code(100)?;
    let read = |path: &Path| fs::read_to_string(path).map_err(Error::file(path));
    let folder = scene.package.target().join("asynctest/github.reports");
    let report = folder.join(format!("fixtures-ledger/{TEST}/1-deadline"));
    let sources = scene.package.folder.strip_prefix("/").unwrap_or(&scene.package.folder);
    let head = format!(
        "::error file={},line={},title=HANG  fixtures%3A%3Aledger%3A%3A{TEST}::",
        sources.join("tests/ledger.rs").display(),
        line_of_the_root()?
    );
    let lines: Vec<&str> = ended.stderr.lines().collect();
    let count = |start: &str| lines.iter().filter(|line| line.starts_with(start)).count();
    let place = |start: &str| lines.iter().position(|line| line.starts_with(start));
    let (stop, error) = (place("::stop-commands::"), place(&head));
    let token = stop.and_then(|stop| lines.get(stop)?.strip_prefix("::stop-commands::"));
    let resume = token.and_then(|token| place(&format!("::{token}::")));
    let group = place("##[group]stderr of fixtures::verdicts fails");
    let text = read(&summary)?;
    let checks = [
        ("one annotation", count(&head) == 1 && count("::error ") == 1),
        ("one time without commands", count("::stop-commands::") == 1),
        ("output is in groups", group.is_some() && count("##[group]") == count("##[endgroup]")),
        ("nothing is obeyed before all is said", stop < group && group < resume && resume < error),
        ("the table", text.contains("| test | cause | where |")),
        ("the report", text.contains(&format!("\nHANG  fixtures::ledger::{TEST}  "))),
        ("the graph", text.contains("\n```mermaid\nflowchart ")),
        ("the counts", text.contains("2 of 2 tests run: 0 passed, 1 failed, 1 hung")),
        ("the folder", read(&output)? == format!("reports={}\n", folder.display())),
        ("text is taken", read(&report.join("report.txt"))?.contains("::***_made_nor_lost")),
        ("JSON is taken", read(&report.join("report.json"))?.contains("\"verdict\": \"HANG\"")),
        ("a page is taken", read(&report.join("report.html"))?.starts_with("<!DOCTYPE html>")),
        ("no capture is", fs::read_dir(&report)?.count() == 3),
    ];
    match checks.iter().find(|(_, holds)| !holds) {
        None => Ok(()),
        Some((what, _)) => Err(format!("{what}\n{head}\n{ended}\n{text}").into()),
    }
}
