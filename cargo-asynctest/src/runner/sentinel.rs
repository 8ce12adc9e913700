//! The parent process that outlives us: the process a user starts stays as a small sentinel, and
//! the tool is its child.
//!
//! An untraced test would survive a tool that is killed. The sentinel is a child subreaper: the
//! orphans of a dead tool become its children, also those that have left every group and session,
//! and it ends them all. The other way around, the kernel tells the tool when its sentinel dies.
//! What no process can help against is both being killed at once. Another runner that has started us
//! kills by process group: there the tool has a group of its own.

use std::ffi::OsString;
use std::io;
use std::os::fd::AsFd;
use std::os::unix::process::{CommandExt, parent_id};
use std::process::{Command, ExitCode};

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::prctl;
use nix::sys::signal::{Signal, kill, raise};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;

use super::signals::{Arrived, Sender, Signals};
use super::terminal::Found;
use super::{death, processes};
use crate::plan::Host;

/// The hidden first argument of the tool proper; the sentinel's process id follows it.
const MARK: &str = "--child-of-sentinel";

/// Which of the two processes this is.
pub(crate) enum Role {
    /// The tool, with the arguments that the user gave, the program's name first.
    Tool(Vec<OsString>),
    /// The sentinel, when all is over: how the tool has ended.
    Sentinel(End),
}

/// How the tool has ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum End {
    /// With this exit code.
    Code(u8),
    /// By this signal.
    Signal(Signal),
}

impl End {
    /// What the sentinel exits with: as shells say it.
    pub(crate) fn exit_code(self) -> ExitCode {
        match self {
            End::Code(code) => ExitCode::from(code),
            End::Signal(signal) => ExitCode::from(128 + signal as u8),
        }
    }

    /// Ends the sentinel as the tool has ended, a signal included.
    pub(crate) fn repeat(self) -> ExitCode {
        match self {
            End::Code(_) => self.exit_code(),
            End::Signal(signal) => death::by(signal),
        }
    }
}

/// Splits this process into sentinel and tool; returns in each of them. To be called first of all,
/// while there is one thread.
pub(crate) fn enter(arguments: Vec<OsString>, host: Host) -> io::Result<Role> {
    let mut rest = arguments.iter().cloned();
    let program = rest.next().unwrap_or_default();
    if arguments.get(1).is_some_and(|argument| argument == MARK) {
        let sentinel = arguments.get(2).and_then(|id| id.to_str()?.parse().ok());
        become_tool(sentinel.unwrap_or(0))?;
        return Ok(Role::Tool(std::iter::once(program).chain(rest.skip(2)).collect()));
    }
    let mut tool = Command::new("/proc/self/exe");
    tool.arg0(&program).arg(MARK).arg(std::process::id().to_string()).args(rest);
    if host == Host::Another {
        tool.process_group(0);
    }
    supervise(&mut tool, host).map(Role::Sentinel)
}

/// Ties this process to its sentinel.
fn become_tool(sentinel: u32) -> io::Result<()> {
    // The kernel names a process after the file it was started by, which was `/proc/self/exe`.
    prctl::set_name(c"cargo-asynctest")?;
    // A test's orphans come to us first, while it can still be told whose they are.
    prctl::set_child_subreaper(true)?;
    prctl::set_pdeathsig(Signal::SIGTERM)?;
    if parent_id() == sentinel {
        return Ok(());
    }
    Err(io::Error::other("its parent has ended"))
}

/// Starts the tool, waits for its end, and ends what it has left behind.
fn supervise(tool: &mut Command, host: Host) -> io::Result<End> {
    prctl::set_child_subreaper(true)?;
    let mut signals = Signals::take(&[Signal::SIGCHLD, Signal::SIGTSTP])?;
    let found = (host == Host::Own).then(Found::now);
    let tool = Pid::from_raw(tool.spawn()?.id() as i32);
    let end = loop {
        if let Some(end) = look_after(tool, &mut signals, host)? {
            break end;
        }
        let mut waiting = [PollFd::new(signals.as_fd(), PollFlags::POLLIN)];
        match poll(&mut waiting, PollTimeout::NONE) {
            Ok(_) | Err(Errno::EINTR) => hand_on(&signals.arrived(), tool, host),
            Err(error) => return Err(error.into()),
        }
    };
    if let Some(found) = found.filter(|_| matches!(end, End::Signal(_))) {
        found.restore();
    }
    // What a program has left behind by itself is another runner's to judge; a tool that was killed
    // has judged nothing.
    if host == Host::Own || end == End::Signal(Signal::SIGKILL) {
        processes::end_all_descendants();
    }
    Ok(end)
}

/// Hands on what was meant for the tool. What the kernel sends, as for Ctrl-C, goes to the whole
/// group: a tool that is in ours has it already.
fn hand_on(arrived: &[Arrived], tool: Pid, host: Host) {
    for arrived in arrived {
        let is_due = match host {
            Host::Own => arrived.sender == Sender::Process,
            Host::Another => true,
        };
        if arrived.signal != Signal::SIGCHLD && is_due {
            // It may have ended just now: then it is waited for next.
            let _ = kill(tool, arrived.signal);
        }
    }
}

/// How the tool has ended, when it has. When it was stopped, we stop too, because the shell
/// waits for us; when we are continued, so is it.
fn look_after(tool: Pid, signals: &mut Signals, host: Host) -> io::Result<Option<End>> {
    loop {
        match waitpid(tool, Some(WaitPidFlag::WNOHANG | WaitPidFlag::WUNTRACED)) {
            Ok(WaitStatus::Exited(_, code)) => return Ok(Some(End::Code(code as u8))),
            Ok(WaitStatus::Signaled(_, signal, _)) => return Ok(Some(End::Signal(signal))),
            Ok(WaitStatus::Stopped(..)) => stand_still(tool, signals, host)?,
            Ok(_) => return Ok(None),
            Err(Errno::EINTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

/// Stops with the tool. A stop signal that came before is done with: `kill -TSTP` on the group
/// brings it to the tool and to us.
fn stand_still(tool: Pid, signals: &mut Signals, host: Host) -> io::Result<()> {
    raise(Signal::SIGSTOP)?;
    let mut arrived = signals.arrived();
    arrived.retain(|arrived| arrived.signal != Signal::SIGTSTP);
    let _ = kill(tool, Signal::SIGCONT);
    hand_on(&arrived, tool, host);
    Ok(())
}
