//! What the system lets us do to a process. It is tried: rules alone do not tell.

use std::io;
use std::path::Path;
use std::process::{Child, Stdio};

use asynctest_engine::address::ProcessId;
use asynctest_engine::process::Permissions;
use asynctest_engine::session::{self, Watchpoints};

use super::{Check, State};
use crate::causes::chain;
use crate::runner::held;

/// Files that containers have (Docker's and Podman's).
const CONTAINERS: [&str; 2] = ["/.dockerenv", "/run/.containerenv"];

/// Tries to trace a process of ours, and reads the rules for others.
pub(super) fn checks() -> Vec<Check> {
    let mut checks = Vec::new();
    match probe() {
        Ok(Ok(tried)) => {
            let text = format!("a process was started, stopped and read{}", surroundings());
            checks.push(Check::new("ptrace", State::Fine, text));
            checks.push(watchpoints(tried));
        }
        Ok(Err(error)) => {
            let text = format!("{}{}", chain(&error), surroundings());
            checks.push(Check::new("ptrace", State::Problem, text));
        }
        Err(error) => {
            let text = format!("no process could be started to try it on: {error}");
            checks.push(Check::new("ptrace", State::Problem, text));
        }
    }
    checks.push(strangers(&Permissions::read()));
    checks
}

/// What it means that watchpoints do nothing.
const IGNORED: &str = "this machine takes them and ignores them, as some virtual machines do: tasks \
    are stepped by breakpoints, which is slower and does not tell who writes to a watched variable";

/// What came of a watchpoint.
type Tried = Result<Watchpoints, asynctest_engine::process::Error>;

/// Starts a process that waits to be traced, and traces it.
fn probe() -> io::Result<Result<Tried, session::Error>> {
    let program = std::env::current_exe()?;
    let mut command = held::command(&program);
    command.arg("--version").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = command.spawn()?;
    let tried = session::probe(ProcessId(child.id().cast_signed()));
    end(&mut child);
    Ok(tried)
}

fn end(child: &mut Child) {
    // It has been killed already unless it could not be traced.
    let _ = child.kill();
    let _ = child.wait();
}

fn watchpoints(tried: Tried) -> Check {
    match tried {
        Ok(Watchpoints::Fire) => {
            Check::new("watchpoints", State::Fine, "they fire: tasks are stepped by them")
        }
        Ok(Watchpoints::Ignored) => Check::new("watchpoints", State::Limit, IGNORED),
        Err(error) => {
            let text = format!("{}, so no task can be stepped", chain(&error));
            Check::new("watchpoints", State::Limit, text)
        }
    }
}

/// Whether `attach` can be used on a process that we have not started.
fn strangers(permissions: &Permissions) -> Check {
    match permissions.strangers() {
        None => {
            let text = "any process of this user can be reported on";
            Check::new("attach", State::Fine, text)
        }
        Some(refusal) => {
            let text = format!("not to a process that is no test of ours: {refusal}");
            Check::new("attach", State::Limit, text)
        }
    }
}

/// What stands between us and the machine, for a person who wonders.
fn surroundings() -> String {
    let container = CONTAINERS.iter().find(|file| Path::new(file).exists());
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mut lines = status.lines();
    let is_filtered =
        lines.any(|line| line.strip_prefix("Seccomp:").is_some_and(|mode| mode.trim() == "2"));
    match (container, is_filtered) {
        (None, false) => String::new(),
        (Some(file), false) => format!(" (in a container: {file})"),
        (None, true) => " (under a seccomp filter)".to_owned(),
        (Some(file), true) => format!(" (in a container: {file}; under a seccomp filter)"),
    }
}
