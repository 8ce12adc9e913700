//! Elements in a row.
//!
//! Source: alloc 1.95 `vec/mod.rs` (`struct Vec { buf: RawVec { inner: RawVecInner { ptr } }, len }`)
//! and `collections/binary_heap/mod.rs` (`struct BinaryHeap { data: Vec }`).

use super::{Known, transparent};
use crate::value::Place;
use crate::value::render::Renderer;

pub(super) const TYPES: &[Known] =
    &[("alloc::vec::Vec", vector), ("alloc::collections::binary_heap::BinaryHeap", transparent)];

fn vector(renderer: &mut Renderer<'_>, place: &Place<'_>) -> Option<()> {
    let start = place.fields(&["buf", "inner", "ptr"])?.pointer()?;
    let element = place.type_.parameter("T")?;
    let length = place.field("len")?.unsigned()?;
    renderer.sequence(place, start, element, length, ["[", "]"])
}
