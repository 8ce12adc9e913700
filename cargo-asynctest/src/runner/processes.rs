//! All descendants of a process, from `/proc`, and their end.
//!
//! Process groups and sessions do not hold a tree together: `setsid` leaves both. What does is
//! the parent's id, as long as no process in between has ended, and the child subreaper, which
//! orphans are given to.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{WaitPidFlag, waitpid};
use nix::unistd::Pid;

/// How long we try to end what does not end.
const PATIENCE: Duration = Duration::from_secs(5);

/// One process, as it was when `/proc` was read.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct Process {
    /// Its id.
    pub(super) id: i32,
    /// When it was started, in clock ticks since boot: tells it from a later one of the same id.
    pub(super) started: u64,
    /// Its parent's id.
    pub(super) parent: i32,
    /// Its process group.
    pub(super) group: i32,
    /// Its session.
    pub(super) session: i32,
    /// Whether it has ended and only waits to be waited for.
    pub(super) ended: bool,
}

/// Every process that can be seen.
pub(super) fn all() -> Vec<Process> {
    let Ok(entries) = std::fs::read_dir("/proc") else {
        return Vec::new();
    };
    entries
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .filter_map(one)
        .collect()
}

/// The process `id`, unless it is gone.
pub(super) fn one(id: i32) -> Option<Process> {
    let stat = std::fs::read(format!("/proc/{id}/stat")).ok()?;
    parse(id, &String::from_utf8_lossy(&stat))
}

/// Reads `/proc/PID/stat`. The name in it may hold spaces and parentheses: the last one counts.
fn parse(id: i32, stat: &str) -> Option<Process> {
    let (_, rest) = stat.rsplit_once(')')?;
    let words: Vec<&str> = rest.split_ascii_whitespace().collect();
    let number = |index: usize| words.get(index)?.parse::<i32>().ok();
    Some(Process {
        id,
        started: words.get(19)?.parse().ok()?,
        parent: number(1)?,
        group: number(2)?,
        session: number(3)?,
        ended: matches!(words.first().copied(), Some("Z" | "X" | "x")),
    })
}

/// The descendants of the processes `roots` in `all`, these themselves not included.
fn descendants(all: &[Process], roots: &BTreeSet<i32>) -> Vec<Process> {
    let mut children: BTreeMap<i32, Vec<&Process>> = BTreeMap::new();
    for process in all {
        children.entry(process.parent).or_default().push(process);
    }
    let mut seen = roots.clone();
    let mut open: Vec<i32> = roots.iter().copied().collect();
    let mut found = Vec::new();
    while let Some(id) = open.pop() {
        for child in children.get(&id).into_iter().flatten() {
            if seen.insert(child.id) {
                open.push(child.id);
                found.push(**child);
            }
        }
    }
    found
}

/// Our own children, ended ones included.
pub(super) fn own_children() -> Vec<i32> {
    let own = std::process::id();
    let Ok(tasks) = std::fs::read_dir("/proc/self/task") else {
        return Vec::new();
    };
    let lists: Option<Vec<String>> = tasks
        .filter_map(Result::ok)
        .map(|task| std::fs::read_to_string(task.path().join("children")).ok())
        .collect();
    match lists {
        Some(lists) => lists
            .iter()
            .flat_map(|list| list.split_ascii_whitespace())
            .filter_map(|id| id.parse().ok())
            .collect(),
        // A kernel without CONFIG_PROC_CHILDREN, or a thread that ended meanwhile.
        None => all()
            .into_iter()
            .filter(|process| process.parent == own as i32)
            .map(|process| process.id)
            .collect(),
    }
}

/// Waits for the children of ours that have ended and are not in `known`.
///
/// Never `waitpid(-1)`: it would take the ptrace stops that a capture on another thread waits for,
/// and the exit codes of the tests.
pub(super) fn reap_orphans(known: &BTreeSet<i32>) {
    for id in own_children() {
        let ended = || one(id).is_some_and(|process| process.ended);
        if !known.contains(&id) && ended() {
            let _ = waitpid(Pid::from_raw(id), Some(WaitPidFlag::WNOHANG));
        }
    }
}

/// Kills every descendant of ours, and returns those that do not end.
///
/// Orphans come to us, because we are a child subreaper: when we have no child left, there is no
/// descendant left.
pub(super) fn end_all_descendants() -> Vec<i32> {
    let own = BTreeSet::from([std::process::id() as i32]);
    let until = Instant::now() + PATIENCE;
    let mut pause = Duration::from_micros(200);
    loop {
        reap_orphans(&BTreeSet::new());
        if own_children().is_empty() {
            return Vec::new();
        }
        let left = stop_to_a_fixpoint(|all| descendants(all, &own));
        left.iter().for_each(|process| send(process, Signal::SIGKILL));
        if Instant::now() >= until {
            return left.iter().map(|process| process.id).collect();
        }
        std::thread::sleep(pause);
        pause = (pause * 2).min(Duration::from_millis(20));
    }
}

/// Kills the process `root` and what it has started, also what has left its group and session.
///
/// An orphan among them is a child of ours by now; `is_ours` says of each such child that is no
/// descendant of `root` whether it belongs to it.
pub(super) fn end_tree(root: i32, is_ours: impl Fn(&Process) -> bool) {
    let own = std::process::id() as i32;
    let tree = stop_to_a_fixpoint(|all| {
        let mut roots: BTreeSet<i32> = all
            .iter()
            .filter(|process| process.parent == own && is_ours(process))
            .map(|process| process.id)
            .collect();
        roots.insert(root);
        let mut found = descendants(all, &roots);
        found.extend(all.iter().filter(|process| roots.contains(&process.id)));
        found
    });
    tree.iter().for_each(|process| send(process, Signal::SIGKILL));
}

/// Stops what `find` finds until it finds nothing new, and returns all of it that is alive.
///
/// Killing at once would tear the tree while it is read: a child of a process that has just died
/// is an orphan like any other. Stopped processes neither fork nor end.
fn stop_to_a_fixpoint(find: impl Fn(&[Process]) -> Vec<Process>) -> Vec<Process> {
    let mut stopped: BTreeSet<(i32, u64)> = BTreeSet::new();
    let mut found = Vec::new();
    // Each pass finds something new, or is the last; the bound is for a fork bomb that we lose to.
    for _ in 0..100 {
        found = find(&all());
        found.retain(|process| !process.ended);
        let before = stopped.len();
        for process in &found {
            if stopped.insert((process.id, process.started)) {
                send(process, Signal::SIGSTOP);
            }
        }
        if stopped.len() == before {
            break;
        }
    }
    found
}

/// Sends a signal. A process that is gone, or is another user's, is left alone.
fn send(process: &Process, signal: Signal) {
    match kill(Pid::from_raw(process.id), signal) {
        Ok(()) | Err(Errno::ESRCH | Errno::EPERM) => {}
        Err(error) => debug_assert!(false, "{signal} to {}: {error}", process.id),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{Process, descendants, one, parse};

    fn process(id: i32, parent: i32) -> Process {
        Process { id, started: 0, parent, group: id, session: id, ended: false }
    }

    #[test]
    fn a_name_with_parentheses_does_not_shift_the_numbers() {
        let stat = "7 (a) R 1 (b)) S 3 4 5 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 99 0 0";
        let read = parse(7, stat).unwrap();
        assert_eq!((read.parent, read.group, read.session), (3, 4, 5));
        assert_eq!(read.started, 99);
        assert!(!read.ended);
    }

    #[test]
    fn what_is_cut_short_is_no_process() {
        assert_eq!(parse(7, "7 (a) S 3 4"), None);
        assert_eq!(parse(7, ""), None);
    }

    #[test]
    fn descendants_are_found_through_any_depth_and_cycles_end() {
        let all = [process(2, 1), process(3, 2), process(4, 3), process(9, 1)];
        let ids = |root: i32| -> Vec<i32> {
            let mut ids: Vec<i32> = descendants(&all, &BTreeSet::from([root]))
                .iter()
                .map(|process| process.id)
                .collect();
            ids.sort();
            ids
        };
        assert_eq!(ids(2), [3, 4]);
        assert_eq!(ids(4), [] as [i32; 0]);
        let cycle = [process(2, 3), process(3, 2)];
        assert_eq!(descendants(&cycle, &BTreeSet::from([2])).len(), 1);
    }

    #[test]
    fn we_find_ourselves() {
        let own = std::process::id() as i32;
        assert_eq!(one(own).unwrap().parent, std::os::unix::process::parent_id() as i32);
    }
}
