//! The terminal that keys come from: taken while the run is in its foreground, and left as it was found.
//!
//! Only that keys come at once and are not shown is changed; Ctrl-C and the others stay signals. Who is in
//! the background touches nothing: reading there, and setting, would stop us.

use std::io::{self, IsTerminal};
use std::os::fd::{AsFd, BorrowedFd};

use nix::errno::Errno;
use nix::sys::termios::{LocalFlags, SetArg, Termios, tcgetattr, tcsetattr};
use nix::unistd::{getpgrp, read, tcgetpgrp};

/// By this key a user asks where all tests stand.
const ASKS: u8 = b't';

/// The terminal on stdin.
pub(super) struct Terminal {
    stdin: io::Stdin,
    /// How it was found; absent while it is not ours.
    found: Option<Termios>,
    /// Whether it was hung up.
    is_gone: bool,
}

impl Terminal {
    /// The terminal on stdin, if it is one; nothing is changed yet.
    pub(super) fn on_stdin() -> Option<Terminal> {
        let stdin = io::stdin();
        stdin.is_terminal().then_some(Terminal { stdin, found: None, is_gone: false })
    }

    /// Whether keys come from it at present.
    pub(super) fn is_taken(&self) -> bool {
        self.found.is_some()
    }

    /// Takes it if we are in its foreground, and lets go of it if we no longer are.
    pub(super) fn follow_foreground(&mut self) {
        match (self.is_foreground(), &self.found) {
            (true, None) => self.take(),
            // Who is in the foreground now has set it as it wants it.
            (false, Some(_)) => self.found = None,
            (true, Some(_)) | (false, None) => {}
        }
    }

    fn take(&mut self) {
        let Ok(found) = tcgetattr(&self.stdin) else { return };
        let mut wanted = found.clone();
        wanted.local_flags.remove(LocalFlags::ICANON | LocalFlags::ECHO);
        if tcsetattr(&self.stdin, SetArg::TCSANOW, &wanted).is_ok() {
            self.found = Some(found);
        }
    }

    /// Leaves it as it was found.
    pub(super) fn give_back(&mut self) {
        if let Some(found) = self.found.take()
            && self.is_foreground()
        {
            // A terminal that is gone needs nothing.
            let _ = tcsetattr(&self.stdin, SetArg::TCSANOW, &found);
        }
    }

    /// Whether the key was pressed by which a user asks; to be called when there is something to read.
    pub(super) fn is_asked(&mut self) -> bool {
        self.follow_foreground();
        let mut keys = [0; 64];
        if !self.is_taken() {
            return false;
        }
        match read(&self.stdin, &mut keys) {
            Ok(count) if count > 0 => keys.iter().take(count).any(|key| *key == ASKS),
            Err(Errno::EINTR | Errno::EAGAIN) => false,
            Ok(_) | Err(_) => {
                self.is_gone = true;
                false
            }
        }
    }

    fn is_foreground(&self) -> bool {
        !self.is_gone && tcgetpgrp(&self.stdin) == Ok(getpgrp())
    }
}

impl AsFd for Terminal {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.stdin.as_fd()
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        self.give_back();
    }
}

/// How the terminal was found, for who outlives those that change it.
pub(super) struct Found(Option<Termios>);

impl Found {
    /// How the terminal on stdin is now.
    pub(super) fn now() -> Found {
        let stdin = io::stdin();
        Found(stdin.is_terminal().then(|| tcgetattr(&stdin).ok()).flatten())
    }

    /// Sets it so again, if we are in its foreground.
    pub(super) fn restore(self) {
        let terminal = Terminal::on_stdin();
        if let Some(mut terminal) = terminal {
            terminal.found = self.0;
        }
    }
}
