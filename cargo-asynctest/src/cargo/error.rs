//! What can keep tests from being built.

use std::io;
use std::path::PathBuf;

/// Why nothing was built.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// A program could not be started.
    #[error("cannot run `{program}`: {source}")]
    Program {
        /// The program.
        program: String,
        /// What the system said.
        source: io::Error,
    },
    /// Cargo failed, and has said why.
    #[error("cargo failed")]
    Cargo,
    /// A program's answer was not understood.
    #[error("`{program}` gave an answer that cannot be read: {what}")]
    Answer {
        /// The program.
        program: String,
        /// What was wrong with it.
        what: String,
    },
    /// A file could not be read.
    #[error("cannot read {path}: {source}")]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A file, or a `--config`, is not TOML.
    #[error("cannot read {place} as TOML: {what}")]
    Toml {
        /// Where it stands.
        place: String,
        /// What was wrong with it.
        what: String,
    },
}

impl Error {
    /// What is left to be said: nothing when cargo has said it.
    pub(crate) fn unsaid(&self) -> Option<String> {
        match self {
            Error::Cargo => None,
            Error::Program { .. }
            | Error::Answer { .. }
            | Error::File { .. }
            | Error::Toml { .. } => Some(self.to_string()),
        }
    }
}
