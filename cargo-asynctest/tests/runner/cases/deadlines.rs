//! What happens when a test's time is over.

use std::path::Path;

use super::Case;
use crate::captures::Fake;
use crate::scenario::{Ran, is_alive, scenario, written_id};

pub(super) const CASES: &[Case] = &[
    ("a_hang_is_reported_and_ended_and_the_rest_runs", a_hang_is_reported),
    ("a_test_may_have_a_deadline_of_its_own", own_deadline),
    ("a_hang_is_ended_with_all_it_started", a_hang_is_ended_with_all_it_started),
    ("what_moves_at_the_first_deadline_goes_on", what_moves_goes_on),
    ("what_still_moves_at_the_last_deadline_hangs", what_still_moves_at_the_end_hangs),
    ("what_stands_still_at_the_first_deadline_hangs", what_stands_still_hangs),
    ("slow_after_reports_once_and_kills_nothing", slow_after_kills_nothing),
    ("a_capture_that_fails_still_ends_the_test", failing_captures),
    ("a_test_that_ends_while_captured_keeps_its_verdict", ends_while_captured),
    ("more_hangs_than_captures_at_once_are_all_reported", many_hangs),
];

const HANGS: &str = "exec sleep 1000";

fn a_hang_is_reported(folder: &Path) {
    let mut scenario = scenario(folder, &["exit 0", HANGS, "exit 0"]);
    scenario.jobs = 1;
    scenario.timeout = Some(100);
    let ran = scenario.run();
    assert_eq!(ran.code, Some(100));
    assert_eq!((ran.verdict(1), ran.verdict(2)), ("HANG".into(), "PASS".into()));
    let report = format!("{}/shell-it/t1/1-deadline", scenario.output.display());
    for file in ["report.txt", "report.json", "capture.asynctest"] {
        assert!(Path::new(&report).join(file).is_file(), "{file}");
    }
    assert_eq!(ran.json["tests"][1]["reports"][0]["folder"], *report);
    assert_line(&ran, "HANG  shell::it::t1  undetermined: made up");
    assert_line(&ran, "  again: cargo asynctest --test it -- --exact t1");
    assert_line(&ran, &format!("  full dump {report}"));
}

fn own_deadline(folder: &Path) {
    let mut scenario = scenario(folder, &[HANGS, "sleep 2"]);
    scenario.timeout = Some(60_000);
    scenario.own_timeout = Some(100);
    let ran = scenario.run();
    assert_eq!((ran.verdict(0), ran.verdict(1)), ("HANG".into(), "PASS".into()));
}

fn assert_line(ran: &Ran, line: &str) {
    assert!(ran.stderr.lines().any(|found| found == line), "{line}\n---\n{}", ran.stderr);
}

fn a_hang_is_ended_with_all_it_started(folder: &Path) {
    let file = |name: &str| folder.join(name).display().to_string();
    let script = format!(
        "sleep 1000 & echo $! > {}
         setsid sh -c 'echo $$ > {}; exec sleep 1000' &
         setsid sh -c '(echo $(exec sh -c \"echo \\$PPID\") > {}; exec sleep 1000) & exit' &
         wait",
        file("child"),
        file("session"),
        file("orphan"),
    );
    let mut scenario = scenario(folder, &[&script, "exit 0"]);
    scenario.timeout = Some(500);
    let ran = scenario.run();
    assert_eq!((ran.verdict(0), ran.verdict(1)), ("HANG".into(), "PASS".into()));
    for name in ["child", "session", "orphan"] {
        assert!(!is_alive(written_id(&folder.join(name))), "{name}");
    }
}

fn what_moves_goes_on(folder: &Path) {
    let mut scenario = scenario(folder, &["sleep 0.5"]);
    scenario.default = Some((50, 600_000));
    scenario.fake = Fake::Moves;
    let ran = scenario.run();
    assert_eq!((ran.code, ran.verdict(0)), (Some(0), "PASS".into()));
    assert!(ran.stderr.contains("1 passed (1 slow)"), "{}", ran.stderr);
    assert_line(&ran, "SLOW  shell::it::t0  undetermined: made up");
    assert!(scenario.output.join("shell-it/t0/1-slow/report.json").is_file());
}

fn what_still_moves_at_the_end_hangs(folder: &Path) {
    let mut scenario = scenario(folder, &[HANGS]);
    scenario.default = Some((50, 300));
    scenario.fake = Fake::Moves;
    let ran = scenario.run();
    assert_eq!((ran.code, ran.verdict(0)), (Some(100), "HANG".into()));
    assert!(scenario.output.join("shell-it/t0/1-slow").is_dir());
    assert!(scenario.output.join("shell-it/t0/1-deadline").is_dir());
}

fn what_stands_still_hangs(folder: &Path) {
    let mut scenario = scenario(folder, &[HANGS]);
    scenario.default = Some((50, 600_000));
    let ran = scenario.run();
    assert_eq!(ran.verdict(0), "HANG");
    assert!(scenario.output.join("shell-it/t0/1-deadline").is_dir());
}

fn slow_after_kills_nothing(folder: &Path) {
    let mut scenario = scenario(folder, &["sleep 0.3"]);
    scenario.slow_after = Some(50);
    let ran = scenario.run();
    assert_eq!((ran.code, ran.verdict(0)), (Some(0), "PASS".into()));
    let reports = ran.stderr.lines().filter(|line| line.starts_with("SLOW  "));
    assert_eq!(reports.count(), 1, "{}", ran.stderr);
}

fn failing_captures(folder: &Path) {
    for (fake, patience, why) in [
        (Fake::Fails, 30_000, "ptrace is not permitted"),
        (Fake::Panics, 30_000, "the capture failed by an error of ours: on purpose"),
        (Fake::Never, 200, "the capture was not done within 0.2 s"),
    ] {
        let mut scenario = scenario(folder, &[HANGS]);
        scenario.timeout = Some(50);
        scenario.patience = patience;
        scenario.fake = fake;
        let ran = scenario.run();
        assert_eq!((ran.code, ran.verdict(0)), (Some(100), "HANG".into()));
        assert!(ran.stderr.contains(why), "{}", ran.stderr);
    }
}

fn ends_while_captured(folder: &Path) {
    let mut scenario = scenario(folder, &["sleep 0.3; echo bye; exit 3", "sleep 0.3"]);
    scenario.timeout = Some(50);
    scenario.fake = Fake::AfterTheEnd;
    let ran = scenario.run();
    assert_eq!((ran.verdict(0), ran.verdict(1)), ("FAIL".into(), "PASS".into()));
    assert_eq!(ran.json["tests"].as_array().expect("tests").len(), 2);
    assert!(ran.stderr.contains("\nbye\n"));
    assert!(!scenario.output.join("shell-it/t0/1-deadline").exists());
}

fn many_hangs(folder: &Path) {
    let mut scenario = scenario(folder, &[HANGS; 12]);
    scenario.jobs = 12;
    scenario.timeout = Some(50);
    let ran = scenario.run();
    for index in 0..12 {
        assert_eq!(ran.verdict(index), "HANG");
        assert_line(&ran, &format!("HANG  shell::it::t{index}  undetermined: made up"));
    }
}
