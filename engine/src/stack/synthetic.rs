//! For tests: a stopped process that is a few literals.

use std::path::{Path, PathBuf};

use crate::address::{Address, ProcessId, ThreadId};
use crate::arch::Registers;
use crate::process::{Clock, Thread};
use crate::program::Program;
use crate::snapshot::{Facts, Mapping, Snapshot, Source};
use crate::symbols::Objects;

/// Where the stack of a synthetic process begins.
pub(super) const STACK: u64 = 0x7000;

/// Where its code begins, which no file describes.
pub(super) const CODE: u64 = 0x1000;

const PAGE: u64 = 0x1000;

/// Runs `check` over a process whose one thread has these words from the stack pointer on.
pub(super) fn with_process(words: &[u64], check: impl FnOnce(&Program<'_>)) {
    let facts = Facts {
        process: ProcessId(1),
        clock: Clock { monotonic: 0, realtime: 0 },
        executable: PathBuf::from("/synthetic"),
        threads: Vec::new(),
        mappings: vec![mapping(CODE, true), mapping(STACK, false)],
        descriptors: Vec::new(),
    };
    let words = words.iter().flat_map(|word| word.to_le_bytes()).collect();
    let snapshot = Snapshot::new(facts, Box::new(Words(words)), usize::MAX);
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

/// The words on the stack; all else cannot be read.
struct Words(Vec<u8>);

impl Source for Words {
    fn fill(&self, address: Address, buffer: &mut [u8]) -> bool {
        if address != Address(STACK) {
            return false;
        }
        buffer.fill(0);
        buffer[..self.0.len()].copy_from_slice(&self.0);
        true
    }
}
