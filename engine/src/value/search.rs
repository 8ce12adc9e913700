//! Finding a value of a wanted type inside another, whatever wrappers are between.

use super::place::Place;
use super::sequence::elements;
use crate::symbols::{Kind, Type};

/// Most values looked at in one search: real types are far below, damaged debug info may describe
/// types that hold themselves.
const MOST_VISITS: usize = 100_000;

/// Most elements of one array that are looked at.
const MOST_ELEMENTS: usize = 256;

/// Most wrappers around an element that are looked at.
const DEEPEST_WRAPPER: usize = 32;

/// The outermost values inside `place` (itself included) whose type is wanted, at most `depth`
/// levels in. Goes through the active variants of enums and through arrays whose elements are known to
/// be there, never through pointers.
pub fn search<'program>(
    place: &Place<'program>,
    depth: usize,
    is_wanted: &dyn Fn(&Type) -> bool,
) -> Vec<Place<'program>> {
    let mut found = Vec::new();
    let mut left = MOST_VISITS;
    descend(place, depth, is_wanted, &mut found, &mut left);
    found
}

fn descend<'program>(
    place: &Place<'program>,
    depth: usize,
    is_wanted: &dyn Fn(&Type) -> bool,
    found: &mut Vec<Place<'program>>,
    left: &mut usize,
) {
    *left = left.saturating_sub(1);
    if is_wanted(&place.type_) {
        found.push(place.clone());
        return;
    }
    if depth == 0 || *left == 0 || place.type_.size == 0 {
        return;
    }
    if let Kind::Array { .. } = place.type_.kind {
        for element in array(place) {
            descend(&element, depth - 1, is_wanted, found, left);
        }
        return;
    }
    if !is_compound(&place.type_) {
        return;
    }
    let active = match place.type_.kind {
        Kind::Enum { .. } => place.active_variant().map(|(_, fields)| fields),
        _ => Some(place.clone()),
    };
    let Some(holder) = active else { return };
    for field in holder.type_.members().iter().filter_map(|member| holder.member(member)) {
        descend(&field, depth - 1, is_wanted, found, left);
    }
}

fn is_compound(type_: &Type) -> bool {
    matches!(type_.kind, Kind::Struct { .. } | Kind::Union { .. } | Kind::Enum { .. })
}

/// The elements of an array that can have something in them. Those of a buffer that is filled as it is
/// needed may be anything.
fn array<'program>(place: &Place<'program>) -> Vec<Place<'program>> {
    let Kind::Array { element, .. } = place.type_.kind else { return Vec::new() };
    let Some(first) = place.cast(element).filter(|first| is_compound(&first.type_)) else {
        return Vec::new();
    };
    let mut wrappers = std::iter::successors(Some(first), Place::only_field).take(DEEPEST_WRAPPER);
    if wrappers.any(|wrapper| wrapper.type_.is("core::mem::maybe_uninit::MaybeUninit")) {
        return Vec::new();
    }
    elements(place, MOST_ELEMENTS).unwrap_or_default()
}
