//! What each thread keeps of Tokio in its thread-local `CONTEXT`: the runtime it has entered and
//! the task it polls.
//!
//! Source: tokio 1.20 `runtime/context.rs` (`CONTEXT: RefCell<Option<Handle>>`), 1.29 and 1.54
//! `runtime/context.rs` (`struct Context { current: HandleCell, current_task_id, .. }`).

use crate::address::ThreadId;
use crate::program::Program;
use crate::symbols::{Kind, Type};
use crate::value::{Place, ThreadLocals, search};

/// How deep in the thread-local's wrappers its parts are searched.
const DEPTH: usize = 16;

/// What one thread keeps.
pub(super) struct Context<'program> {
    /// The thread.
    pub(super) thread: ThreadId,
    /// The handle of the runtime it has entered.
    pub(super) handle: Option<Place<'program>>,
    /// The id of the task it polls.
    pub(super) task_id: Option<u64>,
}

/// The contexts of all threads that have one, for each Tokio in the main executable.
pub(super) fn contexts<'program>(program: &'program Program<'program>) -> Vec<Context<'program>> {
    let variables = ThreadLocals::named(program, "tokio::runtime::context::CONTEXT", super::CRATE);
    let threads = program.snapshot.facts.threads.iter();
    threads
        .flat_map(|thread| variables.of(thread).map(|place| (thread.id, place)))
        .filter(|(_, place)| is_initialized(place))
        .map(|(thread, place)| Context { thread, handle: handle(&place), task_id: task_id(&place) })
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

fn task_id(place: &Place<'_>) -> Option<u64> {
    let context = search(place, DEPTH, &|type_| type_.is("tokio::runtime::context::Context"));
    let id = context.first()?.field("current_task_id")?;
    let id = search(&id, DEPTH, &|type_| type_.is("tokio::runtime::task::id::Id"));
    id.first()?.unsigned()
}
