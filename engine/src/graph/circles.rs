//! The parts of the stuck graph that wait for nothing else: where everything that is stuck ends.
//!
//! Tarjan's strongly connected components, without recursion: how deep the graph is depends on the
//! process that was read.

use std::collections::hash_map::Entry;
use std::collections::{BTreeSet, HashMap, HashSet, VecDeque};

use super::node::{Branch, Needed, Node, NodeId, ResourceNode};
use super::stuck::Stuck;
use super::{Edge, EdgeKind, WaitGraph};
use crate::model::EndedBy;
use crate::model::{Activity, TaskKey};

/// Nodes that can only go on with one another; or one that nothing can help.
#[derive(Clone, PartialEq, Debug)]
pub struct Knot {
    /// All of them, in order.
    pub nodes: Vec<NodeId>,
    /// The shortest circle among them, an edge a step; empty for a node that waits for nobody.
    pub circle: Vec<Edge>,
    /// The stuck nodes outside that wait for these in the end, in order.
    pub victims: Vec<NodeId>,
}

impl Stuck {
    /// The knots in which all that is stuck ends, in the order of their first nodes.
    pub fn knots(&self, graph: &WaitGraph<'_>) -> Vec<Knot> {
        let components = components(graph, self);
        let mut index_of: HashMap<NodeId, usize> = HashMap::new();
        for (index, nodes) in components.iter().enumerate() {
            index_of.extend(nodes.iter().map(|node| (*node, index)));
        }
        let leaves = |index: usize, nodes: &[NodeId]| {
            nodes.iter().any(|node| {
                let mut reasons = self.reasons(graph, *node);
                reasons.any(|edge| index_of.get(&edge.to) != Some(&index))
            })
        };
        let mut ends: Vec<Vec<NodeId>> = components
            .iter()
            .enumerate()
            .filter(|(index, nodes)| !leaves(*index, nodes))
            .map(|(_, nodes)| nodes.clone())
            .collect();
        ends.sort();
        let waiting = self.waiting(graph);
        ends.into_iter()
            .map(|nodes| Knot {
                circle: shortest_circle(graph, self, &nodes),
                victims: victims(&waiting, &nodes),
                nodes,
            })
            .collect()
    }

    /// Which stuck nodes wait for each stuck node.
    fn waiting(&self, graph: &WaitGraph<'_>) -> HashMap<NodeId, Vec<NodeId>> {
        let mut waiting: HashMap<NodeId, Vec<NodeId>> = HashMap::new();
        for (id, _) in graph.nodes().filter(|(id, _)| self.has(*id)) {
            for edge in self.reasons(graph, id) {
                waiting.entry(edge.to).or_default().push(id);
            }
        }
        waiting
    }
}

/// Who waits for these nodes in the end.
fn victims(waiting: &HashMap<NodeId, Vec<NodeId>>, nodes: &[NodeId]) -> Vec<NodeId> {
    let mut seen: BTreeSet<NodeId> = nodes.iter().copied().collect();
    let mut left: Vec<NodeId> = nodes.to_vec();
    while let Some(node) = left.pop() {
        for victim in waiting.get(&node).into_iter().flatten() {
            if seen.insert(*victim) {
                left.push(*victim);
            }
        }
    }
    for node in nodes {
        seen.remove(node);
    }
    seen.into_iter().collect()
}

/// The most nodes of a knot from which a shortest circle is searched: each search is linear.
const MOST_STARTS: usize = 16;

/// The shortest circle among `nodes` that tells most; of several, the one with the first node. One of a
/// single task tells less than others where somebody else could help that task: why nobody does is
/// then on another circle. And that nobody tells a task to stop tells less than what it waits for
/// besides.
fn shortest_circle(graph: &WaitGraph<'_>, stuck: &Stuck, nodes: &[NodeId]) -> Vec<Edge> {
    let inside: HashSet<NodeId> = nodes.iter().copied().collect();
    let by = |is_telling: bool| {
        let circles = nodes.iter().take(MOST_STARTS).flat_map(|start| {
            [Among::Any, Among::Several].map(|among| {
                let is_followed = |edge: &Edge| {
                    inside.contains(&edge.to) && !(is_telling && is_call_to_stop(graph, edge))
                };
                circle_from(graph, stuck, &is_followed, *start, among)
            })
        });
        circles.flatten().min_by_key(|circle| {
            (is_partial(graph, stuck, circle), !has_lock(graph, circle), circle.len())
        })
    };
    by(true).or_else(|| by(false)).unwrap_or_default()
}

/// Whether something on a circle is held: that somebody waits for the next message is what goes on in
/// every healthy program, too.
fn has_lock(graph: &WaitGraph<'_>, circle: &[Edge]) -> bool {
    circle.iter().any(|edge| {
        let is_held = |resource: &ResourceNode<'_>| {
            matches!(resource.by, EndedBy::Holders | EndedBy::Permits)
        };
        matches!(graph.node(edge.from), Some(Node::Resource(resource)) if is_held(resource))
    })
}

/// What tasks are told to stop by, as a rule, while they wait for something else.
const CALLS_TO_STOP: [&str; 5] =
    ["broadcast recv", "watch changed", "CancellationToken", "Notify", "oneshot"];

/// Whether an edge leads to one of several waits of a task by which it may be told to stop.
pub(super) fn is_call_to_stop(graph: &WaitGraph<'_>, edge: &Edge) -> bool {
    let wait = graph.branch(edge.to).and_then(Branch::wait);
    edge.kind == EdgeKind::Polls
        && wait.is_some_and(|wait| CALLS_TO_STOP.contains(&wait.kind.as_str()))
}

/// Whether a circle is one task's own, and leaves out others who could help it as well: not those who
/// wait for the same.
fn is_partial(graph: &WaitGraph<'_>, stuck: &Stuck, circle: &[Edge]) -> bool {
    let mut tasks = circle.iter().filter_map(|edge| task(graph, edge.from));
    let Some(own) = tasks.next() else { return false };
    let is_others = |id: NodeId| match graph.node(id) {
        Some(Node::Branch(_) | Node::Thread(_)) => task(graph, id) != Some(own),
        Some(Node::Place(_)) => true,
        Some(Node::Resource(_) | Node::Runtime(_) | Node::Pool(_)) | None => false,
    };
    let on_circle: HashSet<NodeId> = circle.iter().map(|edge| edge.from).collect();
    let waits_alike = |id: NodeId| {
        let mut reasons = stuck.reasons(graph, id);
        reasons.any(|edge| edge.kind == EdgeKind::WaitsFor && on_circle.contains(&edge.to))
    };
    let is_choice = |edge: &&Edge| {
        graph.branch(edge.from).is_none()
            && graph.node(edge.from).is_some_and(|node| node.needed() == Needed::Any)
    };
    tasks.all(|task| task == own)
        && circle.iter().filter(is_choice).any(|edge| {
            let mut others = stuck.reasons(graph, edge.from).filter(|other| other.to != edge.to);
            others.any(|other| is_others(other.to) && !waits_alike(other.to))
        })
}

/// The task that a node is a part of, or that it polls.
fn task(graph: &WaitGraph<'_>, id: NodeId) -> Option<TaskKey> {
    match graph.node(id)? {
        Node::Branch(branch) => Some(branch.task.key),
        Node::Thread(thread) => match thread.activity {
            Activity::Polls(key) => Some(key),
            Activity::Waits(_) | Activity::Blocked(_) | Activity::Running => None,
        },
        Node::Resource(_) | Node::Runtime(_) | Node::Pool(_) | Node::Place(_) => None,
    }
}

/// Over whom a circle leads.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Among {
    /// Whoever is there.
    Any,
    /// Another task or thread than the one that it begins with, at least.
    Several,
}

/// The shortest way from `start` back to it.
fn circle_from(
    graph: &WaitGraph<'_>,
    stuck: &Stuck,
    is_followed: &dyn Fn(&Edge) -> bool,
    start: NodeId,
    among: Among,
) -> Option<Vec<Edge>> {
    let own = task(graph, start);
    let is_other = |id: NodeId| match graph.node(id) {
        Some(Node::Branch(_)) => task(graph, id) != own,
        Some(Node::Thread(_)) => id != start && (own.is_none() || task(graph, id) != own),
        Some(Node::Resource(_) | Node::Runtime(_) | Node::Pool(_) | Node::Place(_)) | None => false,
    };
    // Each node may be come to twice: with another's on the way, and without.
    let first = (start, among == Among::Any);
    let mut came_by: HashMap<(NodeId, bool), (Edge, bool)> = HashMap::new();
    let mut left = VecDeque::from([first]);
    while let Some((node, had_other)) = left.pop_front() {
        for edge in stuck.reasons(graph, node).filter(|edge| is_followed(edge)) {
            let has_other = had_other || is_other(edge.to);
            if edge.to == start && has_other {
                return Some(way_to(first, (*edge, had_other), &came_by));
            }
            if let Entry::Vacant(new) = came_by.entry((edge.to, has_other)) {
                new.insert((*edge, had_other));
                left.push_back((edge.to, has_other));
            }
        }
    }
    None
}

/// The edges from the first node up to the last edge; with each, whether another's node came before.
fn way_to(
    first: (NodeId, bool),
    last: (Edge, bool),
    came_by: &HashMap<(NodeId, bool), (Edge, bool)>,
) -> Vec<Edge> {
    let (mut edge, mut had_other) = last;
    let mut way = vec![edge];
    while (edge.from, had_other) != first {
        let Some(before) = came_by.get(&(edge.from, had_other)) else { break };
        (edge, had_other) = *before;
        way.push(edge);
    }
    way.reverse();
    way
}

/// One node on the way down, and how many of its reasons were followed.
struct Visit {
    node: NodeId,
    targets: Vec<NodeId>,
    next: usize,
}

#[derive(Clone, Copy)]
struct Number {
    index: usize,
    low: usize,
    is_open: bool,
}

/// The strongly connected components of the stuck nodes.
fn components(graph: &WaitGraph<'_>, stuck: &Stuck) -> Vec<Vec<NodeId>> {
    let mut search = Search { numbers: vec![None; graph.len()], ..Search::default() };
    for (id, _) in graph.nodes() {
        let is_new = search.numbers.get(id.0).is_some_and(Option::is_none);
        if is_new && stuck.has(id) {
            search.from(graph, stuck, id);
        }
    }
    search.found
}

#[derive(Default)]
struct Search {
    numbers: Vec<Option<Number>>,
    open: Vec<NodeId>,
    next: usize,
    found: Vec<Vec<NodeId>>,
}

impl Search {
    fn from(&mut self, graph: &WaitGraph<'_>, stuck: &Stuck, start: NodeId) {
        let mut way = vec![self.enter(graph, stuck, start)];
        while let Some(visit) = way.last_mut() {
            let node = visit.node;
            let target = visit.targets.get(visit.next).copied();
            visit.next += 1;
            match target {
                Some(target) => match self.numbers.get(target.0).copied().flatten() {
                    None => {
                        let visit = self.enter(graph, stuck, target);
                        way.push(visit);
                    }
                    Some(number) if number.is_open => self.lower(node, number.index),
                    Some(_) => {}
                },
                None => {
                    way.pop();
                    let low = self.close(node);
                    if let (Some(above), Some(low)) = (way.last(), low) {
                        self.lower(above.node, low);
                    }
                }
            }
        }
    }

    fn enter(&mut self, graph: &WaitGraph<'_>, stuck: &Stuck, node: NodeId) -> Visit {
        if let Some(slot) = self.numbers.get_mut(node.0) {
            *slot = Some(Number { index: self.next, low: self.next, is_open: true });
        }
        self.next += 1;
        self.open.push(node);
        let targets = stuck.reasons(graph, node).map(|edge| edge.to).collect();
        Visit { node, targets, next: 0 }
    }

    fn lower(&mut self, node: NodeId, to: usize) {
        if let Some(Some(number)) = self.numbers.get_mut(node.0) {
            number.low = number.low.min(to);
        }
    }

    /// Ends a node; with the first of a component, the whole of it. Gives how far up it leads.
    fn close(&mut self, node: NodeId) -> Option<usize> {
        let number = self.numbers.get(node.0).copied().flatten()?;
        if number.low < number.index {
            return Some(number.low);
        }
        let mut component = Vec::new();
        while let Some(member) = self.open.pop() {
            if let Some(Some(number)) = self.numbers.get_mut(member.0) {
                number.is_open = false;
            }
            component.push(member);
            if member == node {
                break;
            }
        }
        component.sort_unstable();
        self.found.push(component);
        None
    }
}
