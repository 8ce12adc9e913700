//! The environment of a test, variable by variable that of `cargo test`.

use std::collections::BTreeSet;
use std::fs;
use std::process::Command;

use crate::workspace::{asynctest, cargo_test, stderr};

/// Says which process of ours a test is: the one variable that is added.
const OURS: &str = "CARGO_ASYNCTEST_PROCESS=";

#[track_caller]
fn dump(mut command: Command) -> BTreeSet<String> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("dump");
    let output = command.env("DUMP", &file).env("USER", "mine").output().unwrap();
    let text = fs::read_to_string(&file).unwrap_or_else(|_| panic!("{}", stderr(&output)));
    text.lines()
        .filter(|line| !line.starts_with("DUMP=") && !line.starts_with(OURS))
        .map(str::to_owned)
        .collect()
}

#[track_caller]
fn check(words: &str) {
    let cargos = dump(cargo_test(words));
    let ours = dump(asynctest(words));
    let missing: Vec<_> = cargos.difference(&ours).collect();
    let added: Vec<_> = ours.difference(&cargos).collect();
    assert!(missing.is_empty() && added.is_empty(), "{missing:#?} {added:#?}");
    for line in ["FROM_SCRIPT=value", "PLAIN=plain", "USER=forced", "CARGO_PKG_NAME=one"] {
        assert!(ours.contains(line), "{line}: {ours:#?}");
    }
}

#[test]
fn a_test_sees_what_cargo_test_shows_it() {
    check("-p one --test it dump");
}

#[test]
fn a_target_of_its_own_folder_changes_the_library_path_alike() {
    check("-p one --test it --target x86_64-unknown-linux-gnu dump");
}

#[test]
fn the_configured_runner_runs_the_tests() {
    let words = "-p one --test it --config target.'cfg(unix)'.runner=['env','THROUGH=runner'] dump";
    check(words);
    assert!(dump(asynctest(words)).contains("THROUGH=runner"));
}

/// It would watch beside the run; this one is not even there.
#[test]
fn a_configured_runner_of_ours_is_not_run() {
    let runner = "target.'cfg(unix)'.runner=['/none/cargo-asynctest','runner']";
    let tests = dump(asynctest(&format!("-p one --test it --config {runner} dump")));
    assert!(!tests.is_empty());
}

#[test]
fn a_build_folder_apart_changes_the_library_path_alike() {
    check("-p one --test it --config build.build-dir='target/apart' dump");
}

#[test]
fn what_an_outer_cargo_has_left_does_not_reach_tests() {
    let leaked = |mut command: Command| {
        command
            .env("CARGO_MANIFEST_DIR", "/outer")
            .env("CARGO_BIN_EXE_outer", "/outer")
            .env("CARGO_PRIMARY_PACKAGE", "1")
            .env("CARGO_PKG_NAME", "outer");
        command
    };
    let words = "-p one --test it dump";
    assert_eq!(dump(leaked(asynctest(words))), dump(asynctest(words)));
}
