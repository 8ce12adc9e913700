//! Hash tables.
//!
//! Source: hashbrown 0.14 to 0.16 `raw/mod.rs`: `struct RawTable<T> { table: RawTableInner {
//! bucket_mask, ctrl, growth_left, items } }`; element `i` ends `i` elements before the control
//! bytes, and is there where the upper bit of its control byte is 0.

use super::Known;
use crate::address::Address;
use crate::symbols::TypeId;
use crate::value::render::limits::HashOrder;
use crate::value::render::{Renderer, render};
use crate::value::{Place, search};

pub(super) const TYPES: &[Known] = &[
    ("std::collections::hash::map::HashMap", map),
    ("std::collections::hash::set::HashSet", set),
    ("hashbrown::map::HashMap", map),
    ("hashbrown::set::HashSet", set),
];

/// Most buckets that are looked at.
const MOST_BUCKETS: u64 = 1 << 16;

fn map(renderer: &mut Renderer<'_>, place: &Place<'_>) -> Option<()> {
    entries(renderer, place, &|entry, renderer| {
        let limits = renderer.limits;
        let (key, value) = (entry.field("__0")?, entry.field("__1")?);
        Some(format!("{}: {}", render(&key, limits), render(&value, limits)))
    })
}

fn set(renderer: &mut Renderer<'_>, place: &Place<'_>) -> Option<()> {
    entries(renderer, place, &|entry, renderer| Some(render(&entry.field("__0")?, renderer.limits)))
}

/// What shows one entry.
type ShowEntry<'show> = &'show dyn Fn(&Place<'_>, &Renderer<'_>) -> Option<String>;

fn entries(renderer: &mut Renderer<'_>, place: &Place<'_>, show: ShowEntry<'_>) -> Option<()> {
    let tables = search(place, 6, &|type_| type_.is("hashbrown::raw::RawTable"));
    let table = tables.first()?;
    let element = table.type_.parameter("T")?;
    let inner = table.field("table")?;
    let control = inner.field("ctrl")?.pointer()?;
    let mask = inner.field("bucket_mask")?.unsigned()?;
    let count = inner.field("items")?.unsigned()?;
    let most = renderer.limits.elements;
    let found = full(table, control, mask, count, element)?;
    let mut texts: Vec<String> =
        found.iter().take(most).map(|entry| show(entry, renderer)).collect::<Option<_>>()?;
    match renderer.limits.order {
        HashOrder::Sorted => texts.sort(),
        HashOrder::Kept => {}
    }
    renderer.push("{");
    renderer.push(&texts.join(", "));
    if count > most as u64 {
        renderer.push(&format!(", .. {} more", count - most as u64));
    }
    renderer.push("}");
    Some(())
}

/// The elements that are there.
fn full<'program>(
    table: &Place<'program>,
    control: Address,
    mask: u64,
    count: u64,
    element: TypeId,
) -> Option<Vec<Place<'program>>> {
    const EMPTY: u8 = 0x80;
    if count == 0 {
        return Some(Vec::new());
    }
    let size = table.cast(element)?.type_.size;
    let buckets = mask.checked_add(1)?.min(MOST_BUCKETS);
    let mut bytes = vec![0; usize::try_from(buckets).ok()?];
    table.program.read(control, &mut bytes).ok()?;
    let there = (0u64..).zip(bytes).filter(|(_, byte)| byte & EMPTY == 0);
    let there = there.take(usize::try_from(count).unwrap_or(usize::MAX));
    there
        .map(|(index, _)| table.at(control.back(index.checked_add(1)?.checked_mul(size)?), element))
        .collect()
}
