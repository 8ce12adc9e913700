//! What can be waited for and held: locks, permits, channels, and who has which end of them.

use super::future::{Future, Line};
use super::task::TaskKey;
use super::wait::Amount;
use crate::address::{Address, ThreadId};
use crate::evidence::Certainty;

/// What identifies a resource within one stop: where the state lies that all its users share. For a
/// lock of Tokio's that is the semaphore inside it, for a channel the shared part of its ends. What goes
/// through the kernel has a number that is no address.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct ResourceKey(pub Address);

/// A resource that somebody waits for.
#[derive(Clone, PartialEq, Debug)]
pub struct Resource {
    /// What identifies it.
    pub key: ResourceKey,
    /// What its users call it: `Mutex`, `mpsc channel`.
    pub kind: String,
    /// Its type, as the debug info names it.
    pub type_name: String,
    /// Where it lies, if that identifies it to a user.
    pub address: Option<Address>,
    /// Permits, length, capacity, whether it is closed.
    pub amounts: Vec<Amount>,
    /// Who is in its queue, in the order in which they will be served; absent when that could not
    /// be read, or when it has no queue.
    pub waiters: Option<Vec<Waiter>>,
    /// Whom else it will wake, in no order: the receiver of a channel, all who watch a value.
    pub listeners: Vec<Waiter>,
    /// The tasks that it is about: those in a `JoinSet`.
    pub tasks: Vec<TaskKey>,
}

/// One place in the queue of a resource.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Waiter {
    /// Where its entry lies: inside the future that waits, or where a channel keeps its receiver's
    /// waker.
    pub node: Address,
    /// How many permits it still needs; 1 where the kind has none.
    pub needs: u64,
    /// Whom it will wake; absent when it has no waker.
    pub waker: Option<Waker>,
}

/// What a waker leads to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Waker {
    /// A spawned task, or the future that a thread blocks on.
    Task(TaskKey),
    /// A child of something that polls several futures, which is part of this task if that is known.
    Child {
        /// What the waker points to.
        data: Address,
        /// The task that it belongs to.
        task: Option<TaskKey>,
    },
    /// Something else: what the waker points to, and the function that clones it where known.
    Other {
        /// What the waker points to.
        data: Address,
        /// The function in its vtable that clones it.
        clone: Option<String>,
    },
}

/// A part of a resource that somebody has: a guard, permits, one end of a channel.
#[derive(Clone, PartialEq, Debug)]
pub struct Holding {
    /// Of which resource.
    pub resource: ResourceKey,
    /// What of it.
    pub hold: Hold,
    /// The type of the value that holds it, as the debug info names it.
    pub type_name: String,
    /// Where that value lies.
    pub address: Address,
    /// Who has it.
    pub holder: Holder,
    /// The future in whose state that value lies, one of the holder's await chains: until it goes on,
    /// nothing there is dropped. Absent where it is not known.
    pub within: Option<Address>,
    /// The variable it is in, or on the way to it.
    pub variable: Option<String>,
    /// Since which line it has been held.
    pub since: Option<Line>,
    /// How sure it is that the value is alive and has not been moved away.
    pub certainty: Certainty,
    /// The type of the value around it that is made to be polled, and that its task does not poll at the
    /// moment: `hyper::client::conn::http1::Connection`.
    pub carrier: Option<String>,
    /// How many bytes lie in a buffer around it that were written and not handed on.
    pub unflushed: Option<u64>,
}

/// What a value holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Held {
    /// Of which resource.
    pub resource: ResourceKey,
    /// What of it.
    pub hold: Hold,
}

/// What of a resource is held.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Hold {
    /// The lock, alone.
    Exclusive,
    /// The lock, together with other readers.
    Shared,
    /// So many permits.
    Permits(u64),
    /// So many permits that were handed to a waiter and not taken by it yet.
    Assigned(u64),
    /// The right to send into a channel.
    Sender,
    /// The right to accept the connection at whose other end somebody waits.
    Acceptor,
    /// The right to receive from a channel.
    Receiver,
    /// A handle that keeps a task group or a token from being complete: `TaskTrackerToken`, the
    /// parent's side of a `JoinSet`, a `Notify` that only its owner can signal.
    Handle,
}

/// Who holds something.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Holder {
    /// A future of this task that lies on its await path.
    Task(TaskKey),
    /// A future of this task that is alive and that nothing polls at the moment: see
    /// [`Aside`]. It is the future at this address.
    Aside(TaskKey, Address),
    /// A frame of a thread: the thread, and which of its frames from the innermost.
    Thread(ThreadId, usize),
    /// A value that several have together, by where it lies: see [`super::Shared`].
    Shared(Address),
    /// A static variable, by where it lies: whoever knows its name can reach it, and it never goes.
    Static(Address),
    /// A message that waits in this channel: whoever receives from it gets that.
    Queued(ResourceKey),
}

/// A future that is alive in the state of a task and on none of its await paths: nothing polls it
/// until the code around it goes on.
#[derive(Clone, PartialEq, Debug)]
pub struct Aside {
    /// The future with all that it waits for.
    pub future: Future,
    /// The variable it is in, or on the way to it.
    pub variable: Option<String>,
    /// The coroutine in whose state it lies.
    pub within: Address,
    /// The line at which that coroutine is suspended.
    pub at: Option<Line>,
    /// Since which line it has been there.
    pub since: Option<Line>,
    /// How sure it is that it is alive and has not been moved away.
    pub certainty: Certainty,
}
