//! Walking a thread's stack from its innermost frame out.

use super::caller::{self, Caller};
use super::frame::{Frame, Left, Stack, functions};
use crate::evidence::{Gap, Trust};
use crate::limits::Limits;
use crate::program::Program;
use crate::snapshot::Thread;
use crate::symbols::UnwindRow;

/// The call stack of `thread`.
///
/// Follows call frame information; where a file has none for a function, a frame pointer that
/// leads to a plausible caller, and what is found behind that is guessed.
pub fn unwind(program: &Program<'_>, thread: &Thread, limits: &Limits) -> Stack {
    let mut stack = Stack::default();
    let mut next = Some((thread.registers.clone(), Left::Between, Trust::Read));
    while let Some((registers, left, trust)) = next.take() {
        if stack.frames.len() >= limits.frames {
            let why = format!("more than {} frames", limits.frames);
            stack.gaps.push(Gap::new(outer_frames(thread), why));
            break;
        }
        let (mut frame, row) = Frame::new(program, registers, left, trust);
        match caller_of(program, &frame, row.as_deref(), left) {
            Ok(caller) => {
                frame.cfa = Some(caller.cfa);
                if is_repeated(&stack, &frame) {
                    let why = "the stack leads back into itself";
                    stack.gaps.push(Gap::new(outer_frames(thread), why));
                    break;
                }
                let trust = trust.min(caller.trust);
                next = caller.registers.map(|registers| (registers, frame.leaves(), trust));
            }
            Err(why) => stack.gaps.push(Gap::new(outer_frames(thread), why)),
        }
        stack.frames.push(frame);
    }
    stack
}

/// The caller of `frame`, or why it is not known.
fn caller_of(
    program: &Program<'_>,
    frame: &Frame,
    row: Option<&UnwindRow>,
    left: Left,
) -> Result<Caller, String> {
    if let Some(row) = row {
        let caller = caller::by_row(program, frame, row);
        return caller.map_err(|why| format!("{}: {why}", place(program, frame)));
    }
    let guessed = match left {
        Left::Between if !caller::is_code(program, frame.pc) => {
            caller::at_entry(program, &frame.registers)
        }
        Left::Between | Left::ByCall => caller::by_frame_pointer(program, &frame.registers),
    };
    guessed.ok_or_else(|| format!("{} has no call frame information", place(program, frame)))
}

/// Whether an earlier frame is the same as this one.
fn is_repeated(stack: &Stack, frame: &Frame) -> bool {
    let same = |earlier: &Frame| earlier.pc == frame.pc && earlier.cfa == frame.cfa;
    stack.frames.iter().any(same)
}

fn outer_frames(thread: &Thread) -> String {
    format!("outer frames of thread {} ({})", thread.id, thread.name)
}

/// The code that `frame` is in, for people.
fn place(program: &Program<'_>, frame: &Frame) -> String {
    let function = functions(program, frame).pop().map(|function| function.name);
    let image = frame.image.and_then(|image| program.image(image));
    match (function, image) {
        (Some(function), Some(image)) => format!("{function} in {}", image.path.display()),
        (None, Some(image)) => format!("code at {} in {}", frame.pc, image.path.display()),
        (_, None) => format!("code at {}, which is of no file,", frame.pc),
    }
}
