//! The bounds on everything that is read from a traced process or a file.

use serde::{Deserialize, Serialize};

/// How much may be read before an answer becomes a gap. Counts are of items, sizes of bytes.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Most tasks listed per process.
    pub tasks: usize,
    /// Deepest chain of futures, of pointers followed or of nested types.
    pub depth: usize,
    /// Most futures read per task.
    pub futures_per_task: usize,
    /// Most frames of one thread's stack.
    pub frames: usize,
    /// Most threads of a process.
    pub threads: usize,
    /// Most elements of one list or slice.
    pub elements: usize,
    /// Longest string read, in bytes.
    pub string: usize,
    /// Most memory that is searched for tasks, in bytes.
    pub scan: u64,
    /// Most memory that one snapshot remembers, in bytes.
    pub snapshot_bytes: usize,
    /// How much of variables' values is told.
    pub values: Values,
}

/// How much of values is told.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Values {
    /// None of them.
    None,
    /// What fits on a line, of libraries' own structures the outermost.
    #[default]
    Short,
    /// All, down to a great depth.
    Full,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            tasks: 1_000_000,
            depth: 128,
            futures_per_task: 100_000,
            frames: 512,
            threads: 10_000,
            elements: 1_000_000,
            string: 4096,
            scan: 2 << 30,
            snapshot_bytes: 4 << 30,
            values: Values::Short,
        }
    }
}
