//! For tests: a stopped process that is a few literals.

use std::path::Path;

use crate::address::{Address, ThreadId};
use crate::arch::{Registers, SYSCALL_INSTRUCTION};
use crate::program::Program;
use crate::snapshot::synth::Synth;
use crate::snapshot::{Mapping, Thread};
use crate::symbols::Objects;

/// Where the stack of a synthetic process begins.
pub(super) const STACK: u64 = 0x7000;

/// Where its code begins, which no file describes.
pub(super) const CODE: u64 = 0x1000;

/// The instruction behind a system call in that code.
pub(super) const CALLED: u64 = CODE + 0x102;

const PAGE: u64 = 0x1000;

/// Runs `check` over a process whose one thread has these words from the stack pointer on.
pub(super) fn with_process(words: &[u64], check: impl FnOnce(&Program<'_>)) {
    let words: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
    let snapshot = Synth::new()
        .mapping(mapping(CODE, true))
        .mapping(mapping(STACK, false))
        .bytes(Address(STACK), &words)
        .bytes(Address(CODE + 0x100), &SYSCALL_INSTRUCTION)
        .build();
    let (program, _) = Program::new(&snapshot, &Objects::default(), &Path::to_owned);
    check(&program);
}

/// A thread of a synthetic process, at `pc`, with this frame pointer.
pub(super) fn thread(pc: u64, frame_pointer: u64) -> Thread {
    let mut registers = Registers::from_pc_and_sp(Address(pc), Address(STACK), 0);
    registers.set(gimli::X86_64::RBP, Some(frame_pointer));
    Thread {
        id: ThreadId(1),
        name: "synthetic".to_owned(),
        registers,
        state: 'S',
        syscall: None,
        cpu: 0,
        voluntary_switches: 0,
        involuntary_switches: 0,
    }
}

fn mapping(start: u64, executable: bool) -> Mapping {
    Mapping {
        start: Address(start),
        end: Address(start + PAGE),
        offset: 0,
        readable: true,
        writable: !executable,
        executable,
        private: true,
        inode: 0,
        path: String::new(),
    }
}
