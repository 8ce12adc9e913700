//! Containers of std, and what is built on them, by what they contain: a map has its values.
//!
//! Source: rust 1.95 `library/alloc/src/collections/`: `vec_deque/mod.rs` (`struct VecDeque { head, len,
//! buf }`), `btree/{map,node}.rs` (`struct BTreeMap { root: Option<NodeRef> }`, `struct NodeRef { height,
//! node }`, `struct LeafNode { parent, len, keys, vals }`, `struct InternalNode { data, edges }`),
//! `linked_list.rs` (`struct LinkedList { head }`, `struct Node { next, element }`); `library/std/src/sync/`
//! `{once_lock,lazy_lock}.rs` (`struct OnceLock { once, value }`, `struct LazyLock { once, data }`).

use crate::address::Address;
use crate::limits::Limits;
use crate::symbols::TypeId;
use crate::value::{HASH_TABLE, Place, Pointee, hash_entries};

const RING: &str = "alloc::collections::vec_deque::VecDeque";
const LIST: &str = "alloc::collections::linked_list::LinkedList";
const TREE: &str = "alloc::collections::btree::map::BTreeMap";

/// Cells that are filled once, and where their value is: what may not be there yet is no field of its own
/// type.
const CELLS: [(&str, &str); 2] =
    [("std::sync::once_lock::OnceLock", "value"), ("std::sync::lazy_lock::LazyLock", "data")];

/// Such cells of other crates are called so, and have it in `value`.
const OTHER_CELLS: &str = "OnceCell<";

/// How high a tree is followed: each node has at least five entries.
const HIGHEST: u64 = 24;

/// The type of what a container of this type has.
pub(super) fn element(place: &Place<'_>) -> Option<TypeId> {
    let type_ = &*place.type_;
    if [HASH_TABLE, RING, LIST].iter().any(|path| type_.is(path)) {
        type_.parameter("T")
    } else if type_.is(TREE) {
        type_.parameter("V")
    } else if cell(place).is_some() {
        type_.parameter("T")
    } else {
        None
    }
}

/// What a container has.
pub(super) fn elements<'program>(
    place: &Place<'program>,
    limits: &Limits,
) -> Option<Vec<Place<'program>>> {
    let element = element(place)?;
    if let Some(field) = cell(place) {
        let value = place.field(field)?;
        return Some(place.at(value.address, element).into_iter().collect());
    }
    let mut found = if place.type_.is(HASH_TABLE) {
        hash_entries(place)?
    } else if place.type_.is(RING) {
        ring(place, element, limits)?
    } else if place.type_.is(LIST) {
        list(place, limits)
    } else {
        tree(place, element, limits).unwrap_or_default()
    };
    found.truncate(limits.elements);
    Some(found)
}

/// Of a cell that is filled once, the field that has its value, which may not be there yet.
fn cell(place: &Place<'_>) -> Option<&'static str> {
    let of_std = CELLS.iter().find(|(path, _)| place.type_.is(path)).map(|(_, field)| *field);
    let is_other =
        || place.type_.own_name.starts_with(OTHER_CELLS) && place.type_.member("value").is_some();
    of_std.or_else(|| is_other().then_some("value"))
}

fn ring<'program>(
    place: &Place<'program>,
    element: TypeId,
    limits: &Limits,
) -> Option<Vec<Place<'program>>> {
    let start = place.fields(&["buf", "inner", "ptr"])?.pointer()?;
    let capacity = place.fields(&["buf", "inner", "cap"])?.unsigned()?;
    let head = place.field("head")?.unsigned()?;
    let length = place.field("len")?.unsigned()?.min(most(limits));
    let size = place.cast(element)?.type_.size;
    let value = |number: u64| {
        let index = head.checked_add(number)?.checked_rem(capacity.max(1))?;
        place.at(start.offset(index.checked_mul(size)?), element)
    };
    (0..length).map(value).collect()
}

fn list<'program>(place: &Place<'program>, limits: &Limits) -> Vec<Place<'program>> {
    let mut found = Vec::new();
    let mut next = place.field("head").and_then(some);
    while let Some(Pointee::Thin(node)) = next.and_then(|node| node.pointee()) {
        found.extend(node.field("element"));
        if found.len() >= limits.elements {
            break;
        }
        next = node.field("next").and_then(some);
    }
    found
}

fn tree<'program>(
    place: &Place<'program>,
    value: TypeId,
    limits: &Limits,
) -> Option<Vec<Place<'program>>> {
    let root = some(place.field("root")?)?;
    let height = root.field("height")?.unsigned()?.min(HIGHEST);
    let Some(Pointee::Thin(leaf)) = root.field("node")?.pointee() else { return None };
    let mut found = Vec::new();
    let mut left: Vec<(Address, u64)> = vec![(leaf.address, height)];
    while let Some((at, height)) = left.pop() {
        let node = leaf.at(at, leaf.type_.id)?;
        let count = node.field("len")?.unsigned()?;
        let values = node.field("vals")?;
        let size = place.cast(value)?.type_.size;
        let entries = (0..count.min(CAPACITY))
            .filter_map(|index| place.at(values.address.offset(index.checked_mul(size)?), value));
        found.extend(entries);
        if found.len() >= limits.elements {
            break;
        }
        if let Some(below) = height.checked_sub(1) {
            let edges = leaf.at(at, branch_type(&leaf)?)?.field("edges")?;
            for index in 0..=count.min(CAPACITY) {
                let edge = leaf.program.read_address(edges.address.offset(index * POINTER)).ok()?;
                left.push((edge, below));
            }
        }
    }
    Some(found)
}

/// Most entries of one node of a tree.
const CAPACITY: u64 = 11;
const POINTER: u64 = 8;

/// The type of a node that is no leaf, from the pointer to the node above: it need not be set.
fn branch_type(leaf: &Place<'_>) -> Option<TypeId> {
    let parent = leaf.field("parent")?;
    parent.cast(parent.type_.parameter("T")?)?.type_.parameter("T")
}

/// What an `Option` has.
fn some(option: Place<'_>) -> Option<Place<'_>> {
    let (_, variant) = option.active_variant()?;
    (variant.type_.own_name == "Some").then(|| variant.field("__0"))?
}

fn most(limits: &Limits) -> u64 {
    u64::try_from(limits.elements).unwrap_or(u64::MAX)
}
