//! How fast a program is stepped and watched, beside gdb on the same program in the same run: single
//! instructions, writes to a watched value, and lines of a task. Prints rates and their ratios.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use asynctest_engine::address::{Address, ProcessId, ThreadId};
use asynctest_engine::arch::{Access, HardwareTrap, TRAP_SLOTS, WatchSize};
use asynctest_engine::process::{Event, Resume, Traced};
use asynctest_tests::Error;
use asynctest_tests::command::{asynctest, run};
use asynctest_tests::hanging::Hanging;
use asynctest_tests::matrix::{Package, Profile, Targets};

/// How many instructions, hits or lines count for us, and how many for gdb.
const OURS: u32 = 20_000;
const GDBS: u32 = 1_000;

fn main() -> Result<(), Error> {
    let package = package()?;
    let counting = built(&package, Targets::Binaries, "counting")?;
    println!("rates a second, and how many times gdb's that is");
    let (hanging, _) = start(&counting)?;
    let ours = steps(&hanging)?;
    told("single instructions", ours, by_gdb(&hanging, "pass", "stepi")?);
    drop(hanging);
    let (hanging, address) = start(&counting)?;
    let ours = hits(&hanging, address)?;
    let set = format!("gdb.execute('watch *({address} as *mut u64)', to_string=True)");
    told("writes to a watched value", ours, by_gdb(&hanging, &set, "continue")?);
    drop(hanging);
    let test = built(&package, Targets::Tests, "lines")?;
    told("lines of a task", lines(&package)?, lines_by_gdb(&test)?);
    Ok(())
}

fn told(what: &str, ours: f64, gdbs: f64) {
    println!("  {what:26} {ours:9.0}  gdb {gdbs:7.0}  {:6.1}x", ours / gdbs);
}

/// Starts the program that counts, and says where it does.
fn start(program: &Path) -> Result<(Hanging, u64), Error> {
    let (hanging, lines) = Hanging::printing(&mut Command::new(program), "counting")?;
    let address = lines.first().and_then(|line| line.parse().ok());
    let address = address.ok_or_else(|| missing("the address of the count"))?;
    Ok((hanging, address))
}

/// How many instructions of it a second we step.
fn steps(hanging: &Hanging) -> Result<f64, Error> {
    let (mut traced, thread) = traced(hanging)?;
    let rate = rate(&mut traced, thread, Resume::Step);
    traced.release().map_err(tracing)?;
    rate
}

/// How many writes to the address a second we see.
fn hits(hanging: &Hanging, address: u64) -> Result<f64, Error> {
    let (mut traced, thread) = traced(hanging)?;
    let mut slots = [None; TRAP_SLOTS];
    let access = Access::Write(WatchSize::Eight);
    slots[0] = Some(HardwareTrap { address: Address(address), access });
    traced.arm(thread, &slots).map_err(tracing)?;
    let rate = rate(&mut traced, thread, Resume::Run);
    traced.release().map_err(tracing)?;
    rate
}

/// How often a second a thread traps that goes on in this way.
fn rate(traced: &mut Traced, thread: ThreadId, resume: Resume) -> Result<f64, Error> {
    let begun = Instant::now();
    let mut seen = 0;
    while seen < OURS {
        traced.resume(thread, resume).map_err(tracing)?;
        seen += u32::from(matches!(traced.wait().map_err(tracing)?, Event::Trapped(..)));
    }
    Ok(f64::from(OURS) / begun.elapsed().as_secs_f64())
}

/// The program, traced and stopped.
fn traced(hanging: &Hanging) -> Result<(Traced, ThreadId), Error> {
    let id = i32::try_from(hanging.id()).map_err(|_| missing("a process id"))?;
    let (mut traced, thread) = (Traced::seize(ProcessId(id)).map_err(tracing)?, ThreadId(id));
    traced.stop_all().map_err(tracing)?;
    Ok((traced, thread))
}

/// How often a second gdb executes `command` in the program, when `before` was done.
fn by_gdb(hanging: &Hanging, before: &str, command: &str) -> Result<f64, Error> {
    let id = hanging.id().to_string();
    let mut gdb = Command::new("gdb");
    gdb.args(["-nx", "-batch", "-p", &id]);
    timed(&mut gdb, before, command)
}

/// Lets gdb execute `command` many times, and reads from its output how often a second it did.
fn timed(gdb: &mut Command, before: &str, command: &str) -> Result<f64, Error> {
    let script = format!(
        "python\nimport time\n{before}\nbegun = time.time()\nfor _ in range({GDBS}):\n    \
         gdb.execute('{command}', to_string=True)\nprint('rate', {GDBS} / (time.time() - begun))\nend\n"
    );
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let file = folder.join("stepping.gdb");
    std::fs::write(&file, script).map_err(Error::file(&file))?;
    let ended = run(gdb.arg("-x").arg(&file))?;
    let rate = ended.stdout.lines().find_map(|line| line.strip_prefix("rate ")?.parse().ok());
    rate.ok_or_else(|| missing(&format!("gdb's rate in {ended}")))
}

/// How many lines of the task a second we tell, from the first one on.
fn lines(package: &Package) -> Result<f64, Error> {
    let mut command = asynctest(Profile::Release)?;
    package.of(&mut command, Profile::Dev);
    command.args(["--test", "lines", "--step-task", "walk", "--values", "none"]);
    command.args(["--message-format", "json"]);
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|source| Error::Start { program: "cargo asynctest".to_owned(), source })?;
    let stdout = child.stdout.take().ok_or_else(|| missing("a story"))?;
    let mut times: Vec<Instant> = Vec::new();
    for line in BufReader::new(stdout).lines().map_while(Result::ok) {
        if line.contains("\"event\":\"line\"") {
            times.push(Instant::now());
        }
    }
    let _ = child.wait();
    let (Some(first), Some(last)) = (times.first(), times.last()) else {
        return Err(missing("lines of a story"));
    };
    let count = u32::try_from(times.len()).unwrap_or(u32::MAX);
    Ok(f64::from(count) / last.duration_since(*first).max(Duration::from_millis(1)).as_secs_f64())
}

/// How many lines of it a second gdb steps.
fn lines_by_gdb(test: &Path) -> Result<f64, Error> {
    let mut gdb = Command::new("gdb");
    gdb.args(["-nx", "-batch", "-ex", "set breakpoint pending on", "-ex", "break lines.rs:12"]);
    gdb.args(["-ex", "run --test-threads=1"]).arg(test);
    timed(&mut gdb, "pass", "next")
}

fn package() -> Result<Package, Error> {
    let manifest = "[package]\nname = \"stepping\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n\
        [dependencies]\ntokio = { version = \"1\", features = [\"full\"] }\n\n\
        [[bin]]\nname = \"counting\"\npath = \"counting.rs\"\n\n\
        [[test]]\nname = \"lines\"\npath = \"lines.rs\"\n\n[workspace]\n";
    let temporary = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let package = Package::new(temporary.parent().unwrap_or(temporary), "stepping", manifest)?;
    package.write("counting.rs", include_str!("../programs/counting.rs"))?;
    package.write("lines.rs", include_str!("../programs/lines.rs"))?;
    Ok(package)
}

fn built(package: &Package, targets: Targets, name: &str) -> Result<PathBuf, Error> {
    let mut executables = package.build(targets, Profile::Dev)?;
    executables.remove(name).ok_or_else(|| missing(name))
}

fn missing(what: &str) -> Error {
    Error::Missing(what.to_owned())
}

fn tracing(error: asynctest_engine::process::Error) -> Error {
    Error::Missing(format!("a trace: {error}"))
}
