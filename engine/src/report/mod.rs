//! The report: plain, versioned data that every renderer gets. The same snapshots give the same
//! report.
//!
//! Fields are added, never renamed or retyped; every optional field may be absent. Addresses are
//! strings in hexadecimal, so that JSON readers keep all their bits.

mod compose;
mod headline;
mod looks;
mod paths;
mod schema;
mod tasks;

pub use compose::{SourceText, compose};
pub use schema::{
    Certainty, Counts, Frame, FutureNode, Headline, Location, Looks, Origin, Report, Resource,
    Runtime, Spawn, SpawnKind, Subject, Task, TaskKind, Thread, Wait,
};
