//! The tests inside of a program that runs them on threads of its own, as libtest does: which of them
//! run, and since when.
//!
//! The kernel's name of a thread is the begin of its test's; the whole name is told by the functions on
//! its stack, in a report.

use std::collections::BTreeMap;
use std::fs;
use std::time::{Duration, Instant};

use asynctest_engine::report::{Report, Thread};

use crate::plan::{Inside, Told};

/// How long the kernel's name of a thread can be. Source: proc(5), `/proc/PID/comm`.
const THREAD_NAME: usize = 15;

/// Watches the threads of one program.
#[derive(Debug)]
pub(super) struct Inner {
    told: Told,
    /// Since when each thread was seen that bears a test's name.
    since: BTreeMap<i32, Instant>,
    oldest: Option<i32>,
}

/// From when on the time of a program counts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Since {
    /// As it does: it is one test, or the oldest of its tests is that of before.
    Before,
    /// From then: another test is its oldest, or none is.
    Then(Instant),
}

impl Inner {
    /// Of a program whose tests `told` knows, sooner or later.
    pub(super) fn new(told: Told) -> Inner {
        Inner { told, since: BTreeMap::new(), oldest: None }
    }

    /// The thread of the oldest test that runs, when it was last looked for.
    pub(super) fn oldest(&self) -> Option<i32> {
        self.oldest
    }

    /// The names of its tests, as far as they are known.
    pub(super) fn names(&self) -> &[String] {
        match self.told.get() {
            Some(Inside::Tests(names)) => names,
            Some(Inside::One | Inside::Unknown) | None => &[],
        }
    }

    /// Looks for the tests that run.
    pub(super) fn look(&mut self, process: i32, now: Instant) -> Since {
        match self.told.get() {
            Some(Inside::One) => Since::Before,
            Some(Inside::Unknown) | None => Since::Then(now),
            Some(Inside::Tests(names)) => {
                let running = running(process, names);
                self.since.retain(|thread, _| running.contains(thread));
                for thread in running {
                    self.since.entry(thread).or_insert(now);
                }
                self.follow_the_oldest(now)
            }
        }
    }

    fn follow_the_oldest(&mut self, now: Instant) -> Since {
        let before = self.oldest;
        let oldest = self.since.iter().min_by_key(|(_, since)| **since);
        self.oldest = oldest.map(|(thread, _)| *thread);
        match oldest {
            None => Since::Then(now),
            Some(_) if self.oldest == before => Since::Before,
            Some((_, since)) => Since::Then(*since),
        }
    }

    /// The whole program was stopped for so long.
    pub(super) fn pause(&mut self, duration: Duration) {
        self.since.values_mut().for_each(|since| *since += duration);
    }
}

/// The threads of a process that bear the name of a test.
fn running(process: i32, names: &[String]) -> Vec<i32> {
    let Ok(threads) = fs::read_dir(format!("/proc/{process}/task")) else { return Vec::new() };
    let threads = threads.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    threads
        .filter(|thread: &i32| {
            let name = fs::read(format!("/proc/{process}/task/{thread}/comm")).unwrap_or_default();
            let name = name.strip_suffix(b"\n").unwrap_or(&name);
            names.iter().any(|test| short(test) == name)
        })
        .collect()
}

/// What the kernel has of a test's name.
fn short(test: &str) -> &[u8] {
    let name = test.as_bytes();
    name.get(..THREAD_NAME).unwrap_or(name)
}

/// The tests among `names` that were running when the report was made.
pub(super) fn named(report: &Report, names: &[String]) -> Vec<String> {
    report.threads.iter().filter_map(|thread| test_of(thread, names)).collect()
}

/// The test that runs on this thread; the begin of its name where several have that and the stack
/// does not tell which it is.
fn test_of(thread: &Thread, names: &[String]) -> Option<String> {
    let is_it = |name: &&String| short(name) == thread.name.as_bytes();
    let mut candidates: Vec<&String> = names.iter().filter(is_it).collect();
    let first = *candidates.first()?;
    if candidates.len() > 1 {
        candidates.retain(|name| thread.frames.iter().any(|frame| is_in(&frame.function, name)));
    }
    match candidates.as_slice() {
        [only] => Some((*only).clone()),
        _ => Some(String::from_utf8_lossy(short(first)).into_owned()),
    }
}

/// Whether a function is a test or lies in one: `it::bank::moves::{async block}` is in `bank::moves`.
fn is_in(function: &str, test: &str) -> bool {
    let path = function.split_once("::").map(|(_, path)| path);
    let rest = path.and_then(|path| path.strip_prefix(test));
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, OnceLock};

    use asynctest_engine::report::{Frame, Origin};

    use super::*;

    fn inner(since: &[(i32, Instant)]) -> Inner {
        let told: Told = Arc::new(OnceLock::from(Inside::Tests(Vec::new())));
        Inner { since: since.iter().copied().collect(), ..Inner::new(told) }
    }

    #[test]
    fn time_counts_from_the_begin_of_the_oldest_test() {
        let now = Instant::now();
        let (first, second) = (now - Duration::from_secs(9), now - Duration::from_secs(5));
        let mut inner = inner(&[(7, second), (8, first)]);
        assert_eq!(inner.follow_the_oldest(now), Since::Then(first));
        assert_eq!(inner.follow_the_oldest(now), Since::Before);
        inner.since.remove(&8);
        assert_eq!(inner.follow_the_oldest(now), Since::Then(second));
        assert_eq!(inner.oldest(), Some(7));
        inner.since.clear();
        assert_eq!(inner.follow_the_oldest(now), Since::Then(now));
    }

    #[test]
    fn a_program_of_unknown_tests_has_no_time_and_one_that_is_a_test_its_own() {
        let now = Instant::now();
        let told: Told = Arc::default();
        let mut inner = Inner::new(told.clone());
        assert_eq!(inner.look(0, now), Since::Then(now));
        told.set(Inside::One).unwrap();
        assert_eq!(inner.look(0, now), Since::Before);
    }

    #[test]
    fn a_thread_of_ours_is_found_by_its_name() {
        let name = "bank::tests::moves_money".to_owned();
        let found = std::thread::Builder::new()
            .name(name.clone())
            .spawn(move || running(std::process::id() as i32, &[name]))
            .unwrap();
        assert_eq!(found.join().unwrap().len(), 1);
    }

    #[track_caller]
    fn check(thread: &str, function: &str, names: &[&str], expected: Option<&str>) {
        let frame = Frame {
            function: function.to_owned(),
            location: None,
            origin: Origin::User,
            inlined: false,
            address: String::new(),
        };
        let thread =
            Thread { id: 1, name: thread.to_owned(), doing: String::new(), frames: vec![frame] };
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        assert_eq!(test_of(&thread, &names).as_deref(), expected, "{function}");
    }

    #[test]
    fn a_test_is_told_by_the_stack_where_names_begin_alike() {
        let names = ["bank::tests::moves", "bank::tests::moves_twice", "other"];
        check("other", "it::x", &names, Some("other"));
        check("tokio-rt-worker", "it::bank::tests::moves", &names, None);
        check("bank::tests::mo", "it::bank::tests::moves", &names, Some("bank::tests::moves"));
        let inner = "it::bank::tests::moves_twice::{async block}";
        check("bank::tests::mo", inner, &names, Some("bank::tests::moves_twice"));
        check("bank::tests::mo", "it::x", &names, Some("bank::tests::mo"));
    }
}
