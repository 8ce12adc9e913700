//! ELF and DWARF of one file, read lazily: nothing is indexed that was not asked for.
//!
//! An address leads through `.debug_aranges` to the few units it concerns; only those are parsed.
//! This module knows neither processes nor memory: see [`crate::program`] for the two together.

mod detail;
mod error;
mod ids;
#[expect(unsafe_code, reason = "mapping a file is unsafe; see the module")]
mod mapped;
mod object;
mod objects;
mod units;

pub use detail::Detail;
pub use error::Error;
pub use ids::{FunctionId, TypeId};
pub use object::{BuildId, Object};
pub use objects::Objects;
