//! What tests come to: in lines, in files, in the exit code.

use std::fs;

use asynctest_tests::Error;
use asynctest_tests::command::{Ended, run};
use libtest_mimic::Failed;
use quick_junit::{Report, TestCaseStatus};
use serde_json::Value;

use super::Case;
use super::scene::Scene;

pub(crate) const CASES: &[Case] = &[
    ("every_verdict_is_said_everywhere", every_verdict),
    ("one_name_in_two_binaries_is_two_tests", one_name_in_two_binaries),
    ("what_is_proven_to_be_stuck_needs_no_deadline", stuck),
    ("who_rests_for_long_is_not_stuck", rests),
    ("no_test_is_no_success", no_test),
];

/// A test with what it comes to.
struct Expected {
    binary: &'static str,
    test: &'static str,
    verdict: &'static str,
    /// What its own process ended with.
    exit: Exit,
}

/// How a process ended.
enum Exit {
    Code(i64),
    Signal(&'static str),
}

const fn expected(test: &'static str, verdict: &'static str, exit: Exit) -> Expected {
    Expected { binary: "fixtures::verdicts", test, verdict, exit }
}

/// The example of the README.
const LEDGER: &str = "money_is_neither_made_nor_lost";

const EXPECTED: [Expected; 12] = [
    expected("passes", "PASS", Exit::Code(0)),
    expected("passes_with_tasks", "PASS", Exit::Code(0)),
    expected("passes_without_tokio", "PASS", Exit::Code(0)),
    expected("passes_by_panic", "PASS", Exit::Code(0)),
    expected("passes_when_told", "PASS", Exit::Code(0)),
    expected("fails", "FAIL", Exit::Code(101)),
    expected("crashes", "CRASH", Exit::Signal("SIGABRT")),
    expected("exits", "FAIL", Exit::Code(7)),
    expected("leaks", "LEAK", Exit::Code(0)),
    expected("lingers", "EXIT-HANG", Exit::Signal("SIGKILL")),
    Expected {
        binary: "fixtures::ledger",
        test: LEDGER,
        verdict: "STUCK",
        exit: Exit::Signal("SIGKILL"),
    },
    Expected {
        binary: "fixtures::server",
        test: "asks",
        verdict: "HANG",
        exit: Exit::Signal("SIGKILL"),
    },
];

/// Healthy tests, each of which is woken after seconds by something else.
fn rests(scene: &Scene) -> Result<(), Failed> {
    let mut command = scene.command()?;
    command.args(["--test", "patient", "--test-threads", "16", "--timeout", "120s"]);
    let ended = run(&mut command)?.expect_code(0)?;
    let tests = scene.run_json()?.pointer("/totals/passed").and_then(Value::as_u64);
    let is_right = tests.is_some_and(|count| count >= 20);
    if is_right { Ok(()) } else { Err(format!("{tests:?} passed\n{ended}").into()) }
}

fn every_verdict(scene: &Scene) -> Result<(), Failed> {
    scene.tell()?;
    let mut command = scene.command()?;
    // Another test waits for what a child prints, a server.
    command.args(["--test", "verdicts", "--test", "ledger", "--test", "server"]);
    command.args(["--timeout", "20s"]);
    let ended = run(&mut command)?.expect_code(100)?;
    let json = scene.run_json()?;
    let junit = junit(scene)?;
    let mut wrong = Vec::new();
    for expected in &EXPECTED {
        wrong.extend(expected.in_lines(&ended));
        wrong.extend(expected.in_json(&json));
        wrong.extend(expected.in_junit(&junit));
    }
    for (said, is_said) in [
        ("what it printed before it failed", true),
        ("what it printed before it crashed", true),
        ("a passing test's output is not shown", false),
        ("test crashes ...", false),
        ("12 tests run: 6 passed (1 leaky), 2 failed, 1 crashed, 3 hung, 2 skipped", true),
    ] {
        if ended.stderr.contains(said) != is_said {
            wrong.push(format!("`{said}` should be said: {is_said}"));
        }
    }
    if !ended.stdout.is_empty() {
        wrong.push("stdout is for the tests' own output".into());
    }
    if wrong.is_empty() { Ok(()) } else { Err(format!("{wrong:#?}\n{ended}").into()) }
}

impl Expected {
    /// `        FAIL [   0.012s] ( 3/10) fixtures::verdicts fails`.
    fn in_lines(&self, ended: &Ended) -> Option<String> {
        let name = format!("{} {}", self.binary, self.test);
        let is_it = |line: &str| {
            let mut words = line.split_whitespace();
            words.next() == Some(self.verdict)
                && line.starts_with(&format!("{:>12} [", self.verdict))
                && (line.ends_with(&name) || line.contains(&format!("{name} (")))
        };
        let count = ended.stderr.lines().filter(|line| is_it(line)).count();
        // What did not pass is said once more at the end.
        let times = if self.verdict == "PASS" { 1 } else { 2 };
        (count != times).then(|| format!("{} {name} is said {count} times", self.verdict))
    }

    fn in_json(&self, json: &Value) -> Option<String> {
        let tests = json.get("tests").and_then(Value::as_array);
        let is_it = |entry: &&Value| {
            entry.get("test").is_some_and(|test| test == self.test)
                && entry.get("binary").is_some_and(|binary| binary == self.binary)
        };
        let entry = tests.into_iter().flatten().find(is_it);
        let is_right = entry.is_some_and(|entry| {
            let is_verdict = entry.get("verdict").is_some_and(|verdict| verdict == self.verdict);
            is_verdict
                && match self.exit {
                    Exit::Code(code) => entry.get("exit_code").is_some_and(|it| *it == code),
                    Exit::Signal(name) => entry.get("signal").is_some_and(|it| it == name),
                }
        });
        (!is_right).then(|| format!("{}: {entry:?} in run.json", self.test))
    }

    fn in_junit(&self, junit: &Report) -> Option<String> {
        let suite = junit.test_suites.iter().find(|suite| suite.name.as_str() == self.binary);
        let mut cases = suite.into_iter().flat_map(|suite| &suite.test_cases);
        let case = cases.find(|case| case.name.as_str() == self.test);
        let found = case.map(|case| match &case.status {
            TestCaseStatus::Success { .. } => None,
            TestCaseStatus::NonSuccess { ty, .. } => ty.as_ref().map(|ty| ty.to_string()),
            TestCaseStatus::Skipped { .. } => Some("SKIP".to_owned()),
        });
        let passes = matches!(self.verdict, "PASS" | "LEAK");
        let expected = (!passes).then(|| self.verdict.to_owned());
        (found != Some(expected)).then(|| format!("{}: {found:?} in junit.xml", self.test))
    }
}

fn junit(scene: &Scene) -> Result<Report, Failed> {
    let path = scene.output().join("junit.xml");
    let text = fs::read_to_string(&path).map_err(Error::file(&path))?;
    Ok(Report::deserialize_from_str(&text)?)
}

fn one_name_in_two_binaries(scene: &Scene) -> Result<(), Failed> {
    let test = LEDGER;
    let mut command = scene.command()?;
    command.args(["--test", "ledger", "--test", "twin", "--timeout", "3s", test]);
    command.args(["--stuck-after", "0", "--", "--exact"]);
    let ended = run(&mut command)?.expect_code(100)?;
    for binary in ["ledger", "twin"] {
        let head = format!("HANG  fixtures::{binary}::{test}  ");
        let heads = ended.stderr.lines().filter(|line| line.starts_with(&head)).count();
        let report = scene.output().join(format!("fixtures-{binary}/{test}/1-deadline/report.txt"));
        let text = fs::read_to_string(&report).map_err(Error::file(&report))?;
        let other = if binary == "ledger" { "tests/twin.rs" } else { "tests/ledger.rs" };
        if heads != 1 || !text.starts_with(&head) || text.contains(other) {
            return Err(format!("{binary}: {heads} heads\n{ended}\n{text}").into());
        }
    }
    Ok(())
}

/// Without a deadline the run ends only if the proof is found.
fn stuck(scene: &Scene) -> Result<(), Failed> {
    let mut command = scene.command()?;
    command.args(["--test", "ledger", "--test", "twin", "--timeout", "0"]);
    let ended = run(&mut command)?.expect_code(100)?;
    for binary in ["ledger", "twin"] {
        let head = format!("STUCK  fixtures::{binary}::{LEDGER}  ");
        let report = scene.output().join(format!("fixtures-{binary}/{LEDGER}/1-stuck/report.json"));
        let text = fs::read_to_string(&report).map_err(Error::file(&report))?;
        let report: asynctest_engine::report::Report = serde_json::from_str(&text)?;
        let is_said = ended.stderr.lines().any(|line| line.starts_with(&head))
            && ended.stderr.contains("proven that nothing can wake it: ");
        if !is_said || !report.looks.is_stuck() || report.subject.verdict != "STUCK" {
            return Err(format!("{binary}\n{ended}\n{text}").into());
        }
    }
    Ok(())
}

fn no_test(scene: &Scene) -> Result<(), Failed> {
    let mut command = scene.command()?;
    let ended = run(command.args(["--test", "verdicts", "no_such_test"]))?.expect_code(4)?;
    if ended.stderr.contains("no tests to run") { Ok(()) } else { Err(ended.to_string().into()) }
}
