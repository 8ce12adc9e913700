//! A program in which tasks are born and die all the time, captured many times: what is said of it is
//! never wrong, whatever it was doing.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use asynctest_engine::report::{Certainty, FutureNode, Location, Report, TaskKind};
use asynctest_tests::Error;
use asynctest_tests::hanging::Hanging;
use asynctest_tests::matrix::{Package, Profile, Targets};
use libtest_mimic::{Arguments, Failed, Trial};

/// How often the program is captured.
const CAPTURES: usize = 40;

/// How many of its tasks never end.
const STAYING: u64 = 16;

const SOURCE: &str = include_str!("../programs/storm.rs");

fn main() -> ExitCode {
    let trial = Trial::test("a_storm_of_tasks", storm);
    libtest_mimic::run(&Arguments::from_args(), vec![trial]).exit_code()
}

fn storm() -> Result<(), Failed> {
    let (hanging, _) = Hanging::printing(&mut Command::new(program()?), "done")?;
    let mut wrong = Vec::new();
    let mut tasks = 0;
    for number in 0..CAPTURES {
        let report = hanging.report()?;
        tasks += report.counts.tasks_found;
        wrong.extend(mistakes(&report).into_iter().map(|what| format!("{number}: {what}")));
    }
    if tasks < STAYING * 2 * CAPTURES as u64 {
        wrong.push(format!("only {tasks} tasks were seen: this was no storm"));
    }
    wrong.sort();
    wrong.dedup();
    if wrong.is_empty() { Ok(()) } else { Err(wrong.join("\n").into()) }
}

/// Builds the program against the newest Tokio.
fn program() -> Result<PathBuf, Error> {
    let temporary = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let target = temporary.parent().unwrap_or(temporary);
    let manifest = "[package]\nname = \"storm\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n\
        [dependencies]\ntokio = { version = \"1\", features = [\"full\"] }\n\n[workspace]\n";
    let package = Package::new(target, "storm", manifest)?;
    package.write("src/main.rs", SOURCE)?;
    let mut executables = package.build(Targets::Binaries, Profile::Dev)?;
    executables.remove("storm").ok_or_else(|| Error::Missing("the program storm".into()))
}

/// What one report says that cannot be so.
fn mistakes(report: &Report) -> Vec<String> {
    let mut wrong: Vec<String> =
        report.gaps.iter().map(|gap| format!("gap: {}: {}", gap.what, gap.why)).collect();
    if report.counts.tasks_walked != report.counts.tasks_found {
        let counts = &report.counts;
        wrong.push(format!("{} of {} tasks walked", counts.tasks_walked, counts.tasks_found));
    }
    // That it goes on is to be seen; nothing else that is said of it can be sure.
    let is_slow = report.headline.finding == "slow";
    if !is_slow && report.headline.certainty != Certainty::Possible {
        wrong.push(format!("claims {}: {}", report.headline.finding, report.headline.sentence));
    }
    let stay = |task: &&asynctest_engine::report::Task| task.name == "storm::stay";
    let staying: u64 = report.tasks.iter().filter(stay).map(|task| task.count).sum();
    if staying != STAYING {
        wrong.push(format!("{staying} of {STAYING} tasks that never end"));
    }
    for task in &report.tasks {
        let is_known = task.name.starts_with("storm::")
            || task.kind != TaskKind::Spawned
            || task.name.starts_with("tokio::");
        if !is_known {
            wrong.push(format!("a task that is none: {} {}", task.label, task.name));
        }
        let mut lines = Vec::new();
        task.future.iter().for_each(|future| suspended(future, &mut lines));
        for line in lines.into_iter().filter(|line| !is_suspension(line)) {
            let text = line.text.as_deref().unwrap_or_default();
            wrong.push(format!("{} is suspended at line {}: {text}", task.name, line.line));
        }
    }
    wrong
}

/// The lines of this program's own at which futures are suspended.
fn suspended<'report>(future: &'report FutureNode, lines: &mut Vec<&'report Location>) {
    let is_suspended = future.state.as_deref() == Some("suspended");
    let own = future.location.iter().filter(|line| line.file.ends_with("storm/src/main.rs"));
    lines.extend(own.filter(|_| is_suspended));
    future.children.iter().for_each(|child| suspended(child, lines));
}

/// Whether a future can be suspended at this line.
fn is_suspension(line: &Location) -> bool {
    let index = usize::try_from(line.line).unwrap_or(usize::MAX).saturating_sub(1);
    let source = SOURCE.lines().nth(index).unwrap_or_default();
    [".await", "select!", "join!"].iter().any(|word| source.contains(word))
}
