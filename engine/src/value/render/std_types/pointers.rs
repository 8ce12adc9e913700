//! Values behind counted pointers, and pointers that must not be null.
//!
//! Source: alloc 1.95 `rc.rs` (`struct Rc { ptr: NonNull<RcInner { strong, weak, value }> }`) and
//! `sync.rs` (`struct Arc { ptr: NonNull<ArcInner { strong, weak, data }> }`); core 1.95 `pin.rs`.

use super::{Known, transparent};
use crate::value::render::Renderer;
use crate::value::render::structure::is_text;
use crate::value::{Place, Pointee};

pub(super) const TYPES: &[Known] = &[
    ("alloc::rc::Rc", counted),
    ("alloc::sync::Arc", counted),
    ("alloc::rc::Weak", weak),
    ("alloc::sync::Weak", weak),
    ("alloc::boxed::Box", boxed),
    ("core::pin::Pin", transparent),
    ("core::ptr::non_null::NonNull", transparent),
    ("core::ptr::unique::Unique", transparent),
];

fn counted(renderer: &mut Renderer<'_>, place: &Place<'_>) -> Option<()> {
    let pointer = place.field("ptr")?.innermost();
    if let Some(start) = pointer.field("data_ptr") {
        let length = pointer.field("length")?.unsigned()?;
        let Pointee::Thin(inner) = start.pointee()? else { return None };
        let first = counted_value(&inner)?;
        if is_text(&place.type_.name) {
            return renderer.text(place, first.address, length);
        }
        return renderer.sequence(place, first.address, first.type_.id, length, ["[", "]"]);
    }
    match pointer.pointee()? {
        Pointee::Thin(inner) => renderer.behind(&counted_value(&inner)?),
        Pointee::Dynamic(inner) => {
            // The value lies behind the two counts, where its alignment allows.
            let alignment = inner.type_.alignment.filter(|alignment| alignment.is_power_of_two());
            let offset = COUNTS.checked_next_multiple_of(alignment.unwrap_or(1))?;
            renderer.behind(&inner.at(inner.address.offset(offset), inner.type_.id)?)
        }
        Pointee::UnknownDynamic(vtable) => {
            renderer.push(&format!("<vtable {vtable}>"));
            Some(())
        }
    }
}

/// The size of the two counts in front of a counted value.
const COUNTS: u64 = 16;

fn counted_value<'program>(inner: &Place<'program>) -> Option<Place<'program>> {
    inner.field("value").or_else(|| inner.field("data"))
}

fn weak(renderer: &mut Renderer<'_>, _: &Place<'_>) -> Option<()> {
    renderer.push("(Weak)");
    Some(())
}

fn boxed(renderer: &mut Renderer<'_>, place: &Place<'_>) -> Option<()> {
    match place.pointee()? {
        Pointee::Thin(value) | Pointee::Dynamic(value) => renderer.behind(&value),
        Pointee::UnknownDynamic(_) => None,
    }
}
