//! A traced process at a stop, as a program: its images are found once, its memory is read anew.

use std::path::Path;
use std::rc::Rc;

use crate::address::Address;
use crate::limits::Limits;
use crate::process::{self, Clock, Process, Thread, Traced};
use crate::program::{Images, Program};
use crate::snapshot::{Facts, Snapshot, Source};
use crate::symbols::Objects;

/// Shows a traced process.
pub struct View {
    limits: Limits,
    memory: Rc<process::Memory>,
    facts: Facts,
    images: Images,
}

impl View {
    /// A view of the program that the process runs now.
    pub fn new(
        traced: &Traced,
        objects: &Objects,
        limits: &Limits,
    ) -> Result<View, process::Error> {
        let process = Process::open(traced.id())?;
        let snapshot = Snapshot::live(&process, Vec::new(), limits)?;
        let (program, _) = Program::new(&snapshot, objects, &Path::to_owned);
        let images = program.keep_images();
        Ok(View {
            memory: Rc::new(traced.memory()?),
            limits: limits.clone(),
            facts: snapshot.facts,
            images,
        })
    }

    /// The process with these threads, which stand still; the others run on and may change what
    /// they share with them.
    pub fn snapshot(&self, threads: Vec<Thread>) -> Snapshot {
        self.snapshot_with(threads, Vec::new())
    }

    /// The same with some bytes that are not in the process's memory, such as a register's, at
    /// [`OUTSIDE`].
    pub fn snapshot_with(&self, threads: Vec<Thread>, outside: Vec<u8>) -> Snapshot {
        let facts = Facts { threads, clock: Clock::now(), ..self.facts.clone() };
        let source = Live { memory: Rc::clone(&self.memory), outside };
        Snapshot::new(facts, Box::new(source), self.limits.snapshot_bytes)
    }

    /// The program in a snapshot of this view.
    pub fn program<'snapshot>(&self, snapshot: &'snapshot Snapshot) -> Program<'snapshot> {
        Program::at(snapshot, self.images.clone())
    }

    /// The files that it has mapped.
    pub fn images(&self) -> &Images {
        &self.images
    }

    /// The bounds on what is read.
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// The file it runs.
    pub fn executable(&self) -> &Path {
        &self.facts.executable
    }

    /// The 8-byte number at `address` now.
    pub fn word(&self, address: Address) -> Option<u64> {
        let mut bytes = [0; 8];
        self.memory.read(address, &mut bytes).then(|| u64::from_le_bytes(bytes))
    }
}

/// Where bytes lie in a snapshot that are nowhere in the process: the first page of the upper half,
/// which no process has.
pub const OUTSIDE: Address = Address(0xffff_8000_0000_0000);

struct Live {
    memory: Rc<process::Memory>,
    outside: Vec<u8>,
}

impl Source for Live {
    fn fill(&self, address: Address, buffer: &mut [u8]) -> bool {
        if address != OUTSIDE {
            return self.memory.read(address, buffer);
        }
        let length = self.outside.len().min(buffer.len());
        buffer.fill(0);
        if let (Some(to), Some(from)) = (buffer.get_mut(..length), self.outside.get(..length)) {
            to.copy_from_slice(from);
        }
        length > 0
    }
}
