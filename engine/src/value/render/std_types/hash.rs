//! Maps and sets that are hash tables.

use super::Known;
use crate::value::render::limits::HashOrder;
use crate::value::render::{Renderer, render};
use crate::value::{HASH_TABLE, Place, hash_entries, search};

pub(super) const TYPES: &[Known] = &[
    ("std::collections::hash::map::HashMap", map),
    ("std::collections::hash::set::HashSet", set),
    ("hashbrown::map::HashMap", map),
    ("hashbrown::set::HashSet", set),
];

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
    let tables = search(place, 6, &|type_| type_.is(HASH_TABLE));
    let table = tables.first()?;
    let count = table.fields(&["table", "items"])?.unsigned()?;
    let most = renderer.limits.elements;
    let found = hash_entries(table)?;
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
