//! `cargo asynctest report PATH`: the report of a saved capture, again.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use asynctest_engine::session::Capture;

use super::exit::Exit;
use super::notice;
use crate::causes::chain;
use crate::cli::ReportArguments;
use crate::render;

/// The name of every capture's file.
const CAPTURE: &str = "capture.asynctest";

/// The name of the file with a whole report, beside the capture.
const FULL: &str = "report.txt";

/// How deep a folder of captures is searched: below `target/asynctest` lie binary, test, attempt.
const DEPTH: usize = 4;

/// Prints the report of each capture there.
pub(crate) fn report(arguments: &ReportArguments) -> Exit {
    let path = resolved(&arguments.path);
    let captures = match captures(&path, DEPTH) {
        Ok(captures) => captures,
        Err(error) => {
            notice::error(format_args!("cannot read {}: {error}", arguments.path.display()));
            return Exit::Failed;
        }
    };
    if captures.is_empty() {
        notice::error(format_args!("no capture in {}", arguments.path.display()));
        return Exit::Failed;
    }
    let mut exit = Exit::Success;
    for path in captures {
        match Capture::open(&path) {
            Ok(capture) => print(&capture, full_dump(&path)),
            Err(error) => {
                notice::error(chain(&error));
                exit = Exit::Failed;
            }
        }
    }
    exit
}

/// The folder with the whole of the report, where a run has left it beside the capture.
fn full_dump(capture: &Path) -> Option<&Path> {
    capture.parent().filter(|folder| folder.join(FULL).is_file())
}

/// Prints a capture's report, the full one of which is in `folder`. It is what was asked for: it
/// goes to stdout.
pub(super) fn print(capture: &Capture, folder: Option<&Path>) {
    let style = match console::colors_enabled() {
        true => render::text::Style::Colored,
        false => render::text::Style::Plain,
    };
    let report = render::text::report(&capture.report(), style, folder);
    // Whoever reads it may have read enough: `| head`.
    let _ = writeln!(io::stdout(), "{report}");
}

/// Prints a capture's report as JSON, to stdout likewise.
pub(super) fn print_json(capture: &Capture) -> Exit {
    match serde_json::to_string_pretty(&capture.report()) {
        Ok(json) => {
            let _ = writeln!(io::stdout(), "{json}");
            Exit::Success
        }
        Err(error) => {
            notice::error(format_args!("cannot write the report as JSON: {error}"));
            Exit::Failed
        }
    }
}

/// The path with each folder that is not there replaced by the one that must be meant: a test goes
/// by its own name as well, and its binary by the target's name alone, where no other has it.
fn resolved(path: &Path) -> PathBuf {
    let mut found = PathBuf::new();
    for component in path.components() {
        let next = found.join(component);
        found = match next.symlink_metadata() {
            Ok(_) => next,
            Err(_) => match meant(&found, &component.as_os_str().to_string_lossy()) {
                Some(only) => only,
                None => return path.to_owned(),
            },
        };
    }
    found
}

/// The one entry of a folder that is called so, or ends so: `ledger-it` for `it`.
fn meant(folder: &Path, name: &str) -> Option<PathBuf> {
    let name = name.replace("::", "__");
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let entries = fs::read_dir(folder).ok()?.filter_map(Result::ok);
    let mut named = entries.map(|entry| entry.path()).filter(|path| {
        let own = path.file_name().unwrap_or_default().to_string_lossy();
        own == name || own.strip_suffix(&*name).is_some_and(|before| before.ends_with('-'))
    });
    let only = named.next()?;
    named.next().is_none().then_some(only)
}

/// The file itself, or the captures in this folder, by name.
fn captures(path: &Path, depth: usize) -> io::Result<Vec<PathBuf>> {
    if !path.metadata()?.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let mut entries = Vec::new();
    for entry in fs::read_dir(path)? {
        entries.push(entry?.path());
    }
    entries.sort();
    let mut found = Vec::new();
    for entry in entries {
        if entry.is_dir() {
            if let Some(depth) = depth.checked_sub(1) {
                found.extend(captures(&entry, depth)?);
            }
        } else if entry.file_name().is_some_and(|name| name == CAPTURE) {
            found.push(entry);
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn captures_are_found_in_folders() {
        let folder = tempfile::tempdir().unwrap();
        let attempt = folder.path().join("it/a__b/1-deadline");
        fs::create_dir_all(&attempt).unwrap();
        fs::write(attempt.join("report.txt"), "").unwrap();
        fs::write(attempt.join(CAPTURE), "").unwrap();
        let expected = vec![attempt.join(CAPTURE)];
        assert_eq!(captures(folder.path(), DEPTH).unwrap(), expected);
        assert_eq!(captures(&attempt, DEPTH).unwrap(), expected);
        assert_eq!(captures(&expected[0], DEPTH).unwrap(), expected);
        assert!(captures(&folder.path().join("none"), DEPTH).is_err());
    }

    #[test]
    fn short_names_are_understood_where_they_are_the_only_ones() {
        let folder = tempfile::tempdir().unwrap();
        let check = |asked: &str, expected: &str| {
            assert_eq!(resolved(&folder.path().join(asked)), folder.path().join(expected));
        };
        fs::create_dir_all(folder.path().join("ledger-it/a__b/1-deadline")).unwrap();
        check("it/a::b", "ledger-it/a__b");
        check("ledger-it/a__b/1-deadline", "ledger-it/a__b/1-deadline");
        check("t/a::b", "t/a::b");
        fs::create_dir_all(folder.path().join("bank-it/a__b")).unwrap();
        check("it/a::b", "it/a::b");
        check("bank-it/a::b", "bank-it/a__b");
    }
}
