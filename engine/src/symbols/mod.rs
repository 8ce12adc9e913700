//! ELF and DWARF of one file, read lazily: nothing is indexed that was not asked for.
//!
//! An address leads through `.debug_aranges` to the few units it concerns; only those are parsed.
//! This module knows neither processes nor memory: see [`crate::program`] for the two together.

mod calls;
mod code;
mod coroutines;
mod crates;
mod entry;
mod error;
mod expressions;
mod functions;
mod ids;
mod index;
mod inlined;
mod inside;
mod landing_pads;
mod level;
mod lines;
#[expect(unsafe_code, reason = "mapping a file is unsafe; see the module")]
mod mapped;
mod object;
mod objects;
mod polls;
mod range_map;
mod scopes;
mod symbol;
mod thread_locals;
mod types;
mod units;
mod unwind;
mod user_crates;
mod variables;

pub use calls::InlinedCall;
pub use coroutines::{Await, CoroutineSource};
pub use error::Error;
pub use functions::CodeFrame;
pub use ids::{FunctionId, TypeId};
pub use inlined::InlinedCopy;
pub use level::{DebugLevel, UnitSummary};
pub use lines::SourceLocation;
pub use object::{BuildId, Object};
pub use objects::Objects;
pub use symbol::{Symbol, ThreadLocalSegment};
pub use thread_locals::ThreadLocal;
pub use types::{Declared, Encoding, Kind, Member, Type, Variant};
pub use unwind::UnwindRow;
pub(crate) use unwind::{CfaUnwind, RegisterUnwind};
pub use user_crates::{UserCrates, is_library};
pub use variables::{Expression, LocationEntry, Variable, VariableKind, VariableLocation};
