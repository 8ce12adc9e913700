//! The report: plain, versioned data that every renderer gets. The same snapshots give the same
//! report.
//!
//! Fields are added, never renamed or retyped; every optional field may be absent. Addresses are
//! strings in hexadecimal, so that JSON readers keep all their bits.

mod blows;
mod claims;
mod compose;
mod findings;
mod graph;
mod headline;
mod held;
mod help;
mod involved;
mod looks;
mod outlook;
mod paths;
mod schema;
mod sentence;
mod signature;
mod spans;
mod stands;
mod tasks;
mod types;
mod words;

pub use claims::{Finding, Graph, GraphEdge, GraphNode, GraphNodeKind, Hold, Role, Step, Victim};
pub use compose::{SourceText, compose};
pub use involved::involved;
pub use schema::{
    Aside, Certainty, Counts, Frame, FutureNode, Headline, Holding, Location, Looks, Origin,
    PollFunction, Report, Resource, Runtime, Spawn, SpawnKind, Subject, Task, TaskKind, Thread,
    Variable, Wait, WayPoint,
};
pub use spans::span;
pub use types::short_type;
