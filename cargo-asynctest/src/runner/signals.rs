//! The signals that we take as readable events instead of being ended by them.

use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;

use nix::sys::signal::Signal;
use signal_hook::iterator::backend::SignalDelivery;
use signal_hook::iterator::exfiltrator::raw::WithRawSiginfo;

/// Signals that ask for the end.
pub(super) const ENDING: [Signal; 3] = [Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP];

/// Signals that ask where everything stands; SIGQUIT is Ctrl-\ at a terminal.
pub(super) const ASKING: [Signal; 2] = [Signal::SIGQUIT, Signal::SIGUSR1];

/// A source of the signals that were asked for.
///
/// They are caught, not blocked for a signalfd: std hands its own mask of blocked signals on to what
/// it starts, and a test that SIGTERM cannot end is another test than the user's. Handlers end with
/// `exec`.
pub(super) struct Signals {
    delivery: SignalDelivery<UnixStream, WithRawSiginfo>,
}

/// One signal that came.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Arrived {
    /// Which.
    pub(super) signal: Signal,
    /// Who sent it.
    pub(super) sender: Sender,
}

/// Who sent a signal.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Sender {
    /// The kernel, as for a terminal's Ctrl-C: the whole process group has it.
    Kernel,
    /// A process: we alone may have it.
    Process,
}

/// `si_code` of what the kernel sends (`SI_KERNEL`, asm-generic/siginfo.h). The sender's id does
/// not tell: it is 0 also for a process outside our PID namespace, as with `docker stop`.
const FROM_KERNEL: i32 = 0x80;

impl Signals {
    /// Takes over [`ENDING`], [`ASKING`] and `more`, except for a hangup that whoever started us wants to be
    /// ignored, as `nohup` does. A shell without job control has SIGINT and SIGQUIT ignored in what it
    /// starts in the background; who sends one all the same means us.
    pub(super) fn take(more: &[Signal]) -> io::Result<Signals> {
        let ignored = ignored();
        let is_ignored = |signal: Signal| ignored & (1 << (signal as i32 - 1)) != 0;
        let taken: Vec<i32> = ENDING
            .iter()
            .filter(|signal| **signal != Signal::SIGHUP || !is_ignored(Signal::SIGHUP))
            .chain(&ASKING)
            .chain(more)
            .map(|signal| *signal as i32)
            .collect();
        let (read, write) = UnixStream::pair()?;
        read.set_nonblocking(true)?;
        write.set_nonblocking(true)?;
        let delivery = SignalDelivery::with_pipe(read, write, WithRawSiginfo, taken)?;
        Ok(Signals { delivery })
    }

    /// What has come since the last call.
    pub(super) fn arrived(&mut self) -> Vec<Arrived> {
        self.delivery
            .pending()
            .filter_map(|arrived| {
                let sender = match arrived.si_code {
                    FROM_KERNEL => Sender::Kernel,
                    _ => Sender::Process,
                };
                Some(Arrived { signal: Signal::try_from(arrived.si_signo).ok()?, sender })
            })
            .collect()
    }
}

impl AsFd for Signals {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.delivery.get_read().as_fd()
    }
}

/// The signals that we were started to ignore, a bit each.
fn ignored() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    status
        .lines()
        .find_map(|line| line.strip_prefix("SigIgn:"))
        .and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok())
        .unwrap_or(0)
}
