//! What the command costs, side by side with what a user would take instead, in one run: compare
//! ratios, not times of different runs.
//!
//! - CPU time a test, over 500 trivial tests: bare processes, this command, nextest if installed.
//!   What cargo itself takes is measured by `--no-run` and left out.
//! - Time from the deadline of a hanging test to its printed report, against gdb's stacks of the
//!   same program.

use std::fmt::Write as _;
use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use asynctest_tests::Error;
use asynctest_tests::command::{asynctest, cargo, run};
use asynctest_tests::hanging::Hanging;
use asynctest_tests::matrix::{Package, Profile, Setting, Targets};
use asynctest_tests::stacks::{gdb, has_gdb};
use nix::sys::resource::{UsageWho, getrusage};

/// How many trivial tests there are.
const TESTS: u32 = 500;

/// How often each thing is measured; the least counts.
const ROUNDS: u32 = 3;

/// The test whose hang is reported.
const HANGING: &str = "mutual_mutex::hangs";

/// Its deadline.
const DEADLINE: Duration = Duration::from_secs(2);

fn main() -> Result<(), Error> {
    cpu_a_test()?;
    deadline_to_report()
}

fn target() -> PathBuf {
    let temporary = Path::new(env!("CARGO_TARGET_TMPDIR"));
    temporary.parent().unwrap_or(temporary).to_owned()
}

/// Compares the CPU time of one trivial test.
fn cpu_a_test() -> Result<(), Error> {
    let package = trivial()?;
    let built = package.build(Targets::Tests, Profile::Dev)?;
    let binary = built.get("trivial").ok_or_else(|| Error::Missing("the trivial tests".into()))?;
    let nextest = has_nextest();
    let mut least: [Option<Duration>; 3] = [None; 3];
    for _ in 0..ROUNDS {
        let bare = cpu(|| bare(binary))?;
        let ours = own_cpu(&package, || asynctest(Profile::Release), &[])?;
        let theirs =
            if nextest { Some(own_cpu(&package, nextest_command, &["run"])?) } else { None };
        for (least, now) in least.iter_mut().zip([Some(bare), Some(ours), theirs]) {
            *least = least.map_or(now, |least| now.map(|now| now.min(least)));
        }
    }
    let [bare, ours, theirs] = least;
    let bare = bare.unwrap_or_default();
    println!("CPU a test, {TESTS} trivial tests, the least of {ROUNDS} rounds");
    for (name, time) in
        [("bare process", Some(bare)), ("cargo asynctest", ours), ("cargo nextest", theirs)]
    {
        let Some(time) = time else {
            println!("  {name:16} not installed");
            continue;
        };
        let a_test = time / TESTS;
        let over = milliseconds(a_test) - milliseconds(bare / TESTS);
        let ratio = time.as_secs_f64() / bare.as_secs_f64();
        println!("  {name:16} {:6.3} ms  {over:+7.3} ms  {ratio:5.2}x", milliseconds(a_test));
    }
    Ok(())
}

/// A package of trivial tests.
fn trivial() -> Result<Package, Error> {
    let manifest = "[package]\nname = \"trivial\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n\
        [lib]\ndoctest = false\n\n[workspace]\n";
    let package = Package::new(&target(), "trivial", manifest)?;
    let mut source = String::from("//! Trivial tests.\n");
    for number in 0..TESTS {
        let _ = write!(source, "\n#[test]\nfn t{number}() {{}}\n");
    }
    package.write("src/lib.rs", &source)?;
    Ok(package)
}

/// Runs each test in a process, one after the other, as plainly as can be.
fn bare(binary: &Path) -> Result<(), Error> {
    for number in 0..TESTS {
        let mut command = Command::new(binary);
        command.args(["--exact", &format!("t{number}"), "--test-threads=1"]).process_group(0);
        run(&mut command)?.expect_code(0)?;
    }
    Ok(())
}

fn has_nextest() -> bool {
    run(cargo().args(["nextest", "--version"])).is_ok_and(|ended| ended.code == Some(0))
}

fn nextest_command() -> Result<Command, Error> {
    let mut command = cargo();
    command.arg("nextest");
    Ok(command)
}

/// The CPU time of a test runner on `package`, without what it takes with `--no-run`.
fn own_cpu(
    package: &Package,
    command: impl Fn() -> Result<Command, Error>,
    arguments: &[&str],
) -> Result<Duration, Error> {
    let measure = |more: &[&str]| {
        let mut command = command()?;
        package.of(command.args(arguments).args(more), Profile::Dev);
        cpu(|| run(&mut command)?.expect_code(0).map(drop))
    };
    measure(&["--no-run"])?;
    let build = measure(&["--no-run"])?;
    Ok(measure(&[])?.saturating_sub(build))
}

/// The CPU time that `work` takes, here and in the processes that it waits for.
fn cpu(work: impl FnOnce() -> Result<(), Error>) -> Result<Duration, Error> {
    let before = used()?;
    work()?;
    Ok(used()?.saturating_sub(before))
}

fn used() -> Result<Duration, Error> {
    let mut sum = Duration::ZERO;
    for who in [UsageWho::RUSAGE_SELF, UsageWho::RUSAGE_CHILDREN] {
        let usage = getrusage(who).map_err(|error| Error::Missing(format!("usage ({error})")))?;
        for time in [usage.user_time(), usage.system_time()] {
            let seconds = u64::try_from(time.tv_sec()).unwrap_or_default();
            let micros = u64::try_from(time.tv_usec()).unwrap_or_default();
            sum += Duration::from_secs(seconds) + Duration::from_micros(micros);
        }
    }
    Ok(sum)
}

/// Compares the time to a report with the time to gdb's stacks.
fn deadline_to_report() -> Result<(), Error> {
    let package = Package::fixtures(&target(), Setting::NEWEST)?;
    let built = package.build(Targets::Tests, Profile::Dev)?;
    let binary = built.get("hangs").ok_or_else(|| Error::Missing("the test `hangs`".into()))?;
    let size = fs::metadata(binary).map_err(Error::file(binary))?.len();
    let with_gdb = has_gdb();
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        ours.push(time_to_report(&package)?);
        if with_gdb {
            theirs.push(time_of_gdb(binary)?);
        }
    }
    println!();
    println!("deadline to printed report, {:.1} MB, the least of {ROUNDS} rounds", megabytes(size));
    let least = ours.iter().min().copied().unwrap_or_default();
    println!("  cargo asynctest  {:8.1} ms", milliseconds(least));
    match theirs.iter().min() {
        None => println!("  gdb              not installed"),
        Some(gdb) => {
            let ratio = gdb.as_secs_f64() / least.as_secs_f64();
            println!("  gdb, all threads {:8.1} ms  {ratio:5.2}x", milliseconds(*gdb));
        }
    }
    Ok(())
}

/// The time from the deadline of the hanging test to the first line of its report.
fn time_to_report(package: &Package) -> Result<Duration, Error> {
    let mut command = asynctest(Profile::Release)?;
    let timeout = format!("{}s", DEADLINE.as_secs());
    command.args(["--test", "hangs", "--timeout", &timeout, "--stuck-after", "0"]);
    package.of(&mut command, Profile::Dev).args([HANGING, "--", "--exact"]);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    let start_failed = |source| Error::Start { program: "cargo-asynctest".into(), source };
    let mut child = command.spawn().map_err(start_failed)?;
    let watch = thread::spawn(started);
    let stderr = child.stderr.take().ok_or_else(|| Error::Missing("stderr".into()))?;
    let mut lines = BufReader::new(stderr).lines().map_while(Result::ok);
    let printed = lines.find(|line| line.starts_with("HANG  ")).map(|_| Instant::now());
    // The rest is read so that the command can end.
    lines.for_each(drop);
    child.wait().map_err(start_failed)?;
    let started = watch.join().ok().flatten();
    let (Some(started), Some(printed)) = (started, printed) else {
        return Err(Error::Missing(format!("the report on {HANGING}")));
    };
    Ok(printed.saturating_duration_since(started + DEADLINE))
}

/// When the hanging test's process appears.
fn started() -> Option<Instant> {
    let start = Instant::now();
    while start.elapsed() < Duration::from_secs(120) {
        for entry in fs::read_dir("/proc").ok()?.flatten() {
            let command = fs::read(entry.path().join("cmdline")).unwrap_or_default();
            let words: Vec<&[u8]> = command.split(|byte| *byte == 0).collect();
            let is_test = words.first().is_some_and(|program| contains(program, b"/hangs-"));
            if is_test && words.contains(&HANGING.as_bytes()) {
                return Some(Instant::now());
            }
        }
        thread::sleep(Duration::from_millis(5));
    }
    None
}

fn contains(text: &[u8], part: &[u8]) -> bool {
    text.windows(part.len()).any(|window| window == part)
}

/// The time that gdb takes for the stacks of all threads of the hanging test.
fn time_of_gdb(binary: &Path) -> Result<Duration, Error> {
    let mut command = Command::new(binary);
    let hanging = Hanging::start(command.args(["--exact", HANGING, "--test-threads=1"]))?;
    let start = Instant::now();
    gdb(hanging.id())?;
    Ok(start.elapsed())
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

fn megabytes(bytes: u64) -> f64 {
    u32::try_from(bytes / 1000).map_or(f64::INFINITY, f64::from) / 1000.0
}
