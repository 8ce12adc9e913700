//! Numbers in wrappers that show as the number.
//!
//! Source: core 1.95 `num/{nonzero,wrapping,saturating}.rs`, `sync/atomic.rs`.

use super::Known;
use crate::value::Place;
use crate::value::render::Renderer;

pub(super) const TYPES: &[Known] = &[
    ("core::num::nonzero::NonZero", number),
    ("core::sync::atomic::Atomic", atomic),
    ("core::sync::atomic::AtomicBool", atomic),
    ("core::sync::atomic::AtomicI8", number),
    ("core::sync::atomic::AtomicU8", number),
    ("core::sync::atomic::AtomicI16", number),
    ("core::sync::atomic::AtomicU16", number),
    ("core::sync::atomic::AtomicI32", number),
    ("core::sync::atomic::AtomicU32", number),
    ("core::sync::atomic::AtomicI64", number),
    ("core::sync::atomic::AtomicU64", number),
    ("core::sync::atomic::AtomicIsize", number),
    ("core::sync::atomic::AtomicUsize", number),
    ("core::sync::atomic::AtomicPtr", number),
];

fn number(renderer: &mut Renderer<'_>, place: &Place<'_>) -> Option<()> {
    renderer.by_kind(&place.innermost())
}

/// A truth value lies in a byte.
fn atomic(renderer: &mut Renderer<'_>, place: &Place<'_>) -> Option<()> {
    let is_truth = place.type_.own_name.contains("bool") || place.type_.own_name == "AtomicBool";
    if !is_truth {
        return number(renderer, place);
    }
    let mut byte = [0];
    place.program.read(place.address, &mut byte).ok()?;
    renderer.push(if byte == [0] { "false" } else { "true" });
    Some(())
}
