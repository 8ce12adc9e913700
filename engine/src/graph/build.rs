//! From a world to its graph.

use std::collections::HashMap;

use super::WaitGraph;
use super::edge::{Edge, EdgeKind};
use super::node::{Branch, Node, NodeId, ResourceNode};
use crate::evidence::Certainty;
use crate::model::{
    Activity, Amount, Aside, EndedBy, Future, Resource, ResourceKey, Task, TaskKey, TaskState,
    Thread, Wait, World,
};

/// How far behind the start of a future its entry in a queue can lie, in bytes.
const LARGEST_LEAF: u64 = 1024;

/// What a task waits for that has only let others go first.
const YIELDED: &str = "yield_now";

pub(super) fn build(world: &World) -> WaitGraph<'_> {
    let mut builder = Builder::new(world);
    builder.add_nodes();
    builder.add_polling();
    builder.add_waits();
    builder.add_queues();
    builder.add_holders();
    builder.add_reach();
    builder.add_owners();
    builder.settle_holders();
    builder.finish()
}

/// A graph that is being made.
pub(super) struct Builder<'world> {
    pub(super) world: &'world World,
    pub(super) nodes: Vec<Node<'world>>,
    pub(super) edges: Vec<Edge>,
    /// The whole of each task.
    pub(super) tasks: HashMap<TaskKey, NodeId>,
    pub(super) threads: HashMap<i32, NodeId>,
    pub(super) runtimes: Vec<NodeId>,
    pub(super) pools: Vec<NodeId>,
    pub(super) resources: HashMap<(ResourceKey, EndedBy), NodeId>,
    pub(super) known: HashMap<ResourceKey, &'world Resource>,
    pub(super) places: HashMap<u64, NodeId>,
    /// The places of which it was not added yet who has them.
    pub(super) new_places: Vec<(u64, NodeId)>,
    /// The branch that each future is in.
    pub(super) futures: HashMap<(TaskKey, u64), NodeId>,
    pub(super) asides: HashMap<(TaskKey, u64), NodeId>,
    /// The future that each thread blocks on, where it does not poll it.
    pub(super) blocked_on: HashMap<i32, &'world Task>,
    /// The leaves that wait for each resource, by where they lie.
    pub(super) leaves: HashMap<ResourceKey, Vec<(u64, NodeId)>>,
    /// The threads that will wake each task when they have ended the poll that they are in.
    deferred: HashMap<TaskKey, Vec<i32>>,
}

impl<'world> Builder<'world> {
    fn new(world: &'world World) -> Builder<'world> {
        Builder {
            world,
            nodes: Vec::new(),
            edges: Vec::new(),
            tasks: HashMap::new(),
            threads: HashMap::new(),
            runtimes: Vec::new(),
            pools: Vec::new(),
            resources: HashMap::new(),
            known: world.resources.iter().map(|resource| (resource.key, resource)).collect(),
            places: HashMap::new(),
            new_places: Vec::new(),
            futures: HashMap::new(),
            asides: HashMap::new(),
            blocked_on: blocked_on(world),
            leaves: HashMap::new(),
            deferred: deferred(world),
        }
    }

    pub(super) fn add(&mut self, node: Node<'world>) -> NodeId {
        self.nodes.push(node);
        NodeId(self.nodes.len() - 1)
    }

    fn join(&mut self, from: NodeId, to: NodeId, kind: EdgeKind) {
        let certainty = Certainty::Definite;
        self.edges.push(Edge { from, to, kind, certainty, holding: None });
    }

    fn add_nodes(&mut self) {
        for task in &self.world.tasks {
            let whole = self.add_branches(task, task.future.as_ref(), None);
            self.tasks.insert(task.key, whole);
        }
        for task in &self.world.tasks {
            for aside in &task.aside {
                let node = self.add_branches(task, Some(&aside.future), Some(aside));
                self.asides.insert((task.key, aside.future.address.0), node);
                let around = self.futures.get(&(task.key, aside.within.0)).copied();
                let around = around.or_else(|| self.tasks.get(&task.key).copied());
                if let Some(around) = around.filter(|around| *around != node) {
                    self.join(node, around, EdgeKind::SetAside);
                }
            }
        }
        for thread in &self.world.threads {
            let node = self.add(Node::Thread(thread));
            self.threads.insert(thread.id.0, node);
        }
        for runtime in &self.world.runtimes {
            let node = self.add(Node::Runtime(runtime));
            self.runtimes.push(node);
        }
        for pool in &self.world.pools {
            let node = self.add(Node::Pool(pool));
            self.pools.push(node);
        }
    }

    /// Adds a future with all that it polls, a branch a node, and gives the outermost.
    fn add_branches(
        &mut self,
        task: &'world Task,
        future: Option<&'world Future>,
        aside: Option<&'world Aside>,
    ) -> NodeId {
        let outermost = NodeId(self.nodes.len());
        let mut left: Vec<(Option<&'world Future>, Option<NodeId>)> = vec![(future, None)];
        while let Some((start, parent)) = left.pop() {
            let links = straight(start);
            let last = links.last().copied();
            let is_sealed = is_sealed(task);
            let here = NodeId(self.nodes.len());
            for link in &links {
                self.futures.entry((task.key, link.address.0)).or_insert(here);
            }
            self.add(Node::Branch(Branch { task, aside, links, parent, is_sealed }));
            if let Some(parent) = parent {
                self.join(parent, here, EdgeKind::Polls);
            }
            let children = last.map(|last| last.children.as_slice()).unwrap_or_default();
            left.extend(children.iter().rev().map(|child| (Some(child), Some(here))));
        }
        outermost
    }

    /// Adds who has to poll what: threads, runtimes, the code around.
    fn add_polling(&mut self) {
        for index in 0..self.nodes.len() {
            let from = NodeId(index);
            match self.nodes.get(index) {
                Some(Node::Branch(branch)) if branch.aside.is_none() && !is_fork(branch) => {
                    self.add_polling_of(from, branch.task);
                }
                Some(Node::Thread(thread)) => self.add_blocking(from, thread),
                _ => {}
            }
        }
        let runtimes = self.world.runtimes.iter().map(|runtime| &runtime.drivers);
        let driven = runtimes.zip(self.runtimes.clone());
        let pools = self.world.pools.iter().map(|pool| &pool.threads);
        for (threads, from) in driven.chain(pools.zip(self.pools.clone())) {
            for thread in threads {
                if let Some(to) = self.threads.get(&thread.0).copied() {
                    self.join(from, to, EdgeKind::DrivenBy);
                }
            }
        }
    }

    fn add_polling_of(&mut self, from: NodeId, task: &'world Task) {
        match task.state {
            TaskState::Complete => {}
            TaskState::Running => {
                let thread = task.thread.and_then(|thread| self.threads.get(&thread.0)).copied();
                if let Some(to) = thread {
                    self.join(from, to, EdgeKind::PolledBy);
                }
            }
            TaskState::Idle | TaskState::Scheduled => {
                self.add_own_thread(from, task);
                if let Some(to) = task.pool.and_then(|index| self.pools.get(index)).copied() {
                    self.join(from, to, EdgeKind::RunBy);
                }
                let is_spawned = matches!(task.key, TaskKey::Spawned(_));
                let runtime = task.runtime.filter(|index| is_spawned && self.is_served(*index));
                if let Some(to) = runtime.and_then(|index| self.runtimes.get(index)).copied() {
                    self.join(from, to, EdgeKind::RunBy);
                }
            }
        }
    }

    /// Adds the thread that blocks on a future, while it is in the middle of something else: no
    /// other thread polls that future.
    fn add_own_thread(&mut self, from: NodeId, task: &Task) {
        let TaskKey::Root(thread, _) = task.key else { return };
        let is_free = self.blocked_on.get(&thread.0).is_some_and(|known| known.key == task.key);
        if let Some(to) = self.threads.get(&thread.0).copied().filter(|_| !is_free) {
            self.join(from, to, EdgeKind::RunOn);
        }
    }

    /// Whether it is known which threads drive a runtime, and that none of them is free to.
    fn is_served(&self, runtime: usize) -> bool {
        let Some(drivers) = self.world.runtimes.get(runtime).map(|runtime| &runtime.drivers) else {
            return false;
        };
        let is_busy = |id: i32| {
            let thread = self.threads.get(&id).and_then(|node| self.nodes.get(node.0));
            let Some(Node::Thread(thread)) = thread else { return false };
            let elsewhere = |task: &&Task| task.runtime != Some(runtime);
            let polls = matches!(thread.activity, Activity::Polls(_));
            polls || self.blocked_on.get(&id).is_some_and(elsewhere)
        };
        !drivers.is_empty() && drivers.iter().all(|driver| is_busy(driver.0))
    }

    /// Adds what a thread is blocked in, if that is a future.
    fn add_blocking(&mut self, from: NodeId, thread: &Thread) {
        let root = self.blocked_on.get(&thread.id.0).and_then(|task| self.tasks.get(&task.key));
        if let Some(to) = root.copied() {
            self.join(from, to, EdgeKind::BlocksOn);
        }
    }

    fn add_waits(&mut self) {
        for index in 0..self.nodes.len() {
            let from = NodeId(index);
            match self.nodes.get(index) {
                Some(Node::Branch(branch)) => {
                    let (task, leaf) = (branch.task, branch.links.last().copied());
                    // One that nothing polls does not take what it waits for, even when that comes.
                    let is_idle = branch.aside.is_none() && task.state == TaskState::Idle;
                    if let Some((leaf, wait)) =
                        leaf.and_then(|leaf| Some((leaf, leaf.wait.as_ref()?)))
                    {
                        self.note_leaf(from, leaf, wait);
                        if is_idle {
                            self.add_wait(from, wait);
                            self.add_deferred(from, task, wait);
                        }
                    }
                }
                Some(Node::Thread(thread)) => {
                    let is_innermost = !self.blocked_on.contains_key(&thread.id.0);
                    if let Some(wait) = thread.wait.as_ref().filter(|_| is_innermost) {
                        self.add_wait(from, wait);
                    }
                }
                _ => {}
            }
        }
    }

    fn note_leaf(&mut self, node: NodeId, leaf: &Future, wait: &Wait) {
        if let Some(key) = wait.resource {
            self.leaves.entry(key).or_default().push((leaf.address.0, node));
        }
    }

    /// Adds the threads that will wake a task, where there is nothing else that it waits for.
    fn add_deferred(&mut self, from: NodeId, task: &Task, wait: &Wait) {
        let Some(threads) = self.deferred.get(&task.key) else { return };
        let resource = wait.resource.and_then(|key| self.known.get(&key).copied());
        let is_over = |key: TaskKey| {
            let joined = self.world.tasks.iter().find(|task| task.key == key);
            joined.is_some_and(|task| task.state == TaskState::Complete)
        };
        let is_there = is_ready(wait, resource) || wait.task.is_some_and(is_over);
        if is_there || wait.kind == YIELDED {
            let threads = threads.iter().filter_map(|id| self.threads.get(id).copied());
            for to in threads.collect::<Vec<NodeId>>() {
                self.join(from, to, EdgeKind::WokenBy);
            }
        }
    }

    fn add_wait(&mut self, from: NodeId, wait: &'world Wait) {
        let task = wait.task.and_then(|key| self.tasks.get(&key)).copied();
        let thread = wait.thread.and_then(|id| self.threads.get(&id.0)).copied();
        for to in task.into_iter().chain(thread) {
            self.join(from, to, EdgeKind::EndOf);
        }
        let Some(key) = wait.resource else { return };
        if is_ready(wait, self.known.get(&key).copied()) {
            return;
        }
        let to = self.resource(key, wait);
        self.join(from, to, EdgeKind::WaitsFor);
    }

    fn resource(&mut self, key: ResourceKey, wait: &'world Wait) -> NodeId {
        if let Some(node) = self.resources.get(&(key, wait.by)) {
            return *node;
        }
        let resource = self.known.get(&key).copied();
        let ends = ends(wait, resource);
        let node =
            self.add(Node::Resource(ResourceNode { key, by: wait.by, resource, wait, ends }));
        self.resources.insert((key, wait.by), node);
        for task in resource.iter().flat_map(|resource| &resource.tasks) {
            if let Some(to) = self.tasks.get(task).copied() {
                self.join(node, to, EdgeKind::EndOf);
            }
        }
        node
    }

    /// Adds who is next before whom in the queues that are served in order.
    fn add_queues(&mut self) {
        self.leaves.values_mut().for_each(|leaves| leaves.sort());
        for resource in &self.world.resources {
            let Some(leaves) = self.leaves.get(&resource.key) else { continue };
            let waiters = resource.waiters.iter().flatten();
            let nodes: Vec<Option<NodeId>> =
                waiters.map(|waiter| leaf_of(leaves, waiter.node.0)).collect();
            for pair in nodes.windows(2) {
                if let &[Some(before), Some(behind)] = pair
                    && self.is_in_order(behind)
                {
                    self.join(behind, before, EdgeKind::Behind);
                }
            }
        }
    }

    /// Whether what this branch waits for is given in the order of the queue.
    fn is_in_order(&self, node: NodeId) -> bool {
        let Some(Node::Branch(branch)) = self.nodes.get(node.0) else { return false };
        let by = branch.wait().map(|wait| wait.by);
        matches!(by, Some(EndedBy::Holders | EndedBy::Permits | EndedBy::Receivers))
    }

    fn finish(mut self) -> WaitGraph<'world> {
        self.edges.sort();
        // Of what has several owners, one who has it twice counts twice.
        self.edges.dedup_by(|edge, before| edge == before && edge.kind != EdgeKind::OwnedBy);
        let mut first = vec![0; self.nodes.len() + 1];
        for edge in &self.edges {
            if let Some(count) = first.get_mut(edge.from.0 + 1) {
                *count += 1;
            }
        }
        let mut before = 0;
        for count in &mut first {
            before += *count;
            *count = before;
        }
        WaitGraph { world: self.world, nodes: self.nodes, edges: self.edges, first }
    }
}

/// The futures in a row from `start`, up to the leaf or to where several are polled together.
fn straight(start: Option<&Future>) -> Vec<&Future> {
    let mut links = Vec::new();
    let mut next = start;
    while let Some(future) = next {
        links.push(future);
        next = match future.children.as_slice() {
            [only] => Some(only),
            _ => None,
        };
    }
    links
}

pub(super) fn is_fork(branch: &Branch<'_>) -> bool {
    branch.links.last().is_some_and(|last| last.children.len() > 1)
}

/// Whether a task waits to be woken and nothing has a way to do so.
fn is_sealed(task: &Task) -> bool {
    task.state == TaskState::Idle && !task.is_aborted && task.wakers == Some(0)
}

/// The future that each thread blocks on and does not poll. A thread that runs may be about to: it
/// waits for nothing yet.
fn blocked_on(world: &World) -> HashMap<i32, &Task> {
    let tasks: HashMap<TaskKey, &Task> = world.tasks.iter().map(|task| (task.key, task)).collect();
    let blocked = world.threads.iter().filter(|thread| thread.call.is_some());
    let on = blocked.filter_map(|thread| Some((thread.id.0, *tasks.get(&thread.blocks_on?)?)));
    on.filter(|(_, task)| task.state != TaskState::Running).collect()
}

/// The threads that will wake each task when they have ended the poll that they are in.
fn deferred(world: &World) -> HashMap<TaskKey, Vec<i32>> {
    let mut deferred: HashMap<TaskKey, Vec<i32>> = HashMap::new();
    for known in &world.deferred {
        deferred.entry(known.task).or_default().push(known.by.0);
    }
    deferred
}

/// The leaf in which an entry of a queue lies: the nearest that begins before it.
fn leaf_of(leaves: &[(u64, NodeId)], entry: u64) -> Option<NodeId> {
    let after = leaves.partition_point(|(address, _)| *address <= entry);
    let (address, node) = leaves.get(after.checked_sub(1)?)?;
    (entry - address < LARGEST_LEAF).then_some(*node)
}

/// How many there are that can serve a resource, if that is counted.
fn ends(wait: &Wait, resource: Option<&Resource>) -> Option<u64> {
    let amounts = resource.map(|resource| resource.amounts.as_slice()).unwrap_or_default();
    wait.amounts.iter().chain(amounts).find_map(|amount| match (wait.by, *amount) {
        (EndedBy::Senders, Amount::Senders(count))
        | (EndedBy::Receivers, Amount::Receivers(count)) => Some(count),
        _ => None,
    })
}

/// Whether what is waited for is there already.
pub fn is_ready(wait: &Wait, resource: Option<&Resource>) -> bool {
    let amounts = resource.map(|resource| resource.amounts.as_slice()).unwrap_or_default();
    let all = || wait.amounts.iter().chain(amounts);
    let needs = all().find_map(|amount| match amount {
        Amount::Needs(needs) => Some(*needs),
        _ => None,
    });
    let has_assigned = wait.amounts.iter().any(
        |amount| matches!(amount, Amount::Assigned(assigned) if *assigned >= needs.unwrap_or(1)),
    );
    let is_there = all().any(|amount| match (wait.by, *amount) {
        (EndedBy::Holders, Amount::Available(free)) => {
            free > 0 && needs.is_none_or(|needs| free >= needs)
        }
        (EndedBy::Permits | EndedBy::Receivers, Amount::Available(free)) => {
            free >= needs.unwrap_or(1)
        }
        (EndedBy::Senders, Amount::Length(length)) => length > 0,
        (EndedBy::Senders, Amount::Senders(0)) => true,
        (_, Amount::Closed) => true,
        _ => false,
    });
    has_assigned || is_there
}
