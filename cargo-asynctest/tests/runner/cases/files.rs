//! Output and files.

use std::fs;
use std::path::Path;
use std::process::Stdio;

use super::Case;
use crate::scenario::scenario;

pub(super) const CASES: &[Case] = &[
    ("a_hundred_megabytes_are_kept", a_hundred_megabytes_are_kept),
    ("bytes_that_are_no_text_go_through", bytes_that_are_no_text_go_through),
    ("nobody_reading_ends_nothing", nobody_reading_ends_nothing),
    ("streamed_output_is_ours", streamed_output_is_ours),
    ("a_full_disk_changes_no_verdict", a_full_disk_changes_no_verdict),
    ("ten_thousand_tests_are_run_and_told", ten_thousand_tests),
    ("junit_names_each_test", junit_names_each_test),
    ("no_test_commands_github", no_test_commands_github),
];

fn a_hundred_megabytes_are_kept(folder: &Path) {
    let scenario = scenario(folder, &["echo begin; yes | head -c 104857600; echo end; exit 1"]);
    let ran = scenario.run();
    assert_eq!(ran.verdict(0), "FAIL");
    let file = ran.json["tests"][0]["stdout"].as_str().expect("a file");
    assert_eq!(fs::metadata(file).expect("the file").len(), 104_857_600 + 10);
    assert!(ran.stderr.len() < 8 << 20);
    assert!(ran.stderr.contains("\nbegin\n") && ran.stderr.contains("\nend\n"));
    assert!(ran.stderr.contains("bytes left out"));
    let left: Vec<_> = fs::read_dir(&scenario.output).expect("the folder").collect();
    assert_eq!(left.len(), 3, "{left:?}");
}

fn bytes_that_are_no_text_go_through(folder: &Path) {
    let scenario = scenario(folder, &["printf 'a\\377\\376\\001\\033[31mb'; exit 1"]);
    let ran = scenario.run();
    assert_eq!(ran.verdict(0), "FAIL");
    let file = ran.json["tests"][0]["stdout"].as_str().expect("a file");
    assert_eq!(fs::read(file).expect("the file"), b"a\xff\xfe\x01\x1b[31mb");
    let junit = fs::read_to_string(scenario.output.join("junit.xml")).expect("junit.xml");
    assert!(junit.contains("a\u{fffd}\u{fffd}b"), "{junit}");
}

fn nobody_reading_ends_nothing(folder: &Path) {
    let scenario = scenario(folder, &["exit 1", "exit 0"]);
    let (reader, writer) = std::io::pipe().expect("a pipe");
    drop(reader);
    let status = scenario
        .command()
        .stdout(writer.try_clone().expect("a pipe"))
        .stderr(writer)
        .status()
        .expect("the tool starts");
    assert_eq!(status.code(), Some(100));
    assert_eq!(scenario.json()["totals"]["passed"], 1);
}

fn a_full_disk_changes_no_verdict(folder: &Path) {
    let mut scenario = scenario(folder, &["exit 0", "echo out; exit 1", "exec sleep 1000"]);
    scenario.timeout = Some(200);
    fs::create_dir_all(&scenario.output).expect("the folder");
    for name in ["run.json", "junit.xml"] {
        std::os::unix::fs::symlink("/dev/full", scenario.output.join(name)).expect("a link");
    }
    // No folder can be made there.
    fs::write(scenario.output.join("shell-it"), "").expect("a file");
    let output = scenario.command().output().expect("the tool starts");
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(100), "{said}");
    for name in ["run.json", "junit.xml"] {
        let path = scenario.output.join(name);
        let line = format!("warning: cannot write {}: No space left on device", path.display());
        assert!(said.contains(&line), "{line}\n{said}");
    }
    assert!(said.contains("HANG  shell::it::t2  undetermined: made up"), "{said}");
    assert!(said.contains("  not saved: cannot write into "), "{said}");
    assert!(said.contains("\nout\n") && said.contains("1 passed, 1 failed, 1 hung"), "{said}");
}

fn ten_thousand_tests(folder: &Path) {
    let mut scenario = scenario(folder, &[":"; 10_000]);
    (scenario.program, scenario.jobs) = ("/bin/true".into(), 16);
    let ran = scenario.run();
    assert_eq!(ran.code, Some(0));
    assert!(ran.stderr.contains("10000 tests run: 10000 passed"));
    assert!(ran.stderr.contains("(    1/10000) ") && ran.stderr.contains("(10000/10000) "));
    assert_eq!(ran.json["tests"].as_array().map(Vec::len), Some(10_000));
    let junit = fs::read_to_string(scenario.output.join("junit.xml")).expect("junit.xml");
    assert!(junit.contains("<testsuite name=\"shell::it\" tests=\"10000\""));
}

fn streamed_output_is_ours(folder: &Path) {
    let mut scenario = scenario(folder, &["echo out; echo err >&2; exit 0"]);
    scenario.streamed = true;
    let output = scenario.command().stdout(Stdio::piped()).output().expect("the tool starts");
    assert_eq!(output.stdout, b"out\n");
    assert!(String::from_utf8_lossy(&output.stderr).contains("err\n"));
}

fn junit_names_each_test(folder: &Path) {
    let mut scenario = scenario(folder, &["exit 0", "exit 7", "exec sleep 1000"]);
    scenario.timeout = Some(200);
    scenario.run();
    let junit = fs::read_to_string(scenario.output.join("junit.xml")).expect("junit.xml");
    assert!(junit.contains("<testsuite name=\"shell::it\" tests=\"3\""), "{junit}");
    assert!(junit.contains("message=\"FAIL: exit code 7\" type=\"FAIL\""), "{junit}");
    let hang = "message=\"HANG  shell::it::t2  undetermined: made up\" type=\"HANG\"";
    assert!(junit.contains(hang), "{junit}");
}

fn no_test_commands_github(folder: &Path) {
    let mut scenario = scenario(folder, &["echo ::error::mine; exit 1", "exec sleep 1000"]);
    scenario.timeout = Some(200);
    let summary = folder.join("summary");
    let output = scenario
        .command()
        .env("GITHUB_ACTIONS", "true")
        .env("GITHUB_STEP_SUMMARY", &summary)
        .output()
        .expect("the tool starts");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let token = said
        .strip_prefix("::stop-commands::")
        .and_then(|said| said.lines().next())
        .expect("commands are stopped first");
    let (before, after) =
        said.split_once(&format!("\n::{token}::\n")).expect("commands are obeyed again");
    assert!(before.contains("\n::error::mine\n") && !after.contains("::mine"));
    assert!(after.contains("::error title=HANG  shell%3A%3Ait%3A%3At1::undetermined: made up\n"));
    let summary = fs::read_to_string(summary).expect("the summary");
    assert!(summary.contains("```text\nHANG  shell::it::t1  undetermined: made up\n"));
}
