//! A program that hangs, started by a test and ended with it.

use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use asynctest_engine::address::ProcessId;
use asynctest_engine::limits::Limits;
use asynctest_engine::report::{Report, Subject};
use asynctest_engine::session::{Capture, Request};

use crate::Error;

/// How long a program may take to get where it hangs.
const DEADLINE: Duration = Duration::from_secs(60);

/// How long it may run between the two looks of a report.
pub const APART: Duration = Duration::from_millis(100);

/// A program that hangs. Killed when dropped.
pub struct Hanging {
    child: Child,
}

impl Hanging {
    /// Starts `command` and waits until all its threads sleep and stay asleep.
    pub fn start(command: &mut Command) -> Result<Hanging, Error> {
        let hanging = Hanging::spawn(command.stdout(Stdio::null()))?;
        let start = Instant::now();
        let mut before = None;
        let mut unchanged = 0;
        while unchanged < 20 {
            if start.elapsed() > DEADLINE {
                return Err(Error::Missing(format!("the hang of {command:?}")));
            }
            thread::sleep(Duration::from_millis(20));
            let now = hanging.threads();
            unchanged = if now.is_some() && now == before { unchanged + 1 } else { 0 };
            before = now;
        }
        Ok(hanging)
    }

    /// Starts `command` and gives what it prints until a line that says `end`.
    pub fn printing(command: &mut Command, end: &str) -> Result<(Hanging, Vec<String>), Error> {
        let mut hanging = Hanging::spawn(command.stdout(Stdio::piped()))?;
        let missing = || Error::Missing(format!("`{end}` in the output of {command:?}"));
        let stdout = hanging.child.stdout.take().ok_or_else(missing)?;
        let lines: Vec<String> = BufReader::new(stdout)
            .lines()
            .map_while(Result::ok)
            .take_while(|line| line != end)
            .collect();
        Ok((hanging, lines))
    }

    fn spawn(command: &mut Command) -> Result<Hanging, Error> {
        let spawned = command.stdin(Stdio::null()).stderr(Stdio::null()).spawn();
        let program = format!("{command:?}");
        let child = spawned.map_err(|source| Error::Start { program, source })?;
        Ok(Hanging { child })
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// What the library says of it.
    pub fn report(&self) -> Result<Report, Error> {
        let missing = |why: String| Error::Missing(format!("a capture of {} ({why})", self.id()));
        let process = i32::try_from(self.id()).map_err(|error| missing(error.to_string()))?;
        let request = Request {
            process: ProcessId(process),
            subject: Subject { process, ..Subject::default() },
            apart: APART,
            limits: Limits::default(),
        };
        let capture = Capture::take(&request).map_err(|error| missing(error.to_string()))?;
        Ok(capture.report())
    }

    /// The context switches of each thread, if all of them are asleep.
    fn threads(&self) -> Option<Vec<String>> {
        let mut found = Vec::new();
        for entry in fs::read_dir(format!("/proc/{}/task", self.id())).ok()? {
            let status = fs::read_to_string(entry.ok()?.path().join("status")).ok()?;
            let mut lines = status.lines();
            if !lines.any(|line| line.starts_with("State:\tS")) {
                return None;
            }
            found.extend(lines.filter(|line| line.contains("ctxt_switches")).map(str::to_owned));
        }
        Some(found)
    }
}

impl Drop for Hanging {
    fn drop(&mut self) {
        // It may have ended by itself, and then there is nothing to do.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
