//! The lines at which coroutines are suspended, as their users wrote them.

use super::coroutine::{Coroutine, written_at};
use crate::evidence::Trust;
use crate::model::Line;
use crate::symbols::{Declared, Kind};
use crate::value::Place;

/// The line of the `.await` that a coroutine is suspended at.
pub fn await_line(coroutine: &Coroutine<'_>) -> Option<Line> {
    let declared = coroutine.line.clone()?;
    Some(as_written(&coroutine.place, coroutine.suspension, declared))
}

/// The line of the `.await` that is the coroutine's suspension of this number, from 0.
pub(super) fn suspension_line(place: &Place<'_>, number: usize) -> Option<Line> {
    let Kind::Enum { variants, .. } = &place.type_.kind else { return None };
    let name = format!("Suspend{number}");
    let variant = variants.iter().find(|variant| {
        place.cast(variant.member.type_id).is_some_and(|inner| inner.type_.own_name == name)
    })?;
    Some(as_written(place, Some(number), variant.member.declared.clone()?))
}

/// An `.await` that a macro wrote is declared inside that macro, but the variable that it is bound to
/// is not.
fn as_written(place: &Place<'_>, suspension: Option<usize>, declared: Declared) -> Line {
    let type_ = &place.type_;
    let written = written_at(type_);
    if written.as_ref().is_none_or(|written| written.file == declared.file) {
        return from(declared, Trust::Read);
    }
    let source =
        place.program.object(place.image).and_then(|object| object.coroutine_source(type_));
    let awaits = source.map(|source| source.awaits).unwrap_or_default();
    let suspensions = match &type_.kind {
        Kind::Enum { variants, .. } => variants.len().saturating_sub(3),
        _ => 0,
    };
    let outside = (awaits.len() == suspensions)
        .then(|| suspension.and_then(|number| awaits.get(number).cloned()))
        .flatten();
    match outside {
        Some(outside) => from(outside, Trust::Derived),
        None => from(declared, Trust::Read),
    }
}

fn from(declared: Declared, trust: Trust) -> Line {
    Line { file: declared.file, line: declared.line, trust }
}
