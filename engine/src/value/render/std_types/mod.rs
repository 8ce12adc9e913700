//! Types of std that are more than their fields. One file a kind of type, each with `TYPES`: the
//! paths, and what shows them. What shows one gives up with `None` where a field is not there.

mod cells;
mod hash;
mod net;
mod numbers;
mod pointers;
mod ring;
mod strings;
mod time;
mod tree;
mod vectors;

use super::Renderer;
use crate::symbols::Type;
use crate::value::Place;

/// Shows a value of a known type.
pub(super) type Render = fn(&mut Renderer<'_>, &Place<'_>) -> Option<()>;

/// A type's path, and what shows it.
type Known = (&'static str, Render);

/// What shows values of this type, if it is a known one.
pub(super) fn of(type_: &Type) -> Option<Render> {
    let tables: [&[Known]; 10] = [
        strings::TYPES,
        vectors::TYPES,
        ring::TYPES,
        hash::TYPES,
        pointers::TYPES,
        cells::TYPES,
        numbers::TYPES,
        time::TYPES,
        tree::TYPES,
        net::TYPES,
    ];
    let known = tables.into_iter().flatten().find(|(path, _)| type_.is(path));
    known.map(|(_, render)| *render)
}

/// The one value in a wrapper that shows as it.
fn transparent(renderer: &mut Renderer<'_>, place: &Place<'_>) -> Option<()> {
    let inner = place.only_field()?;
    renderer.value(&inner);
    Some(())
}
