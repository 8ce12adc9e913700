//! What a process's end makes of a test, and how a test is started.

use std::path::Path;

use super::Case;
use crate::scenario::scenario;

pub(super) const CASES: &[Case] = &[
    ("tests_are_run_as_often_as_is_asked_for", as_often_as_asked),
    ("tests_are_run_until_one_hangs", until_a_hang),
    ("what_cannot_be_started_is_not_tried_for_ever", not_for_ever),
    ("each_end_has_its_verdict", each_end_has_its_verdict),
    ("nothing_to_run_is_4", nothing_to_run_is_4),
    ("all_passed_is_0", all_passed_is_0),
    ("a_binary_that_does_not_list_is_104", a_binary_that_does_not_list_is_104),
    ("a_test_has_the_plans_environment", a_test_has_the_plans_environment),
    ("a_test_inherits_no_signal_mask", a_test_inherits_no_signal_mask),
    ("one_job_runs_in_the_plans_order", one_job_runs_in_the_plans_order),
    ("fail_fast_starts_no_further_test", fail_fast_starts_no_further_test),
];

fn each_end_has_its_verdict(folder: &Path) {
    let scripts = [
        "exit 0",
        "echo out; echo err >&2; exit 101",
        "exit 3",
        "kill -SEGV $$",
        "sleep 1000 & exit 0",
    ];
    let ran = scenario(folder, &scripts).run();
    let verdicts: Vec<String> = (0..5).map(|index| ran.verdict(index)).collect();
    assert_eq!(verdicts, ["PASS", "FAIL", "FAIL", "CRASH", "LEAK"]);
    assert_eq!(ran.code, Some(100));
    assert!(ran.stderr.contains("(signal 11 (SIGSEGV))"), "{}", ran.stderr);
    assert!(ran.stderr.contains("2 passed (1 leaky), 2 failed, 1 crashed"));
    assert!(ran.stderr.contains("\nout\n") && ran.stderr.contains("\nerr\n"));
    assert_eq!(ran.stdout, "");
}

fn nothing_to_run_is_4(folder: &Path) {
    assert_eq!(scenario(folder, &[]).run().code, Some(4));
}

fn all_passed_is_0(folder: &Path) {
    let ran = scenario(folder, &["exit 0", "sleep 1000 & exit 0"]).run();
    assert_eq!(ran.code, Some(0));
}

fn a_binary_that_does_not_list_is_104(folder: &Path) {
    let mut scenario = scenario(folder, &["exit 0"]);
    scenario.unlisted = true;
    let ran = scenario.run();
    assert_eq!((ran.code, ran.verdict(0)), (Some(104), "PASS".into()));
    let head = "LIST-HANG  shell::it  it had not listed its tests when its time was over\n\
                said before\n  repro command: it --list\n";
    assert!(ran.stderr.contains(head), "{}", ran.stderr);
    assert_eq!(ran.json["unlisted"][0]["verdict"], "LIST-HANG");
}

fn a_test_has_the_plans_environment(folder: &Path) {
    let script = "[ \"$ADDED\" = yes ] && [ -z \"$HOME\" ] && [ \"$(pwd)\" = / ] && ! read line";
    let ran = scenario(folder, &[script]).run();
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
}

fn a_test_inherits_no_signal_mask(folder: &Path) {
    let sigpipe_is_not_ignored = r"^SigIgn:\s[0-9a-f]{12}[02468ace][0-9a-f]{3}$";
    for line in [r"^SigBlk:\s0000000000000000$", sigpipe_is_not_ignored] {
        // No shell in between: it would reset the mask of what it starts.
        let mut scenario = scenario(folder, &["of its own"]);
        scenario.program = "/bin/grep".into();
        let arguments = ["-E", line, "/proc/self/status"];
        scenario.arguments = Some(arguments.map(str::to_owned).to_vec());
        let ran = scenario.run();
        assert_eq!((ran.code, ran.verdict(0)), (Some(0), "PASS".into()), "{}", ran.stderr);
    }
}

fn one_job_runs_in_the_plans_order(folder: &Path) {
    let mut scenario = scenario(folder, &["exit 0"; 20]);
    scenario.jobs = 1;
    let ran = scenario.run();
    let names: Vec<String> = ran.json["tests"]
        .as_array()
        .expect("tests")
        .iter()
        .map(|test| test["test"].as_str().expect("a name").to_owned())
        .collect();
    let expected: Vec<String> = (0..20).map(|index| format!("t{index}")).collect();
    assert_eq!(names, expected);
}

fn fail_fast_starts_no_further_test(folder: &Path) {
    let mut scenario = scenario(folder, &["exit 0", "exit 1", "exit 0"]);
    scenario.jobs = 1;
    scenario.fail_fast = true;
    let ran = scenario.run();
    assert_eq!((ran.verdict(1), ran.verdict(2)), ("FAIL".into(), "not run".into()));
    assert_eq!(ran.code, Some(100));
    assert!(ran.stderr.contains("2 of 3 tests run"), "{}", ran.stderr);
}

fn as_often_as_asked(folder: &Path) {
    let mut scenario = scenario(folder, &["exit 0", "exit 0"]);
    scenario.rounds = Some((3, false));
    let ran = scenario.run();
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    assert!(ran.stderr.contains("6 tests run in 3 rounds: 6 passed"), "{}", ran.stderr);
    assert_eq!(ran.json["tests"].as_array().map(Vec::len), Some(0), "what passes is counted");
}

fn until_a_hang(folder: &Path) {
    let count = folder.join("count");
    let script = format!(
        "echo >> {0}; if [ $(wc -l < {0}) -eq 5 ]; then exec sleep 1000; fi",
        count.display()
    );
    let mut scenario = scenario(folder, &[&script]);
    (scenario.jobs, scenario.timeout) = (1, Some(2_000));
    scenario.rounds = Some((u32::MAX, true));
    let ran = scenario.run();
    assert_eq!(ran.code, Some(100), "{}", ran.stderr);
    assert!(ran.stderr.contains("5 tests run in 5 rounds: 4 passed, 1 hung"), "{}", ran.stderr);
    assert!(ran.stderr.contains(" t0 (try 5)"), "{}", ran.stderr);
    assert_eq!((ran.verdict(0), &ran.json["tests"][0]["attempt"]), ("HANG".into(), &5.into()));
    assert!(scenario.output.join("shell-it/t0/5-deadline/report.txt").is_file());
}

fn not_for_ever(folder: &Path) {
    let mut scenario = scenario(folder, &["exit 0"]);
    scenario.program = folder.join("missing");
    scenario.rounds = Some((u32::MAX, true));
    assert_eq!(scenario.run().code, Some(100));
}
