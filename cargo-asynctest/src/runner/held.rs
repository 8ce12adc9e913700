//! A process that becomes the test only once it is traced, so that no instruction of the test's is
//! run before that: the program a held test is started by is this one, with a mark.

use std::ffi::OsString;
use std::io;
use std::os::unix::process::{CommandExt, parent_id};
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

/// The hidden first argument; the process that is to trace us, the program and its arguments follow.
const MARK: &str = "--when-traced";

/// How long we wait to be traced.
const PATIENCE: Duration = Duration::from_secs(30);

/// How often we look.
const PAUSE: Duration = Duration::from_micros(200);

/// A command that becomes `program` as soon as it is traced.
pub(crate) fn command(program: &std::path::Path) -> Command {
    let mut command = Command::new("/proc/self/exe");
    command.arg(MARK).arg(std::process::id().to_string()).arg(program);
    command
}

/// Waits and becomes the program, if this process was started for that: then it returns only an
/// error.
pub(crate) fn enter(arguments: &[OsString]) -> Option<io::Error> {
    let [_, mark, parent, program, rest @ ..] = arguments else { return None };
    if mark != MARK {
        return None;
    }
    let parent = parent.to_str().and_then(|id| id.parse().ok());
    let begun = Instant::now();
    while !is_traced() {
        if begun.elapsed() > PATIENCE || parent.is_some_and(|parent: u32| parent_id() != parent) {
            return Some(io::Error::other("nobody traces it"));
        }
        thread::sleep(PAUSE);
    }
    Some(Command::new(program).args(rest).exec())
}

fn is_traced() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let tracer = status.lines().find_map(|line| line.strip_prefix("TracerPid:"));
    tracer.is_some_and(|tracer| tracer.trim() != "0")
}
