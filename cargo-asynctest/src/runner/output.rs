//! What a test printed: in memory up to a bound, then in a file. Bytes, never text.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use tempfile::TempPath;

/// How much of one stream is kept in memory.
const IN_MEMORY: usize = 4 << 20;

/// How much of one stream is kept at all: a test that prints in an endless loop must not fill the
/// disk before its deadline.
const IN_FILE: u64 = 1 << 30;

/// What one stream carried.
#[derive(Debug, Default)]
pub(crate) struct Kept {
    memory: Vec<u8>,
    /// Takes everything once it is too much for memory.
    file: Option<File>,
    /// Removes that file, unless it was saved.
    temporary: Option<TempPath>,
    length: u64,
    /// Whether the end is missing: the file is full, or could not be written.
    cut: bool,
}

impl Kept {
    /// Adds what came. `folder` takes the file when it becomes too much for memory.
    pub(super) fn push(&mut self, bytes: &[u8], folder: &Path) {
        self.length += bytes.len() as u64;
        if self.cut {
            return;
        }
        if self.file.is_none() && self.memory.len() + bytes.len() <= IN_MEMORY {
            self.memory.extend_from_slice(bytes);
        } else {
            self.cut = self.length > IN_FILE || self.spill(bytes, folder).is_err();
        }
    }

    fn spill(&mut self, bytes: &[u8], folder: &Path) -> io::Result<()> {
        let file = match &mut self.file {
            Some(file) => file,
            None => {
                std::fs::create_dir_all(folder)?;
                let file = tempfile::Builder::new().prefix(".output-").tempfile_in(folder)?;
                let (mut file, path) = file.into_parts();
                file.write_all(&self.memory)?;
                self.memory = Vec::new();
                self.temporary = Some(path);
                self.file.insert(file)
            }
        };
        file.write_all(bytes)
    }

    /// How many bytes there were.
    pub(crate) fn length(&self) -> u64 {
        self.length
    }

    /// Whether there was nothing.
    pub(crate) fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// The beginning and the end, at most `most` bytes of each.
    pub(crate) fn excerpt(&self, most: usize) -> Excerpt {
        let stored = self.stored();
        let most_bytes = most as u64;
        let (head, tail_start) = if stored <= most_bytes.saturating_mul(2) {
            (stored, stored)
        } else {
            (most_bytes, stored - most_bytes)
        };
        Excerpt {
            head: self.range(0, head),
            left_out: self.length.saturating_sub(head + (stored - tail_start)),
            tail: self.range(tail_start, stored),
        }
    }

    /// Puts all of it into the file `path`.
    pub(super) fn save(&mut self, path: &Path) -> io::Result<PathBuf> {
        match self.temporary.take() {
            Some(temporary) => temporary.persist(path).map_err(|error| error.error)?,
            None => std::fs::write(path, &self.memory)?,
        }
        Ok(path.to_owned())
    }

    /// How many bytes can be read back.
    fn stored(&self) -> u64 {
        match &self.file {
            Some(file) => file.metadata().map_or(0, |facts| facts.len()),
            None => self.memory.len() as u64,
        }
    }

    fn range(&self, start: u64, end: u64) -> Vec<u8> {
        match &self.file {
            Some(file) => read_range(file, start, end).unwrap_or_default(),
            None => {
                let range = start as usize..end as usize;
                self.memory.get(range).unwrap_or_default().to_vec()
            }
        }
    }
}

fn read_range(mut file: &File, start: u64, end: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    file.seek(SeekFrom::Start(start))?;
    file.take(end.saturating_sub(start)).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// The beginning and the end of an output.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Excerpt {
    /// How it begins; all of it when nothing is left out.
    pub(crate) head: Vec<u8>,
    /// How many bytes are missing between the two.
    pub(crate) left_out: u64,
    /// How it ends.
    pub(crate) tail: Vec<u8>,
}

impl Excerpt {
    /// All of it in one piece, with a line that says how much is missing.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let mut bytes = self.head.clone();
        if self.left_out > 0 {
            bytes.extend_from_slice(
                format!("\n[... {} bytes left out ...]\n", self.left_out).as_bytes(),
            );
        }
        bytes.extend_from_slice(&self.tail);
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::{IN_MEMORY, Kept};

    #[test]
    fn a_short_output_stays_whole_and_in_memory() {
        let folder = tempfile::tempdir().unwrap();
        let mut kept = Kept::default();
        kept.push(b"one \xff", folder.path());
        kept.push(b" two", folder.path());
        assert_eq!(kept.excerpt(100).bytes(), b"one \xff two");
        assert_eq!(kept.excerpt(3).head, b"one");
        assert_eq!(kept.excerpt(3).left_out, 3);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_long_output_goes_to_a_file_and_keeps_its_ends() {
        let folder = tempfile::tempdir().unwrap();
        let mut kept = Kept::default();
        kept.push(b"begin", folder.path());
        for _ in 0..3 {
            kept.push(&vec![b'x'; IN_MEMORY / 2], folder.path());
        }
        kept.push(b"end", folder.path());
        assert!(kept.memory.len() <= IN_MEMORY);
        let length = 8 + 3 * (IN_MEMORY as u64 / 2);
        assert_eq!(kept.length, length);
        let excerpt = kept.excerpt(5);
        assert_eq!((&excerpt.head[..], &excerpt.tail[..]), (&b"begin"[..], &b"xxend"[..]));
        assert_eq!(excerpt.left_out, length - 10);

        let saved = kept.save(&folder.path().join("out")).unwrap();
        assert_eq!(std::fs::metadata(&saved).unwrap().len(), length);
        assert_eq!(kept.excerpt(3).tail, b"end");
        drop(kept);
        assert!(saved.exists());
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn an_output_that_cannot_be_written_is_counted() {
        let mut kept = Kept::default();
        let nowhere = std::path::Path::new("/dev/null/nowhere");
        kept.push(&vec![b'x'; IN_MEMORY], nowhere);
        kept.push(b"more", nowhere);
        assert_eq!(kept.excerpt(usize::MAX / 4).left_out, 4);
    }
}
