//! Which threads poll a runtime's tasks: its workers, or the thread that blocks on it.
//!
//! Source: tokio 1.20 `runtime/thread_pool/worker.rs`, `runtime/basic_scheduler.rs`; tokio 1.54
//! `runtime/scheduler/multi_thread/worker.rs` (`fn run`, `fn block_in_place`),
//! `runtime/scheduler/current_thread/mod.rs` (`impl CoreGuard`).

use crate::futures::simplified;
use crate::stack::ThreadStack;

/// How the names of functions begin of which one is on the stack of a thread that drives a runtime.
const LOOPS: [&str; 6] = [
    "tokio::runtime::scheduler::multi_thread::worker::run",
    "tokio::runtime::scheduler::multi_thread::worker::Context::run",
    "tokio::runtime::thread_pool::worker::run",
    "tokio::runtime::thread_pool::worker::Context::run",
    "tokio::runtime::scheduler::current_thread::CoreGuard::",
    "tokio::runtime::basic_scheduler::CoreGuard::",
];

/// What a worker calls when it hands its tasks to another thread, to block.
const HANDS_OVER: [&str; 2] = [
    "tokio::runtime::scheduler::multi_thread::worker::block_in_place",
    "tokio::runtime::thread_pool::worker::block_in_place",
];

/// Whether the thread of this stack polls tasks, or would if it were not busy with one.
pub(super) fn drives(stack: &ThreadStack) -> bool {
    let mut is_driver = false;
    for function in stack.functions().filter(|name| name.contains("tokio::runtime::")) {
        let path = simplified(function);
        let path = path.trim_start_matches('<');
        if HANDS_OVER.iter().any(|hands_over| path.starts_with(hands_over)) {
            return false;
        }
        is_driver |= LOOPS.iter().any(|function| path.starts_with(function));
    }
    is_driver
}
