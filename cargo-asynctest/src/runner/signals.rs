//! The signals that we take as readable events instead of being interrupted by them.

use std::os::fd::{AsFd, BorrowedFd};

use nix::sys::signal::{SigSet, Signal};
use nix::sys::signalfd::{SfdFlags, SignalFd};

/// Signals that ask for the end.
pub(super) const ENDING: [Signal; 4] =
    [Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP, Signal::SIGQUIT];

/// A source of the signals that were asked for.
///
/// Invariant: they are blocked in this thread, and so in every thread that it starts. The programs
/// that std starts have an empty mask again; a test keeps watch over that.
pub(super) struct Signals {
    source: SignalFd,
    before: SigSet,
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
    /// Takes over [`ENDING`] and `more`, except for what whoever started us wants to be ignored, as
    /// `nohup` does.
    pub(super) fn take(more: &[Signal]) -> nix::Result<Signals> {
        let ignored = ignored();
        let mut mask = SigSet::empty();
        ENDING
            .iter()
            .chain(more)
            .filter(|signal| ignored & (1 << (**signal as i32 - 1)) == 0)
            .for_each(|signal| mask.add(*signal));
        let before = SigSet::thread_get_mask()?;
        mask.thread_block()?;
        let source = SignalFd::with_flags(&mask, SfdFlags::SFD_CLOEXEC | SfdFlags::SFD_NONBLOCK)?;
        Ok(Signals { source, before })
    }

    /// The next signal that came, if one did.
    pub(super) fn next(&self) -> Option<Arrived> {
        loop {
            let arrived = self.source.read_signal().ok()??;
            if let Ok(signal) = Signal::try_from(arrived.ssi_signo as i32) {
                return Some(Arrived {
                    signal,
                    sender: match arrived.ssi_code {
                        FROM_KERNEL => Sender::Kernel,
                        _ => Sender::Process,
                    },
                });
            }
        }
    }
}

impl AsFd for Signals {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.source.as_fd()
    }
}

impl Drop for Signals {
    fn drop(&mut self) {
        // What came in the meantime is taken with the mask in place; the rest is as it was before.
        while self.next().is_some() {}
        let _ = self.before.thread_set_mask();
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
