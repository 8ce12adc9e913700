//! What each thread keeps of Tokio in its thread-local `CONTEXT`: the runtime it has entered, the task
//! it polls, and whom it will wake when it has polled that.
//!
//! Source: tokio 1.20 `runtime/context.rs` (`CONTEXT: RefCell<Option<Handle>>`), 1.29 and 1.54
//! `runtime/context.rs` (`struct Context { current: HandleCell, current_task_id, .. }`). Those to be
//! woken: 1.28 `runtime/{context,defer}.rs` (`struct Context { defer: RefCell<Option<Defer>> }`, `struct
//! Defer { deferred: Vec<Waker> }`), 1.32 and 1.54 `runtime/context.rs` (`struct Context { scheduler:
//! Scoped<scheduler::Context> }`), `runtime/context/scoped.rs` (`struct Scoped { inner: Cell<*const T>
//! }`), `runtime/scheduler/{current_thread/mod,multi_thread/worker}.rs` (`struct Context { defer }`).

use crate::address::{Address, ThreadId};
use crate::program::Program;
use crate::symbols::{Kind, Type};
use crate::value::{Place, Pointee, ThreadLocals, elements, search};

/// How deep in the thread-local's wrappers its parts are searched.
const DEPTH: usize = 16;

/// Most wakers that are read of those that a thread will wake.
const MOST_DEFERRED: usize = 10_000;

/// The lists of whom a thread will wake.
const DEFER: [&str; 2] =
    ["tokio::runtime::scheduler::defer::Defer", "tokio::runtime::defer::Defer"];

/// What one thread keeps.
pub(super) struct Context<'program> {
    /// The thread.
    pub(super) thread: ThreadId,
    /// The handle of the runtime it has entered.
    pub(super) handle: Option<Place<'program>>,
    /// The id of the task it polls.
    pub(super) task_id: Option<u64>,
    /// What the wakers point to that it will wake when it has ended the poll that it is in.
    pub(super) deferred: Vec<Address>,
}

/// The contexts of all threads that have one, for each Tokio in the main executable.
pub(super) fn contexts<'program>(program: &'program Program<'program>) -> Vec<Context<'program>> {
    let variables = ThreadLocals::named(program, "tokio::runtime::context::CONTEXT", super::CRATE);
    let threads = program.snapshot.facts.threads.iter();
    threads
        .flat_map(|thread| variables.of(thread).map(|place| (thread.id, place)))
        .filter(|(_, place)| is_initialized(place))
        .map(|(thread, place)| Context {
            thread,
            handle: handle(&place),
            task_id: task_id(&place),
            deferred: deferred(&place),
        })
        .collect()
}

/// Whether a thread has used its copy of a variable: until then a lazily initialized one holds
/// nothing, and what lies there means nothing.
///
/// Source: std `sys/thread_local/native/lazy.rs` (rustc 1.95): `struct Storage { state, value }`.
pub(super) fn is_initialized(place: &Place<'_>) -> bool {
    if !place.type_.path().contains("::lazy::") {
        return true;
    }
    let state = place.field("state").map(|state| search(&state, 4, &|type_| is_state(type_)));
    let name = state.and_then(|states| states.first()?.variant_name());
    name.is_none_or(|name| name.starts_with("Alive"))
}

fn is_state(type_: &Type) -> bool {
    matches!(type_.kind, Kind::Enum { .. })
}

fn handle<'program>(place: &Place<'program>) -> Option<Place<'program>> {
    let found = search(place, DEPTH, &|type_| {
        type_.is("tokio::runtime::scheduler::Handle") || type_.is("tokio::runtime::handle::Handle")
    });
    found.into_iter().next()
}

fn deferred(place: &Place<'_>) -> Vec<Address> {
    let is_defer = |type_: &Type| DEFER.iter().any(|path| type_.is(path));
    let contexts = search(place, DEPTH, &|type_| type_.is("tokio::runtime::context::Context"));
    let Some(context) = contexts.first() else { return Vec::new() };
    let mut lists = search(context, DEPTH, &is_defer);
    if let Some(scheduler) = context.field("scheduler") {
        let is_pointer = |type_: &Type| matches!(type_.kind, Kind::Pointer { .. });
        for pointer in search(&scheduler, DEPTH, &is_pointer) {
            if let Some(Pointee::Thin(target)) = pointer.pointee() {
                lists.extend(search(&target, DEPTH, &is_defer));
            }
        }
    }
    let wakers = lists.iter().flat_map(|list| {
        let vectors = search(list, DEPTH, &|type_| type_.is("alloc::vec::Vec"));
        vectors.first().and_then(|wakers| elements(wakers, MOST_DEFERRED)).unwrap_or_default()
    });
    wakers.filter_map(|waker| waker_data(&waker)).collect()
}

/// What a waker points to.
///
/// Source: core `task/wake.rs` (rustc 1.95): `struct RawWaker { data, vtable }`.
fn waker_data(waker: &Place<'_>) -> Option<Address> {
    let raw = search(waker, DEPTH, &|type_| type_.is("core::task::wake::RawWaker"));
    raw.first()?.field("data")?.pointer()
}

fn task_id(place: &Place<'_>) -> Option<u64> {
    let context = search(place, DEPTH, &|type_| type_.is("tokio::runtime::context::Context"));
    let id = context.first()?.field("current_task_id")?;
    let id = search(&id, DEPTH, &|type_| type_.is("tokio::runtime::task::id::Id"));
    id.first()?.unsigned()
}
