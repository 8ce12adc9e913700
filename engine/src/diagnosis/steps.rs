//! From the edges of a graph to the waits of a cause.

use super::finding::Step;
use crate::graph::{Edge, EdgeKind, Node, NodeId, WaitGraph};

/// The waits on a circle. It begins with the first task that waits for something itself.
pub(super) fn of_circle(graph: &WaitGraph<'_>, circle: &[Edge]) -> Vec<Step> {
    let start = circle
        .iter()
        .enumerate()
        .filter_map(|(index, edge)| Some((rank(graph, edge)?, index)))
        .min();
    let Some((_, start)) = start else { return Vec::new() };
    let mut edges = circle.to_vec();
    edges.rotate_left(start);
    of_way(graph, &edges)
}

/// The waits on a way through the graph.
pub(super) fn of_way(graph: &WaitGraph<'_>, edges: &[Edge]) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    for edge in edges {
        match graph.node(edge.from) {
            Some(Node::Branch(_)) if edge.kind == EdgeKind::Polls => {}
            Some(Node::Branch(_) | Node::Thread(_)) => {
                let is_between = |node: &Node<'_>| {
                    matches!(node, Node::Resource(_) | Node::Runtime(_) | Node::Pool(_))
                };
                let through = graph.node(edge.to).is_some_and(is_between).then_some(edge.to);
                let relation = Some(edge.kind);
                let holding = edge.holding;
                steps.push(Step { through, relation, holding, ..last(edge.from) });
            }
            Some(Node::Place(_)) => {
                if let Some(step) = steps.last_mut() {
                    step.place = step.place.or(Some(edge.from));
                }
            }
            Some(Node::Resource(_) | Node::Runtime(_) | Node::Pool(_)) | None => {
                if let Some(step) = steps.last_mut() {
                    step.holding = edge.holding;
                    step.by = Some(edge.kind);
                }
            }
        }
    }
    steps
}

/// The waits on a way through the graph, and where it ends.
pub(super) fn to_end(graph: &WaitGraph<'_>, edges: &[Edge], end: NodeId) -> Vec<Step> {
    let mut steps = of_way(graph, edges);
    steps.push(last(end));
    steps
}

/// Where a way ends: who waits for nothing that is known to be held.
pub(super) fn last(who: NodeId) -> Step {
    Step { who, through: None, relation: None, by: None, place: None, holding: None }
}

/// How well a circle begins with this edge: tasks that wait first, then threads.
fn rank(graph: &WaitGraph<'_>, edge: &Edge) -> Option<(u8, NodeId)> {
    let order = match graph.node(edge.from)? {
        Node::Branch(branch) if branch.aside.is_some() => 3,
        Node::Branch(_) => match edge.kind {
            EdgeKind::WaitsFor | EdgeKind::EndOf | EdgeKind::Behind | EdgeKind::WokenBy => 0,
            EdgeKind::Polls => return None,
            EdgeKind::HeldBy
            | EdgeKind::Inside
            | EdgeKind::OwnedBy
            | EdgeKind::PolledBy
            | EdgeKind::RunBy
            | EdgeKind::RunOn
            | EdgeKind::DrivenBy
            | EdgeKind::BlocksOn
            | EdgeKind::SetAside => 2,
        },
        Node::Thread(_) => 1,
        Node::Resource(_) | Node::Runtime(_) | Node::Pool(_) | Node::Place(_) => return None,
    };
    Some((order, edge.from))
}
