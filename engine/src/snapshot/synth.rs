//! Snapshots made of literals, for tests.

use std::path::PathBuf;
use std::rc::Rc;

use rustc_hash::FxHashMap;

use crate::address::{Address, ProcessId, ThreadId};
use crate::arch::Registers;
use crate::snapshot::memory::{Memory, PAGE};
use crate::snapshot::{Clock, Facts, Mapping, Snapshot, Thread};

/// A snapshot under construction: bytes at addresses, and threads.
pub struct Synth {
    facts: Facts,
    parts: Vec<(Address, Vec<u8>)>,
}

impl Default for Synth {
    fn default() -> Synth {
        Synth::new()
    }
}

impl Synth {
    /// A process without memory and threads.
    pub fn new() -> Synth {
        Synth {
            facts: Facts {
                process: ProcessId(1),
                clock: Clock::default(),
                executable: PathBuf::from("/synthetic"),
                threads: Vec::new(),
                mappings: Vec::new(),
                descriptors: Vec::new(),
                sockets: Vec::new(),
                surroundings: None,
                ended: 0,
                moment: None,
            },
            parts: Vec::new(),
        }
    }

    /// With a moment of the stop.
    pub fn clock(mut self, clock: Clock) -> Synth {
        self.facts.clock = clock;
        self
    }

    /// With these bytes; the rest of their pages is 0 and can be read, too.
    pub fn bytes(mut self, address: Address, bytes: &[u8]) -> Synth {
        self.parts.push((address, bytes.to_vec()));
        self
    }

    /// With this 8-byte number.
    pub fn number(self, address: Address, number: u64) -> Synth {
        self.bytes(address, &number.to_le_bytes())
    }

    /// With this mapping, which brings no bytes.
    pub fn mapping(mut self, mapping: Mapping) -> Synth {
        self.facts.mappings.push(mapping);
        self.facts.mappings.sort_by_key(|mapping| mapping.start);
        self
    }

    /// With a sleeping thread of this name.
    pub fn thread(mut self, id: ThreadId, name: &str, registers: Registers) -> Synth {
        self.facts.threads.push(Thread {
            id,
            name: name.to_owned(),
            registers,
            state: 'S',
            syscall: None,
            cpu: 0,
            voluntary_switches: 0,
            involuntary_switches: 0,
        });
        self
    }

    /// The snapshot. Where bytes overlap, the later ones count.
    pub fn build(self) -> Snapshot {
        let mut pages = FxHashMap::default();
        for (address, bytes) in self.parts {
            for (at, byte) in (address.0..).zip(bytes) {
                let page = pages.entry(at / PAGE as u64).or_insert([0; PAGE]);
                if let Some(slot) = page.get_mut((at % PAGE as u64) as usize) {
                    *slot = byte;
                }
            }
        }
        let pages = pages.into_iter().map(|(number, page)| (number, Some(Rc::new(page))));
        Snapshot { facts: self.facts, memory: Memory::sealed(pages.collect()) }
    }
}
