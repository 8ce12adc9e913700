//! One stop of a process, immutable: its threads, mappings and descriptors, and its memory.
//!
//! A snapshot remembers each page that was read, so that it can be archived and read again without
//! the process. It does not know what the bytes mean: see [`crate::program`].

mod ahead;
pub mod archive;
mod facts;
mod live;
mod maps;
mod memory;
mod streams;
pub mod synth;

pub use facts::{Descriptor, Facts, Mapping, Moment, Occasion};
pub use memory::{Source, Unreadable};
pub use streams::{Ends, Streams};

pub use crate::process::{Clock, Socket, Surroundings, Syscall, Thread, Watched};

use std::ops::Range;

use crate::address::Address;
use memory::Memory;

/// One stop of a process.
pub struct Snapshot {
    /// What `/proc` and ptrace said of the process at this stop.
    pub facts: Facts,
    memory: Memory,
}

impl Snapshot {
    /// A snapshot whose memory is read from `source` as it is asked for, at most `limit` bytes of
    /// it in all.
    pub fn new(facts: Facts, source: Box<dyn Source>, limit: usize) -> Snapshot {
        Snapshot { facts, memory: Memory::new(source, limit) }
    }

    /// Fills `buffer` from `address` on. Nothing is filled when any part cannot be read.
    pub fn read(&self, address: Address, buffer: &mut [u8]) -> Result<(), Unreadable> {
        self.memory.read(address, buffer)
    }

    /// Shows the readable memory of `range` in pieces, in order of address, and remembers none of
    /// it: read again what was found, so that it is found in the archive too. A snapshot without a
    /// source shows what it remembers. Pieces are cut between pages, so that nothing that is aligned
    /// lies in two.
    pub fn scan(&self, range: Range<Address>, show: &mut dyn FnMut(Address, &[u8])) {
        self.memory.scan(range, show);
    }

    /// Gives up the source: from now on only remembered pages can be read. To be called when the
    /// process is about to run on.
    pub fn seal(&mut self) {
        self.memory.seal();
    }
}
