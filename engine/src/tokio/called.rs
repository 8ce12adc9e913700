//! The future that a function polls by calling its `poll`: what the call passes says where it lies.
//!
//! Optimized code has often lost every variable that is the future or refers to it. The call is still
//! there, and a pinned future stays where the last call found it.

use std::collections::HashMap;

use super::route::Route;
use crate::address::FileAddress;
use crate::arch;
use crate::program::{ImageId, Program};
use crate::stack::{self, Frame};
use crate::symbols::{FunctionId, Object, VariableKind};
use crate::value::Place;

/// The most machine code of one function that is read, in bytes.
const LONGEST_FUNCTION: u64 = 1 << 20;

/// Where the futures of the type of this name lie that `function`, whose frame this is, polls.
pub(super) fn polled<'program>(
    program: &'program Program<'program>,
    frame: &Frame,
    (image, function): (ImageId, FunctionId),
    future_type: &str,
) -> Vec<Place<'program>> {
    let Some(loaded) = program.image(image) else { return Vec::new() };
    let object = &*loaded.object;
    let mut routes: HashMap<u64, Option<Route>> = HashMap::new();
    let mut found = Vec::new();
    for (begin, end) in object.function_ranges(function) {
        let Some(code) = code(program, image, begin, end) else { continue };
        for (from, to) in arch::direct_calls(&code, begin.0) {
            let route = *routes
                .entry(to)
                .or_insert_with(|| polled_type(object, FileAddress(to), future_type));
            let before = usize::try_from(from.wrapping_sub(begin.0)).unwrap_or(usize::MAX);
            let argument = code.get(..before).and_then(arch::first_argument);
            let (Some(route), Some(argument)) = (route, argument) else { continue };
            let Some(base) = frame.registers.get(argument.register) else { continue };
            let bytes = base.wrapping_add_signed(argument.offset).to_le_bytes().to_vec();
            let place = stack::Place::Value { bytes, missing: Vec::new() };
            found.extend(route.follow(program, image, &place));
        }
    }
    found
}

/// The machine code of a function, as the process has it.
fn code(
    program: &Program<'_>,
    image: ImageId,
    begin: FileAddress,
    end: FileAddress,
) -> Option<Vec<u8>> {
    let length = end.0.checked_sub(begin.0).filter(|length| *length <= LONGEST_FUNCTION)?;
    let mut code = vec![0; usize::try_from(length).ok()?];
    program.read(program.image(image)?.address(begin), &mut code).ok()?;
    Some(code)
}

/// How the first parameter of the function at this address leads to a future of this type, if that
/// parameter is a reference to one.
fn polled_type(object: &Object, address: FileAddress, future_type: &str) -> Option<Route> {
    let function = object.function_at(address)?;
    let is_its_begin = object.function_ranges(function).iter().any(|(begin, _)| *begin == address);
    // What destroys a future is passed one, too, and not only the one that is polled.
    let name = object.function_name(function)?;
    if !is_its_begin || name.contains("drop_in_place") {
        return None;
    }
    let parameters = object.variables_in(function).into_iter();
    let first = parameters
        .filter(|variable| variable.kind == VariableKind::Parameter && variable.nesting == 0)
        .find_map(|variable| variable.type_id)?;
    Route::all(object, first, future_type).into_iter().find(|route| route.is_reference())
}
