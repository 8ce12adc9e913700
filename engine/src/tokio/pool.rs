//! The queue of a blocking pool: closures that wait for a thread.
//!
//! A closure that runs is proven by its thread. One that was queued is on no list of tasks, and its
//! join handle may have been dropped: the queue itself proves it.
//!
//! Source: tokio 1.20 and 1.54 `runtime/blocking/pool.rs` (`Spawner.inner`, `struct Inner {
//! thread_cap, before_stop }`, `struct Task`),
//! std `collections/vec_deque/mod.rs` and `raw_vec` (rustc 1.95).

use crate::limits::Limits;
use crate::symbols::Type;
use crate::value::{Place, Pointee, search};

/// How deep wrappers are searched.
const DEPTH: usize = 10;

/// What waits in a blocking pool.
pub(super) struct Queue<'program> {
    /// The headers of the tasks, the next one first.
    pub(super) headers: Vec<Place<'program>>,
    /// How many threads the pool has at most, those that drive the runtime included.
    pub(super) most_threads: Option<u64>,
    /// Whether the program is called when a thread of the pool ends.
    pub(super) tells_ends: bool,
}

/// The queues of the blocking pools of the runtime behind this handle.
pub(super) fn queues<'program>(handle: &Place<'program>, limits: &Limits) -> Vec<Queue<'program>> {
    let is_spawner = |type_: &Type| type_.is("tokio::runtime::blocking::pool::Spawner");
    let mut spawners = search(handle, DEPTH, &is_spawner);
    let shared = arcs(handle).into_iter().filter_map(|arc| behind(&arc));
    spawners.extend(shared.flat_map(|shared| search(&shared, DEPTH, &is_spawner)));
    let pools = spawners.iter().flat_map(arcs).filter_map(|arc| behind(&arc));
    let is_queue = |type_: &Type| type_.is("alloc::collections::vec_deque::VecDeque");
    pools
        .map(|pool| {
            let queues = search(&pool, DEPTH, &is_queue);
            let tasks = queues.iter().flat_map(|queue| elements(queue, limits));
            let most_threads = pool.field("thread_cap").and_then(|cap| cap.unsigned());
            let headers = tasks.filter_map(|task| header(&task)).collect();
            Queue { headers, most_threads, tells_ends: tells_ends(&pool) }
        })
        .collect()
}

fn arcs<'program>(place: &Place<'program>) -> Vec<Place<'program>> {
    search(place, DEPTH, &|type_| type_.is("alloc::sync::Arc"))
}

/// What an `Arc` shares.
fn behind<'program>(arc: &Place<'program>) -> Option<Place<'program>> {
    match arc.field("ptr")?.pointee()? {
        Pointee::Thin(inner) => inner.field("data"),
        Pointee::Dynamic(_) | Pointee::UnknownDynamic(_) => None,
    }
}

/// Whether the program is called when a thread of this pool ends: unless it is seen not to be.
fn tells_ends(pool: &Place<'_>) -> bool {
    let callback = pool.field("before_stop").and_then(|callback| callback.variant_name());
    callback.is_none_or(|variant| variant != "None")
}

/// The elements of a `VecDeque`, the front first; none when its numbers do not fit together.
fn elements<'program>(queue: &Place<'program>, limits: &Limits) -> Vec<Place<'program>> {
    read(queue, limits).unwrap_or_default()
}

fn read<'program>(queue: &Place<'program>, limits: &Limits) -> Option<Vec<Place<'program>>> {
    let element = queue.type_.parameter("T")?;
    let head = queue.field("head")?.unsigned()?;
    let length = queue.field("len")?.unsigned()?;
    let buffer = queue.field("buf")?.field("inner")?;
    let capacity = buffer.field("cap")?.unsigned()?;
    let start = buffer.field("ptr")?.pointer()?;
    if length > capacity || head > capacity || length > limits.elements as u64 {
        return None;
    }
    let size = queue.at(start, element)?.type_.size;
    let place = |number: u64| {
        let index = head.checked_add(number)?.checked_rem(capacity)?;
        queue.at(start.offset(index.checked_mul(size)?), element)
    };
    (0..length).map(place).collect()
}

/// The header that a queued task refers to.
fn header<'program>(task: &Place<'program>) -> Option<Place<'program>> {
    let raw = search(task, DEPTH, &|type_| type_.is("tokio::runtime::task::raw::RawTask"));
    match raw.first()?.field("ptr")?.pointee()? {
        Pointee::Thin(header) => Some(header),
        Pointee::Dynamic(_) | Pointee::UnknownDynamic(_) => None,
    }
}
