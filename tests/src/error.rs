//! What can keep an end-to-end test from being made.

use std::io;
use std::path::{Path, PathBuf};

/// Why a test could not be made.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file or folder.
    #[error("{path}: {source}")]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A program that could not be started.
    #[error("cannot run `{program}`: {source}")]
    Start {
        /// Which.
        program: String,
        /// Why.
        source: io::Error,
    },
    /// A program that failed.
    #[error("`{program}` failed ({status}):\n{output}")]
    Failed {
        /// Which, with its arguments.
        program: String,
        /// How it ended.
        status: String,
        /// What it printed.
        output: String,
    },
    /// JSON that is not what it should be.
    #[error("{what}: {source}")]
    Json {
        /// Which document.
        what: String,
        /// Why.
        source: serde_json::Error,
    },
    /// A mark that cannot be understood.
    #[error("line {line}: {why}: `{mark}`")]
    Mark {
        /// Where.
        line: u32,
        /// The mark.
        mark: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// Something that a program should have made is not there.
    #[error("{0} is missing")]
    Missing(String),
}

impl Error {
    /// For `map_err` on what concerns the file `path`.
    pub fn file(path: &Path) -> impl FnOnce(io::Error) -> Error {
        let path = path.to_owned();
        move |source| Error::File { path, source }
    }
}
