//! What happens in a run, for programs that read it line by line.

use asynctest_tests::command::run;
use asynctest_tests::schema::violations_of_line;
use libtest_mimic::Failed;
use serde_json::Value;

use super::Case;
use super::scene::Scene;

pub(crate) const CASES: &[Case] = &[("a_run_is_told_in_lines_of_json", told_in_lines)];

fn told_in_lines(scene: &Scene) -> Result<(), Failed> {
    scene.tell()?;
    let mut command = scene.command()?;
    command.args(["--test", "verdicts", "--test", "ledger", "--timeout", "20s"]);
    command.args(["--message-format", "json", "--", "--nocapture"]);
    let ended = run(&mut command)?.expect_code(100)?;
    let lines: Result<Vec<Value>, _> = ended.stdout.lines().map(serde_json::from_str).collect();
    let lines = lines.map_err(|error| format!("{error}\n{ended}"))?;
    for line in &lines {
        let wrong = violations_of_line(line)?;
        if !wrong.is_empty() {
            return Err(format!("{line}\n{}", wrong.join("\n")).into());
        }
    }
    let is = |line: &Value, event: &str| line.get("event").is_some_and(|it| it == event);
    let of_test = |name: &str, key: &str| {
        let line = lines.iter().find(|line| line.get("test").is_some_and(|test| test == name));
        line.and_then(|line| line.pointer(key)).and_then(Value::as_str).map(str::to_owned)
    };
    let begun = lines.first().filter(|line| is(line, "run-begun"));
    let finished = lines.last().filter(|line| is(line, "run-finished"));
    let planned = begun.and_then(|line| line.get("tests")).and_then(Value::as_u64);
    let counted = finished.and_then(|line| line.pointer("/totals/ended")).and_then(Value::as_u64);
    let told = lines.iter().filter(|line| is(line, "test-ended")).count() as u64;
    let hang = "money_is_neither_made_nor_lost";
    let is_right = planned == Some(told)
        && counted == Some(told)
        && of_test("passes", "/verdict").as_deref() == Some("PASS")
        && of_test("crashes", "/signal").as_deref() == Some("SIGABRT")
        && of_test(hang, "/verdict").as_deref() == Some("STUCK")
        && of_test(hang, "/reports/0/finding").as_deref() == Some("deadlock")
        && ended.stderr.contains("what it printed before it failed");
    if is_right { Ok(()) } else { Err(format!("{planned:?} {counted:?} {told}\n{ended}").into()) }
}
