//! How much of a value is shown.

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
        }
    }
}

impl ValueLimits {
    /// Bounds for a value on a line of its own.
    pub fn line() -> ValueLimits {
        ValueLimits { elements: 16, depth: 6, text: 80, output: 200, order: HashOrder::Sorted }
    }
}
