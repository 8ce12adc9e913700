//! `cargo asynctest runner` as cargo's runner: tests are watched, and all else is as without it.

use std::io::Write;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Command, Stdio};

use asynctest_tests::Error;
use asynctest_tests::command::{Ended, asynctest, cargo, run};
use asynctest_tests::matrix::{Package, Profile, Targets};
use libtest_mimic::Failed;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::Case;
use super::scene::{Scene, Started, TOLD, is_alive, status, wait_for};

pub(crate) const CASES: &[Case] = &[
    ("cargo_test_says_the_same_with_the_runner", same_tests),
    ("what_is_no_test_is_passed_on_as_it_is", passed_on),
    ("cargo_test_ends_when_a_test_is_stuck", stuck),
    ("each_test_of_a_program_has_its_deadline", deadline),
    ("a_wrapped_program_ends_as_without_us", ends),
    ("a_wrapped_test_is_looked_at_before_sigterm_ends_it", terminated),
    ("a_wrapped_test_stands_still_and_goes_on", stopped),
    ("a_wrapped_test_does_not_survive_its_wrapper", killed),
    ("variables_that_make_no_sense_are_named", hostile),
];

/// Cargo's variable for the runner.
const RUNNER: &str = "CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_RUNNER";

/// Our variables and others' that could reach what is tried.
const VARIABLES: [&str; 6] = [
    RUNNER,
    "ASYNCTEST_TIMEOUT",
    "ASYNCTEST_STUCK_AFTER",
    "ASYNCTEST_SLOW_AFTER",
    "NEXTEST_TEST_NAME",
    "RUST_TEST_THREADS",
];

/// The command as one line, for whoever is to call it.
pub(crate) fn runner() -> Result<String, Error> {
    let command = asynctest(Profile::Dev)?;
    Ok(format!("{} asynctest runner", command.get_program().to_string_lossy()))
}

/// Whether a runner is set.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Runner {
    None,
    Ours,
}

/// Cargo in this package, with the runner or without.
fn in_package(package: &Package, runner: Runner) -> Result<Command, Error> {
    let mut command = cargo();
    VARIABLES.iter().for_each(|name| {
        command.env_remove(name);
    });
    package.of(&mut command, Profile::Dev).env("CARGO_TERM_COLOR", "never");
    match runner {
        Runner::None => {}
        Runner::Ours => {
            command.env(RUNNER, self::runner()?);
        }
    }
    Ok(command)
}

/// A package with a program, a bench, documentation and tests.
fn package(scene: &Scene) -> Result<Package, Error> {
    let manifest = "[package]\nname = \"wrapped\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n\
        [[bench]]\nname = \"speed\"\nharness = false\n\n[workspace]\n";
    let matrix = scene.package.folder.parent().and_then(|folder| folder.parent());
    let target = matrix.unwrap_or(&scene.package.folder);
    let package = Package::new(target, "wrapped", manifest)?;
    package.write("src/lib.rs", include_str!("../../programs/wrapped/lib.rs"))?;
    package.write("src/main.rs", include_str!("../../programs/wrapped/main.rs"))?;
    package.write("benches/speed.rs", include_str!("../../programs/wrapped/speed.rs"))?;
    Ok(package)
}

/// What a command printed that tells neither how long it took nor by which id a thread panicked.
fn timeless(ended: &Ended) -> String {
    let line = |line: &str| line.split("finished in").next().unwrap_or_default().to_owned();
    let is_same =
        |line: &&str| !line.starts_with("all doctests ran in") && !line.contains(") panicked at ");
    ended.stdout.lines().filter(is_same).map(|text| line(text) + "\n").collect()
}

/// Runs cargo with these words, without the runner and with it, and compares.
fn compare(package: &Package, words: &[&str], code: i32) -> Result<(), Failed> {
    let plain = run(in_package(package, Runner::None)?.args(words))?.expect_code(code)?;
    let wrapped = run(in_package(package, Runner::Ours)?.args(words))?.expect_code(code)?;
    if timeless(&plain) == timeless(&wrapped) && !plain.stdout.is_empty() {
        return Ok(());
    }
    Err(format!("{words:?}\nwithout: {plain}\nwith: {wrapped}").into())
}

fn same_tests(scene: &Scene) -> Result<(), Failed> {
    let package = package(scene)?;
    compare(&package, &["test", "--lib", "--", "--test-threads=1"], 101)?;
    compare(&package, &["test", "--lib", "doubles", "--", "--nocapture"], 0)?;
    compare(&package, &["test", "--lib", "--", "--list"], 0)?;
    let ended = ["--skip", "crashes", "--skip", "exits", "--skip", "lingers", "--skip", "leaks"];
    let words = ["test", "--test", "verdicts", "--", "--test-threads=1"];
    let words: Vec<&str> = words.into_iter().chain(ended).collect();
    compare(&scene.package, &words, 101)
}

fn passed_on(scene: &Scene) -> Result<(), Failed> {
    let package = package(scene)?;
    compare(&package, &["test", "--doc"], 0)?;
    compare(&package, &["bench", "--bench", "speed", "--", "given"], 0)?;
    for runner in [Runner::None, Runner::Ours] {
        let mut command = in_package(&package, runner)?;
        command.args(["run", "--quiet", "--", "--list", "a b"]);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        if let Some(mut stdin) = child.stdin.take() {
            stdin.write_all(b"typed")?;
        }
        let output = child.wait_with_output()?;
        let said = String::from_utf8_lossy(&output.stdout);
        let is_right =
            said == "Ok(5) typed [\"--list\", \"a b\"]\n" && output.status.code() == Some(7);
        if !is_right {
            return Err(format!("{runner:?}: {} {said}", output.status).into());
        }
    }
    Ok(())
}

fn stuck(scene: &Scene) -> Result<(), Failed> {
    let mut command = in_package(&scene.package, Runner::Ours)?;
    let ended = run(command.args(["test", "--test", "ledger"]))?.expect_code(101)?;
    let name = "money_is_neither_made_nor_lost";
    let head = format!("STUCK  fixtures::ledger::{name}  deadlock: ");
    let again = format!("again: cargo asynctest -p fixtures --test ledger -- --exact {name}");
    let is_right = ended.stderr.lines().any(|line| line.starts_with(&head))
        && ended.stderr.contains(&again)
        && ended.stdout.starts_with("\nrunning 1 test\n")
        && scene.output().join(format!("fixtures-ledger/{name}/1-stuck/report.json")).is_file();
    if is_right { Ok(()) } else { Err(ended.to_string().into()) }
}

/// The others have ended long before.
fn deadline(scene: &Scene) -> Result<(), Failed> {
    let mut command = in_package(&scene.package, Runner::Ours)?;
    command.env("FIXTURE_FOLDER", scene.file("")).env("ASYNCTEST_TIMEOUT", "3s");
    let ended = run(command.args(["test", "--test", "verdicts", "passes"]))?.expect_code(101)?;
    let head = format!("HANG  fixtures::verdicts::{TOLD}  ");
    let is_right = ended.stderr.lines().any(|line| line.starts_with(&head))
        && ended.stdout.contains("test passes_with_tasks ... ok");
    if is_right { Ok(()) } else { Err(ended.to_string().into()) }
}

/// The wrapper of the fixture's tests, with these arguments.
fn wrapper(scene: &Scene, arguments: &[&str]) -> Result<Command, Failed> {
    let executables = scene.package.build(Targets::Tests, Profile::Dev)?;
    let program = executables.get("verdicts").ok_or("cargo built no test `verdicts`")?;
    let mut command = asynctest(Profile::Dev)?;
    VARIABLES.iter().for_each(|name| {
        command.env_remove(name);
    });
    command.arg("runner").arg(program).args(arguments).env("FIXTURE_FOLDER", scene.file(""));
    command.process_group(0);
    Ok(command)
}

fn ends(scene: &Scene) -> Result<(), Failed> {
    let expected = [("passes", Ok(0)), ("fails", Ok(101)), ("exits", Ok(7)), ("crashes", Err(6))];
    for (test, expected) in expected {
        let status = wrapper(scene, &[test, "--exact"])?
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()?;
        let found = match (status.code(), status.signal()) {
            (Some(code), _) => Ok(code),
            (None, signal) => Err(signal.unwrap_or_default()),
        };
        if found != expected {
            return Err(format!("{test}: {status}").into());
        }
    }
    Ok(())
}

/// A wrapper whose test waits to be told, with that test's process id.
fn waiting(scene: &Scene) -> Result<(Started, Pid, i32), Failed> {
    let started = Started::new(&mut wrapper(scene, &["--exact", TOLD])?)?;
    let test = scene.begun()?;
    let wrapper = Pid::from_raw(i32::try_from(started.child.id())?);
    Ok((started, wrapper, test))
}

fn terminated(scene: &Scene) -> Result<(), Failed> {
    let (mut started, wrapper, test) = waiting(scene)?;
    kill(wrapper, Signal::SIGTERM)?;
    started.end()?;
    let status = started.child.wait()?;
    let is_told = started.said.contains("sleep(Duration::from_millis(10)).await;");
    let is_right = status.signal() == Some(Signal::SIGTERM as i32) && is_told && !is_alive(test);
    if is_right { Ok(()) } else { Err(format!("{status}\n{}", started.said).into()) }
}

fn stopped(scene: &Scene) -> Result<(), Failed> {
    let (mut started, wrapper, test) = waiting(scene)?;
    let state = |process: i32| status(process, "State").unwrap_or_default();
    kill(wrapper, Signal::SIGTSTP)?;
    wait_for("a test that stands still", || {
        let both = [test, wrapper.as_raw()].map(state);
        both.iter().all(|state| state.starts_with('T')).then_some(())
    })?;
    scene.tell()?;
    kill(wrapper, Signal::SIGCONT)?;
    let code = started.end()?;
    if code == Some(0) { Ok(()) } else { Err(format!("{code:?}\n{}", started.said).into()) }
}

fn killed(scene: &Scene) -> Result<(), Failed> {
    let (_started, wrapper, test) = waiting(scene)?;
    kill(wrapper, Signal::SIGKILL)?;
    Ok(wait_for("the end of the test", || (!is_alive(test)).then_some(()))?)
}

fn hostile(scene: &Scene) -> Result<(), Failed> {
    for (name, value) in [("ASYNCTEST_TIMEOUT", "soon"), ("ASYNCTEST_STUCK_AFTER", "-1")] {
        let mut command = wrapper(scene, &["--list"])?;
        let ended = run(command.env(name, value))?.expect_code(2)?;
        let is_named = ended.stderr.contains(name) && ended.stderr.contains(value);
        if !is_named || !ended.stdout.is_empty() {
            return Err(ended.to_string().into());
        }
    }
    Ok(())
}
