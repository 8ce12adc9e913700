//! The lines at which coroutines are suspended, as their users wrote them.

use super::coroutine::{Coroutine, written_at};
use crate::evidence::Trust;
use crate::model::Line;
use crate::symbols::{Declared, Kind, TypeId};
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
    let written = written_at(&place.type_);
    if written.as_ref().is_none_or(|written| written.file == declared.file) {
        return from(declared, Trust::Read);
    }
    match suspension.and_then(|number| outside(place, number)) {
        Some(outside) => from(outside, Trust::Derived),
        None => from(declared, Trust::Read),
    }
}

/// Where the macro is used that wrote the `.await` of this suspension.
fn outside(place: &Place<'_>, number: usize) -> Option<Declared> {
    let object = place.program.object(place.image)?;
    let source = object.coroutine_source(&place.type_)?;
    let awaited = awaited(place);
    let name = |id: TypeId| object.type_of(id).map(|type_| type_.name.clone());
    let lines = source.awaits.into_iter();
    let lines = lines.map(|await_| (await_.type_id.and_then(name), await_.declared)).collect();
    matching(&awaited, lines, number)
}

/// The type of the future that is awaited at each suspension, in their order.
fn awaited(place: &Place<'_>) -> Vec<Option<String>> {
    let Kind::Enum { variants, .. } = &place.type_.kind else { return Vec::new() };
    let inner = variants.iter().filter_map(|variant| place.cast(variant.member.type_id));
    let suspended = inner.filter(|inner| inner.type_.own_name.starts_with("Suspend"));
    suspended
        .map(|inner| {
            let awaitee = inner.type_.member("__awaitee")?;
            Some(inner.cast(awaitee.type_id)?.type_.name.clone())
        })
        .collect()
}

/// The line of the suspension of this number among those of the variables that awaited futures are
/// bound to: by the future's type.
///
/// Optimized code has lost some of these variables and has the others in any order. Where several
/// `.await`s have futures of one type, their lines are told apart by their order only where all
/// variables are there in the order of the suspensions.
fn matching<Line: PartialEq>(
    awaited: &[Option<String>],
    mut lines: Vec<(Option<String>, Line)>,
    number: usize,
) -> Option<Line> {
    let is_complete = lines.iter().map(|(type_name, _)| type_name).eq(awaited);
    if is_complete {
        return (number < lines.len()).then(|| lines.swap_remove(number).1);
    }
    let wanted = awaited.get(number)?.as_ref()?;
    let is_wanted = |type_name: &Option<String>| type_name.as_ref() == Some(wanted);
    let alike = awaited.iter().filter(|type_name| is_wanted(type_name)).count();
    lines.retain(|(type_name, _)| is_wanted(type_name));
    let (_, first) = lines.first()?;
    let is_one_line = lines.iter().all(|(_, line)| line == first);
    (lines.len() >= alike && is_one_line).then(|| lines.swap_remove(0).1)
}

fn from(declared: Declared, trust: Trust) -> Line {
    Line { file: declared.file, line: declared.line, trust }
}

#[cfg(test)]
mod tests {
    use super::matching;

    fn check(awaited: &[&str], lines: &[(&str, u32)], expected: &[Option<u32>]) {
        let named = |name: &str| (!name.is_empty()).then(|| name.to_owned());
        let awaited: Vec<_> = awaited.iter().map(|name| named(name)).collect();
        for (number, expected) in expected.iter().enumerate() {
            let lines = lines.iter().map(|(name, line)| (named(name), *line)).collect();
            assert_eq!(matching(&awaited, lines, number), *expected, "suspension {number}");
        }
    }

    #[test]
    fn all_variables_in_order_are_paired_with_the_suspensions() {
        check(&["A", "B", "A"], &[("A", 1), ("B", 2), ("A", 3)], &[Some(1), Some(2), Some(3)]);
    }

    #[test]
    fn a_variable_that_optimization_removed_moves_no_other() {
        check(&["A", "B", "C"], &[("A", 1), ("C", 3)], &[Some(1), None, Some(3)]);
    }

    #[test]
    fn variables_in_another_order_are_told_by_type() {
        check(&["A", "B"], &[("B", 2), ("A", 1)], &[Some(1), Some(2)]);
    }

    #[test]
    fn what_has_one_type_is_not_told_apart() {
        check(&["A", "A", "B"], &[("A", 1), ("A", 2)], &[None, None, None]);
        check(&["A", "A", "B"], &[("B", 2), ("A", 1), ("A", 1)], &[Some(1), Some(1), Some(2)]);
    }

    #[test]
    fn a_future_of_no_known_type_has_no_line_unless_all_are_in_order() {
        check(&["", "B"], &[("", 1)], &[None, None]);
    }

    #[test]
    fn more_suspensions_than_there_are_have_no_line() {
        check(&["A"], &[("A", 1)], &[Some(1), None]);
    }
}
