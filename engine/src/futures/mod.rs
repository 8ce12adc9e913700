//! Futures in memory: the compiler's state machines and the types around them, as await chains.
//!
//! A coroutine says where it is suspended and holds the future it awaits; any other type is
//! searched for the futures inside. What a leaf waits for is a runtime's business: see [`Leaves`].
//! What coroutines keep beside is surveyed for futures that nothing polls and for what is held.

mod borrowed;
mod collections;
mod containers;
mod coroutine;
mod counted;
mod hidden;
mod interest;
mod kept;
mod leaf;
mod lines;
mod names;
mod part;
mod polls;
mod settle;
mod survey;
mod variables;
mod walk;

pub use collections::elements;
pub use coroutine::{Coroutine, coroutine_kind, written_at};
pub use leaf::{Leaf, LeafTables};
pub use lines::await_line;
pub use names::{coroutine_name, function_name, simplified, type_name, unboxed};
pub use settle::settled;
pub use survey::{FrameVariable, Survey};
pub use variables::variables;
pub use walk::{Leaves, Walk, Walker, source_name};
