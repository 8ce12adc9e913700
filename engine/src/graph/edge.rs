//! Why one node needs another.

use super::node::NodeId;
use crate::evidence::Certainty;

/// One thing needs another to go on.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Edge {
    /// What needs.
    pub from: NodeId,
    /// What is needed.
    pub to: NodeId,
    /// Why.
    pub kind: EdgeKind,
    /// How sure it is.
    pub certainty: Certainty,
    /// The index of the holding that says so, in [`crate::model::World::holdings`].
    pub holding: Option<usize>,
}

/// Why one node needs another.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum EdgeKind {
    /// A future polls several others, and this is one of them.
    Polls,
    /// It waits for this resource.
    WaitsFor,
    /// The resource is held by it.
    HeldBy,
    /// It lies in this value, and only who has that can reach it.
    Inside,
    /// The value is had by this one, or the message will be received by it.
    OwnedBy,
    /// It is behind this one in the queue of a resource.
    Behind,
    /// It waits for the end of this task or thread.
    EndOf,
    /// It is being polled by this thread.
    PolledBy,
    /// It is run by this runtime.
    RunBy,
    /// No thread but this one polls it, and this one is in the middle of something else.
    RunOn,
    /// The runtime's tasks are polled by this thread.
    DrivenBy,
    /// The thread does nothing until this future ends.
    BlocksOn,
    /// Nothing polls it until the code around it goes on.
    SetAside,
    /// What it waits for is there, and this thread tells it when it has ended the poll that it is in.
    WokenBy,
}

impl EdgeKind {
    /// Whether it says by whom something is run, rather than what it waits for.
    pub fn is_of_running(self) -> bool {
        match self {
            EdgeKind::RunBy | EdgeKind::RunOn | EdgeKind::SetAside | EdgeKind::WokenBy => true,
            EdgeKind::Polls
            | EdgeKind::WaitsFor
            | EdgeKind::HeldBy
            | EdgeKind::Inside
            | EdgeKind::OwnedBy
            | EdgeKind::Behind
            | EdgeKind::EndOf
            | EdgeKind::PolledBy
            | EdgeKind::DrivenBy
            | EdgeKind::BlocksOn => false,
        }
    }
}
