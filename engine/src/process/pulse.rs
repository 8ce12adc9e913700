//! Whether a process does anything at all, at the price of a read a thread: nothing is stopped, and
//! its files in `/proc` stay open.

use std::fs::File;
use std::os::unix::fs::FileExt;

use crate::address::{ProcessId, ThreadId};
use crate::process::procfs;

/// Most threads that are watched; a process with more always counts as one that does something.
const MOST_THREADS: usize = 1024;

/// What is known of one thread.
#[derive(Debug)]
struct Meter {
    thread: ThreadId,
    /// Its `schedstat`: the time it ran, the time it waited for a CPU, how often it got one.
    file: File,
    last: Reading,
}

/// What `schedstat` said: three numbers of at most 20 digits.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Reading {
    text: [u8; 64],
    length: usize,
}

/// Watches the threads of a process.
#[derive(Debug)]
pub struct Pulse {
    process: ProcessId,
    meters: Vec<Meter>,
}

impl Pulse {
    /// Watches this process, which counts as one that does something at first.
    pub fn new(process: ProcessId) -> Pulse {
        Pulse { process, meters: Vec::new() }
    }

    /// Whether a thread of it has run since the last call, or that cannot be told. New threads are
    /// noticed: their parent runs.
    pub fn beats(&mut self) -> bool {
        let is_still = !self.meters.is_empty()
            && self.meters.iter().all(|meter| Reading::of(&meter.file) == Some(meter.last));
        if !is_still {
            self.meters = self.read();
        }
        !is_still
    }

    /// All threads as they are now; none when one of them cannot be read.
    fn read(&self) -> Vec<Meter> {
        let threads = procfs::threads(self.process).unwrap_or_default();
        if threads.len() > MOST_THREADS {
            return Vec::new();
        }
        let meter = |thread: ThreadId| {
            let known = self.meters.iter().find(|meter| meter.thread == thread);
            let file = match known {
                Some(known) => known.file.try_clone().ok()?,
                None => File::open(procfs::path(self.process, thread, "schedstat")).ok()?,
            };
            let last = Reading::of(&file)?;
            Some(Meter { thread, file, last })
        };
        threads.into_iter().map(meter).collect::<Option<_>>().unwrap_or_default()
    }
}

impl Reading {
    fn of(file: &File) -> Option<Reading> {
        let mut reading = Reading { text: [0; 64], length: 0 };
        reading.length = file.read_at(&mut reading.text, 0).ok()?;
        (reading.length > 0).then_some(reading)
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::process::{Command, Stdio};

    use super::Pulse;
    use crate::address::ProcessId;

    #[test]
    fn a_process_that_waits_has_none_until_it_goes_on() {
        let mut child =
            Command::new("cat").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut pulse = Pulse::new(ProcessId(child.id().cast_signed()));
        assert!(pulse.beats(), "nothing is known at first");
        // It has begun to wait when two sweeps agree, which they do in the end.
        while pulse.beats() {
            std::thread::yield_now();
        }
        child.stdin.as_mut().unwrap().write_all(b"x").unwrap();
        child.stdout.as_mut().unwrap().read_exact(&mut [0]).unwrap();
        assert!(pulse.beats());
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(pulse.beats(), "nothing is known of one that has ended");
    }
}
