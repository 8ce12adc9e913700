//! The wait-for graph of a report for tools that draw.
//!
//! - [`layout`]: where its nodes stand when we draw it ourselves
//! - [`mod@mermaid`]: a `flowchart`, which GitHub draws in job summaries
//! - [`mod@dot`]: for Graphviz

mod dot;
pub(super) mod layout;
mod mermaid;

pub(super) use dot::dot;
pub(super) use mermaid::mermaid;

use asynctest_engine::report::{Graph, GraphEdge, GraphNode, GraphNodeKind, Role};

/// A graph with as many of its nodes as can be drawn.
pub(super) struct Drawn<'graph> {
    /// The nodes.
    pub(super) nodes: Vec<&'graph GraphNode>,
    /// The edges between these.
    pub(super) edges: Vec<&'graph GraphEdge>,
    /// How many nodes are not among these.
    pub(super) left_out: u64,
}

impl<'graph> Drawn<'graph> {
    /// At most `most` nodes of `graph`: the cause first, then its victims, then the others.
    pub(super) fn new(graph: &'graph Graph, most: usize) -> Drawn<'graph> {
        let mut nodes: Vec<&GraphNode> = graph.nodes.iter().collect();
        let order = |node: &&GraphNode| match node.role {
            Role::Cause => 0,
            Role::Victim => 1,
            Role::None => 2,
        };
        nodes.sort_by_key(order);
        let hidden = nodes.len().saturating_sub(most) as u64;
        nodes.truncate(most);
        nodes.sort_by_key(|node| node.id);
        let has = |id: u64| nodes.binary_search_by_key(&id, |node| node.id).is_ok();
        let edges = graph.edges.iter().filter(|edge| has(edge.from) && has(edge.to)).collect();
        Drawn { nodes, edges, left_out: graph.left_out.saturating_add(hidden) }
    }
}

/// What is written on a node, a line each.
pub(super) fn lines(node: &GraphNode) -> Vec<String> {
    let aside = match node.kind {
        GraphNodeKind::Aside => " (not polled)",
        GraphNodeKind::Branch => " (a part)",
        GraphNodeKind::Task
        | GraphNodeKind::Thread
        | GraphNodeKind::Resource
        | GraphNodeKind::Runtime
        | GraphNodeKind::Place => "",
    };
    let mut lines = vec![format!("{}{aside}", node.label)];
    lines.extend(node.name.clone());
    lines.extend(node.location.as_ref().map(|place| format!("{}:{}", place.file, place.line)));
    lines
}
