//! How long it takes until a test that hangs is ended, by proof and by deadline, and what the watch
//! over tests that rest costs.
//!
//! - Time from the start of each hanging fixture to its verdict.
//! - Wall time of a suite with five deadlocked tests, by proof and by a deadline of 60 s each.
//! - CPU time of the watch, with 32 tests that rest.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use asynctest_tests::Error;
use asynctest_tests::command::{asynctest, run};
use asynctest_tests::matrix::{Package, Profile, Setting};
use nix::sys::resource::{UsageWho, getrusage};
use serde_json::Value;

/// How many tests rest at once.
const RESTING: usize = 32;

/// How long they do.
const REST: Duration = Duration::from_secs(30);

/// How long the fixtures may take that cannot be proven to be stuck.
const UNPROVEN: &str = "15s";

fn main() -> Result<(), Error> {
    delays()?;
    five()?;
    watch()
}

fn target() -> PathBuf {
    let temporary = Path::new(env!("CARGO_TARGET_TMPDIR"));
    temporary.parent().unwrap_or(temporary).to_owned()
}

/// The command, and a package.
fn command(package: &Package, arguments: &[&str]) -> Result<Command, Error> {
    let mut command = asynctest(Profile::Release)?;
    package.of(command.args(arguments), Profile::Dev);
    Ok(command)
}

fn run_json(package: &Package) -> Result<Value, Error> {
    let path = package.target().join("asynctest/run.json");
    let text = fs::read_to_string(&path).map_err(Error::file(&path))?;
    serde_json::from_str(&text)
        .map_err(|source| Error::Json { what: path.display().to_string(), source })
}

/// Prints how long fixtures take from their start to their verdict.
fn delays() -> Result<(), Error> {
    let package = Package::fixtures(&target(), Setting::NEWEST)?;
    let arguments = ["--test", "hangs", "--test", "bugs", "--timeout", UNPROVEN];
    run(&mut command(&package, &arguments)?)?;
    let json = run_json(&package)?;
    let tests: Vec<&Value> =
        json.get("tests").and_then(Value::as_array).into_iter().flatten().collect();
    let verdict = |test: &Value| test.get("verdict").and_then(Value::as_str).map(str::to_owned);
    let mut seconds: Vec<f64> = tests
        .iter()
        .filter(|test| verdict(test).as_deref() == Some("STUCK"))
        .filter_map(|test| test.get("duration")?.as_f64())
        .collect();
    seconds.sort_by(f64::total_cmp);
    let at = |part: usize| seconds.get(seconds.len().saturating_sub(1) * part / 100).copied();
    println!("from the start of a hanging fixture to its verdict");
    println!("  proven to be stuck: {} of {}", seconds.len(), tests.len());
    for (name, part) in [("median", 50), ("9 in 10", 90), ("slowest", 100)] {
        println!("  {name:<8} {:6.2} s", at(part).unwrap_or_default());
    }
    println!("\nnot proven, because");
    let others = tests.iter().filter(|test| verdict(test).as_deref() != Some("STUCK"));
    for test in others {
        let name = test.get("test").and_then(Value::as_str).unwrap_or_default();
        let verdict = verdict(test).unwrap_or_default();
        let why = why(test).unwrap_or_else(|error| format!("its report cannot be read ({error})"));
        println!("  {name:<40} {verdict:<9} {why}");
    }
    Ok(())
}

/// What could still have made a test go on, by the last report on it.
fn why(test: &Value) -> Result<String, Error> {
    let reports = test.get("reports").and_then(Value::as_array);
    let last = reports.and_then(|reports| reports.last()?.get("folder")?.as_str());
    let Some(folder) = last else { return Ok("there is no report".to_owned()) };
    let path = Path::new(folder).join("report.json");
    let text = fs::read_to_string(&path).map_err(Error::file(&path))?;
    let report: Value = serde_json::from_str(&text)
        .map_err(|source| Error::Json { what: path.display().to_string(), source })?;
    let sentences = |name: &str| {
        let found = report.pointer(&format!("/looks/{name}")).and_then(Value::as_array);
        let found = found.into_iter().flatten().filter_map(Value::as_str);
        found.map(str::to_owned).collect::<Vec<String>>()
    };
    Ok([sentences("stirs"), sentences("moved")].concat().join("; "))
}

/// Prints how long a suite takes in which five of ten tests hang.
fn five() -> Result<(), Error> {
    let package = Package::fixtures(&target(), Setting::NEWEST)?;
    let measure = |more: &[&str]| {
        let arguments = [&["--test", "five", "--test-threads", "2"], more].concat();
        run(command(&package, &arguments)?.arg("--no-run"))?.expect_code(0)?;
        let begun = Instant::now();
        run(&mut command(&package, &arguments)?)?.expect_code(100)?;
        Ok::<Duration, Error>(begun.elapsed())
    };
    let proof = measure(&[])?.as_secs_f64();
    println!("\nten tests, five of them deadlocked, two at a time");
    println!("  by proof                {proof:6.1} s");
    let deadline = measure(&["--stuck-after", "0", "--timeout", "60s"])?.as_secs_f64();
    println!("  by a deadline of 60 s   {deadline:6.1} s  {:5.1}x", deadline / proof);
    Ok(())
}

/// Prints what the watch costs.
fn watch() -> Result<(), Error> {
    let package = resting()?;
    let threads = RESTING.to_string();
    let arguments = ["--test-threads", &threads, "--timeout", "0"];
    run(command(&package, &arguments)?.arg("--no-run"))?.expect_code(0)?;
    let measure = |more: &[&str]| {
        let before = used()?;
        run(command(&package, &arguments)?.args(more))?.expect_code(0)?;
        Ok::<Duration, Error>(used()?.saturating_sub(before))
    };
    let without = measure(&["--stuck-after", "0"])?;
    let with = measure(&[])?;
    let of_a_core = with.saturating_sub(without).as_secs_f64() / REST.as_secs_f64();
    println!("\n{RESTING} tests that sleep for {} s, all at once", REST.as_secs());
    println!("  CPU without the watch   {:6.3} s", without.as_secs_f64());
    println!("  CPU with it             {:6.3} s", with.as_secs_f64());
    println!("  its part of one core    {:6.3} %", of_a_core * 100.0);
    Ok(())
}

/// A package of tests that sleep.
fn resting() -> Result<Package, Error> {
    let manifest = "[package]\nname = \"resting\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n\
        [lib]\ndoctest = false\n\n[dev-dependencies]\ntokio = { version = \"1\", features = [\"full\"] }\n\n\
        [workspace]\n";
    let package = Package::new(&target(), "resting", manifest)?;
    let test = |number: usize| {
        format!(
            "\n#[cfg(test)]\n#[tokio::test]\nasync fn t{number}() {{\n    \
             tokio::time::sleep(std::time::Duration::from_secs({})).await;\n}}\n",
            REST.as_secs()
        )
    };
    let tests: String = (0..RESTING).map(test).collect();
    package.write("src/lib.rs", &format!("//! Tests that sleep.\n{tests}"))?;
    Ok(package)
}

/// The CPU time of all children that have ended.
fn used() -> Result<Duration, Error> {
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN)
        .map_err(|error| Error::Missing(format!("usage ({error})")))?;
    let times = [usage.user_time(), usage.system_time()];
    let time = |time: &nix::sys::time::TimeVal| {
        let seconds = u64::try_from(time.tv_sec()).unwrap_or_default();
        let micros = u64::try_from(time.tv_usec()).unwrap_or_default();
        Duration::from_secs(seconds) + Duration::from_micros(micros)
    };
    Ok(times.iter().map(time).sum())
}
