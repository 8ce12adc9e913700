//! Snapshots of a process that is there.

use std::ops::Range;
use std::path::PathBuf;

use crate::address::Address;
use crate::limits::Limits;
use crate::process::{self, Clock, Process, Stopped, Thread};
use crate::snapshot::{Descriptor, Facts, Snapshot, Source, maps};

impl Facts {
    /// What `/proc` says of a process that runs on, its registers and memory apart.
    pub fn glance(process: &Process) -> Result<Facts, process::Error> {
        facts(process, process.observe()?, Clock::now())
    }
}

impl Snapshot {
    /// A snapshot of a stop. Memory is read as it is asked for: [`Snapshot::seal`] it before the
    /// process runs on.
    pub fn take(stopped: &Stopped<'_>, limits: &Limits) -> Result<Snapshot, process::Error> {
        let threads = stopped.threads().to_vec();
        let mut snapshot = snapshot(stopped.process(), threads, stopped.clock(), limits)?;
        snapshot.facts.ended = stopped.ended();
        Ok(snapshot)
    }

    /// A snapshot of a process that runs on, with the threads of an earlier stop. What is read
    /// changes under the reader's hands and may contradict itself: good for finding out which
    /// symbols will be needed, not for a report.
    pub fn live(
        process: &Process,
        threads: Vec<Thread>,
        limits: &Limits,
    ) -> Result<Snapshot, process::Error> {
        snapshot(process, threads, Clock::now(), limits)
    }
}

fn snapshot(
    process: &Process,
    threads: Vec<Thread>,
    clock: Clock,
    limits: &Limits,
) -> Result<Snapshot, process::Error> {
    let facts = facts(process, threads, clock)?;
    let source = Live { hidden: process.arguments()?, memory: process.memory()? };
    Ok(Snapshot::new(facts, Box::new(source), limits.snapshot_bytes))
}

fn facts(process: &Process, threads: Vec<Thread>, clock: Clock) -> Result<Facts, process::Error> {
    let open = process.descriptors()?;
    let descriptor = |(number, target): &(i32, PathBuf)| Descriptor {
        number: *number,
        target: target.to_string_lossy().into_owned(),
    };
    let descriptors: Vec<Descriptor> = open.iter().map(descriptor).collect();
    Ok(Facts {
        process: process.id(),
        clock,
        executable: process.executable()?,
        threads,
        mappings: maps::parse(&process.maps()?),
        sockets: process.sockets(&descriptors.iter().filter_map(Descriptor::socket).collect()),
        descriptors,
        surroundings: Some(process.surroundings(&open)),
        ended: 0,
        moment: None,
    })
}

/// The memory of a process without its arguments and environment, which read as zeros: here and
/// not only in the archive, so that both give the same report.
struct Live {
    memory: process::Memory,
    hidden: Vec<Range<Address>>,
}

impl Source for Live {
    fn fill(&self, address: Address, buffer: &mut [u8]) -> bool {
        if !self.memory.read(address, buffer) {
            return false;
        }
        for range in &self.hidden {
            hide(range, address, buffer);
        }
        true
    }
}

/// Zeroes the part of `buffer`, which was read from `address`, that lies in `range`.
fn hide(range: &Range<Address>, address: Address, buffer: &mut [u8]) {
    let index = |at: Address| {
        let distance = at.0.saturating_sub(address.0);
        usize::try_from(distance).unwrap_or(usize::MAX).min(buffer.len())
    };
    let (from, to) = (index(range.start), index(range.end));
    if let Some(bytes) = buffer.get_mut(from..to) {
        bytes.fill(0);
    }
}

#[cfg(test)]
mod tests {
    use super::hide;
    use crate::address::Address;

    fn check(from: u64, to: u64, expected: &str) {
        let mut buffer = *b"abcdefgh";
        hide(&(Address(from)..Address(to)), Address(100), &mut buffer);
        let shown = buffer.map(|byte| if byte == 0 { b'.' } else { byte });
        assert_eq!(std::str::from_utf8(&shown).unwrap(), expected, "{from}..{to}");
    }

    #[test]
    fn what_lies_in_the_range_is_zeroed() {
        check(0, 100, "abcdefgh");
        check(90, 102, "..cdefgh");
        check(103, 105, "abc..fgh");
        check(106, 200, "abcdef..");
        check(108, 200, "abcdefgh");
        check(0, u64::MAX, "........");
        check(105, 103, "abcdefgh");
    }
}
