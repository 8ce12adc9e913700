//! Panics and signals: what is reported of them, and that a test comes to the same as without.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use asynctest_engine::report::Report;
use asynctest_tests::Error;
use asynctest_tests::command::run;
use libtest_mimic::Failed;
use serde_json::Value;

use super::Case;
use super::scene::Scene;

pub(crate) const CASES: &[Case] = &[
    ("a_panic_is_reported_with_all_tasks", panics),
    ("a_test_that_is_traced_comes_to_the_same", same),
    ("a_crash_is_reported_as_it_was", crashes),
    ("a_traced_test_that_hangs_is_reported", hangs),
];

/// A test that fails, the folders of its reports, and what the last of these says.
struct Expected {
    test: &'static str,
    folders: &'static [&'static str],
    /// The beginning of its sentence, and what else is in it.
    says: &'static [&'static str],
    /// The marks of the fixture of which the text has the lines.
    marks: &'static [&'static str],
}

const PANICS: [Expected; 9] = [
    Expected {
        test: "a_limit_passes",
        folders: &["1-panic"],
        says: &["the test body panicked at ", "Elapsed(())", "had this limit was dropped"],
        marks: &["panics elapsed", "task holder", "task asker"],
    },
    Expected {
        test: "a_limit_passes_on_many_threads",
        folders: &["1-panic"],
        says: &["the test body panicked at ", "Elapsed(())"],
        marks: &["panics elapsed", "task holder", "task asker"],
    },
    Expected {
        test: "a_limit_drops_what_waits",
        folders: &["1-panic"],
        says: &["the test body panicked at ", "the lock comes in time: Elapsed(())"],
        marks: &["panics dropped", "task holder"],
    },
    Expected {
        test: "a_task_panics",
        folders: &["1-first-panic", "1-panic"],
        says: &["the test body panicked at ", "JoinError::Panic("],
        marks: &["panics joined"],
    },
    Expected {
        test: "a_sum_is_wrong",
        folders: &["1-panic"],
        says: &["the test body panicked at ", "a wrong sum; left: 2; right: 3"],
        marks: &["panics sum"],
    },
    Expected {
        test: "two_threads_panic",
        folders: &["1-first-panic", "1-panic"],
        says: &["the test body panicked at ", "left: 2; right: 0"],
        marks: &["panics threads"],
    },
    Expected {
        test: "fails_without_tokio",
        folders: &["1-panic"],
        says: &["thread ", "ParseIntError"],
        marks: &["panics plain"],
    },
    Expected {
        test: "panics_twice",
        folders: &["1-panic", "1-crash"],
        says: &["thread ", " got SIGABRT at "],
        marks: &[],
    },
    Expected {
        test: "the_stack_overflows",
        folders: &["1-crash"],
        says: &["thread ", " got SIGABRT at ", "its stack has overflowed"],
        marks: &["overflows"],
    },
];

const CRASHES: [Expected; 3] = [
    Expected {
        test: "aborts",
        folders: &["1-crash"],
        says: &["the test body got SIGABRT at "],
        marks: &["aborts", "task holder"],
    },
    Expected {
        test: "the_stack_overflows",
        folders: &["1-crash"],
        says: &["thread ", " got SIGABRT at ", "its stack has overflowed"],
        marks: &["overflows"],
    },
    Expected {
        test: "divides_what_cannot_be",
        folders: &["1-crash"],
        says: &[" got SIGFPE"],
        marks: &[],
    },
];

const TESTS: [&str; 2] = ["--test", "panics"];

fn panics(scene: &Scene) -> Result<(), Failed> {
    let mut command = scene.command()?;
    command.args(TESTS).args(["--on-panic", "--timeout", "60s"]);
    let ended = run(&mut command)?.expect_code(100)?;
    let mut wrong = checked(scene, &PANICS)?;
    let first = report(&folder(scene, "a_task_panics").join("1-first-panic"))?;
    if !first.headline.sentence.contains("(panics::breaks) panicked at ") {
        wrong.push(format!("who panicked first: {}", first.headline.sentence));
    }
    for test in ["a_panic_that_should_be", "panics_that_are_caught"] {
        if folder(scene, test).exists() || ended.stderr.contains(&format!("{test}  panic:")) {
            wrong.push(format!("{test} passes and is reported"));
        }
    }
    if wrong.is_empty() { Ok(()) } else { Err(format!("{wrong:#?}\n{ended}").into()) }
}

fn crashes(scene: &Scene) -> Result<(), Failed> {
    let mut command = scene.command()?;
    command.args(TESTS).args(["--trace", "always", "--timeout", "60s"]);
    let ended = run(&mut command)?.expect_code(100)?;
    let mut wrong = checked(scene, &CRASHES)?;
    for expected in &CRASHES {
        let head = format!("CRASH  fixtures::panics::{}  crash: ", expected.test);
        if !ended.stderr.lines().any(|line| line.starts_with(&head)) {
            wrong.push(format!("{head} is not said"));
        }
    }
    if ended.stderr.contains("  panic: ") {
        wrong.push("panics were not asked for".to_owned());
    }
    if wrong.is_empty() { Ok(()) } else { Err(format!("{wrong:#?}\n{ended}").into()) }
}

/// A proof and a deadline of tests that are traced.
fn hangs(scene: &Scene) -> Result<(), Failed> {
    let stuck = "money_is_neither_made_nor_lost";
    let mut command = scene.command()?;
    command.args(["--test", "ledger", "--test", "verdicts", "--trace", "always"]);
    command.args(["--timeout", "20s", "--", stuck, "lingers", "passes_when_told"]);
    scene.tell()?;
    let ended = run(&mut command)?.expect_code(100)?;
    let heads = [
        format!("STUCK  fixtures::ledger::{stuck}  deadlock: 2 tasks each wait for the other"),
        "EXIT-HANG  fixtures::verdicts::lingers  exit-hang: ".to_owned(),
    ];
    let is_said = |head: &String| ended.stderr.lines().any(|line| line.starts_with(head));
    if heads.iter().all(is_said) { Ok(()) } else { Err(ended.to_string().into()) }
}

/// What each test comes to with a flag and without.
fn same(scene: &Scene) -> Result<(), Failed> {
    let outcomes = |flags: &[&str]| {
        let mut command = scene.command()?;
        command.args(TESTS).args(["--timeout", "60s"]).args(flags);
        let ended = run(&mut command)?.expect_code(100)?;
        if flags.is_empty()
            && !ended.stderr.contains("`--trace always` shows where all tasks stood")
        {
            return Err(Error::Missing(format!("what shows more\n{ended}")));
        }
        let json = scene.run_json()?;
        let tests = json.get("tests").and_then(Value::as_array).into_iter().flatten();
        let word = |test: &Value, name: &str| test.get(name).map(Value::to_string);
        let outcome = |test: &Value| {
            let came_to = ["verdict", "exit_code", "signal"].map(|name| word(test, name));
            (word(test, "test"), came_to)
        };
        Ok::<BTreeMap<_, _>, Error>(tests.map(outcome).collect())
    };
    let plain = outcomes(&[])?;
    for flags in [&["--on-panic"][..], &["--trace", "always"][..]] {
        let traced = outcomes(flags)?;
        if traced != plain || plain.len() < PANICS.len() {
            return Err(format!("{flags:?}: {traced:#?}\n{plain:#?}").into());
        }
    }
    Ok(())
}

fn folder(scene: &Scene, test: &str) -> PathBuf {
    scene.output().join("fixtures-panics").join(test)
}

fn report(folder: &Path) -> Result<Report, Error> {
    let path = folder.join("report.json");
    let text = fs::read_to_string(&path).map_err(Error::file(&path))?;
    serde_json::from_str(&text)
        .map_err(|source| Error::Json { what: path.display().to_string(), source })
}

/// What is wrong with the reports of these tests.
fn checked(scene: &Scene, expected: &[Expected]) -> Result<Vec<String>, Failed> {
    let mut wrong = Vec::new();
    for Expected { test, folders, says, marks } in expected {
        let mut found: Vec<String> = fs::read_dir(folder(scene, test))?
            .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
            .filter(|name| !name.ends_with(".txt"))
            .collect();
        found.sort();
        let mut wanted = folders.to_vec();
        wanted.sort_unstable();
        if found != wanted {
            wrong.push(format!("{test}: {found:?}, not {wanted:?}"));
        }
        let Some(last) = folders.last().map(|name| folder(scene, test).join(name)) else {
            continue;
        };
        let report = report(&last)?;
        let sentence = &report.headline.sentence;
        if !says.iter().all(|part| sentence.contains(part)) || report.looks.count != 1 {
            wrong.push(format!("{test}: {sentence}, not {says:?}"));
        }
        let path = last.join("report.txt");
        let text = fs::read_to_string(&path).map_err(Error::file(&path))?;
        let lines = marks.iter().filter(|mark| !text.contains(&format!("//~ {mark}")));
        wrong.extend(lines.map(|mark| format!("{test}: no line of `{mark}`\n{text}")));
    }
    Ok(wrong)
}
