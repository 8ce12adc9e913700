//! A source line as a capture keeps it.

use serde::{Deserialize, Serialize};

/// One source line by its place.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub struct SourceLine {
    /// The file, as it was asked for.
    pub file: String,
    /// The line, from 1.
    pub line: u32,
    /// Its text.
    pub text: String,
}
