//! The stacks of all threads of a snapshot, with the functions of each frame.

use super::frame::{Frame, functions};
use super::unwinding::unwind;
use crate::address::ThreadId;
use crate::evidence::Gap;
use crate::limits::Limits;
use crate::program::Program;
use crate::symbols::CodeFrame;

/// One thread's stack.
pub struct ThreadStack {
    /// The thread.
    pub thread: ThreadId,
    /// Its frames, innermost first, each with its functions, the innermost inlined one first.
    pub frames: Vec<(Frame, Vec<CodeFrame>)>,
    /// Why it ends early, if it does.
    pub gaps: Vec<Gap>,
}

impl ThreadStack {
    /// The names of all functions on the stack, innermost first.
    pub fn functions(&self) -> impl Iterator<Item = &str> {
        self.frames.iter().flat_map(|(_, functions)| functions).map(|function| &*function.name)
    }
}

/// The stacks of the threads of `program`'s snapshot, in its order.
pub fn stacks(program: &Program<'_>, limits: &Limits) -> Vec<ThreadStack> {
    let threads = program.snapshot.facts.threads.iter().take(limits.threads);
    threads
        .map(|thread| {
            let stack = unwind(program, thread, limits);
            let named = |frame: Frame| {
                let functions = functions(program, &frame);
                (frame, functions)
            };
            ThreadStack {
                thread: thread.id,
                frames: stack.frames.into_iter().map(named).collect(),
                gaps: stack.gaps,
            }
        })
        .collect()
}
