//! Futures that are kept side by side: the library types that poll each of many.
//!
//! Which are known is a matter of how they are laid out; what is in them is anybody's.

use crate::limits::Limits;
use crate::symbols::{Kind, TypeId};
use crate::value::{self, Place, Pointee, element_type, search};

const UNORDERED: &str = "futures_util::stream::futures_unordered::FuturesUnordered";

const SHARED: &str = "futures_util::future::future::shared::Shared";

/// How deep in wrappers the parts of a collection are searched.
const DEPTH: usize = 8;

/// The type of the futures that a collection of this type has.
pub(super) fn element(place: &Place<'_>) -> Option<TypeId> {
    let type_ = &*place.type_;
    if type_.is(UNORDERED) || type_.is(SHARED) {
        type_.parameter("Fut")
    } else if matches!(type_.kind, Kind::Array { .. }) {
        None
    } else {
        element_type(place)
    }
}

/// The futures of a collection, in the order in which they were put there; what is behind them may
/// have ended.
pub fn elements<'program>(
    place: &Place<'program>,
    limits: &Limits,
) -> Option<Vec<Place<'program>>> {
    element(place)?;
    if place.type_.is(UNORDERED) {
        return unordered(place, limits);
    }
    if place.type_.is(SHARED) {
        return Some(shared(place).into_iter().collect());
    }
    value::elements(place, limits.elements)
}

/// The list of a `FuturesUnordered`, which has the newest first.
///
/// Source: futures-util 0.3 `stream/futures_unordered/{mod,task}.rs`: `struct FuturesUnordered {
/// head_all: AtomicPtr<Task> }`, `struct Task { future: UnsafeCell<Option<Fut>>, next_all:
/// AtomicPtr<Task> }`.
fn unordered<'program>(place: &Place<'program>, limits: &Limits) -> Option<Vec<Place<'program>>> {
    let mut futures = Vec::new();
    let mut next = place.field("head_all")?.pointee();
    for _ in 0..limits.elements {
        let Some(Pointee::Thin(task)) = next else { break };
        let future = task.field("future")?.innermost();
        if let Some(future) = some(&future) {
            futures.push(future);
        }
        next = task.field("next_all")?.pointee();
    }
    futures.reverse();
    Some(futures)
}

/// The future that all clones of a `Shared` have in common, until it has ended.
///
/// Source: futures-util 0.3 `future/future/shared.rs`: `struct Shared { inner: Option<Arc<Inner>> }`,
/// `struct Inner { future_or_output }`.
fn shared<'program>(place: &Place<'program>) -> Option<Place<'program>> {
    let arcs = search(place, DEPTH, &|type_| type_.is("alloc::sync::Arc"));
    let Pointee::Thin(inner) = arcs.first()?.field("ptr")?.pointee()? else { return None };
    let slot = search(&inner.field("data")?, DEPTH, &|type_| {
        type_.path().ends_with("::shared::FutureOrOutput")
    });
    let (_, filled) = slot.first()?.active_variant()?;
    filled.type_.own_name.starts_with("Future").then(|| filled.field("__0"))?
}

/// What an `Option` has.
fn some<'program>(option: &Place<'program>) -> Option<Place<'program>> {
    let (_, variant) = option.active_variant()?;
    (variant.type_.own_name == "Some").then(|| variant.field("__0"))?
}
