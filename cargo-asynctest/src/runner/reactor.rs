//! Waits for many things at once: epoll, with a word for each thing.

use std::os::fd::AsFd;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout};

/// Something that became ready.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Ready {
    /// A signal came.
    Signals,
    /// A capture is done.
    Examiner,
    /// A key was pressed.
    Key,
    /// The process of the test with this serial number has ended.
    Exit(u64),
    /// Its stdout can be read.
    Stdout(u64),
    /// Its stderr can be read.
    Stderr(u64),
}

impl Ready {
    fn word(self) -> u64 {
        match self {
            Ready::Signals => 0,
            Ready::Examiner => 1,
            Ready::Key => 5,
            Ready::Exit(serial) => (serial << 3) | 2,
            Ready::Stdout(serial) => (serial << 3) | 3,
            Ready::Stderr(serial) => (serial << 3) | 4,
        }
    }

    fn from_word(word: u64) -> Option<Ready> {
        let serial = word >> 3;
        match word & 7 {
            0 => Some(Ready::Signals),
            1 => Some(Ready::Examiner),
            2 => Some(Ready::Exit(serial)),
            3 => Some(Ready::Stdout(serial)),
            4 => Some(Ready::Stderr(serial)),
            5 => Some(Ready::Key),
            _ => None,
        }
    }
}

/// What is waited for. A descriptor leaves it by being closed: nobody else has a copy of ours.
pub(super) struct Reactor {
    epoll: Epoll,
}

impl Reactor {
    /// Waits for nothing yet.
    pub(super) fn new() -> nix::Result<Reactor> {
        let epoll = Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC)?;
        Ok(Reactor { epoll })
    }

    /// Says `ready` when `source` can be read or has come to its end.
    pub(super) fn add(&self, source: impl AsFd, ready: Ready) -> nix::Result<()> {
        let event = EpollEvent::new(EpollFlags::EPOLLIN, ready.word());
        self.epoll.add(source, event)
    }

    /// No longer waits for `source`.
    pub(super) fn remove(&self, source: impl AsFd) -> nix::Result<()> {
        self.epoll.delete(source)
    }

    /// Waits until something is ready or `until` has come.
    pub(super) fn wait(&self, until: Option<Instant>) -> nix::Result<Vec<Ready>> {
        let mut events = [EpollEvent::empty(); 64];
        let count = match self.epoll.wait(&mut events, timeout(until)) {
            Ok(count) => count,
            Err(Errno::EINTR) => 0,
            Err(error) => return Err(error),
        };
        Ok(events.iter().take(count).filter_map(|event| Ready::from_word(event.data())).collect())
    }
}

/// Milliseconds, rounded up: to wake early would be to wake in vain.
fn timeout(until: Option<Instant>) -> EpollTimeout {
    let Some(until) = until else {
        return EpollTimeout::NONE;
    };
    let left = until.saturating_duration_since(Instant::now());
    let rounded = left.saturating_add(Duration::from_micros(999)).as_millis();
    EpollTimeout::try_from(rounded).unwrap_or(EpollTimeout::MAX)
}

#[cfg(test)]
mod tests {
    use super::Ready;

    #[test]
    fn a_word_names_one_thing() {
        for ready in [
            Ready::Signals,
            Ready::Examiner,
            Ready::Key,
            Ready::Exit(1),
            Ready::Stdout(u64::MAX >> 3),
            Ready::Stderr(7),
        ] {
            assert_eq!(Ready::from_word(ready.word()), Some(ready));
        }
    }
}
