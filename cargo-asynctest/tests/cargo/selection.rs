//! Which tests run.

use std::collections::BTreeSet;
use std::fs;

use crate::workspace::{asynctest, cargo_test, folder, stderr, with_verdict, written};

#[track_caller]
fn check(words: &str, expected: &[&str]) {
    let output = asynctest(words).output().unwrap();
    let expected: BTreeSet<String> = expected.iter().map(|name| (*name).to_owned()).collect();
    assert_eq!(with_verdict(&output, "PASS"), expected, "{words}: {}", stderr(&output));
    assert_eq!(output.status.code(), Some(0), "{words}: {}", stderr(&output));
}

#[test]
fn default_members_are_run_as_cargo_test_selects() {
    check(
        "",
        &[
            "macros expands",
            "one same",
            "one::bin/one in_program",
            "one::it dump",
            "one::it same",
            "one::whole whole",
            "two same",
        ],
    );
}

#[test]
fn targets_are_selected_as_cargo_spells_them() {
    check("-p one --lib", &["one same"]);
    check("-p one --bins", &["one::bin/one in_program"]);
    check("-p o* --example shown", &["one::example/shown in_example"]);
    check("-p one --bench speed", &["one::bench/speed speed"]);
    check("--test it same", &["one::it same"]);
    check("--workspace --exclude one --lib", &["macros expands", "two same"]);
    check("-p one --lib -F more more", &["one more"]);
}

#[test]
fn names_are_selected_as_libtest_does() {
    check("--lib -- --exact same", &["one same", "two same"]);
    check("--lib -- expands left --include-ignored", &["macros expands", "one left_out"]);
    check("--lib -- --ignored", &["one left_out"]);
    check("--lib -p one -p macros -- --skip same", &["macros expands"]);
}

#[test]
fn lists_are_cargo_tests_own() {
    let words = "--lib --bins -- --list";
    let ours = asynctest(words).output().unwrap();
    let cargos = cargo_test(words).output().unwrap();
    assert!(!ours.stdout.is_empty());
    assert_eq!(String::from_utf8(ours.stdout).unwrap(), String::from_utf8(cargos.stdout).unwrap());
}

#[test]
fn a_manifest_elsewhere_and_another_target_folder_are_used() {
    let elsewhere = tempfile::tempdir().unwrap();
    let manifest = folder().join("two/Cargo.toml");
    let words = format!("--manifest-path {} --target-dir built", manifest.display());
    let output = asynctest(&words).current_dir(elsewhere.path()).output().unwrap();
    let expected = BTreeSet::from(["two same".to_owned()]);
    assert_eq!(with_verdict(&output, "PASS"), expected, "{}", stderr(&output));
    assert!(fs::exists(elsewhere.path().join("built/asynctest/run.json")).unwrap());
}

#[test]
fn a_profile_of_the_users_own_is_used() {
    check("-p two --profile ci", &["two same"]);
    assert!(fs::exists(folder().join("target/ci")).unwrap());
}

#[test]
fn a_test_that_is_a_whole_binary_gets_the_words_that_cargo_would_pass() {
    let output = asynctest("-p one --test whole -- --fail --of-its-own").output().unwrap();
    assert!(stderr(&output).contains("exit code 7"), "{}", stderr(&output));
    assert_eq!(output.status.code(), Some(100));
}

#[test]
fn a_workspace_of_thirty_crates_runs_each_of_them_once() {
    let manifest =
        |name: &str| format!("[package]\nname = '{name}'\nversion = '0.1.0'\nedition = '2024'\n");
    let mut files = vec![(
        "Cargo.toml".to_owned(),
        "[workspace]\nresolver = '3'\nmembers = ['crates/*']\n".to_owned(),
    )];
    for number in 0..30 {
        let folder = format!("crates/c{number}");
        files.push((format!("{folder}/Cargo.toml"), manifest(&format!("c{number}"))));
        files.push((format!("{folder}/src/lib.rs"), "#[test] fn same() {}\n".to_owned()));
    }
    let files: Vec<(&str, &str)> =
        files.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    let folder = written("thirty-crates", &files);
    let output = asynctest("").current_dir(folder).output().unwrap();
    let expected = (0..30).map(|number| format!("c{number} same")).collect();
    assert_eq!(with_verdict(&output, "PASS"), expected, "{}", stderr(&output));
    assert!(stderr(&output).contains("Starting 30 tests across 30 binaries"));
    assert_eq!(output.status.code(), Some(0));
}
