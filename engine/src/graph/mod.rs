//! Who waits for whom: a graph that is a pure function of a [`World`].
//!
//! Its nodes are what can wait or be waited for, its edges say why one needs the other. It knows no
//! runtime and accuses nobody: what a circle in it means is said by [`crate::diagnosis`].
//!
//! - `node`, `edge`: what the graph is made of
//! - `build`, `holders`: how it is made of a world
//! - `stuck`: what can never go on
//! - `circles`: the parts of it that only wait for themselves

mod build;
mod circles;
mod edge;
mod holders;
mod node;
mod stuck;

#[cfg(test)]
mod tests;

pub use build::is_ready;
pub use circles::Knot;
pub use edge::{Edge, EdgeKind};
pub use node::{Branch, Needed, Node, NodeId, ResourceNode};
pub use stuck::Stuck;

use std::ops::Range;

use crate::model::{Amount, EndedBy, World};

/// What a wait for a signal is called.
const SIGNAL: &str = "signal";

/// Who waits for whom in one world.
///
/// Invariant: edges are sorted by where they come from, and each end of an edge is a node.
#[derive(Clone, Debug)]
pub struct WaitGraph<'world> {
    /// The world that it is a graph of.
    pub world: &'world World,
    nodes: Vec<Node<'world>>,
    edges: Vec<Edge>,
    /// Where the edges of each node begin; one more than there are nodes.
    first: Vec<usize>,
}

impl<'world> WaitGraph<'world> {
    /// The graph of `world`.
    pub fn new(world: &'world World) -> WaitGraph<'world> {
        build::build(world)
    }

    /// All nodes, with their names.
    pub fn nodes(&self) -> impl Iterator<Item = (NodeId, &Node<'world>)> {
        self.nodes.iter().enumerate().map(|(index, node)| (NodeId(index), node))
    }

    /// How many nodes there are.
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// The node of this name.
    pub fn node(&self, id: NodeId) -> Option<&Node<'world>> {
        self.nodes.get(id.0)
    }

    /// The part of a task that this node is, if it is one.
    pub fn branch(&self, id: NodeId) -> Option<&Branch<'world>> {
        match self.node(id)? {
            Node::Branch(branch) => Some(branch),
            Node::Thread(_)
            | Node::Resource(_)
            | Node::Runtime(_)
            | Node::Pool(_)
            | Node::Place(_) => None,
        }
    }

    /// In how many nanoseconds the timer fires that this branch waits for, if it is just that.
    pub fn timer(&self, id: NodeId) -> Option<i64> {
        let wait = self.branch(id)?.wait().filter(|wait| wait.by == EndedBy::Time)?;
        wait.amounts.iter().find_map(|amount| match amount {
            Amount::FiresIn(left) => Some(*left),
            _ => None,
        })
    }

    /// Whether this branch waits for a signal, which only somebody outside sends.
    pub fn is_signal(&self, id: NodeId) -> bool {
        let wait = self.branch(id).and_then(Branch::wait);
        wait.is_some_and(|wait| wait.by == EndedBy::World && wait.kind == SIGNAL)
    }

    /// All edges.
    pub fn edges(&self) -> &[Edge] {
        &self.edges
    }

    /// What a node needs.
    pub fn needs(&self, id: NodeId) -> &[Edge] {
        self.edges.get(self.range(id)).unwrap_or_default()
    }

    fn range(&self, id: NodeId) -> Range<usize> {
        let at = |index: usize| self.first.get(index).copied().unwrap_or(self.edges.len());
        at(id.0)..at(id.0 + 1)
    }
}
