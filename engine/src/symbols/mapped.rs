//! A file mapped into memory, read-only: the one place of this project that needs `unsafe`.

use std::fs::File;
use std::io;
use std::path::Path;

use memmap2::Mmap;

/// A whole file, mapped.
pub(super) struct MappedFile(Mmap);

impl MappedFile {
    /// Maps the file at `path`.
    pub(super) fn open(path: &Path) -> io::Result<MappedFile> {
        let file = File::open(path)?;
        // SAFETY: the mapping is private and read-only, so nothing in this process can change the
        // bytes. Another process could truncate or rewrite the file, which would be a fault or a
        // changed byte: linkers write a new file and rename or unlink the old one, the inode that
        // is mapped here keeps its bytes, and every parser over these bytes checks its bounds on
        // each read and keeps no unchecked offset between reads.
        let map = unsafe { Mmap::map(&file) }?;
        Ok(MappedFile(map))
    }

    /// The file's bytes.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.0
    }
}
