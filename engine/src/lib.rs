//! Reads where every Tokio task of a stopped process stands, from outside, and reports it.
//!
//! A process is stopped into a snapshot, a snapshot is read into a model, a model is diagnosed, a
//! diagnosis is reported. Each module uses only those before it in this list; which exactly is a
//! table in `tests/tidy/rooms.rs`, kept by a test.
//!
//! - [`address`], [`evidence`], [`limits`], [`arch`]: words that all the others use
//! - [`symbols`]: ELF and DWARF of one file, lazily
//! - [`process`]: the only door to the running world
//! - [`snapshot`]: one stop, immutable; its archive
//! - [`program`]: a snapshot together with the symbols of what it has mapped
//! - [`stack`]: call stacks, inlined functions and local variables
//! - [`value`]: typed places in memory, and how to walk from one to the next
//! - [`idle`]: what could still wake a process that sleeps
//! - [`model`]: tasks, futures, resources, waits: plain data that knows no runtime
//! - [`futures`]: the compiler's state machines as await chains
//! - [`sync`]: what threads wait for without a runtime, and the locks and channels of crates that are
//!   used with any
//! - [`moments`]: panics and deadly signals: where they are met, and what they say
//! - [`tokio`]: the one home of Tokio's layout
//! - [`graph`]: who waits for what, held by whom
//! - [`diagnosis`]: what is wrong, one file a finding
//! - [`sources`]: source lines for reports
//! - [`report`]: the schema that renderers get, and how a report is made
//! - [`trace`], [`step`]: one task followed live, line by line
//! - [`session`]: the facade

pub mod address;
pub mod arch;
pub mod diagnosis;
pub mod evidence;
pub mod futures;
pub mod graph;
pub mod idle;
pub mod limits;
pub mod model;
pub mod moments;
pub mod process;
pub mod program;
pub mod report;
pub mod session;
pub mod snapshot;
pub mod sources;
pub mod stack;
pub mod step;
pub mod symbols;
pub mod sync;
pub mod tokio;
pub mod trace;
pub mod value;
