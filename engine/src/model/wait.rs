//! What is waited for.

use super::task::TaskKey;
use crate::address::Address;

/// One leaf's wait.
#[derive(Clone, PartialEq, Debug)]
pub struct Wait {
    /// What is waited for.
    pub resource: Resource,
    /// The task that is waited for, when it is one.
    pub task: Option<TaskKey>,
    /// How much, how long, how many.
    pub amounts: Vec<Amount>,
}

/// Something that can be waited for.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Resource {
    /// What its users call it: `Mutex`, `oneshot`, `sleep`.
    pub kind: String,
    /// Its type, as the debug info names it.
    pub type_name: String,
    /// Where it lies, if that identifies it.
    pub address: Option<Address>,
}

/// A number that belongs to a wait.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Amount {
    /// Nanoseconds until it ends by itself; negative when that moment has passed.
    FiresIn(i64),
    /// Permits that are still needed.
    Needs(u64),
    /// Permits that are there.
    Available(u64),
    /// Senders of the channel that are alive.
    Senders(u64),
    /// Messages in the channel.
    Length(u64),
    /// Messages that fit into the channel.
    Capacity(u64),
    /// Its other end is closed.
    Closed,
}
