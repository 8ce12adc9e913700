//! What is said, and how the command ends, when nothing is run.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use crate::workspace::{asynctest, stderr, with_verdict};

#[track_caller]
fn check(words: &str, code: i32, said: &str) {
    let output = asynctest(words).output().unwrap();
    let text = stderr(&output) + &String::from_utf8_lossy(&output.stdout);
    assert!(text.contains(said), "{words}: {text}");
    assert_eq!(output.status.code(), Some(code), "{words}: {text}");
}

#[test]
fn bad_usage_ends_with_two() {
    check("--nonsense", 2, "--nonsense");
    check("--timeout soon", 2, "such as `30s`");
    check("-p two -- --nonsense", 2, "--nonsense");
}

#[test]
fn what_libtest_would_refuse_costs_no_build() {
    let early = |words: &str| {
        let output = asynctest(words).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{words}: {}", stderr(&output));
        !stderr(&output).contains("Finished")
    };
    assert!(early("-p two -- --nonsense"));
    assert!(early("-p one --lib -- --nonsense"));
    assert!(early("--test it -p two@0.1.0 -- --nonsense"));
    // One of these has a `main` of its own, which may know the word.
    assert!(!early("-p one -- --nonsense"));
}

#[test]
fn doctests_are_named_with_their_command() {
    check("--doc -p extra", 2, "`cargo test --doc --package extra`");
    check("-p extra", 4, "`cargo test --doc --package extra`");
}

#[test]
fn no_tests_are_no_success() {
    check("-p two no_such_test", 4, "");
}

#[test]
fn a_failed_build_is_cargos_to_explain() {
    check("-p nowhere", 101, "nowhere");
    check("-p two --features none", 101, "none");
}

#[test]
fn help_and_version_are_printed() {
    check("--help", 0, "--slow-after");
    check("-- --help", 0, "--include-ignored");
    check("--version", 0, env!("CARGO_PKG_VERSION"));
    check("attach --help", 0, "PID");
    check("report --help", 0, "PATH");
}

#[test]
fn a_report_of_nothing_is_refused() {
    check("report /nonexistent", 1, "/nonexistent");
}

#[test]
fn no_run_builds_alone() {
    check("-p two --no-run", 0, "Executable two");
}

#[test]
fn the_doctor_says_what_is_well_and_what_is_not() {
    check("doctor", 0, "a process was started, stopped and read");
    check("doctor --release", 0, "profile `release`");
    check("doctor", 0, ".config/asynctest.toml");
    check("doctor --nonsense", 2, "--nonsense");
    check("doctor --manifest-path nowhere/Cargo.toml", 1, "1 problem keeps hangs");
}

#[test]
fn the_doctor_names_a_flag_that_takes_debug_info_away() {
    let mut command = asynctest("doctor");
    let output = command.env("RUSTFLAGS", "-C debuginfo=1").output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    let said = "reports will be incomplete: `RUSTFLAGS` has `-C debuginfo=1`; take it out";
    assert!(text.contains(said), "{text}");
    assert_eq!(output.status.code(), Some(1), "{text}");
}

#[test]
fn without_cargo_what_was_looked_for_is_named() {
    let mut command = asynctest("-p two");
    let output = command.env("CARGO", "/nowhere/cargo").output().unwrap();
    assert!(stderr(&output).contains("cannot run `/nowhere/cargo`: "), "{}", stderr(&output));
    assert_eq!(output.status.code(), Some(101));
}

#[test]
fn a_wrong_configuration_is_refused_at_its_place_before_a_build() {
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join("wrong.toml");
    std::fs::write(&file, "[profile.default]\ntimeuot = '5s'\n").unwrap();
    let path = file.display();
    check(
        &format!("-p two --config-file {path}"),
        2,
        &format!("error: {path}:2:1: unknown field `timeuot`, expected one of `timeout`, "),
    );
    check("-p two --config-file nowhere.toml", 2, "cannot read nowhere.toml");
    check("-p two -P nobody", 2, "has no profile `nobody`; there are: default, over, quick");
}

#[test]
fn a_hang_that_is_not_found_in_time_is_no_failure() {
    check("-p two --until-hang --global-timeout 2s", 0, "Stopping after ");
}

#[test]
fn the_configuration_counts_and_flags_win() {
    check("-p two -P quick --no-fail-fast", 0, "1 passed");
    // Its whole run is over at once; the test is not begun, or is ended.
    check("-p two -P over", 100, "Stopping after ");
    check("-p two -P over --global-timeout 60s", 0, "1 passed");
    let mut command = asynctest("-p two");
    let output = command.env("ASYNCTEST_PROFILE", "nobody").output().unwrap();
    assert_eq!(output.status.code(), Some(2), "{}", stderr(&output));
}

#[test]
fn each_test_is_in_one_part_of_several() {
    let passed = |words: &str| {
        let output = asynctest(words).output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{words}: {}", stderr(&output));
        with_verdict(&output, "PASS")
    };
    let all = passed("--tests -- --include-ignored");
    for by in ["hash", "count"] {
        let parts = [1, 2, 3]
            .map(|part| passed(&format!("--tests --partition {by}:{part}/3 -- --include-ignored")));
        let count: usize = parts.iter().map(BTreeSet::len).sum();
        assert_eq!(parts.into_iter().flatten().collect::<BTreeSet<_>>(), all, "{by}");
        assert_eq!(count, all.len(), "{by}");
    }
    // The only test is in the first part; that the second has none is no failure.
    check("-p two --partition count:2/2", 0, "no tests to run");
    check("-p two --partition count:3/2", 2, "expected `hash:M/N` or `count:M/N`");
}

#[test]
fn completions_are_scripts_that_their_shell_understands() {
    let output = asynctest("completions bash").output().unwrap();
    let script = Path::new(env!("CARGO_TARGET_TMPDIR")).join("completions.bash");
    std::fs::write(&script, &output.stdout).unwrap();
    let words = "source \"$0\" && COMP_WORDS=(cargo-asynctest --stuck) COMP_CWORD=1 \
                 && _cargo__asynctest cargo-asynctest --stuck cargo-asynctest && echo \"${COMPREPLY[@]}\"";
    let completed = Command::new("bash").arg("-c").arg(words).arg(&script).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&completed.stdout), "--stuck-after\n", "{completed:?}");
    check("completions nonsense", 2, "bash");
}
