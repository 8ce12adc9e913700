//! Whether a process is idle for good: what could still wake one of its threads, from what `/proc`
//! says of it.
//!
//! A process in which nothing is left stirring stays as it is forever: each thread sleeps without a
//! timeout for what only another of its threads could give it. Whatever is not known to be so is a
//! [`Stir`].
//!
//! Source: Linux `kernel/futex/`, `fs/eventpoll.c`, futex(2), epoll_wait(2).

mod files;
mod threads;

#[cfg(test)]
mod tests;

use std::fmt;

use crate::address::ThreadId;
use crate::snapshot::{Facts, Thread};

/// Something that could still wake a thread of the process.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Stir {
    /// A thread that does not sleep until another thread of the process wakes it.
    Thread {
        /// Its id.
        id: ThreadId,
        /// Its name.
        name: String,
        /// What it does.
        does: String,
    },
    /// A file that is watched and that something outside can make ready.
    File {
        /// Its descriptor.
        descriptor: i32,
        /// What it is.
        what: String,
    },
    /// A timer of the kernel that is set.
    Timer(String),
    /// Signals that the program handles, by number.
    Signals(Vec<u32>),
    /// This many processes below it live.
    Children(usize),
    /// What was not looked at, or cannot be.
    Unknown(String),
}

/// The signals whose handlers are no sign of waiting: they come of a thread's own doing, or, like
/// `SIGCHLD`, only with a child's end. `SIGILL`, `SIGTRAP`, `SIGABRT`, `SIGBUS`, `SIGFPE`, `SIGSEGV`,
/// `SIGPIPE`, `SIGCHLD`, `SIGSYS`, and the two with which the C library has its own threads end and
/// change users.
///
/// Source: signal(7), nptl(7).
const NOT_WAITED_FOR: [u32; 11] = [4, 5, 6, 7, 8, 11, 13, 17, 31, 32, 33];

/// What could still wake a thread. `is_spare` tells whether nothing comes of it when the time of a
/// thread is over that waits with a timeout: it waits for work, and ends, or for a test, and says so.
pub fn stirs(facts: &Facts, is_spare: &dyn Fn(&Thread) -> bool) -> Vec<Stir> {
    let mut stirs = threads::stirs(facts, is_spare);
    if facts.ended > 0 {
        stirs.push(Stir::Unknown("whom a thread has woken that has just ended".to_owned()));
    }
    let Some(surroundings) = &facts.surroundings else {
        stirs.push(Stir::Unknown("what is outside of the process".to_owned()));
        return stirs;
    };
    for stir in files::stirs(facts, surroundings) {
        // One instance can have several descriptors.
        if !stirs.contains(&stir) {
            stirs.push(stir);
        }
    }
    if !surroundings.children.is_empty() {
        stirs.push(Stir::Children(surroundings.children.len()));
    }
    match surroundings.interval_timers {
        Some(0) => {}
        Some(count) => stirs.push(Stir::Timer(format!("{count} of timer_create"))),
        None => stirs.push(Stir::Unknown("timers of timer_create".to_owned())),
    }
    match surroundings.handled_signals.map(waited_for) {
        Some(signals) if signals.is_empty() => {}
        Some(signals) => stirs.push(Stir::Signals(signals)),
        None => stirs.push(Stir::Unknown("which signals it handles".to_owned())),
    }
    stirs
}

/// Whether one of these threads goes on by itself, whatever else there is: the cheapest thing to know.
pub fn any_goes_on(threads: &[Thread]) -> bool {
    threads.iter().any(threads::goes_on)
}

/// The handled signals that somebody may wait for.
fn waited_for(handled: u64) -> Vec<u32> {
    let is_handled = |signal: &u32| handled >> (signal - 1) & 1 == 1;
    (1..=64).filter(is_handled).filter(|signal| !NOT_WAITED_FOR.contains(signal)).collect()
}

impl fmt::Display for Stir {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Stir::Thread { id, name, does } => write!(formatter, "thread {id} {name} {does}"),
            Stir::File { descriptor, what } => {
                write!(formatter, "descriptor {descriptor} is watched: {what}")
            }
            Stir::Timer(what) => write!(formatter, "a timer of the kernel is set: {what}"),
            Stir::Signals(signals) => {
                let signals: Vec<String> = signals.iter().map(ToString::to_string).collect();
                write!(formatter, "signals are handled, by number: {}", signals.join(", "))
            }
            Stir::Children(1) => write!(formatter, "a child process lives"),
            Stir::Children(count) => write!(formatter, "{count} processes below it live"),
            Stir::Unknown(what) => write!(formatter, "not known: {what}"),
        }
    }
}
