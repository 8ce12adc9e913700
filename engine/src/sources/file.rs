//! One source file.

use std::fs::File;
use std::io::Read;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::SystemTime;

use nix::libc;

/// The largest file that is read, in bytes.
const LARGEST: u64 = 16 << 20;

/// How many characters of a line are given at most.
pub(super) const LONGEST_LINE: usize = 1000;

/// The text of a file and when it was last changed.
pub(super) struct SourceFile {
    text: String,
    modified: SystemTime,
}

impl SourceFile {
    /// Reads a regular file of sensible size.
    pub(super) fn read(path: &Path) -> Option<SourceFile> {
        // Opening a pipe would wait for its writer; debug info can name any path.
        let file = File::options()
            .read(true)
            .custom_flags(libc::O_NONBLOCK | libc::O_NOCTTY)
            .open(path)
            .ok()?;
        let metadata = file.metadata().ok()?;
        if !metadata.is_file() || metadata.len() > LARGEST {
            return None;
        }
        let mut bytes = Vec::new();
        file.take(LARGEST).read_to_end(&mut bytes).ok()?;
        Some(SourceFile {
            text: String::from_utf8_lossy(&bytes).into_owned(),
            modified: metadata.modified().ok()?,
        })
    }

    /// The line with this number, from 1, unless the file was changed after `newest`.
    pub(super) fn line(&self, number: u32, newest: Option<SystemTime>) -> Option<String> {
        if newest.is_some_and(|newest| self.modified > newest) {
            return None;
        }
        let index = usize::try_from(number.checked_sub(1)?).ok()?;
        let line = self.text.lines().nth(index)?;
        Some(line.chars().take(LONGEST_LINE).collect())
    }
}
