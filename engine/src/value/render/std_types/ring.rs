//! Elements in a ring.
//!
//! Source: alloc 1.95 `collections/vec_deque/mod.rs` (`struct VecDeque { head, len, buf: RawVec {
//! inner: RawVecInner { ptr, cap } } }`).

use super::Known;
use crate::value::Place;
use crate::value::render::Renderer;

pub(super) const TYPES: &[Known] = &[("alloc::collections::vec_deque::VecDeque", ring)];

fn ring(renderer: &mut Renderer<'_>, place: &Place<'_>) -> Option<()> {
    let start = place.fields(&["buf", "inner", "ptr"])?.pointer()?;
    let capacity = place.fields(&["buf", "inner", "cap"])?.unsigned()?;
    let head = place.field("head")?.unsigned()?;
    let length = place.field("len")?.unsigned()?;
    let element = place.type_.parameter("T")?;
    let size = place.cast(element)?.type_.size;
    let elements = (0..length).map(|number| {
        let index = head.checked_add(number)?.checked_rem(capacity.max(1))?;
        place.at(start.offset(index.checked_mul(size)?), element)
    });
    renderer.list(elements, length, ["[", "]"])
}
