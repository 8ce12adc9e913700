//! Tests that take long and are looked at meanwhile.

use std::collections::BTreeMap;

use asynctest_tests::command::run;
use libtest_mimic::Failed;
use serde_json::Value;

use super::Case;
use super::scene::{Scene, Started, TOLD};

pub(crate) const CASES: &[Case] = &[
    ("who_does_nothing_for_long_has_stalled", stalled),
    ("a_slow_test_is_reported_and_passes", slow_then_passes),
    ("a_slow_test_is_reported_and_hangs", slow_then_hangs),
    ("when_the_run_is_over_it_is_said_where_a_test_stood", over),
];

fn slow_then_passes(scene: &Scene) -> Result<(), Failed> {
    let mut command = scene.command()?;
    command.args(["--test", "verdicts", "--slow-after", "1s", "--timeout", "0", TOLD]);
    let mut run = Started::new(&mut command)?;
    run.read_to(|line| line.starts_with(&format!("SLOW  fixtures::verdicts::{TOLD}  ")))?;
    scene.tell()?;
    let code = run.end()?;
    let json = scene.run_json()?;
    let reported = scene.output().join(format!("fixtures-verdicts/{TOLD}/1-slow/report.txt"));
    let is_right = code == Some(0)
        && run.said.contains("        PASS [")
        && run.said.contains("1 test run: 1 passed (1 slow)")
        && run.said.contains("tests/verdicts.rs:")
        && json.pointer("/tests/0/verdict").is_some_and(|verdict| verdict == "PASS")
        && reported.is_file();
    if is_right { Ok(()) } else { Err(format!("{code:?}\n{}\n{json:#}", run.said).into()) }
}

fn slow_then_hangs(scene: &Scene) -> Result<(), Failed> {
    let mut command = scene.command()?;
    command.args(["--test", "ledger", "--slow-after", "1s", "--timeout", "5s"]);
    command.args(["--stuck-after", "0"]);
    let mut run = Started::new(&mut command)?;
    let code = run.end()?;
    let position = |word: &str| {
        run.said.lines().position(|line| line.starts_with(&format!("{word}  fixtures::ledger::")))
    };
    let is_right =
        code == Some(100) && position("SLOW").is_some() && position("SLOW") < position("HANG");
    if is_right { Ok(()) } else { Err(format!("{code:?}\n{}", run.said).into()) }
}

fn over(scene: &Scene) -> Result<(), Failed> {
    let mut command = scene.command()?;
    command.args(["--test", "verdicts", "--global-timeout", "3s", "--timeout", "0", TOLD]);
    let mut run = Started::new(&mut command)?;
    let code = run.end()?;
    let json = scene.run_json()?;
    let is_right = code == Some(100)
        && run.said.contains("sleep(Duration::from_millis(10)).await;")
        && json.pointer("/totals/timed_out").is_some_and(|is_it| is_it == true)
        && json.pointer("/totals/interrupted").is_some_and(|count| count == 1);
    if is_right { Ok(()) } else { Err(format!("{code:?}\n{}\n{json:#}", run.said).into()) }
}

/// One that waits for a child that sleeps has stalled; of those that work, one computes and one prints.
fn stalled(scene: &Scene) -> Result<(), Failed> {
    let mut command = scene.command()?;
    command.args(["--test", "stalls", "--stall-after", "3s", "--timeout", "0"]);
    let ended = run(&mut command)?.expect_code(100)?;
    let json = scene.run_json()?;
    let tests = json.get("tests").and_then(Value::as_array).into_iter().flatten();
    let word = |test: &Value, name: &str| {
        test.get(name).and_then(Value::as_str).unwrap_or_default().to_owned()
    };
    let found: BTreeMap<String, String> =
        tests.map(|test| (word(test, "test"), word(test, "verdict"))).collect();
    let expected = [("computes", "PASS"), ("prints", "PASS"), ("waits_for_a_child", "HANG")];
    let expected: BTreeMap<String, String> =
        expected.iter().map(|(test, verdict)| ((*test).into(), (*verdict).into())).collect();
    let is_said = ended.stderr.contains("waits_for_a_child (no output and no CPU for 3 s)")
        && ended.stderr.contains("HANG  fixtures::stalls::waits_for_a_child  external-wait: ");
    let folder = scene.output().join("fixtures-stalls/waits_for_a_child/1-stall");
    if found == expected && is_said && folder.join("report.txt").exists() {
        return Ok(());
    }
    Err(format!("{found:?}\n{ended}").into())
}
