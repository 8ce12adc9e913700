//! How much of a value is shown.

use std::collections::BTreeSet;
use std::rc::Rc;

use crate::symbols::Type;

/// Bounds on a value's text.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ValueLimits {
    /// Most elements of one list.
    pub elements: usize,
    /// Deepest nesting.
    pub depth: usize,
    /// Longest string, in bytes.
    pub text: usize,
    /// Longest text of the whole, in bytes.
    pub output: usize,
    /// Whether the elements of hash tables are sorted by their text.
    pub order: HashOrder,
    /// Whose structures are shown.
    pub structures: Structures,
    /// Which references are followed.
    pub references: References,
}

/// Which references are followed: what one leads to may be gone when it is not used any more.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum References {
    /// All.
    All,
    /// Those to what is there as long as the program is.
    Static,
}

/// Whose structures are shown down to the depth that is wanted.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Structures {
    /// Everybody's.
    All,
    /// Those of these crates and of the standard library; others show their own fields, and of their
    /// parts' structures the names.
    Of(Rc<BTreeSet<String>>),
}

impl Structures {
    /// Whether a value of this type is one of a library, whose parts say little.
    pub(super) fn is_brief(&self, type_: &Type) -> bool {
        const STANDARD: [&str; 3] = ["core", "alloc", "std"];
        match (self, type_.crate_name()) {
            (Structures::Of(own), Some(name)) => !STANDARD.contains(&name) && !own.contains(name),
            (Structures::All, _) | (Structures::Of(_), None) => false,
        }
    }
}

/// The order in which the elements of hash tables are shown.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum HashOrder {
    /// By their text: the same each time.
    Sorted,
    /// As the table has them.
    Kept,
}

impl Default for ValueLimits {
    fn default() -> ValueLimits {
        ValueLimits {
            elements: 1024,
            depth: 12,
            text: 4096,
            output: 64 << 10,
            order: HashOrder::Sorted,
            structures: Structures::All,
            references: References::All,
        }
    }
}

impl ValueLimits {
    /// Bounds for a value on a line of its own.
    pub fn line() -> ValueLimits {
        ValueLimits { elements: 16, depth: 6, text: 80, output: 200, ..ValueLimits::default() }
    }
}
