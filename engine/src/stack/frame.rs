//! One frame of a call stack, and what its functions are called.

use std::rc::Rc;

use crate::address::Address;
use crate::arch::Registers;
use crate::evidence::{Gap, Trust};
use crate::program::{ImageId, Program};
use crate::symbols::{CodeFrame, UnwindRow};

/// A thread's call stack.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Stack {
    /// Its frames, innermost first.
    pub frames: Vec<Frame>,
    /// Why it ends early, if it does.
    pub gaps: Vec<Gap>,
}

/// One frame: one machine-code function that has been called and has not returned.
#[derive(Clone, PartialEq, Debug)]
pub struct Frame {
    /// The registers as they are, or will be, when this function goes on; absent where lost.
    pub registers: Registers,
    /// The stack pointer before this function was called; absent where nothing tells it.
    pub cfa: Option<Address>,
    /// The instruction at which it goes on.
    pub pc: Address,
    /// An address within the instruction that it is at: in a caller the last byte of the call,
    /// because what follows may belong to other code.
    pub lookup_pc: Address,
    /// The image it is code of.
    pub image: Option<ImageId>,
    /// Whether this is the trampoline that a signal handler returns to.
    pub is_signal_trampoline: bool,
    /// How sure this frame is: never surer than those before it.
    pub trust: Trust,
}

/// How a frame was left.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Left {
    /// It is where the thread runs, or was interrupted between two instructions.
    Between,
    /// By a call, behind which pc stands.
    ByCall,
}

impl Frame {
    /// The frame with these registers, and how to leave it where its image says that.
    pub(super) fn new(
        program: &Program<'_>,
        registers: Registers,
        left: Left,
        trust: Trust,
    ) -> (Frame, Option<Rc<UnwindRow>>) {
        let pc = registers.pc();
        let within = match left {
            Left::Between => pc,
            Left::ByCall => pc.back(1),
        };
        // A handler "returns" to the first instruction of a trampoline that called nothing.
        let trampoline = row_at(program, pc).filter(|row| row.is_signal_frame);
        let is_signal_trampoline = trampoline.is_some();
        let lookup_pc = if is_signal_trampoline { pc } else { within };
        let frame = Frame {
            registers,
            cfa: None,
            pc,
            lookup_pc,
            image: program.image_at(lookup_pc).map(|(image, _)| image),
            is_signal_trampoline,
            trust,
        };
        (frame, trampoline.or_else(|| row_at(program, lookup_pc)))
    }

    /// How the frame around this one was left.
    pub(super) fn leaves(&self) -> Left {
        match self.is_signal_trampoline {
            true => Left::Between,
            false => Left::ByCall,
        }
    }
}

fn row_at(program: &Program<'_>, address: Address) -> Option<Rc<UnwindRow>> {
    let (image, address) = program.image_at(address)?;
    program.object(image)?.unwind_row(address)
}

/// The functions at `frame`: innermost inlined one first. Empty where no symbol is known.
pub fn functions(program: &Program<'_>, frame: &Frame) -> Vec<CodeFrame> {
    let place = program.image_at(frame.lookup_pc);
    let functions = place.and_then(|(image, address)| {
        let object = program.object(image)?;
        Some(object.functions_at(address))
    });
    functions.unwrap_or_default()
}
