//! Values that can be changed while they are shared, and wrappers that show as what they hold.
//!
//! Source: core 1.95 `cell.rs` (`struct RefCell { borrow, value }`, `borrow` is negative while it is
//! borrowed to be changed), `mem/{manually_drop,maybe_dangling}.rs`; std 1.95 `sync/poison/mutex.rs`
//! (`struct Mutex { inner, poison, data }`).

use super::{Known, transparent};
use crate::value::Place;
use crate::value::render::Renderer;

pub(super) const TYPES: &[Known] = &[
    ("core::cell::UnsafeCell", transparent),
    ("core::cell::SyncUnsafeCell", transparent),
    ("core::mem::manually_drop::ManuallyDrop", transparent),
    ("core::mem::maybe_dangling::MaybeDangling", transparent),
    ("core::cell::Cell", cell),
    ("core::cell::RefCell", ref_cell),
    ("std::sync::poison::mutex::Mutex", lock),
    ("std::sync::poison::rwlock::RwLock", lock),
];

fn cell(renderer: &mut Renderer<'_>, place: &Place<'_>) -> Option<()> {
    let value = place.field("value")?;
    renderer.push("Cell { value: ");
    renderer.value(&value);
    renderer.push(" }");
    Some(())
}

fn ref_cell(renderer: &mut Renderer<'_>, place: &Place<'_>) -> Option<()> {
    let borrowed = place.field("borrow")?.unsigned()?.cast_signed();
    let value = place.field("value")?;
    renderer.push("RefCell { value: ");
    match borrowed < 0 {
        true => renderer.push("<borrowed>"),
        false => renderer.value(&value),
    }
    renderer.push(" }");
    Some(())
}

fn lock(renderer: &mut Renderer<'_>, place: &Place<'_>) -> Option<()> {
    let poisoned = place.fields(&["poison", "failed"])?.unsigned()? != 0;
    let value = place.field("data")?;
    let name = if place.type_.own_name.starts_with("Mutex") { "Mutex" } else { "RwLock" };
    renderer.push(&format!("{name} {{ data: "));
    renderer.value(&value);
    renderer.push(&format!(", poisoned: {poisoned}, .. }}"));
    Some(())
}
