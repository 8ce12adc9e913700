//! What is waited for.

use super::future::Line;
use super::resource::ResourceKey;
use super::task::TaskKey;
use crate::address::{Address, ThreadId};

/// One wait: of the leaf of an await chain, or of a thread.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Wait {
    /// What its users call it: `Mutex`, `RwLock write`, `sleep`.
    pub kind: String,
    /// Whose doing ends it.
    pub by: EndedBy,
    /// The type of what is waited for, as the debug info names it.
    pub type_name: String,
    /// Where that lies, if it identifies it to a user: the `Mutex` itself.
    pub address: Option<Address>,
    /// What is waited for as a node of the wait-for graph, if others can hold or serve it.
    pub resource: Option<ResourceKey>,
    /// The task that is waited for, when it is one.
    pub task: Option<TaskKey>,
    /// The thread whose end is waited for, when it is one.
    pub thread: Option<ThreadId>,
    /// What tells it from others of its kind: the addresses of a socket, the name of a signal.
    pub about: Option<String>,
    /// Where the other end of it is, if that is known, and who waits there.
    pub other_end: Option<String>,
    /// The runtime that has to be driven for it to end: whose timer it is, or who is told of its
    /// descriptor.
    pub driven_by: Option<Driver>,
    /// How much, how long, how many.
    pub amounts: Vec<Amount>,
    /// Of a future that is not known: the functions that poll it, the outermost first, in which the
    /// wait is written.
    pub polled_by: Vec<PollFunction>,
}

/// A runtime that timers and descriptors are registered with.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Driver {
    /// Where it lies, as in [`super::Runtime::address`].
    pub address: Address,
    /// What its users call its kind.
    pub flavor: &'static str,
}

/// A function that polls a future or a stream, written by hand.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PollFunction {
    /// The function as its author calls it.
    pub name: String,
    /// Where it is written.
    pub line: Line,
}

/// Whose doing ends a wait.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub enum EndedBy {
    /// It cannot be told.
    #[default]
    Unknown,
    /// Those who hold the lock let it go: none of them may keep it.
    Holders,
    /// Enough of the permits are given back, by any of those who hold some.
    Permits,
    /// A sender of the channel sends, or the last one goes.
    Senders,
    /// The receiver of the channel receives, or goes.
    Receivers,
    /// The handles that keep the resource from being complete go.
    Handles,
    /// The task or the thread that the wait names ends.
    Named,
    /// Time passes.
    Time,
    /// The world outside of the process: a socket, a child process, a signal.
    World,
    /// Anybody who can reach the resource.
    Anybody,
    /// Nobody: it is made to last for ever.
    Nobody,
}

/// A number that belongs to a wait or to a resource.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Amount {
    /// Nanoseconds until it ends by itself; negative when that moment has passed.
    FiresIn(i64),
    /// Permits that are still needed.
    Needs(u64),
    /// Permits that were handed to this waiter, which has not been polled since.
    Assigned(u64),
    /// Permits that are there.
    Available(u64),
    /// Senders of the channel that are alive. A resource that names no number has not counted them.
    Senders(u64),
    /// Receivers of the channel that are alive. A resource that names no number has not counted them.
    Receivers(u64),
    /// Messages in the channel.
    Length(u64),
    /// Messages that fit into the channel in all.
    Capacity(u64),
    /// The place in the queue, from 1.
    Place {
        /// Which.
        number: u64,
        /// Of how many.
        of: u64,
    },
    /// So many have come to a barrier.
    Arrived {
        /// How many.
        count: u64,
        /// Of how many.
        of: u64,
    },
    /// Tasks that have not ended.
    Tasks(u64),
    /// It must be closed before the wait can end, and is not.
    Open,
    /// An open file, by its number.
    Descriptor(u64),
    /// Bytes that have come and that nobody has read.
    Unread(u64),
    /// Bytes that were sent and that the other end has not taken.
    Unsent(u64),
    /// A process, by its id.
    Process(u64),
    /// The clock is paused: time passes only when no task can run.
    Paused,
    /// Its other end is closed.
    Closed,
}
