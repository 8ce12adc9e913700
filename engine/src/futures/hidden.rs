//! Whether a future that is written by hand may be woken by something else than the futures that were
//! found in it.
//!
//! What a `poll` polls is code, and only what it may poll can be read. Where a type leads to a place
//! for a waker beside those futures, as a connection does that has a channel of its own and a socket
//! of its user's, it may wait for that too, and nothing is concluded from the futures alone.

use super::collections;
use super::coroutine::coroutine_kind;
use super::part::{is_closure, is_dynamic, is_owning, is_poll_fn};
use super::polls::is_polled;
use super::walk::Walker;
use crate::model::{Future, Wait};
use crate::symbols::{Kind, Type, TypeId};
use crate::value::Place;

/// Crates whose futures poll just what is found in them; the wakers that they keep are their parents'.
const KNOWN: [&str; 9] = [
    "core",
    "alloc",
    "std",
    "tokio",
    "tokio_util",
    "futures_util",
    "futures_channel",
    "futures_core",
    "http_body_util",
];

/// How many wrappers around each other are looked into.
const MOST_WRAPPERS: usize = 8;

impl Walker<'_> {
    /// Whether the hand-written future at `place` leads to a place for a waker beside the futures in
    /// it.
    pub(super) fn has_other_wakers(&self, place: &Place<'_>) -> bool {
        if !is_hand_written(place) {
            return self.wraps_other_wakers(place, MOST_WRAPPERS);
        }
        let is_waker = |place: &Place<'_>| place.type_.is("core::task::wake::Waker");
        let ways = |place: &Place<'_>| match self.is_apart(place) {
            true => Vec::new(),
            false => parts(place),
        };
        self.waking.leads(place, &is_waker, &ways)
    }

    /// Whether a value of this type is opaque, or was made around one that is.
    pub(super) fn wraps_opaque(&self, place: &Place<'_>) -> bool {
        self.opaque.leads(place, &is_opaque, &|place| made_around(&place.type_))
    }

    /// Whether this wraps something written by hand that is not found as a future and that has a place for
    /// a waker.
    fn wraps_other_wakers(&self, place: &Place<'_>, depth: usize) -> bool {
        if coroutine_kind(&place.type_).is_some() || depth == 0 {
            return false;
        }
        let wrapped = place.type_.parameters.iter().filter_map(|(_, id)| place.cast(*id));
        let is_own = |place: &Place<'_>| {
            !self.is_apart(place) && !place.type_.own_name.starts_with("{closure_env#")
        };
        wrapped.filter(is_own).any(|inner| match is_hand_written(&inner) {
            true => self.has_other_wakers(&inner),
            false => self.wraps_other_wakers(&inner, depth - 1),
        })
    }

    /// Whether what is in a value of this type is no business of the type around it: it is a future
    /// that is found by itself, or something that others wait for.
    fn is_apart(&self, place: &Place<'_>) -> bool {
        self.is_future(&place.type_)
            || (self.leaves.is_held(&place.type_) && !self.leaves.is_polled(&place.type_))
            || is_dynamic(&place.type_)
            || collections::element(place).is_some_and(|_| !place.type_.is("alloc::vec::Vec"))
    }
}

/// Whether a future's `poll` is written by hand, in a crate of which it is not known what it polls.
pub(super) fn is_hand_written(place: &Place<'_>) -> bool {
    let is_known = |name: Option<&str>| name.is_none_or(|name| KNOWN.contains(&name));
    !is_known(place.type_.crate_name()) && coroutine_kind(&place.type_).is_none()
}

/// Whether the value at `place` is a future or a stream of which only its author knows what it waits
/// for: a function polls it, and it is no closure that a `PollFn` has.
pub(super) fn is_opaque(place: &Place<'_>) -> bool {
    let is_own = is_hand_written(place) && !is_closure(&place.type_);
    place.type_.size > 0 && (is_own || is_poll_fn(&place.type_)) && is_polled(place)
}

/// The types that this one was made around. An enum's are those of its variants.
fn made_around(type_: &Type) -> Vec<TypeId> {
    if coroutine_kind(type_).is_some() {
        return Vec::new();
    }
    match &type_.kind {
        Kind::Enum { variants, .. } => {
            variants.iter().map(|variant| variant.member.type_id).collect()
        }
        Kind::Struct { members } if type_.own_name.starts_with('(') => {
            members.iter().map(|member| member.type_id).collect()
        }
        _ => type_.parameters.iter().map(|(_, id)| *id).collect(),
    }
}

/// The types that a value of this type has in it, alone or together with others.
fn parts(place: &Place<'_>) -> Vec<TypeId> {
    let type_ = &place.type_;
    let is_shared = type_.is("alloc::sync::Arc") || type_.is("alloc::rc::Rc");
    if is_shared || type_.is("alloc::vec::Vec") {
        return type_.parameters.first().map(|(_, id)| *id).into_iter().collect();
    }
    match &type_.kind {
        Kind::Struct { members } | Kind::Union { members } => {
            members.iter().map(|member| member.type_id).collect()
        }
        Kind::Enum { variants, .. } => {
            variants.iter().map(|variant| variant.member.type_id).collect()
        }
        Kind::Pointer { target } if is_owning(type_) => target.iter().copied().collect(),
        Kind::Pointer { .. }
        | Kind::Base { .. }
        | Kind::Plain { .. }
        | Kind::Array { .. }
        | Kind::Function
        | Kind::Opaque => Vec::new(),
    }
}

/// Whether a future or one in it waits for the same already.
pub(super) fn has_wait(future: &Future, wait: &Wait) -> bool {
    let own = future.wait.as_ref();
    let is_same = |own: &Wait| {
        own.type_name == wait.type_name && own.about == wait.about && own.resource == wait.resource
    };
    own.is_some_and(is_same) || future.children.iter().any(|child| has_wait(child, wait))
}
