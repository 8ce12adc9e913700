//! Maps and sets that are trees.
//!
//! Source: alloc 1.95 `collections/btree/{map,set,node}.rs`: `struct BTreeMap { root: Option<NodeRef
//! { height, node: NonNull<LeafNode> }>, length }`, `struct LeafNode { parent:
//! Option<NonNull<InternalNode>>, len, keys: [MaybeUninit<K>; 11], vals: [MaybeUninit<V>; 11] }`,
//! `struct InternalNode { data: LeafNode, edges: [MaybeUninit<NonNull<LeafNode>>; 12] }`.

use super::Known;
use crate::symbols::{Kind, TypeId};
use crate::value::render::Renderer;
use crate::value::{Place, Pointee};

pub(super) const TYPES: &[Known] = &[
    ("alloc::collections::btree::map::BTreeMap", map),
    ("alloc::collections::btree::set::BTreeSet", set),
];

/// Deepest tree that is looked at: each level has at least five times as many entries as the one
/// above.
const DEEPEST: u64 = 24;

/// Most entries in a node.
const CAPACITY: u64 = 11;

fn map(renderer: &mut Renderer<'_>, place: &Place<'_>) -> Option<()> {
    let (entries, count) = entries(renderer, place)?;
    show(renderer, &entries, count, |renderer, (key, value)| {
        renderer.value(key);
        renderer.push(": ");
        renderer.value(value);
    })
}

fn set(renderer: &mut Renderer<'_>, place: &Place<'_>) -> Option<()> {
    let (entries, count) = entries(renderer, &place.field("map")?)?;
    show(renderer, &entries, count, |renderer, (key, _)| renderer.value(key))
}

/// A key and its value.
type Entry<'program> = (Place<'program>, Place<'program>);

fn show(
    renderer: &mut Renderer<'_>,
    entries: &[Entry<'_>],
    count: u64,
    show: impl Fn(&mut Renderer<'_>, &Entry<'_>),
) -> Option<()> {
    renderer.push("{");
    for (index, entry) in entries.iter().enumerate() {
        if index > 0 {
            renderer.push(", ");
        }
        show(renderer, entry);
    }
    if let Some(more) = count.checked_sub(entries.len() as u64).filter(|more| *more > 0) {
        renderer.push(&format!(", .. {more} more"));
    }
    renderer.push("}");
    Some(())
}

/// The first entries in order, and how many there are in all.
fn entries<'program>(
    renderer: &Renderer<'_>,
    map: &Place<'program>,
) -> Option<(Vec<Entry<'program>>, u64)> {
    let count = map.field("length")?.unsigned()?;
    let mut tree = Tree { entries: Vec::new(), most: renderer.limits.elements };
    if count > 0 {
        let root = map.field("root")?.active_variant()?.1.field("__0")?;
        let Pointee::Thin(node) = root.field("node")?.pointee()? else { return None };
        tree.add(&node, root.field("height")?.unsigned()?.min(DEEPEST))?;
    }
    Some((tree.entries, count))
}

/// A tree on its way to becoming a list.
struct Tree<'program> {
    entries: Vec<Entry<'program>>,
    most: usize,
}

impl<'program> Tree<'program> {
    /// Adds what is below a node of this height.
    fn add(&mut self, node: &Place<'program>, height: u64) -> Option<()> {
        let count = node.field("len")?.unsigned()?.min(CAPACITY);
        for index in 0..=count {
            if self.entries.len() >= self.most {
                break;
            }
            if height > 0 {
                self.add(&below(node, index)?, height.saturating_sub(1))?;
            }
            if index < count && self.entries.len() < self.most {
                let key = slot(&node.field("keys")?, index)?;
                self.entries.push((key, slot(&node.field("vals")?, index)?));
            }
        }
        Some(())
    }
}

/// The node at this edge of an inner node.
fn below<'program>(node: &Place<'program>, edge: u64) -> Option<Place<'program>> {
    let inner = node.at(node.address, inner_type(node)?)?;
    match slot(&inner.field("edges")?, edge)?.pointee()? {
        Pointee::Thin(node) => Some(node),
        Pointee::Dynamic(_) | Pointee::UnknownDynamic(_) => None,
    }
}

/// The type of inner nodes: what a node's parent is.
fn inner_type(node: &Place<'_>) -> Option<TypeId> {
    let parent = node.field("parent")?;
    let Kind::Enum { variants, .. } = &parent.type_.kind else { return None };
    let some = variants.iter().find_map(|variant| {
        let place = parent.cast(variant.member.type_id)?;
        place.field("__0")
    })?;
    match some.innermost().type_.kind {
        Kind::Pointer { target } => target,
        _ => None,
    }
}

/// The value in an array of those that may not be initialized.
fn slot<'program>(array: &Place<'program>, index: u64) -> Option<Place<'program>> {
    let Kind::Array { element, .. } = array.type_.kind else { return None };
    let size = array.cast(element)?.type_.size;
    let slot = array.at(array.address.offset(index.checked_mul(size)?), element)?;
    slot.field("value")
}
