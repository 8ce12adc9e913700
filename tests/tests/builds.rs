//! Tokios beyond those that all fixtures are tried on: two in one process, and the first versions,
//! which kept no list of their tasks up to 1.8.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use asynctest_engine::report::Report;
use asynctest_tests::Error;
use asynctest_tests::command::{cargo, run};
use asynctest_tests::compare::compare;
use asynctest_tests::hanging::Hanging;
use asynctest_tests::marks::Program;
use asynctest_tests::matrix::{Package, Profile, Targets};
use libtest_mimic::{Arguments, Failed, Trial};

/// What stands beside the newest Tokio in one process.
const BESIDE: [&str; 2] = ["1.20", "1.47"];

/// Early versions, and whether their runtimes keep a list of their tasks.
const EARLY: [(&str, Tasks); 4] = [
    ("1.0", Tasks::Unlisted),
    ("1.8", Tasks::Unlisted),
    ("1.14", Tasks::Listed),
    ("1.19", Tasks::Listed),
];

/// How a program of [`EARLY`] runs its tasks.
const FLAVORS: [&str; 2] = ["many_threads", "one_thread"];

/// Settings of a profile that leave out the types, and what a report says of that.
const UNTYPED: [(&str, &str, &str); 2] = [
    ("lines", "debug = \"line-tables-only\"", "lines and no types"),
    ("split", "debug = 2\nsplit-debuginfo = \"unpacked\"", "in other files"),
];

/// Whether runtimes keep a list of their tasks.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Tasks {
    Listed,
    Unlisted,
}

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let mut trials = Vec::new();
    for version in BESIDE {
        let check = move || two_in_one_process(version);
        trials.push(Trial::test(format!("two_tokios::{version}"), check));
    }
    for (version, tasks) in EARLY {
        for profile in [Profile::Dev, Profile::Release] {
            let name = format!("early::{version}::{}", profile.name());
            trials.push(Trial::test(name, move || early(version, profile, tasks)));
        }
    }
    trials.push(Trial::test("merged_functions", merged_functions));
    for (name, settings, said) in UNTYPED {
        trials.push(Trial::test(format!("untyped::{name}"), move || untyped(name, settings, said)));
    }
    libtest_mimic::run(&arguments, trials).exit_code()
}

fn two_in_one_process(version: &str) -> Result<(), Failed> {
    let source = include_str!("../programs/two_tokios.rs");
    let manifest = format!(
        "{}tokio = {{ version = \"1\", features = [\"full\"] }}\n\
         tokio_old = {{ package = \"tokio\", path = {:?}, features = [\"full\"] }}\n\n[workspace]\n",
        head("two"),
        tokio_source(version)?,
    );
    let hangs = hangs(&format!("two-tokios-{version}"), &manifest, source, Profile::Dev)?;
    let report = report(&hangs, "hangs")?;
    let mut wrong = compare(&Program::parse(source)?, &report, "tests/hangs.rs", source);
    let labels: BTreeSet<&String> = report.tasks.iter().map(|task| &task.label).collect();
    if labels.len() != report.tasks.len() {
        wrong.push(format!("several tasks have one label: {labels:?}"));
    }
    all_right(&wrong)
}

fn early(version: &str, profile: Profile, tasks: Tasks) -> Result<(), Failed> {
    let source = include_str!("../programs/early.rs");
    let tokio = format!("tokio = {{ version = \"~{version}\", features = [\"full\"] }}\n");
    let manifest = format!("{}{tokio}\n[workspace]\n", head("early"));
    let hangs = hangs(&format!("early-{version}"), &manifest, source, profile)?;
    for flavor in FLAVORS {
        let report = report(&hangs, flavor)?;
        let mut wrong = compare(&Program::parse(source)?, &report, "tests/hangs.rs", source);
        if tasks == Tasks::Unlisted {
            // Whom nobody waits for is missing, which is said once.
            let is_expected = |line: &String| {
                line.starts_with("task unseen: not in the report")
                    || line.starts_with("gap: ") && line.contains("no list of the tasks")
            };
            let (expected, others): (Vec<_>, Vec<_>) = wrong.into_iter().partition(is_expected);
            wrong = others;
            if expected.len() != 2 {
                wrong.push(format!("one task is missing and one gap says so, but: {expected:?}"));
            }
        }
        all_right(&wrong)?;
    }
    Ok(())
}

/// Neither function is taken for the other one.
fn merged_functions() -> Result<(), Failed> {
    let source = include_str!("../programs/merged.rs");
    // An exported function is an unsafe thing from the next edition on.
    let head = head("merged").replace("2024", "2021");
    let manifest = format!("{head}\n[workspace]\n");
    let hangs = hangs("merged", &manifest, source, Profile::Release)?;
    let report = report(&hangs, "hangs")?;
    let frames = report.threads.iter().flat_map(|thread| &thread.frames);
    let either = frames.filter(|frame| frame.function.contains("first"));
    let mut wrong = Vec::new();
    let mut count = 0;
    for frame in either {
        count += 1;
        if !frame.function.contains("second") || frame.location.is_some() {
            wrong.push(format!("{} is said to be at {:?}", frame.function, frame.location));
        }
    }
    if count != 2 {
        wrong.push(format!("{count} threads are in one of the two functions"));
    }
    all_right(&wrong)
}

/// Tasks that cannot be read are not passed over in silence.
fn untyped(name: &str, settings: &str, said: &str) -> Result<(), Failed> {
    let source = include_str!("../programs/untyped.rs");
    let tokio = "tokio = { version = \"1\", features = [\"full\"] }\n";
    let manifest =
        format!("{}{tokio}\n[profile.dev]\n{settings}\n\n[workspace]\n", head("untyped"));
    let hangs = hangs(&format!("untyped-{name}"), &manifest, source, Profile::Dev)?;
    let report = report(&hangs, "hangs")?;
    let has = |what: &str, why: &str| {
        report.gaps.iter().any(|gap| gap.what.contains(what) && gap.why.contains(why))
    };
    let expected = [("tasks of Tokio in", said), ("blocks on", "debug = 2")];
    let missing = expected.iter().filter(|(what, why)| !has(what, why));
    let wrong: Vec<String> =
        missing.map(|(what, why)| format!("no gap `{what}: {why}`: {:?}", report.gaps)).collect();
    all_right(&wrong)
}

fn all_right(wrong: &[String]) -> Result<(), Failed> {
    if wrong.is_empty() { Ok(()) } else { Err(wrong.join("\n").into()) }
}

/// How the manifest of a program begins, up to its dependencies.
fn head(name: &str) -> String {
    format!(
        "[package]\nname = \"{name}\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n[dependencies]\n"
    )
}

/// Builds a package with one test file, and gives that test's executable.
fn hangs(name: &str, manifest: &str, source: &str, profile: Profile) -> Result<PathBuf, Error> {
    let package = Package::new(&target(), name, manifest)?;
    package.write("tests/hangs.rs", source)?;
    let mut executables = package.build(Targets::Tests, profile)?;
    executables.remove("hangs").ok_or_else(|| Error::Missing("the test `hangs`".into()))
}

/// What the library says of one of its tests, once it hangs.
fn report(hangs: &Path, test: &str) -> Result<Report, Error> {
    let mut command = Command::new(hangs);
    command.args(["--exact", test, "--test-threads=1"]);
    Hanging::start(&mut command)?.report()
}

/// The folder of the sources of a Tokio: one graph has a registry's crate in one version only, but
/// may have another one from a folder.
fn tokio_source(version: &str) -> Result<PathBuf, Error> {
    let manifest = format!(
        "{}tokio = \"~{version}\"\n\n[lib]\npath = \"lib.rs\"\n\n[workspace]\n",
        head("of")
    );
    let package = Package::new(&target(), &format!("tokio-{version}-source"), &manifest)?;
    package.write("lib.rs", "")?;
    let mut command = cargo();
    command.current_dir(&package.folder).args(["metadata", "--format-version=1"]);
    let told = run(&mut command)?.expect_code(0)?.stdout;
    let missing = || Error::Missing(format!("the sources of Tokio {version}"));
    let json = |source| Error::Json { what: "cargo's metadata".into(), source };
    let metadata: serde_json::Value = serde_json::from_str(&told).map_err(json)?;
    let packages = metadata.get("packages").and_then(|packages| packages.as_array());
    let mut packages = packages.into_iter().flatten();
    let tokio = packages.find(|package| package.get("name").is_some_and(|name| name == "tokio"));
    let manifest = tokio.and_then(|tokio| tokio.get("manifest_path")?.as_str());
    let folder = manifest.and_then(|manifest| Path::new(manifest).parent());
    folder.map(Path::to_owned).ok_or_else(missing)
}

/// This workspace's target folder, or that of whoever runs the tests.
fn target() -> PathBuf {
    let temporary = Path::new(env!("CARGO_TARGET_TMPDIR"));
    temporary.parent().unwrap_or(temporary).to_owned()
}
