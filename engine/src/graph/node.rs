//! What waits, or is waited for.

use crate::model::{
    Amount, Aside, EndedBy, Future, Needs, Pool, Resource, ResourceKey, Runtime, Task, Thread, Wait,
};

/// The name of a node in its graph.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct NodeId(pub usize);

/// What waits, or is waited for.
#[derive(Clone, PartialEq, Debug)]
pub enum Node<'world> {
    /// A task, or one of several futures in it that are polled together, or one that nothing polls.
    Branch(Branch<'world>),
    /// A thread.
    Thread(&'world Thread),
    /// A lock, permits, one direction of a channel.
    Resource(ResourceNode<'world>),
    /// A runtime.
    Runtime(&'world Runtime),
    /// The threads that run closures for a runtime.
    Pool(&'world Pool),
    /// A place that no task owns alone, by its address.
    Place(u64),
}

/// A part of a task that ends or does not end as one: its futures in a row, up to the leaf or to
/// where several are polled together.
#[derive(Clone, PartialEq, Debug)]
pub struct Branch<'world> {
    /// The task.
    pub task: &'world Task,
    /// The future at its start that nothing polls, if it is one of these.
    pub aside: Option<&'world Aside>,
    /// Its futures, outermost first; none while the task is polled.
    pub links: Vec<&'world Future>,
    /// The branch that polls this one together with others.
    pub parent: Option<super::NodeId>,
    /// Whether nothing can wake it.
    pub is_sealed: bool,
}

impl<'world> Branch<'world> {
    /// What it waits for, if it ends in a leaf.
    pub fn wait(&self) -> Option<&'world Wait> {
        self.links.last()?.wait.as_ref()
    }

    /// Whether something may let it go on that was not found in it.
    pub fn is_partial(&self) -> bool {
        self.links.iter().any(|link| link.is_partial)
    }

    /// Whether this is the whole of its task.
    pub fn is_whole(&self) -> bool {
        self.aside.is_none() && self.parent.is_none()
    }
}

/// What can be held: one direction of it.
#[derive(Clone, PartialEq, Debug)]
pub struct ResourceNode<'world> {
    /// What identifies it.
    pub key: ResourceKey,
    /// Whose doing ends the waits for it.
    pub by: EndedBy,
    /// What is known of it.
    pub resource: Option<&'world Resource>,
    /// The first wait for it.
    pub wait: &'world Wait,
    /// How many ends there are that can serve it, if they are counted.
    pub ends: Option<u64>,
}

impl ResourceNode<'_> {
    /// How many tasks are in it, if it is made of tasks and they are counted.
    pub fn tasks_in_all(&self) -> Option<u64> {
        self.resource?.amounts.iter().find_map(|amount| match amount {
            Amount::Tasks(count) => Some(*count),
            _ => None,
        })
    }

    /// Whether it is made of tasks.
    pub fn has_tasks(&self) -> bool {
        self.resource.is_some_and(|resource| !resource.tasks.is_empty())
    }
}

/// Which of the nodes that a node needs must go on before it does.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Needed {
    /// All of them. With none, it goes on.
    All,
    /// One of them.
    Any,
    /// None can help.
    Nothing,
}

impl Node<'_> {
    /// Which of the nodes that this one needs must go on before it does.
    pub fn needed(&self) -> Needed {
        match self {
            Node::Branch(branch) if branch.is_sealed => Needed::Nothing,
            Node::Branch(branch) => match branch.links.last() {
                Some(last) if last.children.len() > 1 && last.needs == Needs::Any => Needed::Any,
                Some(_) | None => Needed::All,
            },
            Node::Thread(_) => Needed::All,
            Node::Runtime(_) | Node::Pool(_) | Node::Place(_) => Needed::Any,
            // The next of a set of tasks is whichever ends first.
            Node::Resource(resource) if resource.has_tasks() => Needed::Any,
            Node::Resource(resource) => match resource.by {
                EndedBy::Permits | EndedBy::Senders | EndedBy::Receivers | EndedBy::Anybody => {
                    Needed::Any
                }
                EndedBy::Holders
                | EndedBy::Handles
                | EndedBy::Named
                | EndedBy::Time
                | EndedBy::World
                | EndedBy::Nobody
                | EndedBy::Unknown => Needed::All,
            },
        }
    }
}
