//! Finding a value of a wanted type inside another, whatever wrappers are between.

use super::place::Place;
use crate::symbols::{Kind, Type};

/// Most values looked at in one search: real types are far below, damaged debug info may describe
/// types that hold themselves.
const MOST_VISITS: usize = 100_000;

/// The outermost values inside `place` (itself included) whose type is wanted, at most `depth`
/// levels in. Goes through the active variants of enums, never through pointers.
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
    let is_compound =
        matches!(place.type_.kind, Kind::Struct { .. } | Kind::Union { .. } | Kind::Enum { .. });
    if depth == 0 || *left == 0 || place.type_.size == 0 || !is_compound {
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
