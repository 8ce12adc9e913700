//! What a value is in a future that is made of others: polled, owned, or only used.

use crate::model::{Future, FutureState};
use crate::symbols::{Kind, Type};
use crate::value::{Place, Pointee};

/// Most types around a pointer that add nothing to it.
const MOST_WRAPPERS: usize = 32;

/// What a reference or a `Box`, pinned or not, points to. A raw pointer, as in `Arc`, leads to what
/// others share: nobody polls through it, unless it is a wide one to a future.
///
/// What a closure has captured is not what is polled: the closure decides that.
pub(super) fn owned_pointee<'program>(place: &Place<'program>) -> Option<Pointee<'program>> {
    let wrappers = std::iter::successors(Some(place.clone()), Place::only_field);
    if wrappers.take(MOST_WRAPPERS).any(|wrapper| is_closure(&wrapper.type_)) {
        return None;
    }
    let pointer = place.innermost();
    (is_owning(&pointer.type_) || is_dynamic(&pointer.type_)).then(|| place.pointee())?
}

/// Whether this is a future that polls by a closure of its user's.
pub(super) fn is_poll_fn(type_: &Type) -> bool {
    type_.is("core::future::poll_fn::PollFn") || type_.is("futures_util::future::poll_fn::PollFn")
}

pub(super) fn is_closure(type_: &Type) -> bool {
    type_.own_name.starts_with("{closure_env#")
}

pub(super) fn is_owning(type_: &Type) -> bool {
    type_.own_name.starts_with('&')
        || type_.is("alloc::boxed::Box")
        || type_.name.starts_with("alloc::boxed::Box<")
}

/// The traits whose objects are polled, by a part of the names of their types.
const POLLED: [&str; 3] = ["Future", "Stream", "http_body::Body"];

/// Whether this is a wide pointer to a trait object that is polled: a future, a stream, a body.
pub(super) fn is_dynamic(type_: &Type) -> bool {
    type_.member("vtable").is_some()
        && type_.member("pointer").is_some()
        && POLLED.iter().any(|name| type_.name.contains(name))
}

/// Whether this is a wide pointer to a trait object that its owner may poll, whatever the trait is
/// called: one of its own that has `Future` for a supertrait, as that of a timer may.
pub(super) fn is_owned_object(type_: &Type) -> bool {
    let is_wide = type_.member("vtable").is_some() && type_.member("pointer").is_some();
    is_wide && type_.name.starts_with("alloc::boxed::Box<")
}

/// Whether a value of this type may be a future that is polled through a reference: one that was
/// made around a future.
pub(super) fn is_future_like(type_: &Type) -> bool {
    matches!(type_.kind, Kind::Pointer { .. })
        || type_.own_name.starts_with('(')
        || type_.own_name.contains("{async_")
        || type_.own_name.contains("future::Future")
}

/// Whether the future at `place` polls what `field` points to: it owns that, borrows it for a closure
/// that polls it, or was made around a type that it knows nothing of but that it is polled. Any other
/// reference leads to what it only uses: a whole application, with futures that others poll.
pub(super) fn is_polled_through(place: &Place<'_>, field: &Place<'_>, target: &Place<'_>) -> bool {
    let pointer = field.innermost();
    let is_exclusive = pointer.type_.own_name.starts_with("&mut ");
    let is_captured = is_closure(&place.type_);
    !pointer.type_.own_name.starts_with('&')
        || is_exclusive && (is_captured || is_argument(place, &target.type_.name))
}

/// Whether a type is one that the type around it is made with, and no part of its own.
pub(super) fn is_argument(around: &Place<'_>, type_name: &str) -> bool {
    around.type_.own_name.starts_with('(')
        || is_parameter(around, type_name)
        || match &around.type_.kind {
            // The debug info gives the variants an enum's parameters.
            Kind::Enum { variants, .. } => variants.iter().any(|variant| {
                let variant = around.cast(variant.member.type_id);
                variant.is_some_and(|variant| is_parameter(&variant, type_name))
            }),
            _ => false,
        }
}

fn is_parameter(around: &Place<'_>, type_name: &str) -> bool {
    let mut parameters = around.type_.parameters.iter();
    parameters.any(|(_, id)| around.cast(*id).is_some_and(|type_| type_.type_.name == type_name))
}

/// Whether the future at `place` is made of one that is no longer there, as a `Fuse` is after its
/// future has ended: nothing but an enum whose variant has no fields.
pub(super) fn has_ended(place: &Place<'_>) -> bool {
    let wrappers = std::iter::successors(Some(place.clone()), Place::only_field);
    let Some(inner) = wrappers.take(MOST_WRAPPERS).last() else { return false };
    let is_enum = matches!(inner.type_.kind, Kind::Enum { .. }) && inner.type_.size > 0;
    is_enum && inner.active_variant().is_some_and(|(_, variant)| variant.all_fields().is_empty())
}

/// Whether nothing in a future has been polled yet.
pub(super) fn is_unstarted(future: &Future) -> bool {
    match future.state {
        Some(state) => state == FutureState::Unresumed,
        None => !future.children.is_empty() && future.children.iter().all(is_unstarted),
    }
}
