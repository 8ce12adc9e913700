//! What is idle of a runtime: threads without work.

use crate::stack::ThreadStack;
use crate::sync;

/// Whether a thread of the pool for blocking work has none: the innermost function that is not the
/// standard library's is the pool's own loop.
///
/// Source: tokio 1.20 and 1.54 `runtime/blocking/pool.rs` (`Inner::run`).
pub fn is_spare(stack: &ThreadStack) -> bool {
    let innermost = sync::innermost(stack);
    innermost.is_some_and(|path| path.ends_with("blocking::pool::Inner::run"))
}
