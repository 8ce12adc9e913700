//! Runtimes: from a handle to the list of the tasks they own.
//!
//! Source: tokio 1.38 and 1.54 `runtime/scheduler/{current_thread,multi_thread}/*.rs`
//! (`Handle.shared.owned`), 1.20 `runtime/{basic_scheduler,thread_pool}` (`Spawner.shared`), 1.20 to
//! 1.54 `task/local.rs` (a `LocalSet` owns tasks as a runtime does).

use crate::address::Address;
use crate::model::Driver;
use crate::symbols::Type;
use crate::value::{Place, Pointee, search};

/// How deep a handle is searched.
const DEPTH: usize = 8;

/// A runtime in memory.
#[derive(Clone)]
pub(super) struct Runtime<'program> {
    /// Where the part lies that all its handles share.
    pub(super) address: Address,
    /// What its users call its kind.
    pub(super) flavor: &'static str,
    /// That part.
    pub(super) shared: Place<'program>,
    /// Its list of owned tasks.
    pub(super) owned: Place<'program>,
}

impl<'program> Runtime<'program> {
    /// The runtime that this handle belongs to: the handle is, or holds, an `Arc` of something
    /// that holds an `OwnedTasks`.
    pub(super) fn of_handle(handle: &Place<'program>) -> Option<Runtime<'program>> {
        let arcs = search(handle, DEPTH, &|type_| type_.is("alloc::sync::Arc"));
        arcs.iter().find_map(Runtime::of_arc)
    }

    /// The runtime that this `Arc` of its shared part, or of a handle, belongs to.
    pub(super) fn of_arc(arc: &Place<'program>) -> Option<Runtime<'program>> {
        let Some(Pointee::Thin(inner)) = arc.field("ptr")?.pointee() else { return None };
        let shared = inner.field("data")?;
        let owned = search(&shared, DEPTH, &|type_| {
            type_.is("tokio::runtime::task::list::OwnedTasks")
                || type_.is("tokio::runtime::task::list::LocalOwnedTasks")
        })
        .into_iter()
        .next()?;
        let flavor = flavor(&shared.type_.name)?;
        Some(Runtime { address: shared.address, flavor, shared, owned })
    }
}

/// The runtime whose handle lies inside `place`, which a timer or a descriptor is registered with.
///
/// Source: tokio 1.38 and 1.54 `runtime/scheduler/mod.rs` (`enum Handle { CurrentThread(Arc<..>),
/// MultiThread(Arc<..>) }`), `runtime/time/entry.rs` (`struct TimerEntry { driver: scheduler::Handle }`),
/// `runtime/io/registration.rs` (`struct Registration { handle: scheduler::Handle }`).
pub(super) fn registered_with(place: &Place<'_>) -> Option<Driver> {
    let is_handle = |type_: &Type| type_.is("tokio::runtime::scheduler::Handle");
    let handles = search(place, DEPTH, &is_handle);
    let arcs = search(handles.first()?, DEPTH, &|type_| type_.is("alloc::sync::Arc"));
    let Some(Pointee::Thin(inner)) = arcs.first()?.field("ptr")?.pointee() else { return None };
    let shared = inner.field("data")?;
    Some(Driver { address: shared.address, flavor: flavor(&shared.type_.name)? })
}

impl Runtime<'_> {
    /// The number that the headers of its tasks carry, where Tokio has one (1.10 on).
    pub(super) fn id(&self) -> Option<u64> {
        search(&self.owned.field("id")?, 4, &|type_| type_.size == 8).first()?.unsigned()
    }
}

fn flavor(type_name: &str) -> Option<&'static str> {
    let known = [
        ("multi_thread_alt", "multi-thread-alt"),
        ("multi_thread", "multi-thread"),
        ("thread_pool", "multi-thread"),
        ("current_thread", "current-thread"),
        ("basic_scheduler", "current-thread"),
        ("tokio::task::local", "LocalSet"),
    ];
    known.into_iter().find(|(part, _)| type_name.contains(part)).map(|(_, flavor)| flavor)
}
