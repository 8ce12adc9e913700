//! Starts the processes that are stopped, and asks `/proc` about them.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use asynctest_engine::address::ProcessId;
use libtest_mimic::Trial;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

/// A test that fails by panicking.
pub(crate) fn trial(name: &str, body: fn()) -> Trial {
    Trial::test(name, move || {
        body();
        Ok(())
    })
}

/// A running tracee. Killed when dropped; told to end by [`Tracee::finish`].
pub(crate) struct Tracee {
    child: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
}

impl Tracee {
    /// Starts a program of [`crate::tracee`] and waits for its first line.
    pub(crate) fn start(program: &[&str]) -> Tracee {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .arg("tracee")
            .args(program)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut tracee = Tracee {
            input: child.stdin.take(),
            output: BufReader::new(child.stdout.take().unwrap()),
            child,
        };
        assert_eq!(tracee.line(), "ready");
        tracee
    }

    pub(crate) fn id(&self) -> ProcessId {
        ProcessId(self.child.id().cast_signed())
    }

    /// The next line it prints; empty when it has ended.
    pub(crate) fn line(&mut self) -> String {
        let mut line = String::new();
        self.output.read_line(&mut line).unwrap();
        line.trim_end().to_owned()
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(self.id().0), signal).unwrap();
    }

    /// Gives it a line to read.
    pub(crate) fn tell(&mut self) {
        self.input.as_mut().unwrap().write_all(b"\n").unwrap();
    }

    /// Tells it to end.
    pub(crate) fn finish(&mut self) {
        self.input = None;
    }

    /// Its exit code or minus the signal that killed it. Waits until it is a zombie before it asks:
    /// a parent that waits while a thread of the same process traces would be given the tracer's
    /// stops.
    pub(crate) fn outcome(mut self) -> i32 {
        let leader = self.id();
        eventually("it ends", || state(leader, leader.0) == Some('Z'));
        let status = self.child.wait().unwrap();
        status.code().or_else(|| Some(-status.signal()?)).expect("an exit status")
    }
}

impl Drop for Tracee {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Waits until `condition` holds.
pub(crate) fn eventually(what: &str, condition: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(60);
    while !condition() {
        assert!(Instant::now() < deadline, "not within a minute: {what}");
        std::thread::yield_now();
    }
}

/// The state letter of a thread.
pub(crate) fn state(process: ProcessId, thread: i32) -> Option<char> {
    let line = fs::read_to_string(format!("/proc/{process}/task/{thread}/stat")).ok()?;
    line.rsplit_once(')')?.1.trim_start().chars().next()
}

/// The ids of all threads.
pub(crate) fn threads(process: ProcessId) -> Vec<i32> {
    let mut ids: Vec<i32> = fs::read_dir(format!("/proc/{process}/task"))
        .map(|entries| {
            entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok()).collect()
        })
        .unwrap_or_default();
    ids.sort_unstable();
    ids
}

/// Whether no thread of it is traced, nor stopped.
pub(crate) fn runs_freely(process: ProcessId) -> bool {
    threads(process).into_iter().all(|thread| {
        let status = fs::read_to_string(format!("/proc/{process}/task/{thread}/status"));
        // A thread that has ended meanwhile is free.
        status.is_err()
            || status.is_ok_and(|status| {
                status.contains("TracerPid:\t0\n")
                    && !status.contains("State:\tt")
                    && !status.contains("State:\tT")
            })
    })
}
