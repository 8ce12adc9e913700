//! Threads with their stacks.

use super::future::Line;
use super::task::TaskKey;
use super::wait::Wait;
use crate::address::{Address, ThreadId};
use crate::evidence::Trust;

/// The system calls by which the C library and std make a new thread ready.
///
/// Source: `start_thread` in glibc 2.39 `nptl/pthread_create.c`, `thread_start` in Rust 1.95
/// `library/std/src/sys/thread/unix.rs`.
const BIRTH: [&str; 9] = [
    "set_robust_list",
    "rseq",
    "rt_sigprocmask",
    "sigaltstack",
    "mmap",
    "mprotect",
    "munmap",
    "prctl",
    "sched_getaffinity",
];

/// One thread.
#[derive(Clone, PartialEq, Debug)]
pub struct Thread {
    /// Its id.
    pub id: ThreadId,
    /// Its name.
    pub name: String,
    /// What it is doing.
    pub activity: Activity,
    /// The system call that it is in, which need not be the end of what it does.
    pub call: Option<String>,
    /// The future that it does nothing but wait for, in a `block_on`.
    pub blocks_on: Option<TaskKey>,
    /// CPU time it has used, in nanoseconds.
    pub cpu: u64,
    /// How often it has rested: it had nothing to compute, or was stopped to be looked at.
    pub rests: u64,
    /// What it waits for in the call that it is blocked in, where that is known.
    pub wait: Option<Wait>,
    /// Its frames, innermost first, inlined ones included.
    pub frames: Vec<Frame>,
}

impl Thread {
    /// Whether it runs and has not come to code of the program yet, or its stack could not be read: what
    /// it was given at its birth is in none of its variables.
    pub fn is_newborn(&self) -> bool {
        let is_start =
            |frame: &Frame| frame.line.as_ref().is_none_or(|line| line.file.starts_with("/rustc"));
        let is_short = self.call.as_deref().is_none_or(|call| BIRTH.contains(&call));
        let is_unread = self.frames.is_empty() && self.activity == Activity::Running;
        is_unread || (is_short && self.frames.iter().all(is_start))
    }
}

/// What a thread is doing.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Activity {
    /// It polls this task.
    Polls(TaskKey),
    /// It waits for this, which the runtime knows: `the end of its blocking pool`.
    Waits(String),
    /// It is blocked in the system call of this name.
    Blocked(String),
    /// It runs.
    Running,
}

/// One frame.
#[derive(Clone, PartialEq, Debug)]
pub struct Frame {
    /// The function with its path.
    pub function: String,
    /// Where in it.
    pub line: Option<Line>,
    /// The program counter.
    pub pc: Address,
    /// Whether it was inlined into the next frame.
    pub is_inlined: bool,
    /// How the frame was found.
    pub trust: Trust,
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    #[track_caller]
    fn check(call: Option<&str>, files: &[&str], expected: bool) {
        let frame = |file: &&str| Frame {
            function: String::new(),
            line: Some(Line { file: PathBuf::from(file), line: 1, trust: Trust::Read }),
            pc: Address(0),
            is_inlined: false,
            trust: Trust::Read,
        };
        let thread = Thread {
            id: ThreadId(1),
            name: String::new(),
            activity: Activity::Running,
            call: call.map(str::to_owned),
            blocks_on: None,
            cpu: 0,
            rests: 0,
            wait: None,
            frames: files.iter().map(frame).collect(),
        };
        assert_eq!(thread.is_newborn(), expected, "{call:?} {files:?}");
    }

    #[test]
    fn a_thread_is_newborn_until_it_comes_to_the_program() {
        check(None, &["/rustc/1/library/std/src/a.rs"], true);
        check(Some("sigaltstack"), &["/rustc/1/library/std/src/a.rs"], true);
        check(Some("futex"), &[], true);
        check(Some("futex"), &["/rustc/1/library/test/src/lib.rs"], false);
        check(None, &["/rustc/1/library/std/src/a.rs", "/w/src/a.rs"], false);
    }
}
