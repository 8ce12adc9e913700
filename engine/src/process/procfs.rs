//! What `/proc` tells about a process and its threads, as plain values.
//!
//! Everything is read below `/proc/PID/task/TID`, which goes on working for the other threads when
//! the first one has ended. Source: `Documentation/filesystems/proc.rst` of the kernel.

use std::fs;
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};

use crate::address::{Address, ProcessId, ThreadId};

/// The fields of `stat` that are used here.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Stat {
    /// The name, at most 15 bytes.
    pub(super) name: String,
    /// The state letter.
    pub(super) state: char,
    /// The parent process.
    pub(super) parent: ProcessId,
    /// The kernel's `PF_` flags.
    pub(super) flags: u64,
    /// How many threads the process has, dead ones that nobody has reaped included.
    pub(super) thread_count: usize,
    /// When it started, in clock ticks since boot: tells two processes with one id apart.
    pub(super) started: u64,
}

impl Stat {
    /// Reads the file's one line. The name is in parentheses and may itself hold any byte,
    /// parentheses and spaces too.
    pub(super) fn parse(line: &str) -> Option<Stat> {
        let (_, rest) = line.split_once('(')?;
        let (name, rest) = rest.rsplit_once(')')?;
        let fields: Vec<&str> = rest.split_ascii_whitespace().collect();
        // Fields are counted from 1 in proc(5); the first one behind the name is number 3.
        let number = |field: usize| fields.get(field - 3)?.parse::<u64>().ok();
        Some(Stat {
            name: name.to_owned(),
            state: fields.first()?.chars().next()?,
            parent: ProcessId(fields.get(1)?.parse().ok()?),
            flags: number(9)?,
            thread_count: usize::try_from(number(20)?).ok()?,
            started: number(22)?,
        })
    }

    /// Whether it has ended and only its entry is left.
    pub(super) fn is_dead(&self) -> bool {
        matches!(self.state, 'Z' | 'X' | 'x')
    }
}

/// The path of a thread's file in `/proc`.
pub(super) fn path(process: ProcessId, thread: ThreadId, file: &str) -> PathBuf {
    PathBuf::from(format!("/proc/{process}/task/{thread}/{file}"))
}

/// The contents of a thread's file in `/proc`.
pub(super) fn read(process: ProcessId, thread: ThreadId, file: &str) -> io::Result<Vec<u8>> {
    fs::read(path(process, thread, file))
}

/// A thread's `stat`.
pub(super) fn stat(process: ProcessId, thread: ThreadId) -> io::Result<Stat> {
    let line = read(process, thread, "stat")?;
    Stat::parse(&String::from_utf8_lossy(&line))
        .ok_or_else(|| io::Error::from(io::ErrorKind::InvalidData))
}

/// Where the process's command line and its environment lie: fields 48 to 51 of `stat`, which are 0
/// for those who may not trace it.
pub(super) fn argument_areas(process: ProcessId, thread: ThreadId) -> Vec<Range<Address>> {
    let line = read(process, thread, "stat").unwrap_or_default();
    let line = String::from_utf8_lossy(&line);
    let fields = line.rsplit_once(')').map_or("", |(_, fields)| fields);
    let addresses: Vec<Address> = fields
        .split_ascii_whitespace()
        .skip(48 - 3)
        .take(4)
        .filter_map(|field| field.parse().ok().map(Address))
        .collect();
    let (pairs, _) = addresses.as_chunks::<2>();
    pairs.iter().map(|&[start, end]| start..end).collect()
}

/// The ids of all threads of a process, the dead ones that nobody has reaped included.
pub(super) fn threads(process: ProcessId) -> io::Result<Vec<ThreadId>> {
    let folder = PathBuf::from(format!("/proc/{process}/task"));
    numbers(&folder).map(|ids| ids.into_iter().map(ThreadId).collect())
}

/// The ids of all processes.
pub(super) fn processes() -> io::Result<Vec<ProcessId>> {
    numbers(Path::new("/proc")).map(|ids| ids.into_iter().map(ProcessId).collect())
}

/// The value behind `key:` in a file such as `status`.
pub(super) fn field<'text>(text: &'text str, key: &str) -> Option<&'text str> {
    text.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(':')).map(str::trim)
}

/// The first thread of a process, whose id is the process's.
pub(super) fn leader(process: ProcessId) -> ThreadId {
    ThreadId(process.0)
}

/// The entries of a folder whose names are numbers.
pub(super) fn numbers(folder: &Path) -> io::Result<Vec<i32>> {
    let mut numbers = Vec::new();
    for entry in fs::read_dir(folder)? {
        if let Some(number) = entry?.file_name().to_str().and_then(|name| name.parse().ok()) {
            numbers.push(number);
        }
    }
    Ok(numbers)
}

#[cfg(test)]
mod tests {
    use super::{Stat, field};
    use crate::address::ProcessId;

    #[test]
    fn a_name_with_parentheses_is_read_whole() {
        let line = "7 (a) S 1 (b) S 3 7 7 0 -1 4194560 1 0 0 0 1 2 0 0 20 0 5 0 1234 8 9";
        let stat = Stat::parse(line).unwrap();
        assert_eq!(stat.name, "a) S 1 (b");
        assert_eq!((stat.state, stat.parent), ('S', ProcessId(3)));
        assert_eq!((stat.flags, stat.thread_count), (4_194_560, 5));
        assert_eq!(stat.started, 1234);
    }

    #[test]
    fn a_cut_line_is_no_stat() {
        for line in ["", "7", "7 (a", "7 (a)", "7 (a) S", "7 (a) S 3 7 7 0 -1 1"] {
            assert_eq!(Stat::parse(line), None, "{line:?}");
        }
    }

    #[test]
    fn a_field_is_found_by_its_whole_key() {
        let text = "Name:\tx\nnonvoluntary_ctxt_switches:\t3\nvoluntary_ctxt_switches:\t2\n";
        assert_eq!(field(text, "voluntary_ctxt_switches"), Some("2"));
        assert_eq!(field(text, "voluntary"), None);
    }
}
