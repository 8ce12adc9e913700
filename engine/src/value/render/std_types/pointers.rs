//! Values behind counted pointers, and pointers that must not be null.
//!
//! Source: alloc 1.95 `rc.rs` (`struct Rc { ptr: NonNull<RcInner { strong, weak, value }> }`) and
//! `sync.rs` (`struct Arc { ptr: NonNull<ArcInner { strong, weak, data }> }`); core 1.95 `pin.rs`.

use super::{Known, transparent};
use crate::value::render::Renderer;
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
    let Pointee::Thin(inner) = place.field("ptr")?.pointee()? else { return None };
    let value = inner.field("value").or_else(|| inner.field("data"))?;
    renderer.behind(&value)
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
