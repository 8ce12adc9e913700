//! Typed places in a stopped process, and how to walk from one to the next.
//!
//! A [`Place`] is an address and a type. Everything is found by type and field name; nothing knows
//! an offset. Reading may fail at each step, which is `None` here and a gap where it matters.

mod place;
mod render;
mod search;
mod sequence;
mod statics;
mod tables;
mod thread_local;

pub use place::{Place, Pointee};
pub use render::{NOT_FOLLOWED, References, Structures, ValueLimits, is_secret, render};
pub use search::search;
pub use sequence::{element_type, elements};
pub use statics::{all_statics, statics};
pub use tables::{HASH_TABLE, hash_entries};
pub use thread_local::ThreadLocals;
