//! What can keep a process from being captured or a capture from being read.

use std::io;
use std::path::PathBuf;

use crate::address::ProcessId;
use crate::symbols;

/// Why there is no capture.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no such process, or it ended meanwhile.
    #[error("process {0} has ended")]
    Gone(ProcessId),
    /// The file could not be read or written.
    #[error("cannot use {path}")]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The program's file cannot be read.
    #[error(transparent)]
    Symbols(#[from] symbols::Error),
}
