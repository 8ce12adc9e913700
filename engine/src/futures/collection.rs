//! Futures that are kept in collections and polled from there: slices, `Vec`, and the list of
//! `FuturesUnordered`; and the one that the clones of a `Shared` have in common.
//!
//! Source: futures-util 0.3.31 `stream/futures_unordered/{mod,task}.rs` (`head_all`, `next_all`),
//! `future/future/shared.rs` (`Inner { future_or_output }`); alloc `vec/mod.rs` (rustc 1.95).

use std::collections::HashSet;

use crate::address::Address;
use crate::limits::Limits;
use crate::symbols::{Kind, Type};
use crate::value::{Place, Pointee, search};

/// How deep in wrappers the parts of a collection are searched.
const DEPTH: usize = 8;

const UNORDERED: &str = "futures_util::stream::futures_unordered::FuturesUnordered";
const SHARED: &str = "futures_util::future::future::shared::Shared";

/// Whether a value of this type keeps futures as a collection.
pub(super) fn is_collection(type_: &Type) -> bool {
    type_.is(UNORDERED) || type_.is(SHARED) || is_slice_of_futures(type_)
}

/// The futures in a collection; `None` for everything that is no collection.
pub(super) fn members<'program>(
    place: &Place<'program>,
    limits: &Limits,
) -> Option<Vec<Place<'program>>> {
    let type_ = &*place.type_;
    if type_.is(UNORDERED) {
        Some(unordered(place, limits).unwrap_or_default())
    } else if type_.is(SHARED) {
        Some(shared(place).into_iter().collect())
    } else if is_slice_of_futures(type_) {
        Some(slice(place, limits).unwrap_or_default())
    } else {
        None
    }
}

/// A boxed slice or a `Vec` whose elements are made around futures.
fn is_slice_of_futures(type_: &Type) -> bool {
    let is_slice = type_.member("data_ptr").is_some() && type_.member("length").is_some();
    let is_vec = type_.is("alloc::vec::Vec");
    (is_slice || is_vec)
        && (type_.own_name.contains("{async_") || type_.own_name.contains("future::Future"))
}

fn slice<'program>(place: &Place<'program>, limits: &Limits) -> Option<Vec<Place<'program>>> {
    let (length, pointer) = match place.field("data_ptr") {
        Some(data) => (place.field("length")?.unsigned()?, data),
        None => {
            let element = place.type_.parameter("T")?;
            let buffer = search(&place.field("buf")?, DEPTH, &|type_| {
                matches!(type_.kind, Kind::Pointer { .. })
            });
            let first = place.at(buffer.first()?.pointer()?, element)?;
            return Some(elements(&first, place.field("len")?.unsigned()?, limits));
        }
    };
    let Pointee::Thin(first) = pointer.pointee()? else { return None };
    Some(elements(&first, length, limits))
}

fn elements<'program>(
    first: &Place<'program>,
    length: u64,
    limits: &Limits,
) -> Vec<Place<'program>> {
    let length = length.min(limits.elements as u64);
    (0..length)
        .filter_map(|number| {
            let address = first.address.offset(number.wrapping_mul(first.type_.size));
            first.at(address, first.type_.id)
        })
        .collect()
}

/// Goes along the list of all futures. A node whose future has ended is still on it for a while.
fn unordered<'program>(place: &Place<'program>, limits: &Limits) -> Option<Vec<Place<'program>>> {
    let head = place.field("head_all")?;
    let mut next: Option<Address> = head.pointer();
    let Some(Pointee::Thin(first)) = head.pointee() else { return None };
    let node_type = first.type_.id;
    let mut seen = HashSet::new();
    let mut futures = Vec::new();
    while let Some(address) = next.filter(|address| !address.is_null()) {
        if !seen.insert(address) || seen.len() > limits.futures_per_task {
            break;
        }
        let node = first.at(address, node_type)?;
        let slot = search(&node.field("future")?, DEPTH, &|type_| type_.is("core::option::Option"));
        if let Some((_, filled)) = slot.first().and_then(Place::active_variant)
            && filled.type_.own_name.starts_with("Some")
        {
            futures.extend(filled.field("__0"));
        }
        next = node.field("next_all").and_then(|next| next.pointer());
    }
    Some(futures)
}

fn shared<'program>(place: &Place<'program>) -> Option<Place<'program>> {
    let arcs = search(place, DEPTH, &|type_| type_.is("alloc::sync::Arc"));
    let Pointee::Thin(inner) = arcs.first()?.field("ptr")?.pointee()? else { return None };
    let slot = search(&inner.field("data")?, DEPTH, &|type_| {
        type_.path().ends_with("::shared::FutureOrOutput")
    });
    let (_, filled) = slot.first()?.active_variant()?;
    filled.type_.own_name.starts_with("Future").then(|| filled.field("__0"))?
}
