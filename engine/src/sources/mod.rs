//! Source lines for reports.
//!
//! A line from a file that was changed after the binary was built would point at the wrong code, so
//! it is refused. Every line that was given is remembered: a capture keeps them, and the report made
//! from it reads no file. Where a file lies is known to the debug info, not here.

mod file;
mod line;

pub use line::SourceLine;

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use file::SourceFile;

/// Gives source lines, from files or from those that a capture kept.
pub struct Sources {
    origin: Origin,
    shown: RefCell<BTreeMap<(PathBuf, u32), String>>,
}

/// Where lines come from.
enum Origin {
    /// From files, each read once; `None` for one that cannot be used.
    Files(RefCell<HashMap<PathBuf, Option<SourceFile>>>),
    /// From those that were shown before, which are all there are.
    Kept(BTreeMap<(PathBuf, u32), String>),
}

impl Default for Sources {
    fn default() -> Sources {
        Sources::new()
    }
}

impl Sources {
    /// Lines from files.
    pub fn new() -> Sources {
        Sources::with(Origin::Files(RefCell::default()))
    }

    /// The lines that were shown before, and no others. Reads no file.
    pub fn kept(lines: Vec<SourceLine>) -> Sources {
        let kept = lines.into_iter().map(|line| ((PathBuf::from(line.file), line.line), line.text));
        Sources::with(Origin::Kept(kept.collect()))
    }

    /// The line with this number, from 1, without its end. `None` when there is none, or when the
    /// file is no regular one, too large, or newer than `newest`, the time at which the binary was
    /// built.
    pub fn line(&self, path: &Path, number: u32, newest: Option<SystemTime>) -> Option<String> {
        let text = match &self.origin {
            Origin::Kept(kept) => kept.get(&(path.to_owned(), number))?.clone(),
            Origin::Files(files) => files
                .borrow_mut()
                .entry(path.to_owned())
                .or_insert_with(|| SourceFile::read(path))
                .as_ref()?
                .line(number, newest)?,
        };
        self.shown.borrow_mut().insert((path.to_owned(), number), text.clone());
        Some(text)
    }

    /// Every line that was given, in order of file and number.
    pub fn shown(&self) -> Vec<SourceLine> {
        let shown = self.shown.borrow();
        let line = |((file, line), text): (&(PathBuf, u32), &String)| SourceLine {
            file: file.to_string_lossy().into_owned(),
            line: *line,
            text: text.clone(),
        };
        shown.iter().map(line).collect()
    }

    fn with(origin: Origin) -> Sources {
        Sources { origin, shown: RefCell::default() }
    }
}

#[cfg(test)]
mod tests {
    use std::fs::{self, File};
    use std::path::Path;
    use std::time::{Duration, SystemTime};

    use super::Sources;

    fn folder() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("a.rs"), "first\r\n  second\n\nlast \u{e9}").unwrap();
        folder
    }

    fn check(path: &Path, number: u32, expected: Option<&str>) {
        let line = Sources::new().line(path, number, None);
        assert_eq!(line.as_deref(), expected, "line {number}");
    }

    #[test]
    fn lines_are_counted_from_one() {
        let folder = folder();
        let path = folder.path().join("a.rs");
        check(&path, 0, None);
        check(&path, 1, Some("first"));
        check(&path, 2, Some("  second"));
        check(&path, 3, Some(""));
        check(&path, 4, Some("last \u{e9}"));
        check(&path, 5, None);
        check(&path, u32::MAX, None);
    }

    #[test]
    fn a_file_newer_than_the_binary_is_refused() {
        let folder = folder();
        let path = folder.path().join("a.rs");
        let built = SystemTime::now();
        let change = |time| File::options().write(true).open(&path).unwrap().set_modified(time);
        change(built + Duration::from_secs(1)).unwrap();
        assert_eq!(Sources::new().line(&path, 1, Some(built)), None);
        change(built).unwrap();
        assert!(Sources::new().line(&path, 1, Some(built)).is_some());
    }

    #[test]
    fn what_is_no_regular_file_of_sensible_size_is_refused() {
        let folder = folder();
        check(folder.path(), 1, None);
        check(Path::new("/dev/zero"), 1, None);
        check(&folder.path().join("none"), 1, None);
        let pipe = folder.path().join("pipe");
        nix::unistd::mkfifo(&pipe, nix::sys::stat::Mode::S_IRWXU).unwrap();
        check(&pipe, 1, None);
        let large = folder.path().join("large");
        File::create(&large).unwrap().set_len((16 << 20) + 1).unwrap();
        check(&large, 1, None);
    }

    #[test]
    fn what_is_no_text_and_what_is_very_long_is_shown_as_far_as_possible() {
        let folder = folder();
        let path = folder.path().join("b.rs");
        fs::write(&path, b"a\xffb\n".as_slice()).unwrap();
        check(&path, 1, Some("a\u{fffd}b"));
        fs::write(&path, "x".repeat(100_000)).unwrap();
        let line = Sources::new().line(&path, 1, None).unwrap();
        assert_eq!(line.chars().count(), super::file::LONGEST_LINE);
    }

    #[test]
    fn lines_shown_once_can_be_shown_again_without_their_file() {
        let folder = folder();
        let path = folder.path().join("a.rs");
        let sources = Sources::new();
        sources.line(&path, 2, None).unwrap();
        sources.line(&path, 1, None).unwrap();
        sources.line(&path, 2, None).unwrap();
        sources.line(&path, 9, None);
        let shown = sources.shown();
        assert_eq!(shown.iter().map(|line| line.line).collect::<Vec<_>>(), [1, 2]);
        fs::remove_file(&path).unwrap();
        let kept = Sources::kept(shown.clone());
        assert_eq!(kept.line(&path, 2, None).as_deref(), Some("  second"));
        assert_eq!(kept.line(&path, 3, None), None);
        assert_eq!(Sources::kept(shown.clone()).shown(), []);
        assert_eq!(kept.shown(), shown[1..]);
    }
}
