//! What a part that several primitives share is used for, told by the futures around it.

use crate::futures::coroutine_kind;
use crate::value::{Place, Pointee};

/// A primitive whose methods await a shared part.
pub(super) struct Owner {
    /// The module its methods are in.
    pub(super) module: &'static str,
    /// The path of its type.
    pub(super) type_path: &'static str,
    /// What its users call it.
    pub(super) kind: &'static str,
}

/// The owner whose method led to a leaf, and the value that the method was called on, if that can
/// be read. Primitives are made of one another: of Tokio's own methods that await the leaf in turn,
/// the outermost counts.
pub(super) fn outermost<'program>(
    around: &[Place<'program>],
    owners: &'static [Owner],
) -> Option<(&'static Owner, Option<Place<'program>>)> {
    let coroutines = around.iter().rev().filter(|place| coroutine_kind(&place.type_).is_some());
    let own = coroutines.take_while(|place| place.type_.crate_name() == Some("tokio"));
    let owner = own.filter_map(|place| {
        let scope = place.type_.scope.join("::");
        owners.iter().find(|owner| {
            let rest = scope.strip_prefix(owner.module);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(':'))
        })
    });
    let owner = owner.last()?;
    Some((owner, receiver(around, owner.type_path)))
}

/// The `self` of this type that one of the futures around has captured.
fn receiver<'program>(around: &[Place<'program>], type_path: &str) -> Option<Place<'program>> {
    around.iter().rev().find_map(|place| {
        place
            .all_fields()
            .into_iter()
            .filter(|(name, _)| name.trim_start_matches("_ref__") == "self")
            .find_map(|(_, field)| behind_pointers(field, type_path))
    })
}

/// The value of this type that a method of Tokio's among the futures around, the innermost first,
/// has captured under any name.
pub(super) fn captured<'program>(
    around: &[Place<'program>],
    type_path: &str,
) -> Option<Place<'program>> {
    let coroutines = around.iter().rev().filter(|place| coroutine_kind(&place.type_).is_some());
    let own = coroutines.take_while(|place| place.type_.crate_name() == Some("tokio"));
    let fields = own.flat_map(|place| place.all_fields());
    fields.into_iter().find_map(|(_, field)| behind_pointers(field, type_path))
}

/// The crate that called the method of Tokio's among the futures around.
pub(super) fn user<'around>(around: &'around [Place<'_>]) -> Option<&'around str> {
    let coroutines = around.iter().rev().filter(|place| coroutine_kind(&place.type_).is_some());
    let mut crates = coroutines.filter_map(|place| place.type_.crate_name());
    crates.find(|name| *name != "tokio")
}

/// What an `Arc` has.
pub(super) fn shared<'program>(arc: &Place<'program>) -> Option<Place<'program>> {
    match arc.field("ptr")?.pointee()? {
        Pointee::Thin(inner) => inner.field("data"),
        Pointee::Dynamic(_) | Pointee::UnknownDynamic(_) => None,
    }
}

/// The value of this type that a reference, an `Arc`, or a reference to one of these leads to, also
/// inside an `Option`.
pub(super) fn behind_pointers<'program>(
    place: Place<'program>,
    type_path: &str,
) -> Option<Place<'program>> {
    const MOST_POINTERS: usize = 6;
    let mut place = place;
    for _ in 0..MOST_POINTERS {
        if place.type_.is(type_path) {
            return Some(place);
        }
        if place.type_.is("alloc::sync::ArcInner") {
            place = place.field("data")?;
            continue;
        }
        if place.type_.is("core::option::Option") {
            place = place.field("__0")?;
            continue;
        }
        let pointer = if place.type_.is("alloc::sync::Arc") { place.field("ptr")? } else { place };
        let Some(Pointee::Thin(target)) = pointer.pointee() else { return None };
        place = target;
    }
    None
}
