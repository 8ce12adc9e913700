//! Where futures that were written by hand are polled: the lines to read for what they wait for.

use std::rc::Rc;

use super::names;
use crate::evidence::Trust;
use crate::model::{Line, PollFunction};
use crate::symbols::Type;
use crate::value::{Place, search};

/// Longest chain of futures that are made around one another.
const LONGEST: usize = 8;

/// How deep in a future the one is searched that it is made around.
const DEPTH: usize = 6;

/// The functions that poll the future at `place`, the outermost first. One that is made around a
/// single other one is followed to that: `Next` polls a stream.
pub(super) fn poll_functions(place: &Place<'_>) -> Vec<PollFunction> {
    let mut found = Vec::new();
    let mut next = Some(place.clone());
    for _ in 0..LONGEST {
        let Some(place) = next else { break };
        found.extend(poll_function(&place, &place.type_));
        let mut inner = inner(&place);
        next = inner.pop().filter(|_| inner.is_empty());
    }
    found
}

/// Whether the value at `place` is made to be polled: a function does that.
pub(super) fn is_polled(place: &Place<'_>) -> bool {
    let object = place.program.object(place.image);
    object.is_some_and(|object| object.poll_function(&place.type_).is_some())
}

/// What can be polled of what the future at `place` was made around.
fn inner<'program>(place: &Place<'program>) -> Vec<Place<'program>> {
    let arguments = place.type_.parameters.iter();
    let arguments = arguments.filter_map(|(_, id)| Some(place.cast(*id)?.type_));
    let polled: Vec<Rc<Type>> =
        arguments.filter(|argument| poll_function(place, argument).is_some()).collect();
    let is_wanted = |type_: &Type| polled.iter().any(|polled| polled.name == type_.name);
    let fields = place.all_fields().into_iter();
    fields.flat_map(|(_, field)| search(&field, DEPTH, &is_wanted)).collect()
}

/// The function that polls values of this type, which the debug info of `near` describes.
fn poll_function(near: &Place<'_>, type_: &Type) -> Option<PollFunction> {
    let object = near.program.object(near.image)?;
    let function = object.poll_function(type_)?;
    let declared = object.function_declaration(function)?;
    let name = match type_.own_name.starts_with('{') {
        true => names::type_name(type_),
        false => {
            let path = object.function_name(function)?;
            let path = names::simplified(&path);
            let own = path.rsplit("::").next().unwrap_or(&path);
            format!("{}::{own}", names::type_name(type_))
        }
    };
    let line = Line { file: declared.file, line: declared.line, trust: Trust::Read };
    Some(PollFunction { name, line })
}
