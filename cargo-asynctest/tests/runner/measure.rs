//! What a test costs beside its own process: `runner measure` prints it, nothing asserts it.

use std::path::PathBuf;
use std::process::{Command, ExitCode, Stdio};
use std::time::Duration;

use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike;

use crate::scenario::scenario;

const TESTS: u32 = 500;
const ROUNDS: usize = 7;
const PROGRAM: &str = "/bin/true";

/// CPU for a test, run by the runner and spawned bare, in one run and by turns.
pub(crate) fn print() -> ExitCode {
    let folder = tempfile::tempdir().expect("a folder");
    let mut run = scenario(folder.path(), &["exit 0"; TESTS as usize]);
    run.program = PathBuf::from(PROGRAM);
    run.jobs = 2;
    run.timeout = Some(60_000);
    let mut bare = Command::new(std::env::current_exe().expect("this program"));
    bare.arg("spawn-bare");
    let mut measured = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        measured.0.push(cpu(&mut run.command()));
        measured.1.push(cpu(&mut bare));
    }
    let (run, bare) = (median(measured.0), median(measured.1));
    println!("CPU a test: run {run:?}, spawned bare {bare:?}");
    ExitCode::SUCCESS
}

/// Spawns the program as often, with nothing around it.
pub(crate) fn spawn_bare() -> ExitCode {
    for _ in 0..TESTS {
        let status = Command::new(PROGRAM).stdin(Stdio::null()).status();
        assert!(status.expect("it starts").success());
    }
    ExitCode::SUCCESS
}

fn cpu(command: &mut Command) -> Duration {
    let before = children();
    command.stderr(Stdio::null()).status().expect("it starts");
    (children() - before) / TESTS
}

fn children() -> Duration {
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN).expect("usage");
    let microseconds = (usage.user_time() + usage.system_time()).num_microseconds();
    Duration::from_micros(microseconds as u64)
}

fn median(mut durations: Vec<Duration>) -> Duration {
    durations.sort();
    durations[ROUNDS / 2]
}
