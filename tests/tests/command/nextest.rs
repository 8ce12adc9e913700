//! `cargo asynctest runner` as nextest's run-wrapper.

use std::fs;
use std::process::Command;

use asynctest_tests::Error;
use asynctest_tests::command::{Ended, cargo, run};
use asynctest_tests::matrix::Profile;
use libtest_mimic::Failed;

use super::Case;
use super::scene::{Scene, is_alive, wait_for};
use super::wrapped::runner;

pub(crate) const CASES: &[Case] = &[
    ("nextest_comes_to_the_same_verdicts", verdicts),
    ("nextest_goes_on_when_a_test_is_stuck", stuck),
    ("nextest_lists_the_same", lists),
    ("nextest_keeps_the_report_of_each_try", retries),
    ("nextest_leaves_no_test_that_it_kills", killed),
];

/// The wrapper as users configure it.
const WRAPPER: &str = "\
experimental = ['wrapper-scripts']

[scripts.wrapper.asynctest]
command = 'RUNNER'

[[profile.default.scripts]]
filter = 'all()'
run-wrapper = 'asynctest'
";

/// Whether nextest is there.
pub(crate) fn is_installed() -> bool {
    run(cargo().args(["nextest", "--version"])).is_ok_and(|ended| ended.code == Some(0))
}

/// Nextest in the package, with this configuration.
fn nextest(scene: &Scene, config: &str, words: &[&str]) -> Result<Command, Error> {
    let file = scene.file("nextest.toml");
    fs::write(&file, config.replace("RUNNER", &runner()?)).map_err(Error::file(&file))?;
    let mut command = cargo();
    for (name, _) in std::env::vars_os() {
        let is_others = ["NEXTEST", "ASYNCTEST_"].iter();
        if is_others.clone().any(|start| name.to_string_lossy().starts_with(start)) {
            command.env_remove(&name);
        }
    }
    command.arg("nextest").args(words).arg("--config-file").arg(&file);
    scene.package.of(&mut command, Profile::Dev).env("FIXTURE_FOLDER", scene.file(""));
    Ok(command)
}

/// What became of each test, in nextest's words: `SIGABRT fixtures::verdicts crashes`.
fn of_each(ended: &Ended) -> Vec<String> {
    let line = |line: &str| {
        let (verdict, rest) = line.split_once(" [")?;
        let (_, name) = rest.split_once(") ")?;
        let is_last = ["PASS", "FAIL", "LEAK", "SIGABRT", "TIMEOUT"].contains(&verdict.trim());
        is_last.then(|| format!("{} {name}", verdict.trim()))
    };
    let mut lines: Vec<String> = ended.stderr.lines().filter_map(line).collect();
    lines.sort();
    lines.dedup();
    lines
}

fn verdicts(scene: &Scene) -> Result<(), Failed> {
    scene.tell()?;
    let timeout = "[profile.default]\nslow-timeout = { period = '4s', terminate-after = 1 }\n";
    let words = ["run", "--no-fail-fast", "--test", "verdicts"];
    let plain = run(&mut nextest(scene, timeout, &words)?)?.expect_code(100)?;
    let config = format!("{WRAPPER}{timeout}");
    let wrapped = run(&mut nextest(scene, &config, &words)?)?.expect_code(100)?;
    let said = ["TIMEOUT fixtures::verdicts lingers", "SIGABRT fixtures::verdicts crashes"];
    let lines = of_each(&wrapped);
    let report = "    EXIT-HANG  fixtures::verdicts::lingers  ";
    let is_right = lines == of_each(&plain)
        && said.iter().all(|said| lines.iter().any(|line| line == said))
        && wrapped.stderr.lines().any(|line| line.starts_with(report));
    if is_right { Ok(()) } else { Err(format!("without: {plain}\nwith: {wrapped}").into()) }
}

/// Without a timeout of nextest's the run ends only if the proof is found.
fn stuck(scene: &Scene) -> Result<(), Failed> {
    let words = ["run", "--no-fail-fast", "--test", "ledger", "--test", "twin"];
    let ended = run(&mut nextest(scene, WRAPPER, &words)?)?.expect_code(100)?;
    let test = "money_is_neither_made_nor_lost";
    for binary in ["ledger", "twin"] {
        let head = format!("    STUCK  fixtures::{binary}::{test}  ");
        let line = format!("FAIL fixtures::{binary} {test}");
        let is_said = ended.stderr.lines().any(|line| line.starts_with(&head));
        if !is_said || !of_each(&ended).contains(&line) {
            return Err(ended.to_string().into());
        }
    }
    Ok(())
}

fn retries(scene: &Scene) -> Result<(), Failed> {
    let words = ["run", "--retries", "1", "--test", "twin"];
    let ended = run(&mut nextest(scene, WRAPPER, &words)?)?.expect_code(100)?;
    let reports = scene.package.target().join("asynctest/fixtures-twin");
    let has = |name: &str| reports.join("money_is_neither_made_nor_lost").join(name).is_dir();
    let is_right = ["1-stuck", "2-stuck"].iter().all(|name| has(name));
    if is_right { Ok(()) } else { Err(ended.to_string().into()) }
}

fn lists(scene: &Scene) -> Result<(), Failed> {
    let words = ["list", "--test", "verdicts"];
    let plain = run(&mut nextest(scene, "", &words)?)?.expect_code(0)?;
    let config = format!("{WRAPPER}list-wrapper = 'asynctest'\n");
    let wrapped = run(&mut nextest(scene, &config, &words)?)?.expect_code(0)?;
    let is_right = plain.stdout == wrapped.stdout && plain.stdout.contains("passes_when_told");
    if is_right { Ok(()) } else { Err(format!("without: {plain}\nwith: {wrapped}").into()) }
}

/// Nextest kills the wrapper at once, and the wrapper can do nothing any more.
fn killed(scene: &Scene) -> Result<(), Failed> {
    let timeout = "[profile.default]\n\
        slow-timeout = { period = '4s', terminate-after = 1, grace-period = '0s' }\n";
    let config = format!("{WRAPPER}{timeout}");
    let words = ["run", "--test", "verdicts", "passes_when_told"];
    let ended = run(&mut nextest(scene, &config, &words)?)?.expect_code(100)?;
    let test = scene.begun()?;
    if !ended.stderr.contains("TIMEOUT") {
        return Err(ended.to_string().into());
    }
    Ok(wait_for("the end of the test", || (!is_alive(test)).then_some(()))?)
}
