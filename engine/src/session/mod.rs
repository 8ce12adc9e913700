//! The facade: captures a process and makes its report. This is the library's API boundary.

mod error;

pub use error::Error;

use std::path::Path;
use std::time::Duration;

use crate::address::ProcessId;
use crate::limits::Limits;
use crate::report::{Report, Subject};
use crate::snapshot::Snapshot;

/// What a capture is asked for.
#[derive(Clone, Debug)]
pub struct Request {
    /// The process.
    pub process: ProcessId,
    /// What the report calls it.
    pub subject: Subject,
    /// How long the process may run between the two looks.
    pub apart: Duration,
    /// Bounds on what is read.
    pub limits: Limits,
}

/// Two looks at one process, from which its report is made.
pub struct Capture {
    /// What the report calls it.
    pub subject: Subject,
    first: Snapshot,
    second: Snapshot,
}

/// Whether an archive carries the binary itself.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Bundle {
    /// A hard link beside the archive, or nothing when that cannot be made.
    Link,
    /// A copy.
    Copy,
}

impl Capture {
    /// Stops the process twice, for a few milliseconds each, and lets it run on.
    ///
    /// Blocks for `request.apart` and the time that reading debug info takes. The calling thread is
    /// the process's tracer for that time; no other thread may trace it.
    pub fn take(request: &Request) -> Result<Capture, Error> {
        Err(Error::Gone(request.process))
    }

    /// The report. The same capture gives the same report, also after [`Capture::save`] and
    /// [`Capture::open`].
    pub fn report(&self) -> Report {
        let _ = (&self.first, &self.second);
        std::process::abort()
    }

    /// Writes the capture to the file `path`, with the binary beside it.
    pub fn save(&self, path: &Path, bundle: Bundle) -> Result<(), Error> {
        let _ = (path, bundle);
        Err(Error::Gone(ProcessId(0)))
    }

    /// Reads a saved capture back.
    pub fn open(path: &Path) -> Result<Capture, Error> {
        let _ = path;
        Err(Error::Gone(ProcessId(0)))
    }
}
