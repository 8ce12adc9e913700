//! What findings are made from.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet, VecDeque};

use super::finding::{Doubt, Finding, FindingKind, Step};
use super::standing::Movement;
use super::steps;
use crate::evidence::Certainty;
use crate::graph::{Edge, EdgeKind, Knot, Node, NodeId, Stuck, WaitGraph};
use crate::model::{
    Activity, Moment, Resource, ResourceKey, Task, TaskKey, TaskState, Thread, World,
};

/// What was seen of a process.
#[derive(Clone, Copy, Debug)]
pub struct Looked<'world> {
    /// The first look, if there were two.
    pub first: Option<&'world World>,
    /// The last look, which findings are about.
    pub last: &'world World,
    /// Milliseconds between them.
    pub apart_ms: u64,
    /// The test's body, or `main`.
    pub body: Option<TaskKey>,
}

/// A process that hangs, and what all findings need to know of it.
#[derive(Clone, Debug)]
pub struct Case<'world> {
    /// The last look.
    pub world: &'world World,
    /// Who waits for whom in it.
    pub graph: WaitGraph<'world>,
    /// What moved since the first look, if there were two.
    pub movement: Option<Movement<'world>>,
    /// The test's body, or `main`.
    pub body: Option<TaskKey>,
    /// In what everything that is stuck ends, the surest first, with how sure each is.
    pub knots: Vec<(Knot, Certainty)>,
    /// What the body waits for in the end, itself included.
    reached: HashSet<NodeId>,
    /// Who needs each node.
    needed_by: Vec<Vec<NodeId>>,
    resources: HashMap<ResourceKey, &'world Resource>,
}

impl<'world> Case<'world> {
    /// The case of what was seen.
    pub fn new(looked: &Looked<'world>) -> Case<'world> {
        let graph = WaitGraph::new(looked.last);
        let knots = knots(&graph);
        let mut case = Case {
            world: looked.last,
            movement: looked.first.map(|first| Movement::new(first, looked.apart_ms)),
            body: looked.body,
            reached: HashSet::new(),
            needed_by: needed_by(&graph),
            resources: looked.last.resources.iter().map(|known| (known.key, known)).collect(),
            knots,
            graph,
        };
        case.reached = case.reached();
        case
    }

    /// Whether the test's body waits for this in the end; with no body, everything counts.
    pub fn is_reached(&self, node: NodeId) -> bool {
        self.reached.contains(&node)
    }

    fn reached(&self) -> HashSet<NodeId> {
        let is_start = |node: &Node<'_>| match node {
            Node::Branch(branch) => {
                branch.is_whole() && self.body.is_none_or(|body| branch.task.key == body)
            }
            Node::Thread(_) => self.body.is_none(),
            Node::Resource(_) | Node::Runtime(_) | Node::Pool(_) | Node::Place(_) => false,
        };
        let starts = self.graph.nodes().filter(|(_, node)| is_start(node));
        let mut left: Vec<NodeId> = starts.map(|(id, _)| id).collect();
        let mut seen: HashSet<NodeId> = left.iter().copied().collect();
        while let Some(node) = left.pop() {
            for edge in self.graph.needs(node) {
                if seen.insert(edge.to) {
                    left.push(edge.to);
                }
            }
        }
        seen
    }

    /// What needs this node.
    pub fn needed_by(&self, node: NodeId) -> &[NodeId] {
        self.needed_by.get(node.0).map(Vec::as_slice).unwrap_or_default()
    }

    /// What is known of a resource.
    pub fn resource(&self, key: ResourceKey) -> Option<&'world Resource> {
        self.resources.get(&key).copied()
    }

    /// Whether this part of a task, or this thread, did nothing between the looks.
    pub fn stays(&self, node: NodeId) -> bool {
        let Some(movement) = &self.movement else { return true };
        match self.graph.node(node) {
            Some(Node::Branch(branch)) => movement.stays(branch.task),
            Some(Node::Thread(thread)) => movement.stays_blocked(thread),
            Some(Node::Resource(_) | Node::Runtime(_) | Node::Pool(_) | Node::Place(_)) | None => {
                true
            }
        }
    }

    /// The finding that a knot is of this kind.
    pub(super) fn knotted(&self, kind: FindingKind, knot: &Knot, certainty: Certainty) -> Finding {
        let steps = steps::of_circle(&self.graph, &knot.circle);
        let mut finding = self.finding(kind, certainty, steps);
        finding.is_circle = !knot.circle.is_empty();
        let shown: HashSet<NodeId> = finding.nodes().collect();
        let on_circle: HashSet<NodeId> = knot.circle.iter().map(|edge| edge.from).collect();
        let is_other = |node: &NodeId| !shown.contains(node) && !on_circle.contains(node);
        finding.others = knot.nodes.iter().copied().filter(is_other).collect();
        finding.victims = self.without_own(knot.victims.clone(), &finding);
        finding.doubts.extend(knot.circle.iter().filter_map(|edge| {
            let is_doubtful = edge.certainty < Certainty::Definite;
            edge.holding.filter(|_| is_doubtful).map(Doubt::Holding)
        }));
        let timers = knot.nodes.iter().filter_map(|id| self.timer_beside(*id));
        finding.doubts.extend(timers.min_by_key(|(left, _)| *left).map(|(_, id)| Doubt::Timer(id)));
        let signals = knot.nodes.iter().filter_map(|id| self.signal_beside(*id));
        finding.doubts.extend(signals.min().map(Doubt::Signal));
        if finding.doubts.is_empty() && certainty < Certainty::Definite {
            finding.doubts.extend(knot.nodes.iter().filter_map(|id| self.uncounted(*id)));
        }
        finding
    }

    /// The first timer to fire of those that are polled together with others by a node, and when.
    fn timer_beside(&self, id: NodeId) -> Option<(i64, NodeId)> {
        let polled = self.graph.needs(id).iter().filter(|edge| edge.kind == EdgeKind::Polls);
        polled.filter_map(|edge| Some((self.graph.timer(edge.to)?, edge.to))).min()
    }

    /// A signal that is waited for together with others by a node.
    fn signal_beside(&self, id: NodeId) -> Option<NodeId> {
        let polled = self.graph.needs(id).iter().filter(|edge| edge.kind == EdgeKind::Polls);
        polled.map(|edge| edge.to).find(|to| self.graph.is_signal(*to))
    }

    /// A finding of these steps: no surer than that nothing in them moved.
    pub(super) fn finding(
        &self,
        kind: FindingKind,
        certainty: Certainty,
        steps: Vec<Step>,
    ) -> Finding {
        let moved = steps.iter().map(|step| step.who).filter(|who| !self.stays(*who));
        let mut doubts: Vec<Doubt> = moved.map(Doubt::Moved).collect();
        let mut most = if doubts.is_empty() { Certainty::Definite } else { Certainty::Possible };
        if self.movement.is_none() {
            doubts.push(Doubt::OneLook);
            most = most.min(Certainty::Likely);
        }
        Finding {
            kind,
            certainty: certainty.min(most),
            steps,
            is_circle: false,
            others: Vec::new(),
            victims: Vec::new(),
            also: Vec::new(),
            doubts,
        }
    }

    /// The finding that this happened to a thread: no wait, but a fact.
    pub(super) fn struck(&self, kind: FindingKind, moment: &Moment) -> Option<Finding> {
        let is_it = |node: &Node<'_>| match node {
            Node::Thread(thread) => thread.id == moment.thread,
            Node::Branch(_)
            | Node::Resource(_)
            | Node::Runtime(_)
            | Node::Pool(_)
            | Node::Place(_) => false,
        };
        let (node, _) = self.graph.nodes().find(|(_, node)| is_it(node))?;
        let mut finding = self.finding(kind, Certainty::Definite, vec![steps::last(node)]);
        finding.doubts.clear();
        finding.certainty = Certainty::Definite;
        Some(finding)
    }

    /// A finding of steps that are no knot: who needs the last of them is its victim.
    pub(super) fn ended(
        &self,
        kind: FindingKind,
        certainty: Certainty,
        steps: Vec<Step>,
    ) -> Finding {
        let mut finding = self.finding(kind, certainty, steps);
        let ends: Vec<NodeId> = finding.steps.iter().map(|step| step.who).collect();
        finding.victims = self.without_own(self.waiting_for(&ends), &finding);
        finding
    }

    /// Everything that needs these nodes in the end, without them, in order.
    fn waiting_for(&self, nodes: &[NodeId]) -> Vec<NodeId> {
        let mut seen: HashSet<NodeId> = nodes.iter().copied().collect();
        let mut left = nodes.to_vec();
        let mut found = Vec::new();
        while let Some(node) = left.pop() {
            for waiting in self.needed_by.get(node.0).into_iter().flatten() {
                if seen.insert(*waiting) {
                    found.push(*waiting);
                    left.push(*waiting);
                }
            }
        }
        found.sort_unstable();
        found
    }

    /// These nodes without what is part of the cause itself: another part of one of its tasks, or the
    /// task that one of its threads polls.
    fn without_own(&self, mut nodes: Vec<NodeId>, cause: &Finding) -> Vec<NodeId> {
        let own_nodes: HashSet<NodeId> = cause.nodes().collect();
        let own_tasks: HashSet<TaskKey> =
            own_nodes.iter().filter_map(|id| self.task_of(*id)).collect();
        nodes.retain(|id| {
            let task = self.graph.branch(*id).map(|branch| branch.task.key);
            !own_nodes.contains(id) && task.is_none_or(|task| !own_tasks.contains(&task))
        });
        nodes
    }

    /// The task that a node is part of, or polls.
    pub fn task_of(&self, id: NodeId) -> Option<TaskKey> {
        match self.graph.node(id)? {
            Node::Branch(branch) => Some(branch.task.key),
            Node::Thread(thread) => polled(thread),
            Node::Resource(_) | Node::Runtime(_) | Node::Pool(_) | Node::Place(_) => None,
        }
    }

    fn uncounted(&self, id: NodeId) -> Option<Doubt> {
        match self.graph.node(id)? {
            Node::Resource(resource) if resource.ends.is_none() => Some(Doubt::Uncounted(id)),
            Node::Place(_) => Some(Doubt::Uncounted(id)),
            Node::Resource(_)
            | Node::Branch(_)
            | Node::Thread(_)
            | Node::Runtime(_)
            | Node::Pool(_) => None,
        }
    }

    /// The parts of tasks, and threads, at which a way of waits ends: nothing is known of who could
    /// end what they wait for.
    pub(super) fn ends(&self) -> impl Iterator<Item = (NodeId, &Node<'world>)> {
        self.graph.nodes().filter(|(id, node)| {
            let is_party = matches!(node, Node::Branch(_) | Node::Thread(_));
            let is_end = |edge: &Edge| {
                let is_resource = matches!(self.graph.node(edge.to), Some(Node::Resource(_)));
                is_resource && self.graph.needs(edge.to).is_empty()
            };
            is_party && self.graph.needs(*id).iter().all(is_end)
        })
    }

    /// Whether a single wait is left in which all that the body waits for ends, timers that give it up
    /// and signals aside.
    pub(super) fn has_one_end(&self) -> bool {
        let is_reached = |id: &NodeId| self.is_reached(*id) && !self.is_given_up(*id);
        self.ends().map(|(id, _)| id).filter(is_reached).nth(1).is_none()
    }

    /// Whether this is a timer or a signal, which end the waits beside them.
    fn is_given_up(&self, id: NodeId) -> bool {
        self.graph.timer(id).is_some() || self.graph.is_signal(id)
    }

    /// The shortest way from the body to where what is known ends, and that end: a timer or a signal
    /// only if there is no other.
    pub(super) fn way(&self) -> Option<(Vec<Edge>, NodeId)> {
        let (given_up, others): (Vec<NodeId>, Vec<NodeId>) =
            self.ends().map(|(id, _)| id).partition(|id| self.is_given_up(*id));
        self.way_to(&others).or_else(|| self.way_to(&given_up))
    }

    fn way_to(&self, ends: &[NodeId]) -> Option<(Vec<Edge>, NodeId)> {
        let is_body = |node: &Node<'_>| match node {
            Node::Branch(branch) => branch.is_whole() && Some(branch.task.key) == self.body,
            Node::Thread(_)
            | Node::Resource(_)
            | Node::Runtime(_)
            | Node::Pool(_)
            | Node::Place(_) => false,
        };
        let (start, _) = self.graph.nodes().find(|(_, node)| is_body(node))?;
        let ends: HashSet<NodeId> = ends.iter().copied().collect();
        let mut came_by: HashMap<NodeId, Edge> = HashMap::new();
        let mut left = VecDeque::from([start]);
        while let Some(node) = left.pop_front() {
            if ends.contains(&node) {
                return Some((way_back(start, node, &came_by), node));
            }
            for edge in self.graph.needs(node) {
                if edge.to != start
                    && let Entry::Vacant(new) = came_by.entry(edge.to)
                {
                    new.insert(*edge);
                    left.push_back(edge.to);
                }
            }
        }
        None
    }

    /// The threads that poll a task now.
    pub(super) fn polling(&self) -> impl Iterator<Item = (NodeId, &'world Thread, &'world Task)> {
        let running: Vec<&Task> =
            self.world.tasks.iter().filter(|task| task.state == TaskState::Running).collect();
        self.graph.nodes().filter_map(move |(id, node)| match node {
            Node::Thread(thread) => {
                let key = polled(thread)?;
                let task = running.iter().find(|task| task.key == key).copied()?;
                Some((id, *thread, task))
            }
            Node::Branch(_)
            | Node::Resource(_)
            | Node::Runtime(_)
            | Node::Pool(_)
            | Node::Place(_) => None,
        })
    }
}

pub(super) fn polled(thread: &Thread) -> Option<TaskKey> {
    match thread.activity {
        Activity::Polls(key) => Some(key),
        Activity::Waits(_) | Activity::Blocked(_) | Activity::Running => None,
    }
}

/// The edges from `start` to `end`, by how each node was come to.
fn way_back(start: NodeId, end: NodeId, came_by: &HashMap<NodeId, Edge>) -> Vec<Edge> {
    let mut way = Vec::new();
    let mut node = end;
    while node != start {
        let Some(edge) = came_by.get(&node) else { break };
        way.push(*edge);
        node = edge.from;
    }
    way.reverse();
    way
}

fn needed_by(graph: &WaitGraph<'_>) -> Vec<Vec<NodeId>> {
    let mut needed_by = vec![Vec::new(); graph.len()];
    for edge in graph.edges() {
        if let Some(waiting) = needed_by.get_mut(edge.to.0) {
            waiting.push(edge.from);
        }
    }
    needed_by
}

/// The knots by edges that are definite, then by those that are likely; those that only timers which are
/// far away can undo, and those in which nobody was found who could tell a task to stop; then those by all
/// edges. Each once, by the surest edges that make it.
fn knots(graph: &WaitGraph<'_>) -> Vec<(Knot, Certainty)> {
    use Certainty::{Definite, Likely, Possible};
    let possible = Stuck::new(graph, Possible);
    let until_told = Stuck::until_told(graph, Likely, &possible);
    let of_stuck = [
        (Stuck::new(graph, Definite), Definite),
        (Stuck::new(graph, Likely), Likely),
        (Stuck::until_timers(graph, Definite), Likely),
        (Stuck::until_timers(graph, Likely), Likely),
        (until_told, Likely),
        (possible, Possible),
    ];
    let mut found: Vec<(Knot, Certainty)> = Vec::new();
    let mut known: HashSet<NodeId> = HashSet::new();
    for (stuck, certainty) in of_stuck {
        let mut new = stuck.knots(graph);
        new.retain(|knot| {
            let is_known = knot.nodes.iter().any(|node| known.contains(node));
            !is_known && (!stuck.ends() || !knot.circle.is_empty())
        });
        known.extend(new.iter().flat_map(|knot| knot.nodes.iter().copied()));
        found.extend(new.into_iter().map(|knot| (knot, certainty)));
    }
    found
}
