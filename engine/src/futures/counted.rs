//! Pointers that count their owners: `Arc` and `Rc`, also of trait objects.
//!
//! Source: rust 1.95 `library/alloc/src/sync.rs` (`struct ArcInner { strong, weak, data }`),
//! `library/alloc/src/rc.rs` (`struct RcInner { strong, weak, value }`). All owners together count as one
//! of the weak pointers. The vtable of a trait object has the alignment of its type as its third word.

use crate::symbols::Type;
use crate::value::{Place, Pointee};

/// The size of the two counts.
const COUNTS: u64 = 16;
const WORD: u64 = 8;

/// What a counting pointer leads to.
pub(super) struct Counted<'program> {
    /// The counts, which begin the allocation.
    pub(super) inner: Place<'program>,
    /// The value behind them.
    pub(super) data: Place<'program>,
    /// Where the allocation ends.
    pub(super) size: u64,
    /// How many own it, if nothing else points to it.
    pub(super) count: Option<u64>,
}

/// Whether this is a pointer that counts its owners.
pub(super) fn is_counted(type_: &Type) -> bool {
    type_.is("alloc::sync::Arc") || type_.is("alloc::rc::Rc")
}

/// Whether it points to a trait object.
pub(super) fn is_object(place: &Place<'_>) -> bool {
    is_counted(&place.type_) && wide(place).is_some()
}

/// What the pointer at this place leads to.
pub(super) fn counted<'program>(place: &Place<'program>) -> Option<Counted<'program>> {
    if let Some(wide) = wide(place) {
        return object(place, &wide);
    }
    let Some(Pointee::Thin(inner)) = place.field("ptr")?.pointee() else { return None };
    let data = inner.field("data").or_else(|| inner.field("value"))?;
    let count = owners(inner.field("strong")?.unsigned()?, inner.field("weak")?.unsigned()?);
    Some(Counted { size: inner.type_.size, data, count, inner })
}

fn wide<'program>(place: &Place<'program>) -> Option<Place<'program>> {
    let pointer = place.field("ptr")?.innermost();
    pointer.type_.member("vtable").is_some().then_some(pointer)
}

fn object<'program>(place: &Place<'program>, wide: &Place<'program>) -> Option<Counted<'program>> {
    let program = place.program;
    let (start, vtable) = (wide.field("pointer")?.pointer()?, wide.field("vtable")?.pointer()?);
    let alignment = program.read_unsigned(vtable.offset(2 * WORD), WORD).ok()?;
    let before = COUNTS.checked_next_multiple_of(alignment.max(1))?;
    let inner = Place::dynamic(program, start, vtable)?;
    let data = Place::dynamic(program, start.offset(before), vtable)?;
    let count = |at: u64| program.read_unsigned(start.offset(at), WORD).ok();
    Some(Counted {
        size: before.saturating_add(data.type_.size),
        count: owners(count(0)?, count(WORD)?),
        inner,
        data,
    })
}

fn owners(strong: u64, weak: u64) -> Option<u64> {
    (weak == 1).then_some(strong)
}
