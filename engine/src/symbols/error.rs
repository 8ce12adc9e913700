//! What can keep a file's symbols from being read.

use std::io;
use std::path::PathBuf;

/// Why an object file could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file could not be opened or mapped.
    #[error("cannot read {path}")]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The file is no ELF file of this machine, or is damaged.
    #[error("{path} is not an ELF file that can be read")]
    Elf {
        /// The file.
        path: PathBuf,
        /// What the parser said.
        source: object::Error,
    },
    /// The debug info is damaged.
    #[error("the debug info of {path} cannot be read")]
    Dwarf {
        /// The file.
        path: PathBuf,
        /// What the parser said.
        source: gimli::Error,
    },
    /// The file is another build than the one that was asked for.
    #[error("{path} is another build than the one that runs: it was rebuilt or replaced meanwhile")]
    OtherBuild {
        /// The file.
        path: PathBuf,
    },
}
