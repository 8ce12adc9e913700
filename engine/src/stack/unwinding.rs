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
        Left::Between => caller::after_clone(program, &frame.registers)
            .or_else(|| caller::at_start(program, &frame.registers))
            .or_else(|| caller::by_frame_pointer(program, &frame.registers)),
        Left::ByCall => caller::by_frame_pointer(program, &frame.registers),
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

#[cfg(test)]
mod tests {
    use super::unwind;
    use crate::evidence::Trust;
    use crate::limits::Limits;
    use crate::stack::synthetic::{CALLED, CODE, STACK, thread, with_process};

    /// Unwinds a thread at `pc` with this frame pointer, and these words from the stack pointer on.
    fn check(pc: u64, frame_pointer: u64, words: &[u64], expected: &[(u64, Trust)], why: &str) {
        with_process(words, |program| {
            let stack = unwind(program, &thread(pc, frame_pointer), &Limits::default());
            let frames: Vec<(u64, Trust)> =
                stack.frames.iter().map(|frame| (frame.pc.0, frame.trust)).collect();
            assert_eq!(frames, expected);
            assert_eq!(stack.gaps.len(), 1);
            assert_eq!(stack.gaps[0].what, "outer frames of thread 1 (synthetic)");
            assert_eq!(stack.gaps[0].why, why);
        });
    }

    #[test]
    fn frame_pointers_are_followed_where_nothing_else_is_known_and_that_is_said() {
        check(
            CODE,
            STACK + 8,
            &[0, STACK + 32, CODE + 0x10, 0, 0, CODE + 0x20, 0, 0],
            &[(CODE, Trust::Read), (CODE + 0x10, Trust::Guessed), (CODE + 0x20, Trust::Guessed)],
            "code at 0x1020, which is of no file, has no call frame information",
        );
    }

    #[test]
    fn a_frame_pointer_that_leads_down_or_nowhere_is_not_followed() {
        let why = "code at 0x1000, which is of no file, has no call frame information";
        let only = [(CODE, Trust::Read)];
        check(CODE, STACK + 8, &[0, STACK, CODE + 0x10], &only, why);
        check(CODE, STACK + 8, &[0, STACK + 8, CODE + 0x10], &only, why);
        check(CODE, STACK + 8, &[0, STACK + 24, STACK], &only, why);
        check(CODE, 0xdead_beef, &[0], &only, why);
    }

    #[test]
    fn a_thread_that_was_just_born_has_no_caller() {
        with_process(&[CODE + 0x10], |program| {
            let mut newborn = thread(CALLED, 0);
            newborn.registers.set(gimli::X86_64::RAX, Some(0));
            let stack = unwind(program, &newborn, &Limits::default());
            assert_eq!((stack.frames.len(), stack.gaps.len()), (1, 0));
            newborn.registers.set(gimli::X86_64::RAX, Some(7));
            let stack = unwind(program, &newborn, &Limits::default());
            assert_eq!(stack.frames.get(1).map(|frame| frame.pc.0), Some(CODE + 0x10));
        });
    }

    #[test]
    fn a_call_to_what_is_no_code_is_followed_back() {
        check(
            0,
            0,
            &[CODE + 0x10],
            &[(0, Trust::Read), (CODE + 0x10, Trust::Guessed)],
            "code at 0x1010, which is of no file, has no call frame information",
        );
    }
}
