//! Where lines for people go: stderr, with a last line that moves on a terminal.
//!
//! Nobody reading any more, as after `| head`, is no error: the run goes on and its files are
//! written.

use std::io::Write;

use console::Term;

use super::Progress;

/// The terminal, or whatever stderr is.
pub(super) struct Screen {
    term: Term,
    progress: Progress,
    /// The line that moves, as it stands on the terminal.
    moving: Option<String>,
}

impl Screen {
    /// Writes to stderr.
    pub(super) fn new(progress: Progress) -> Screen {
        Screen { term: Term::stderr(), progress, moving: None }
    }

    /// Writes bytes as they are, above the moving line.
    pub(super) fn write(&mut self, bytes: &[u8]) {
        let mut all = Vec::with_capacity(bytes.len() + 16);
        if self.moving.is_some() {
            all.extend_from_slice(b"\r\x1b[2K");
        }
        all.extend_from_slice(bytes);
        if let Some(moving) = &self.moving {
            if !bytes.ends_with(b"\n") {
                all.push(b'\n');
            }
            all.extend_from_slice(moving.as_bytes());
        }
        let _ = self.term.write_all(&all);
    }

    /// Replaces the moving line.
    pub(super) fn set_moving(&mut self, line: &str) {
        match self.progress {
            Progress::Hidden => {}
            Progress::Shown => {
                let (_, width) = self.term.size();
                let line = console::truncate_str(line, usize::from(width).saturating_sub(1), "…");
                if self.moving.as_deref() != Some(line.as_ref()) {
                    let _ = self.term.write_all(format!("\r\x1b[2K{line}").as_bytes());
                    self.moving = Some(line.into_owned());
                }
            }
        }
    }

    /// Takes the moving line away.
    pub(super) fn clear_moving(&mut self) {
        if self.moving.take().is_some() {
            let _ = self.term.write_all(b"\r\x1b[2K");
        }
    }
}
