//! Full debug info where it is needed, for no more compiling than that takes. A small crate stands
//! in for Tokio: what counts is its name.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::Command;

use asynctest_engine::symbols::{DebugLevel, Object};

use crate::workspace::{File, asynctest, cargo_test, stderr, written};

/// `app` depends on Tokio, through `between` too; `apart` does not.
const FILES: &[File] = &[
    (
        "app/Cargo.toml",
        "[package]\nname = 'app'\nversion = '0.1.0'\nedition = '2024'\n[dependencies]\n\
         tokio.path = '../tokio'\nbetween.path = '../between'\napart.path = '../apart'\n",
    ),
    ("app/src/lib.rs", "#[test] fn runs() { between::run(vec![apart::number()]); }\n"),
    (
        "between/Cargo.toml",
        "[package]\nname = 'between'\nversion = '0.1.0'\nedition = '2024'\n\
         [dependencies]\ntokio.path = '../tokio'\n",
    ),
    (
        "between/src/lib.rs",
        "#[inline(never)] pub fn run(x: Vec<u8>) { tokio::runtime::run(Some(x)); }\n",
    ),
    ("tokio/Cargo.toml", "[package]\nname = 'tokio'\nversion = '1.99.0'\nedition = '2024'\n"),
    (
        "tokio/src/lib.rs",
        "pub mod runtime {\n#[inline(never)] pub fn hold<T>(x: &T) { std::hint::black_box(x); }\n\
         #[inline(never)] pub fn run(x: Option<Vec<u8>>) { hold(&x) }\n}\n",
    ),
    ("apart/Cargo.toml", "[package]\nname = 'apart'\nversion = '0.1.0'\nedition = '2024'\n"),
    ("apart/src/lib.rs", "pub fn number() -> u8 { 7 }\n"),
];

/// A project of its own, with this root manifest.
struct Project {
    folder: PathBuf,
}

impl Project {
    fn new(name: &str, profiles: &'static str) -> Project {
        let root: &str = "[workspace]\nresolver = '3'\nmembers = ['app']\n\
                          exclude = ['tokio', 'between', 'apart']\n";
        let manifest = format!("{root}{profiles}");
        let files: Vec<(&str, &str)> = FILES.to_vec();
        let folder = written(name, &files);
        let path = folder.join("Cargo.toml");
        if std::fs::read_to_string(&path).ok().as_ref() != Some(&manifest) {
            std::fs::write(path, manifest).unwrap();
        }
        // What an earlier run of these tests has built is not to count.
        let _ = std::fs::remove_dir_all(folder.join("target"));
        Project { folder }
    }

    /// The crates that a command compiles.
    #[track_caller]
    fn compiled(&self, mut command: Command) -> BTreeSet<String> {
        let output = command.current_dir(&self.folder).output().unwrap();
        assert!(output.status.success(), "{}", stderr(&output));
        let lines = stderr(&output);
        let names = lines
            .lines()
            .filter_map(|line| line.trim().strip_prefix("Compiling "))
            .filter_map(|line| line.split(' ').next().map(str::to_owned));
        names.collect()
    }

    /// How much the test binary that was built last tells of a crate.
    fn level(&self, profile: &str, name: &str) -> DebugLevel {
        let deps = self.folder.join("target").join(profile).join("deps");
        let entries = std::fs::read_dir(deps).unwrap().map(|entry| entry.unwrap().path());
        let binaries = entries.filter(|path| {
            let file = path.file_name().unwrap().to_str().unwrap();
            file.starts_with("app-") && path.extension().is_none()
        });
        let newest = binaries.max_by_key(|path| path.metadata().unwrap().modified().unwrap());
        let object = Object::open(&newest.unwrap()).unwrap();
        let of_crate = |path: &str| path.contains(&format!("{name}/src/lib.rs/@/"));
        let units = object.units().into_iter();
        units
            .filter(|unit| unit.name.as_deref().is_some_and(of_crate))
            .map(|unit| unit.level)
            .max()
            .unwrap_or(DebugLevel::Nothing)
    }
}

fn names(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

#[test]
fn going_back_and_forth_to_cargo_test_compiles_only_what_needs_types_and_only_once() {
    let project = Project::new("debug-info-release", "[profile.release]\nstrip = true\n");
    let cargo = || project.compiled(cargo_test("--release --no-run"));
    let ours = || project.compiled(asynctest("--release"));
    assert_eq!(cargo(), names(&["app", "apart", "between", "tokio"]));
    assert_eq!(ours(), names(&["app", "between", "tokio"]));
    assert_eq!(project.level("release", "tokio"), DebugLevel::Full);
    assert_eq!(project.level("release", "between"), DebugLevel::Full);
    assert_eq!(project.level("release", "apart"), DebugLevel::Nothing);
    assert_eq!(cargo(), names(&[]));
    assert_eq!(ours(), names(&[]));
}

#[test]
fn what_has_its_types_anyway_is_not_compiled_again() {
    let project = Project::new("debug-info-full", "");
    let all = names(&["app", "apart", "between", "tokio"]);
    assert_eq!(project.compiled(cargo_test("--no-run")), all);
    assert_eq!(project.compiled(asynctest("")), names(&[]));
    let mut less = asynctest("");
    less.env("CARGO_PROFILE_DEV_DEBUG", "0");
    project.compiled(less);
    assert_eq!(project.level("debug", "tokio"), DebugLevel::Full);
    assert_eq!(project.level("debug", "apart"), DebugLevel::Nothing);
}

#[test]
fn what_the_user_has_set_for_the_same_packages_is_no_clash() {
    let project = Project::new(
        "debug-info-clash",
        "[profile.dev]\ndebug = 0\nsplit-debuginfo = 'unpacked'\n[profile.dev.package.tokio]\ndebug = 1\n\
         [profile.test.package.'between@0.1']\nopt-level = 1\n",
    );
    project.compiled(asynctest("--config profile.test.package.app.debug=0"));
    assert_eq!(project.level("debug", "tokio"), DebugLevel::Full);
    assert_eq!(project.level("debug", "app"), DebugLevel::Full);
}

#[test]
fn compiler_flags_that_go_over_every_profile_are_told() {
    let project = Project::new("debug-info-flags", "");
    let mut command = asynctest("");
    command.env("RUSTFLAGS", "-Cdebuginfo=0").current_dir(&project.folder);
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    let said = "; `RUSTFLAGS` has `-C debuginfo=0`; take it out";
    assert_eq!(stderr(&output).matches(said).count(), 1, "{}", stderr(&output));
}
