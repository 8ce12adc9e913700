//! Where a value lies, or why that is not known.

use std::ops::Range;

use crate::address::Address;

/// Where a value of a frame lies.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Place {
    /// In memory, from this address on.
    Memory(Address),
    /// In registers or in the debug info itself: a copy of its bytes. May be longer than the value,
    /// because registers are; then the value is the first bytes.
    Value {
        /// The bytes.
        bytes: Vec<u8>,
        /// Which of them are not known, because the compiler kept only the rest.
        missing: Vec<Range<usize>>,
    },
}

/// Why a value cannot be found.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Unavailable {
    /// The compiler kept no copy, or recorded none.
    #[error("optimized out")]
    OptimizedOut,
    /// It was in a register (by DWARF number) that a called function was free to overwrite.
    #[error("it was in register {0}, which called functions may overwrite")]
    RegisterLost(u16),
    /// It is the value that a parameter had at entry, and the caller does not keep that.
    #[error("only its value at the function's entry is described")]
    EntryValue,
    /// Its place depends on memory that cannot be read.
    #[error("cannot read memory at {0}")]
    Unreadable(Address),
    /// Its place is described in a way that is not evaluated here.
    #[error("its place is described by {0}, which is not supported")]
    Unsupported(&'static str),
    /// The description is damaged.
    #[error("the description of its place is damaged")]
    Damaged,
}
