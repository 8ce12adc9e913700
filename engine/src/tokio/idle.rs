//! What is idle of a runtime: threads without work.

use crate::stack::ThreadStack;
use crate::sync;

/// Whether a thread of the pool for blocking work has none: the innermost function that is not the
/// standard library's, or a lock's that stands in for one of those, is the pool's own loop.
///
/// Source: tokio 1.20 `runtime/blocking/pool.rs` (`Inner::run`), 1.54 likewise and
/// `runtime/blocking/sharded.rs` (`run_worker`), `loom/std/parking_lot.rs`.
pub fn is_spare(stack: &ThreadStack) -> bool {
    let own = sync::own_functions(stack);
    let innermost = own.iter().find(|path| !path.starts_with("tokio::loom::std::"));
    innermost.is_some_and(|path| is_pools_loop(path))
}

fn is_pools_loop(path: &str) -> bool {
    let is_pools = path.starts_with("tokio::runtime::blocking::");
    is_pools && (path.ends_with("Inner::run") || path.ends_with("Impl::run_worker"))
}

#[cfg(test)]
mod tests {
    use super::is_pools_loop;

    #[test]
    fn a_pool_has_a_loop_of_its_own() {
        for path in ["pool::Inner::run", "pool::LockedImpl::run_worker"] {
            assert!(is_pools_loop(&format!("tokio::runtime::blocking::{path}")), "{path}");
        }
        for path in ["tokio::runtime::blocking::shutdown::Receiver::wait", "other::Inner::run"] {
            assert!(!is_pools_loop(path), "{path}");
        }
    }
}
