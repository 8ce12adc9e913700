//! What is idle of a runtime: its own wake-ups, and threads without work.

use crate::snapshot::{Facts, Watched};
use crate::stack::ThreadStack;
use crate::sync;

/// Whether a file is one by which a runtime's loop wakes itself: the `eventfd` of its waker, or the
/// socket in which its handlers of signals say that one came. The loop knows the second by the number
/// behind the first's. Both ends of that socket are the runtime's; which signals are handled is
/// looked at by itself.
///
/// Source: tokio 1.28 `runtime/io/mod.rs` and 1.54 `runtime/io/driver.rs` (`TOKEN_WAKEUP`,
/// `TOKEN_SIGNAL`).
pub fn is_own_file(facts: &Facts, watched: &Watched) -> bool {
    let Some(surroundings) = &facts.surroundings else { return false };
    let is_waker = |other: &&Watched| {
        let descriptor = facts.descriptor(other.descriptor);
        descriptor.is_some_and(|descriptor| descriptor.target == "anon_inode:[eventfd]")
    };
    let of_loop = surroundings.watched.iter().filter(|other| other.by == watched.by);
    let before = watched.data.wrapping_sub(1);
    of_loop.filter(is_waker).any(|waker| waker.data == watched.data || waker.data == before)
}

/// Whether a thread of the pool for blocking work has none: the innermost function that is not the
/// standard library's is the pool's own loop.
///
/// Source: tokio 1.20 and 1.54 `runtime/blocking/pool.rs` (`Inner::run`).
pub fn is_spare(stack: &ThreadStack) -> bool {
    let innermost = sync::innermost(stack);
    innermost.is_some_and(|path| path.ends_with("blocking::pool::Inner::run"))
}
