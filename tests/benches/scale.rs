//! What a capture with its report takes for a thousand, ten thousand and a hundred thousand tasks:
//! time and peak memory, in one run, to be compared with each other. The time a task should stay the
//! same.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use asynctest_tests::Error;
use asynctest_tests::hanging::{APART, Hanging};
use asynctest_tests::matrix::{Package, Profile, Targets};

/// How many tasks there are.
const TASKS: [u32; 3] = [1_000, 10_000, 100_000];

/// How often each is captured; the least time counts.
const ROUNDS: u32 = 3;

fn main() -> Result<(), Error> {
    let program = program()?;
    println!("two looks and their report, the least of {ROUNDS} rounds");
    for tasks in TASKS {
        let count = tasks.to_string();
        let (hanging, _) = Hanging::printing(Command::new(&program).arg(&count), "done")?;
        let mut least: Option<Duration> = None;
        let mut most_memory = 0;
        for _ in 0..ROUNDS {
            let (time, memory) = capture(&hanging, tasks)?;
            least = Some(least.map_or(time, |least| least.min(time)));
            most_memory = most_memory.max(memory);
        }
        let time = least.unwrap_or_default();
        let each = time / tasks;
        println!(
            "  {tasks:6} tasks  {:8.1} ms  {:5.1} us each  {most_memory:5} MB",
            time.as_secs_f64() * 1e3,
            each.as_secs_f64() * 1e6,
        );
    }
    Ok(())
}

/// The time that a capture and its report take, without the time between the looks, and the memory
/// that was in use at most, in MB.
fn capture(hanging: &Hanging, tasks: u32) -> Result<(Duration, u64), Error> {
    let peak = "/proc/self/clear_refs";
    // Forgets the largest size so far (proc_pid_clear_refs(5)).
    fs::write(peak, "5").map_err(Error::file(Path::new(peak)))?;
    let start = Instant::now();
    let report = hanging.report()?;
    let time = start.elapsed().saturating_sub(APART);
    // The tasks, and what `main` blocks on.
    let found = report.counts.tasks_walked;
    if found != u64::from(tasks) + 1 {
        return Err(Error::Missing(format!("some tasks: {found} of {tasks} were walked")));
    }
    Ok((time, peak_memory().unwrap_or_default()))
}

/// The most memory that this process has had at once, in MB.
fn peak_memory() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kilobytes: u64 = line.split_whitespace().next()?.parse().ok()?;
    Some(kilobytes / 1000)
}

/// Builds the program whose tasks are counted.
fn program() -> Result<std::path::PathBuf, Error> {
    let manifest = "[package]\nname = \"many\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n\
        [dependencies]\ntokio = { version = \"1\", features = [\"full\"] }\n\n[workspace]\n";
    let temporary = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let package = Package::new(temporary.parent().unwrap_or(temporary), "many", manifest)?;
    package.write("src/main.rs", include_str!("../programs/many.rs"))?;
    let mut executables = package.build(Targets::Binaries, Profile::Dev)?;
    executables.remove("many").ok_or_else(|| Error::Missing("the program many".into()))
}
