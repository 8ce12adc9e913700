//! The list of the tasks that a runtime owns.
//!
//! Source: tokio 1.20 and 1.54 `runtime/task/list.rs` (`OwnedTasks`), `util/linked_list.rs`,
//! `util/sharded_list.rs`. A runtime has one list, or from 1.35 on a boxed slice of them.

use std::collections::HashSet;

use super::vtable::Vtables;
use crate::address::Address;
use crate::evidence::Gap;
use crate::limits::Limits;
use crate::symbols::{Kind, Type, TypeId};
use crate::value::{Place, Pointee, search};

/// The most shards of a list. Their number is a power of two: anything else is memory that only
/// looks like a list, such as what is left of a runtime that has ended.
///
/// Source: tokio 1.38 `runtime/task/list.rs` (`MAX_SHARED_LIST_SIZE`), `util/sharded_list.rs`.
const MOST_SHARDS: u64 = 1 << 16;

/// How deep a list's wrappers are searched.
const DEPTH: usize = 10;

/// Every task header on the lists inside `owned`, and what could not be followed.
pub(super) fn headers<'program>(
    owned: &Place<'program>,
    vtables: &Vtables<'program>,
    limits: &Limits,
) -> (Vec<Place<'program>>, Vec<Gap>) {
    let mut found = Vec::new();
    let mut gaps = Vec::new();
    let mut seen = HashSet::new();
    for list in lists(owned) {
        let head = list.field("head");
        let Some(header_type) = head.as_ref().and_then(|head| pointer_target(head, DEPTH)) else {
            gaps.push(Gap::new(list.type_.name.clone(), "its element type is not known"));
            continue;
        };
        let mut next = head.and_then(|head| optional_pointer(&head));
        while let Some(address) = next {
            if found.len() >= limits.tasks {
                gaps.push(Gap::new("tasks", format!("more than {} of them", limits.tasks)));
                return (found, gaps);
            }
            if !seen.insert(address) {
                gaps.push(Gap::new("the list of tasks", "it runs in a circle"));
                break;
            }
            let Some(header) = list.at(address, header_type) else { break };
            let Some(link) = vtables.owned_link(&header) else {
                found.push(header);
                gaps.push(Gap::new("the list of tasks", "a link of it cannot be read"));
                break;
            };
            next = link.field("next").and_then(|next| optional_pointer(&next));
            found.push(header);
        }
    }
    gaps.extend(counted(owned).and_then(|counted| uncounted(owned, counted, found.len())));
    (found, gaps)
}

/// How many tasks the list says it has, where it counts them.
///
/// Source: tokio 1.29 `util/linked_list.rs` (`CountedLinkedList`), 1.35 `util/sharded_list.rs`.
fn counted(owned: &Place<'_>) -> Option<u64> {
    let counts = |type_: &Type| {
        let is_list = type_.member("list").is_some() || type_.member("lists").is_some();
        is_list && type_.member("count").is_some()
    };
    search(owned, DEPTH, &counts).first()?.field("count")?.unsigned()
}

/// That fewer tasks were found than the list counts. Each thread may have been stopped between
/// taking a task off and counting it.
fn uncounted(owned: &Place<'_>, counted: u64, found: usize) -> Option<Gap> {
    let threads = owned.program.snapshot.facts.threads.len();
    let missing = counted.saturating_sub(found as u64);
    let why = || format!("it counts {counted} of them, and {found} were found");
    (missing > threads as u64).then(|| Gap::new("the list of tasks", why()))
}

/// The linked lists inside `owned`: by value, or behind a boxed slice of shards.
fn lists<'program>(owned: &Place<'program>) -> Vec<Place<'program>> {
    let is_list =
        |type_: &Type| type_.is("tokio::util::linked_list::LinkedList") || is_slice(type_);
    let mut lists = Vec::new();
    for found in search(owned, DEPTH, &is_list) {
        if found.type_.is("tokio::util::linked_list::LinkedList") {
            lists.push(found);
            continue;
        }
        let length = found.field("length").and_then(|length| length.unsigned()).unwrap_or(0);
        if !length.is_power_of_two() || length > MOST_SHARDS {
            continue;
        }
        let Some(Pointee::Thin(first)) = found.field("data_ptr").and_then(|data| data.pointee())
        else {
            continue;
        };
        for number in 0..length {
            let address = first.address.offset(number.wrapping_mul(first.type_.size));
            let shard = first.at(address, first.type_.id);
            lists.extend(shard.iter().flat_map(|shard| {
                search(shard, DEPTH, &|type_| type_.is("tokio::util::linked_list::LinkedList"))
            }));
        }
    }
    lists
}

fn is_slice(type_: &Type) -> bool {
    type_.member("data_ptr").is_some() && type_.member("length").is_some()
}

/// The type that the pointer inside a type such as `Option<NonNull<T>>` points to, whether or not
/// there is a pointer right now.
pub(super) fn pointer_target(place: &Place<'_>, depth: usize) -> Option<TypeId> {
    let depth = depth.checked_sub(1)?;
    let inside = |type_id: TypeId| pointer_target(&place.cast(type_id)?, depth);
    match &place.type_.kind {
        Kind::Pointer { target } => *target,
        Kind::Struct { members } | Kind::Union { members } => {
            members.iter().find_map(|member| inside(member.type_id))
        }
        Kind::Enum { variants, .. } => {
            variants.iter().find_map(|variant| inside(variant.member.type_id))
        }
        Kind::Base { .. }
        | Kind::Plain { .. }
        | Kind::Array { .. }
        | Kind::Function
        | Kind::Opaque => None,
    }
}

/// An `Option<NonNull<T>>`, which is a pointer that may be null.
pub(super) fn optional_pointer(place: &Place<'_>) -> Option<Address> {
    let is_pointer_sized = place.type_.size == 8
        && matches!(place.type_.kind, Kind::Enum { .. } | Kind::Struct { .. });
    if !is_pointer_sized {
        return place.pointer().filter(|pointer| !pointer.is_null());
    }
    place.program.read_address(place.address).ok().filter(|pointer| !pointer.is_null())
}
