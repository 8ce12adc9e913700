//! What can never go on, whatever else happens.
//!
//! Everything goes on that needs nothing; what needs one of several goes on with the first of them,
//! what needs all with the last. What is left when no more goes on is stuck: each of these waits,
//! in the end, for itself or for what nothing can wake. Linear in nodes and edges.

use super::circles::is_call_to_stop;
use super::node::{Needed, Node, NodeId, ResourceNode};
use super::{Edge, EdgeKind, WaitGraph};
use crate::evidence::Certainty;
use crate::model::{Amount, EndedBy, Hold};

/// The nodes of a graph that can never go on, if its edges of at least one certainty hold and no
/// other does.
#[derive(Clone, Debug)]
pub struct Stuck {
    /// How sure the edges are that were counted.
    pub certainty: Certainty,
    stuck: Vec<bool>,
    ends: bool,
}

/// How long what is stuck stays so.
#[derive(Clone, Copy, Debug)]
enum Until<'stuck> {
    /// For ever.
    Ever,
    /// Until a timer that is far away, or a signal, gives up one of the waits.
    Timers,
    /// For ever, if nobody tells a task to stop who is not among those that were found: these are stuck
    /// themselves, as far as possible.
    Told(&'stuck Stuck),
}

/// From how many nanoseconds on a timer that is polled beside a wait is too far away to matter: those that
/// are there to do something now and then come sooner.
const FAR_NS: i64 = 20_000_000_000;

impl Stuck {
    /// What is stuck in `graph`, by its edges that are at least so certain.
    pub fn new(graph: &WaitGraph<'_>, certainty: Certainty) -> Stuck {
        Stuck::until(graph, certainty, Until::Ever)
    }

    /// What is stuck likewise until a timer that is far away fires, or somebody sends a signal.
    pub fn until_timers(graph: &WaitGraph<'_>, certainty: Certainty) -> Stuck {
        Stuck::until(graph, certainty, Until::Timers)
    }

    /// What is stuck likewise where tasks can be told to stop only by those that are in `possible`, which is
    /// what is stuck by all edges, or by some that were not found.
    pub fn until_told(graph: &WaitGraph<'_>, certainty: Certainty, possible: &Stuck) -> Stuck {
        Stuck::until(graph, certainty, Until::Told(possible))
    }

    fn until(graph: &WaitGraph<'_>, certainty: Certainty, until: Until<'_>) -> Stuck {
        let mut spread = Spread::new(graph, certainty, until);
        while let Some(node) = spread.left.pop() {
            spread.pass_on(node);
        }
        let stuck = spread.goes_on.iter().map(|goes_on| !goes_on).collect();
        let ends = !matches!(until, Until::Ever);
        Stuck { certainty, stuck, ends }
    }

    /// Whether something is left out that could end it.
    pub fn ends(&self) -> bool {
        self.ends
    }

    /// Whether this node can never go on.
    pub fn has(&self, node: NodeId) -> bool {
        self.stuck.get(node.0).copied().unwrap_or(false)
    }

    /// The edges that keep a stuck node from going on.
    pub fn reasons<'graph>(
        &'graph self,
        graph: &'graph WaitGraph<'_>,
        node: NodeId,
    ) -> impl Iterator<Item = &'graph Edge> {
        let is_sealed = graph.node(node).is_some_and(|node| node.needed() == Needed::Nothing);
        let counts =
            move |edge: &&Edge| !is_sealed && edge.certainty >= self.certainty && self.has(edge.to);
        graph.needs(node).iter().filter(counts)
    }
}

struct Spread<'graph, 'world> {
    graph: &'graph WaitGraph<'world>,
    /// Who needs each node.
    needed_by: Vec<Vec<NodeId>>,
    /// How many more must go on before each node does.
    missing: Vec<usize>,
    goes_on: Vec<bool>,
    left: Vec<NodeId>,
}

impl<'graph, 'world> Spread<'graph, 'world> {
    fn new(
        graph: &'graph WaitGraph<'world>,
        certainty: Certainty,
        until: Until<'_>,
    ) -> Spread<'graph, 'world> {
        let mut spread = Spread {
            graph,
            needed_by: vec![Vec::new(); graph.len()],
            missing: vec![0; graph.len()],
            goes_on: vec![false; graph.len()],
            left: Vec::new(),
        };
        for (id, node) in graph.nodes() {
            let mut targets: Vec<NodeId> = graph
                .needs(id)
                .iter()
                .filter(|edge| edge.certainty >= certainty)
                .filter(|edge| !is_way_out(graph, edge, until))
                .map(|edge| edge.to)
                .collect();
            // One that holds a resource twice is still one.
            targets.sort_unstable();
            targets.dedup();
            let missing = match node.needed() {
                Needed::Nothing => usize::MAX,
                _ if may_be_helped(node, certainty) || gives_up(node, until) => 0,
                Needed::All => targets.len(),
                Needed::Any if is_complete(graph, id, node, certainty) => 1,
                Needed::Any => 0,
            };
            for target in targets {
                if let Some(waiting) = spread.needed_by.get_mut(target.0) {
                    waiting.push(id);
                }
            }
            if let Some(slot) = spread.missing.get_mut(id.0) {
                *slot = missing;
            }
            // A place does nothing by itself; whether somebody looks into it is a guess.
            let is_lonely = matches!(node, Node::Place(_)) && graph.needs(id).is_empty();
            let is_dead = is_lonely && certainty == Certainty::Possible;
            if missing == 0 && !is_dead {
                spread.mark(id);
            }
        }
        spread
    }

    fn mark(&mut self, node: NodeId) {
        if let Some(goes_on) = self.goes_on.get_mut(node.0)
            && !*goes_on
        {
            *goes_on = true;
            self.left.push(node);
        }
    }

    /// Tells those who need `node` that it goes on.
    fn pass_on(&mut self, node: NodeId) {
        let waiting = self.needed_by.get_mut(node.0).map(std::mem::take).unwrap_or_default();
        for waiting in waiting {
            let is_sealed =
                self.graph.node(waiting).is_some_and(|node| node.needed() == Needed::Nothing);
            let Some(missing) = self.missing.get_mut(waiting.0).filter(|_| !is_sealed) else {
                continue;
            };
            *missing = missing.saturating_sub(1);
            if *missing == 0 {
                self.mark(waiting);
            }
        }
    }
}

/// Whether an edge leads to what gives up the waits beside it, and not before `until`.
fn is_way_out(graph: &WaitGraph<'_>, edge: &Edge, until: Until<'_>) -> bool {
    let is_choice = graph.node(edge.from).is_some_and(|node| node.needed() == Needed::Any);
    is_choice
        && edge.kind == EdgeKind::Polls
        && match until {
            Until::Ever => false,
            Until::Timers => {
                graph.is_signal(edge.to) || graph.timer(edge.to).is_some_and(|left| left >= FAR_NS)
            }
            Until::Told(possible) => is_call_to_stop(graph, edge) && possible.has(edge.to),
        }
}

/// Whether what was found in a future is not all that it may wait for: that nothing else helps is no
/// more than possible.
fn may_be_helped(node: &Node<'_>, certainty: Certainty) -> bool {
    let is_partial = matches!(node, Node::Branch(branch) if branch.is_partial());
    is_partial && certainty > Certainty::Possible
}

/// Whether this is a thread that waits with a timeout: it goes on by itself, if not soon in any case.
fn gives_up(node: &Node<'_>, until: Until<'_>) -> bool {
    let Node::Thread(thread) = node else { return false };
    let amounts = thread.wait.iter().flat_map(|wait| &wait.amounts);
    let mut timeouts = amounts.filter_map(|amount| match amount {
        Amount::FiresIn(left) => Some(*left),
        _ => None,
    });
    timeouts.any(|left| !matches!(until, Until::Timers) || left < FAR_NS)
}

/// Whether all that could let a node go on are among those it is known to need: with one unseen, it
/// may go on at any moment.
fn is_complete(graph: &WaitGraph<'_>, id: NodeId, node: &Node<'_>, certainty: Certainty) -> bool {
    let counted = graph.needs(id).iter().filter(|edge| edge.certainty >= certainty);
    let found = counted.clone().count() as u64;
    match node {
        Node::Resource(resource) if resource.has_tasks() => {
            let tasks = resource.resource.map_or(0, |resource| resource.tasks.len() as u64);
            found >= resource.tasks_in_all().unwrap_or(tasks).max(tasks)
        }
        Node::Resource(resource) if resource.ends.is_some() => {
            let is_end = |edge: &&Edge| is_end(graph, resource, edge);
            let found = counted.filter(is_end).count() as u64;
            found > 0 && resource.ends.is_some_and(|ends| found >= ends)
        }
        Node::Resource(_) if counted.clone().any(|edge| edge.kind == EdgeKind::Inside) => true,
        // How many permits there are in all is not known, nor whether one end is the only one.
        Node::Resource(resource) => match resource.by {
            EndedBy::Permits | EndedBy::Senders | EndedBy::Receivers => {
                found > 0 && certainty <= Certainty::Likely
            }
            _ => found > 0 && certainty == Certainty::Possible,
        },
        Node::Runtime(_) | Node::Pool(_) => {
            counted.clone().any(|edge| edge.kind == EdgeKind::DrivenBy)
        }
        Node::Branch(_) => found > 0,
        Node::Place(address) => is_owned(graph, id, *address, certainty),
        Node::Thread(_) => true,
    }
}

/// Whether all owners of a value are among those that are known, or the one receiver of a message.
fn is_owned(graph: &WaitGraph<'_>, id: NodeId, address: u64, certainty: Certainty) -> bool {
    let owners = graph.needs(id).iter().filter(|edge| edge.certainty >= certainty);
    let found = owners.clone().count() as u64;
    let is_message = owners.clone().any(|edge| edge.holding.is_some());
    let shared = graph.world.shared_at(address);
    let count = shared.and_then(|shared| shared.count);
    let is_guess = certainty == Certainty::Possible;
    found > 0 && (is_message || is_guess || count.is_some_and(|count| found >= count))
}

/// Whether an edge leads to one of the ends that are counted: a permit for room in a channel is none.
fn is_end(graph: &WaitGraph<'_>, resource: &ResourceNode<'_>, edge: &Edge) -> bool {
    let holding = edge.holding.and_then(|index| graph.world.holdings.get(index));
    holding.is_some_and(|holding| match resource.by {
        EndedBy::Receivers => holding.hold == Hold::Receiver,
        _ => matches!(holding.hold, Hold::Sender | Hold::Acceptor),
    })
}
