//! Threads with their stacks.

use super::future::Line;
use super::task::TaskKey;
use super::wait::Wait;
use crate::address::{Address, ThreadId};
use crate::evidence::Trust;

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
    /// What it waits for in the call that it is blocked in, where that is known.
    pub wait: Option<Wait>,
    /// Its frames, innermost first, inlined ones included.
    pub frames: Vec<Frame>,
}

impl Thread {
    /// Whether it runs and has not come to code of the program yet: what it was given at its birth is
    /// in none of its variables.
    pub fn is_newborn(&self) -> bool {
        let is_start =
            |frame: &Frame| frame.line.as_ref().is_none_or(|line| line.file.starts_with("/rustc"));
        self.call.is_none() && self.frames.iter().all(is_start)
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
