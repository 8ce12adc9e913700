//! What can keep an archive from being written or read.

use std::io;
use std::path::{Path, PathBuf};

use crate::snapshot::archive::FORMAT;

/// Why an archive could not be written or read.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It could not be written.
    #[error("cannot write {path}")]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// What is to be kept has no JSON form.
    #[error("cannot write {path}: its header has no JSON form")]
    Header {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: serde_json::Error,
    },
    /// It could not be read.
    #[error("cannot read {path}")]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The binary could not be put beside it.
    #[error("cannot put {binary} beside the capture as {path}")]
    Binary {
        /// The binary.
        binary: PathBuf,
        /// Where it should be.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// It is no archive.
    #[error("{path} is no capture of this tool")]
    NotAnArchive {
        /// The file.
        path: PathBuf,
    },
    /// It was written by a later version.
    #[error("{path} has format {format} and this version reads up to {FORMAT}: use a newer one")]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its format.
        format: u32,
    },
    /// It was written by an earlier version whose format is no longer read.
    #[error("{path} has format {format}, which this version no longer reads: use an older one")]
    Older {
        /// The file.
        path: PathBuf,
        /// Its format.
        format: u32,
    },
    /// It ends too early.
    #[error("{path} is cut off: it ends within its {part}")]
    Truncated {
        /// The file.
        path: PathBuf,
        /// The part that is missing.
        part: &'static str,
    },
    /// It is damaged.
    #[error("{path} is damaged: {part}")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        part: &'static str,
    },
    /// It holds more than may be read.
    #[error("{path} holds more than the {limit} bytes that may be read of it")]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// The limit.
        limit: usize,
    },
}

/// What is wrong with the bytes of an archive, wherever they come from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Fault {
    NotAnArchive,
    Newer(u32),
    Older(u32),
    Truncated(&'static str),
    Damaged(&'static str),
    TooLarge(usize),
}

impl Fault {
    /// The error about this file.
    pub(super) fn of(self, path: &Path) -> Error {
        let path = path.to_owned();
        match self {
            Fault::NotAnArchive => Error::NotAnArchive { path },
            Fault::Newer(format) => Error::Newer { path, format },
            Fault::Older(format) => Error::Older { path, format },
            Fault::Truncated(part) => Error::Truncated { path, part },
            Fault::Damaged(part) => Error::Damaged { path, part },
            Fault::TooLarge(limit) => Error::TooLarge { path, limit },
        }
    }
}
