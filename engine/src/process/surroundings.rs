//! What beside a process's own threads can wake it: descriptors that it watches, timers, signals and
//! other processes.
//!
//! Source: `Documentation/filesystems/proc.rst` of the kernel, on `fdinfo`, `timers` and `status`.

use std::collections::{BTreeSet, HashMap};
use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::address::{ProcessId, ThreadId};
use crate::process::{Process, descendants, is_alive, procfs};

/// Most entries of each kind that are kept.
const MOST: usize = 100_000;

/// What `/proc` says of all that can wake a process from outside.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Surroundings {
    /// What its `epoll` instances watch.
    pub watched: Vec<Watched>,
    /// The descriptors of timers (`timerfd`) that are set.
    pub set_timers: Vec<i32>,
    /// The signals that it handles: bit 0 for signal 1.
    pub handled_signals: Option<u64>,
    /// How many timers of `timer_create` it has; absent where the kernel does not tell.
    pub interval_timers: Option<usize>,
    /// The processes below it that live.
    pub children: Vec<ProcessId>,
    /// Those of its sockets, pipes and events that another process has open too, by their number.
    pub shared: BTreeSet<i32>,
    /// Those of its `epoll` instances of which it is not known what they watch, or not all.
    #[serde(default)]
    pub unknown: Vec<i32>,
}

/// One file that an `epoll` instance watches.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Watched {
    /// The descriptor of the instance.
    pub by: i32,
    /// The descriptor that was watched; it may have been closed since, and its number be another
    /// file's.
    pub descriptor: i32,
    /// What the program gets to know it by.
    pub data: u64,
    /// Its inode.
    pub inode: u64,
}

impl Process {
    /// What can wake it from outside. `descriptors` are its own, as [`Process::descriptors`] has
    /// them.
    pub fn surroundings(&self, descriptors: &[(i32, PathBuf)]) -> Surroundings {
        let mut surroundings = Surroundings {
            handled_signals: self.handled_signals(),
            interval_timers: self.text("timers").map(|timers| interval_timers(&timers)),
            children: descendants(self.id()).into_iter().filter(|id| is_alive(*id)).collect(),
            ..Surroundings::default()
        };
        for (number, target) in descriptors.iter().take(MOST) {
            match target.to_str() {
                Some("anon_inode:[eventpoll]") => {
                    let text = self.text(&format!("fdinfo/{number}"));
                    let left = MOST.saturating_sub(surroundings.watched.len());
                    let found = watched(*number, text.as_deref().unwrap_or_default());
                    surroundings.watched.extend(found.take(left));
                    if text.is_none() || surroundings.watched.len() >= MOST {
                        surroundings.unknown.push(*number);
                    }
                }
                Some("anon_inode:[timerfd]") => {
                    let text = self.text(&format!("fdinfo/{number}")).unwrap_or_default();
                    if !is_disarmed(&text) {
                        surroundings.set_timers.push(*number);
                    }
                }
                _ => {}
            }
        }
        surroundings.shared = self.shared(descriptors);
        surroundings
    }

    fn handled_signals(&self) -> Option<u64> {
        u64::from_str_radix(procfs::field(&self.text("status")?, "SigCgt")?, 16).ok()
    }

    /// Which of its descriptors lead to what another process has open, too.
    fn shared(&self, descriptors: &[(i32, PathBuf)]) -> BTreeSet<i32> {
        let Ok(thread) = self.live_thread() else { return BTreeSet::new() };
        let mut own: HashMap<Identity, Vec<i32>> = HashMap::new();
        for (number, target) in descriptors {
            if let Some(identity) = identity(self.id(), thread, *number, target) {
                own.entry(identity).or_default().push(*number);
            }
        }
        let mut shared = BTreeSet::new();
        let others = procfs::processes().unwrap_or_default();
        for other in others.into_iter().filter(|other| *other != self.id()) {
            let leader = procfs::leader(other);
            let folder = procfs::path(other, leader, "fd");
            // Those of other users cannot be read; they got nothing from this one.
            for number in procfs::numbers(&folder).unwrap_or_default() {
                let target = fs::read_link(folder.join(number.to_string()));
                let identity = target.ok().and_then(|it| identity(other, leader, number, &it));
                let numbers = identity.and_then(|identity| own.get(&identity));
                shared.extend(numbers.into_iter().flatten());
            }
        }
        shared
    }

    fn text(&self, file: &str) -> Option<String> {
        let bytes = procfs::read(self.id(), self.live_thread().ok()?, file);
        // `timers` is a file of the process, and not of each thread.
        let bytes = bytes.or_else(|_| fs::read(format!("/proc/{}/{file}", self.id())));
        Some(String::from_utf8_lossy(&bytes.ok()?).into_owned())
    }
}

/// By what a file is known that two processes have.
#[derive(PartialEq, Eq, Hash, Debug)]
enum Identity {
    /// A socket's or a pipe's inode.
    Inode(u64),
    /// The `eventfd-id` of an event: all of them are one inode.
    Event(u64),
}

/// By what a socket, a pipe or an event is known.
fn identity(process: ProcessId, thread: ThreadId, number: i32, target: &Path) -> Option<Identity> {
    if target.to_str() == Some("anon_inode:[eventfd]") {
        let text = procfs::read(process, thread, &format!("fdinfo/{number}")).ok()?;
        let text = String::from_utf8_lossy(&text);
        return Some(Identity::Event(procfs::field(&text, "eventfd-id")?.parse().ok()?));
    }
    inode(target).map(Identity::Inode)
}

/// The inode of a socket or pipe, from what its descriptor leads to.
fn inode(target: &Path) -> Option<u64> {
    let target = target.to_str()?;
    let rest = target.strip_prefix("socket:[").or_else(|| target.strip_prefix("pipe:["))?;
    rest.strip_suffix(']')?.parse().ok()
}

/// The lines `tfd: 4 events: 19 data: 4 pos:0 ino:1b562e sdev:f`.
fn watched(by: i32, fdinfo: &str) -> impl Iterator<Item = Watched> {
    fdinfo.lines().filter(|line| line.starts_with("tfd:")).map(move |line| {
        let spaced = line.replace(':', " ");
        let words: Vec<&str> = spaced.split_ascii_whitespace().collect();
        let value = |key| {
            let (pairs, _) = words.as_chunks::<2>();
            pairs.iter().find_map(|[name, value]| (*name == key).then_some(*value))
        };
        let hexadecimal = |key| u64::from_str_radix(value(key)?, 16).ok();
        Watched {
            by,
            descriptor: value("tfd").and_then(|value| value.parse().ok()).unwrap_or(-1),
            data: hexadecimal("data").unwrap_or(u64::MAX),
            inode: hexadecimal("ino").unwrap_or(0),
        }
    })
}

/// Whether a timer will not fire: its `it_value` is zero.
fn is_disarmed(fdinfo: &str) -> bool {
    procfs::field(fdinfo, "it_value") == Some("(0, 0)")
}

/// How many timers the file `timers` lists.
fn interval_timers(timers: &str) -> usize {
    timers.lines().filter(|line| line.starts_with("ID:")).count()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{Watched, inode, interval_timers, is_disarmed, watched};

    #[test]
    fn each_watched_file_is_a_line() {
        let text = "pos:\t0\nflags:\t02000002\nmnt_id:\t17\nino:\t1039\n\
                    tfd:        8 events: 8000001d data:                1  pos:0 ino:1b562e sdev:f\n\
                    tfd:        4 events: 80000019 data: ffffffffffffffff pos:0 ino:40f sdev:e\n";
        let found: Vec<Watched> = watched(3, text).collect();
        let first = Watched { by: 3, descriptor: 8, data: 1, inode: 0x1b_562e };
        let second = Watched { by: 3, descriptor: 4, data: u64::MAX, inode: 0x40f };
        assert_eq!(found, [first, second]);
    }

    #[test]
    fn what_cannot_be_read_is_no_known_file() {
        let found: Vec<Watched> = watched(3, "tfd: x events: 1").collect();
        assert_eq!(found, [Watched { by: 3, descriptor: -1, data: u64::MAX, inode: 0 }]);
    }

    #[test]
    fn a_timer_is_set_unless_it_is_seen_not_to_be() {
        assert!(is_disarmed("clockid: 1\nit_value: (0, 0)\nit_interval: (5, 0)\n"));
        for text in ["", "it_value: (0, 7)\n", "it_interval: (0, 0)\n"] {
            assert!(!is_disarmed(text), "{text}");
        }
    }

    #[test]
    fn timers_are_counted() {
        assert_eq!(interval_timers(""), 0);
        assert_eq!(interval_timers("ID: 1\nsignal: 60/0\nID: 2\nsignal: 61/0\n"), 2);
    }

    #[test]
    fn only_sockets_and_pipes_have_two_ends() {
        assert_eq!(inode(Path::new("socket:[12]")), Some(12));
        assert_eq!(inode(Path::new("pipe:[7]")), Some(7));
        for target in ["anon_inode:[eventfd]", "/dev/null", "socket:[", "pipe:[x]"] {
            assert_eq!(inode(Path::new(target)), None, "{target}");
        }
    }
}
