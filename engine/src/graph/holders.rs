//! Who has what is waited for: who holds it, who could reach it, who will get the message that it lies in.

use std::collections::{HashMap, HashSet};

use super::build::{Builder, is_fork};
use super::edge::{Edge, EdgeKind};
use super::node::{Node, NodeId};
use crate::evidence::Certainty;
use crate::model::{EndedBy, Hold, Holder, ResourceKey, Thread};

/// What is known of one of the ends that can serve a resource.
struct End {
    /// How many there are, if that is known.
    count: Option<u64>,
    /// Who has it, where all of them must let go.
    only: Option<NodeId>,
}

/// The ends of one resource that were found.
struct Found {
    ends: u64,
    certain: u64,
    /// Who has all of them.
    only: Option<NodeId>,
}

impl Builder<'_> {
    pub(super) fn add_holders(&mut self) {
        for (index, holding) in self.world.holdings.iter().enumerate() {
            let ends: &[EndedBy] = match holding.hold {
                Hold::Exclusive | Hold::Shared => &[EndedBy::Holders],
                Hold::Permits(_) | Hold::Assigned(_) => {
                    &[EndedBy::Permits, EndedBy::Holders, EndedBy::Receivers]
                }
                Hold::Sender | Hold::Acceptor => &[EndedBy::Senders],
                Hold::Receiver => &[EndedBy::Receivers],
                Hold::Handle => &[EndedBy::Handles, EndedBy::Anybody],
            };
            let from = ends.iter().find_map(|by| self.resources.get(&(holding.resource, *by)));
            let Some(from) = from.copied() else { continue };
            // Of what is made of tasks, its handle is where it is waited from.
            if holding.hold == Hold::Handle && self.has_tasks(from) {
                continue;
            }
            let Some((to, most)) = self.holder(holding.holder, holding.within.map(|at| at.0))
            else {
                continue;
            };
            let certainty = holding.certainty.min(most);
            let kind = EdgeKind::HeldBy;
            self.edges.push(Edge { from, to, kind, certainty, holding: Some(index) });
        }
    }

    fn has_tasks(&self, node: NodeId) -> bool {
        matches!(self.nodes.get(node.0), Some(Node::Resource(resource)) if resource.has_tasks())
    }

    /// Adds for what anybody could end who can reach it, where that is known: who has the value that it
    /// lies in.
    pub(super) fn add_reach(&mut self) {
        let resources: Vec<(ResourceKey, EndedBy, NodeId)> =
            self.resources.iter().map(|((key, by), node)| (*key, *by, *node)).collect();
        let held: HashSet<NodeId> = self.edges.iter().map(|edge| edge.from).collect();
        for (key, by, from) in resources {
            let is_anybodys = match by {
                EndedBy::Anybody => true,
                // Permits come from who has some, if anybody has.
                EndedBy::Permits => !held.contains(&from),
                _ => false,
            };
            let Some(shared) = self.world.shared_around(key.0.0).filter(|_| is_anybodys) else {
                continue;
            };
            let to = self.place(shared.address.0);
            let (kind, certainty) = (EdgeKind::Inside, Certainty::Likely);
            self.edges.push(Edge { from, to, kind, certainty, holding: None });
        }
    }

    /// Adds who has the values that something lies in.
    pub(super) fn add_owners(&mut self) {
        let world = self.world;
        let mut receivers: HashMap<u64, Vec<usize>> = HashMap::new();
        for (index, holding) in world.holdings.iter().enumerate() {
            if holding.hold == Hold::Receiver {
                receivers.entry(holding.resource.0.0).or_default().push(index);
            }
        }
        while let Some((address, from)) = self.new_places.pop() {
            let first = self.edges.len();
            let owners = self.world.shared_at(address).map(|shared| &shared.owners);
            for owner in owners.into_iter().flatten() {
                let Some((to, most)) = self.holder(owner.holder, owner.within.map(|at| at.0))
                else {
                    continue;
                };
                let certainty = owner.certainty.min(most);
                self.edges.push(Edge {
                    from,
                    to,
                    kind: EdgeKind::OwnedBy,
                    certainty,
                    holding: None,
                });
            }
            self.settle_owners(first, address);
            // A message belongs to whoever receives it. Of several values that may be the one receiver,
            // any may; where one has them all, that one must.
            let receivers = receivers.get(&address).map(Vec::as_slice).unwrap_or_default();
            let mut found = Vec::new();
            for index in receivers {
                let Some(holding) = world.holdings.get(*index) else { continue };
                let holder = self.holder(holding.holder, holding.within.map(|at| at.0));
                found.extend(holder.map(|(to, most)| (*index, holding.certainty, to, most)));
            }
            let nodes: HashSet<NodeId> = found.iter().map(|(_, _, to, _)| *to).collect();
            let least = match nodes.len() {
                1 => Certainty::Likely,
                _ => Certainty::Possible,
            };
            for (index, certainty, to, most) in found {
                let certainty = certainty.max(least).min(most);
                let (kind, holding) = (EdgeKind::OwnedBy, Some(index));
                self.edges.push(Edge { from, to, kind, certainty, holding });
            }
        }
    }

    /// Of the edges from `first` on, which lead to the owners of a value: raises to likely those that must
    /// be alive because nothing else was found that could be, when the surer ones are counted. Either
    /// there are just as many doubtful ones as are missing beside surer ones; or they are all one frame's,
    /// some of whose variables were moved from. Raises nothing while a thread is born: it may be given what was not
    /// found.
    fn settle_owners(&mut self, first: usize, address: u64) {
        let shared = self.world.shared_at(address);
        let Some(count) = shared.and_then(|shared| shared.count) else { return };
        let is_hidden = self.world.threads.iter().any(Thread::is_newborn);
        let owners = self.edges.get_mut(first..).unwrap_or_default();
        let (surer, doubtful): (Vec<&mut Edge>, Vec<&mut Edge>) =
            owners.iter_mut().partition(|edge| edge.certainty > Certainty::Possible);
        let is_all = !surer.is_empty() && (surer.len() + doubtful.len()) as u64 == count;
        let certain = surer.iter().filter(|edge| edge.certainty == Certainty::Definite).count();
        let unsure = surer.iter().chain(&doubtful);
        let nodes: HashSet<NodeId> = unsure
            .filter(|edge| edge.certainty < Certainty::Definite)
            .map(|edge| edge.to)
            .collect();
        let is_thread = |id: &NodeId| matches!(self.nodes.get(id.0), Some(Node::Thread(_)));
        let is_frames = (certain as u64) < count && nodes.len() == 1 && nodes.iter().all(is_thread);
        if is_frames || (is_all && !is_hidden) {
            for edge in doubtful {
                edge.certainty = Certainty::Likely;
            }
        }
    }

    fn place(&mut self, address: u64) -> NodeId {
        if let Some(node) = self.places.get(&address) {
            return *node;
        }
        let node = self.add(Node::Place(address));
        self.places.insert(address, node);
        self.new_places.push((address, node));
        node
    }

    /// Raises to likely what must be alive because nothing else was found that could be: a lock that is
    /// taken is held by somebody, so are permits of which none is left, and a channel knows how many
    /// ends it has. Drops what cannot be alive because all that there are were found for certain
    /// elsewhere. Raises nothing while a thread is born: it may be given what was not found.
    pub(super) fn settle_holders(&mut self) {
        let mut found: HashMap<NodeId, Found> = HashMap::new();
        for edge in self.edges.iter().filter(|edge| edge.kind == EdgeKind::HeldBy) {
            let Some(end) = self.end(edge) else { continue };
            let found =
                found.entry(edge.from).or_insert(Found { ends: 0, certain: 0, only: end.only });
            found.ends += 1;
            found.certain += u64::from(edge.certainty == Certainty::Definite);
            found.only = found.only.filter(|only| *only == edge.to);
        }
        let is_hidden = self.world.threads.iter().any(Thread::is_newborn);
        let mut edges = std::mem::take(&mut self.edges);
        edges.retain_mut(|edge| {
            let is_held = edge.kind == EdgeKind::HeldBy;
            let (Some(end), Some(found)) =
                (self.end(edge).filter(|_| is_held), found.get(&edge.from))
            else {
                return true;
            };
            // What a frame's variable had may be what that thread was given.
            let is_variable = matches!(self.nodes.get(edge.to.0), Some(Node::Thread(_)));
            if is_hidden && is_variable && edge.certainty < Certainty::Definite {
                edge.certainty = Certainty::Possible;
            }
            let is_all = end.count == Some(found.ends) || found.only.is_some();
            if is_all && !is_hidden {
                edge.certainty = edge.certainty.max(Certainty::Likely);
            }
            let is_left = end.count.is_none_or(|count| found.certain < count);
            edge.certainty == Certainty::Definite || is_left
        });
        self.edges = edges;
    }

    /// What an edge to a holder is one of, if it is one of the ends that can be counted.
    fn end(&self, edge: &Edge) -> Option<End> {
        let holding = self.world.holdings.get(edge.holding?)?;
        let Some(Node::Resource(resource)) = self.nodes.get(edge.from.0) else { return None };
        let is_taken = matches!(resource.by, EndedBy::Holders | EndedBy::Permits);
        let only = is_taken.then_some(edge.to);
        let is_alone = holding.hold == Hold::Exclusive;
        let is_end = matches!(
            (resource.by, holding.hold),
            (EndedBy::Holders, _)
                | (EndedBy::Permits, Hold::Permits(_) | Hold::Assigned(_))
                | (EndedBy::Senders, Hold::Sender | Hold::Acceptor)
                | (EndedBy::Receivers, Hold::Receiver)
        );
        let count = if is_alone { Some(1) } else { resource.ends };
        is_end.then_some(End { count, only })
    }

    /// Who holds something, and how sure that can be at most: a guard that lies somewhere in a task
    /// that polls several futures can be let go by any of them.
    fn holder(&mut self, holder: Holder, within: Option<u64>) -> Option<(NodeId, Certainty)> {
        Some(match holder {
            Holder::Task(key) => {
                let whole = *self.tasks.get(&key)?;
                let exact = within.and_then(|within| self.futures.get(&(key, within))).copied();
                let is_forked = self
                    .nodes
                    .get(whole.0)
                    .is_some_and(|node| matches!(node, Node::Branch(branch) if is_fork(branch)));
                match exact {
                    Some(exact) => (exact, Certainty::Definite),
                    None if is_forked => (whole, Certainty::Likely),
                    None => (whole, Certainty::Definite),
                }
            }
            Holder::Aside(key, address) => {
                let aside = self.asides.get(&(key, address.0)).or_else(|| self.tasks.get(&key));
                (*aside?, Certainty::Definite)
            }
            Holder::Thread(id, _) => (*self.threads.get(&id.0)?, Certainty::Definite),
            Holder::Shared(address) => (self.place(address.0), Certainty::Definite),
            Holder::Queued(key) => (self.place(key.0.0), Certainty::Definite),
            // Anybody may look there, whoever that is.
            Holder::Static(_) => return None,
        })
    }
}
