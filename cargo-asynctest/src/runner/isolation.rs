//! How a test is kept apart from the others: each has a process of its own.
//!
//! This is the one place that knows it. Others have a [`Process`] for each running test, which can
//! end, print and be ended.

use std::io::{self, IsTerminal};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};

use nix::errno::Errno;
use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{Signal, killpg};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;
use rustix::process::{PidfdFlags, pidfd_open};

use super::attended::{Attendant, Errand};
use super::stepped::Stdout;
use super::verdict::Exit;
use super::{held, processes};
use crate::plan::{Host, Output, Plan, RunOptions, TestBinary, TestCase, Trace};

/// The variable that marks a test's process and all that it starts.
const TAG: &str = "CARGO_ASYNCTEST_PROCESS";

/// A test that was started.
#[derive(Debug)]
pub(super) struct Process {
    id: Pid,
    /// Readable when the process has ended: a ptrace stop does not show here.
    handle: OwnedFd,
    /// Its stdout, unless it is ours.
    pub(super) stdout: Option<io::PipeReader>,
    /// Its stderr, unless it is ours.
    pub(super) stderr: Option<io::PipeReader>,
    tag: String,
    /// Who traces it, if it is traced while it runs.
    attendant: Option<Attendant>,
}

/// Starts a test. `serial` is a number that no other test of this run has.
pub(super) fn start(
    plan: &Plan,
    test: &TestCase,
    serial: u64,
    options: &RunOptions,
) -> io::Result<Process> {
    let binary = plan
        .binaries
        .get(test.binary)
        .ok_or_else(|| io::Error::other("the plan lacks its binary"))?;
    let tag = format!("{}-{serial}", std::process::id());
    let command = match options.trace {
        Trace::Never => Command::new(&binary.path),
        Trace::Crashes | Trace::Panics => held::command(&binary.path),
    };
    let mut command = prepared(command, binary, test, &tag);
    command.stdin(stdin(options.host));
    let (stdout, stderr) = match options.output {
        Output::Streamed => (None, None),
        Output::Captured | Output::ShownForAll => {
            let (stdout, to_stdout) = io::pipe()?;
            let (stderr, to_stderr) = io::pipe()?;
            command.stdout(to_stdout).stderr(to_stderr);
            (Some(stdout), Some(stderr))
        }
    };
    for pipe in [&stdout, &stderr].into_iter().flatten() {
        fcntl(pipe, FcntlArg::F_SETFL(OFlag::O_NONBLOCK))?;
    }
    spawn(&mut command, stdout, stderr, tag)
}

/// Starts a process that becomes the test as soon as it is traced, and prints where we do.
pub(super) fn start_held(plan: &Plan, test: &TestCase, stdout: Stdout) -> io::Result<Process> {
    let binary = plan
        .binaries
        .get(test.binary)
        .ok_or_else(|| io::Error::other("the plan lacks its binary"))?;
    let tag = format!("{}-step", std::process::id());
    let mut command = prepared(held::command(&binary.path), binary, test, &tag);
    match stdout {
        Stdout::Own => {}
        Stdout::Stderr => {
            command.stdout(io::stderr().as_fd().try_clone_to_owned()?);
        }
    }
    spawn(&mut command, None, None, tag)
}

fn spawn(
    command: &mut Command,
    stdout: Option<io::PipeReader>,
    stderr: Option<io::PipeReader>,
    tag: String,
) -> io::Result<Process> {
    let child = command.spawn()?;
    let id = Pid::from_raw(child.id() as i32);
    // Nobody else waits for it, so the id is still its own.
    let handle = pidfd_open(rustix::process::Pid::from_child(&child), PidfdFlags::empty());
    match handle {
        Ok(handle) => Ok(Process { id, handle, stdout, stderr, tag, attendant: None }),
        Err(error) => {
            let _ = killpg(id, Signal::SIGKILL);
            let _ = waitpid(id, None);
            Err(error.into())
        }
    }
}

/// What a test reads. A terminal is not for it: it is in a group of its own, and the kernel stops who
/// reads from the terminal in the background.
fn stdin(host: Host) -> Stdio {
    match host {
        Host::Another if !io::stdin().is_terminal() => Stdio::inherit(),
        Host::Own | Host::Another => Stdio::null(),
    }
}

/// What every test's process is started with.
fn prepared(mut command: Command, binary: &TestBinary, test: &TestCase, tag: &str) -> Command {
    command
        .args(&test.arguments)
        .current_dir(&binary.folder)
        .stdin(Stdio::null())
        .env(TAG, tag)
        // Its own group: Ctrl-C is for us, and a signal to it reaches what it has started.
        .process_group(0);
    for name in &binary.unset {
        command.env_remove(name);
    }
    for (name, value) in &binary.environment {
        command.env(name, value);
    }
    command
}

impl Process {
    /// Its process id, for a capture.
    pub(super) fn id(&self) -> i32 {
        self.id.as_raw()
    }

    /// Has it traced until it ends; it waits for that.
    pub(super) fn attend(&mut self, errand: Errand) -> io::Result<()> {
        self.attendant = Some(Attendant::begin(errand)?);
        Ok(())
    }

    /// Who traces it while it runs.
    pub(super) fn attendant(&self) -> Option<&Attendant> {
        self.attendant.as_ref()
    }

    /// What is readable when it has ended.
    pub(super) fn ending(&self) -> BorrowedFd<'_> {
        self.attendant.as_ref().map_or(self.handle.as_fd(), AsFd::as_fd)
    }

    /// How it ended, if it has. To be asked until it answers, and not again.
    pub(super) fn exit(&self) -> Option<Exit> {
        if let Some(attendant) = &self.attendant {
            return attendant.exit();
        }
        // Before it has died, waiting could take a stop that is meant for a capture's thread: its
        // handle is silent in those.
        let mut handle = [PollFd::new(self.handle.as_fd(), PollFlags::POLLIN)];
        if !matches!(poll(&mut handle, PollTimeout::ZERO), Ok(1)) {
            return None;
        }
        match waitpid(self.id, Some(WaitPidFlag::WNOHANG)) {
            Ok(WaitStatus::Exited(_, code)) => Some(Exit::Code(code)),
            Ok(WaitStatus::Signaled(_, signal, _)) => Some(Exit::Signal(signal)),
            Ok(_) => None,
            // A tracer on another thread has waited for it.
            Err(Errno::ECHILD) => Some(Exit::Lost),
            // nix cannot name a real-time signal; the process has been waited for all the same.
            Err(Errno::EINVAL) => Some(Exit::UnnamedSignal),
            Err(_) => None,
        }
    }

    /// Sends a signal to it and to what it has started, as far as that stayed in its group.
    pub(super) fn signal(&self, signal: Signal) {
        // It may have ended just now.
        let _ = killpg(self.id, signal);
    }

    /// Kills it with all its descendants.
    pub(super) fn end(&self) {
        let mark = format!("{TAG}={}", self.tag);
        processes::end_tree(self.id(), |process| {
            process.session == self.id()
                || process.group == self.id()
                || environment(process.id)
                    .split(|byte| *byte == 0)
                    .any(|entry| entry == mark.as_bytes())
        });
    }
}

/// The variables that a process was started with.
fn environment(id: i32) -> Vec<u8> {
    std::fs::read(format!("/proc/{id}/environ")).unwrap_or_default()
}
