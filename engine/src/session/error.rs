//! What can keep a process from being captured or a capture from being read.

use std::io;
use std::path::{Path, PathBuf};

use crate::process;
use crate::snapshot::archive;
use crate::symbols;

/// Why there is no capture.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The process could not be stopped or read.
    #[error(transparent)]
    Process(#[from] process::Error),
    /// The capture could not be written or read.
    #[error(transparent)]
    Archive(#[from] archive::Error),
    /// A folder for the capture of a child cannot be made.
    #[error("{path}: {source}")]
    Folder {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The program's file cannot be read.
    #[error(transparent)]
    Symbols(#[from] symbols::Error),
    /// The machine ignores the traps that panics are met by.
    #[error("this machine takes hardware breakpoints and ignores them, so panics cannot be met")]
    NoTraps,
    /// Only another build of the binary is there.
    #[error(
        "the binary that was captured is gone: {0} is another build. Check out the commit that was tested and build it again, or keep the file `binary` beside the capture"
    )]
    OtherBuild(PathBuf),
    /// The binary is not there.
    #[error(
        "the binary that was captured is gone: {0}. Put it there, or beside the capture under the name `binary`"
    )]
    NoBinary(PathBuf),
}

impl Error {
    pub(super) fn folder(path: &Path, source: io::Error) -> Error {
        Error::Folder { path: path.to_owned(), source }
    }

    /// Whether the process has just ended: an ordinary event.
    pub fn is_ended(&self) -> bool {
        matches!(self, Error::Process(process::Error::Gone(_) | process::Error::Zombie { .. }))
    }
}
