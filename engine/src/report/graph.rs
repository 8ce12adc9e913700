//! The graph of a report: what the findings are about, and what waits for that.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use super::claims::{Graph, GraphEdge, GraphNode, GraphNodeKind, Role};
use super::words::{Words, kind};
use crate::diagnosis::Finding;
use crate::graph::{EdgeKind, Node, NodeId};

/// Most nodes that a report has.
const MOST: usize = 400;

pub(super) fn graph(words: &Words<'_, '_>, findings: &[Finding]) -> Graph {
    let cause: HashSet<NodeId> = findings.first().into_iter().flat_map(Finding::nodes).collect();
    let victims: HashSet<NodeId> =
        findings.first().into_iter().flat_map(|finding| finding.victims.iter().copied()).collect();
    let (kept, left_out) = kept(words, findings);
    let numbers: BTreeMap<NodeId, u64> = kept.iter().copied().zip(0..).collect();
    let role = |id: &NodeId| match (cause.contains(id), victims.contains(id)) {
        (true, _) => Role::Cause,
        (false, true) => Role::Victim,
        (false, false) => Role::None,
    };
    let nodes = numbers.iter().map(|(id, number)| node(words, *id, *number, role(id))).collect();
    let edges = words.case.graph.edges().iter().filter_map(|edge| {
        Some(GraphEdge {
            from: *numbers.get(&edge.from)?,
            to: *numbers.get(&edge.to)?,
            label: label(edge.kind).to_owned(),
            certainty: edge.certainty,
            cause: cause.contains(&edge.from) && cause.contains(&edge.to),
        })
    });
    let mut edges: Vec<GraphEdge> = edges.collect();
    edges.dedup();
    Graph { nodes, edges, left_out }
}

/// The nodes that are shown: those of the findings, who waits for them, and what the body waits for;
/// of nodes that nothing joins to others, those of findings alone.
fn kept(words: &Words<'_, '_>, findings: &[Finding]) -> (BTreeSet<NodeId>, u64) {
    let graph = &words.case.graph;
    let joined: BTreeSet<NodeId> =
        graph.edges().iter().flat_map(|edge| [edge.from, edge.to]).collect();
    let mut wanted: Vec<NodeId> = findings.iter().flat_map(Finding::nodes).collect();
    wanted.extend(findings.iter().flat_map(|finding| finding.victims.iter().copied()));
    wanted.extend(joined.iter().copied().filter(|id| words.case.is_reached(*id)));
    wanted.extend(joined.iter().copied());
    let cause: HashSet<NodeId> = findings.iter().flat_map(Finding::nodes).collect();
    wanted.retain(|id| cause.contains(id) || is_told(words, *id));
    let mut kept = BTreeSet::new();
    let mut left_out = BTreeSet::new();
    for id in wanted {
        if kept.len() < MOST {
            kept.insert(id);
        } else if !kept.contains(&id) {
            left_out.insert(id);
        }
    }
    (kept, left_out.len() as u64)
}

/// Whether a node says something to a reader: not a thread or a runtime that nobody waits for.
fn is_told(words: &Words<'_, '_>, id: NodeId) -> bool {
    match words.case.graph.node(id) {
        Some(Node::Branch(_) | Node::Place(_)) => true,
        Some(Node::Thread(_) | Node::Runtime(_) | Node::Pool(_)) => is_waited_for(words, id),
        Some(Node::Resource(_)) => {
            words.case.needed_by(id).iter().any(|from| is_told(words, *from))
        }
        None => false,
    }
}

fn is_waited_for(words: &Words<'_, '_>, id: NodeId) -> bool {
    let waiting = words.case.needed_by(id).iter();
    let mut edges = waiting.flat_map(|from| words.case.graph.needs(*from));
    edges.any(|edge| edge.to == id && edge.kind != EdgeKind::DrivenBy)
}

fn node(words: &Words<'_, '_>, id: NodeId, number: u64, role: Role) -> GraphNode {
    let node = words.case.graph.node(id);
    let kind_of_node = match node {
        Some(Node::Branch(branch)) if branch.aside.is_some() => GraphNodeKind::Aside,
        Some(Node::Branch(branch)) if branch.parent.is_some() => GraphNodeKind::Branch,
        Some(Node::Branch(_)) => GraphNodeKind::Task,
        Some(Node::Thread(_)) => GraphNodeKind::Thread,
        Some(Node::Resource(_)) => GraphNodeKind::Resource,
        Some(Node::Runtime(_) | Node::Pool(_)) => GraphNodeKind::Runtime,
        Some(Node::Place(_)) | None => GraphNodeKind::Place,
    };
    let label = match node {
        Some(Node::Thread(thread)) => format!("thread {}", thread.name),
        Some(Node::Resource(resource)) => kind(resource).to_owned(),
        _ => words.label(id),
    };
    let name = match node {
        Some(Node::Branch(branch)) => Some(branch.task.name.clone()),
        _ => None,
    };
    GraphNode { id: number, kind: kind_of_node, label, name, location: words.place(id), role }
}

/// Why one node needs another, in words.
fn label(kind: EdgeKind) -> &'static str {
    match kind {
        EdgeKind::Polls => "polls",
        EdgeKind::WaitsFor => "waits for",
        EdgeKind::HeldBy => "held by",
        EdgeKind::Behind => "behind",
        EdgeKind::EndOf => "waits for the end of",
        EdgeKind::Inside => "inside",
        EdgeKind::OwnedBy => "owned by",
        EdgeKind::PolledBy => "polled by",
        EdgeKind::RunBy => "run by",
        EdgeKind::RunOn => "run on",
        EdgeKind::DrivenBy => "driven by",
        EdgeKind::BlocksOn => "blocks on",
        EdgeKind::SetAside => "not polled by",
        EdgeKind::WokenBy => "woken by",
    }
}
