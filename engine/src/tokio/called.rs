//! The future that a function polls by calling its `poll`: what the call passes says where it lies.
//!
//! Optimized code has often lost every variable that is the future or refers to it. The call is still
//! there, and a pinned future stays where the last call found it. Where the compiler knows what a
//! trait object is, it calls that future's own `poll`.

use std::collections::HashMap;

use gimli::Register;

use super::root::is_block_on;
use super::route::Route;
use crate::address::FileAddress;
use crate::arch;
use crate::futures::coroutine_kind;
use crate::program::{ImageId, Program};
use crate::stack::{self, Frame};
use crate::symbols::{CodeFrame, FunctionId, Object, Type, VariableKind, VariableLocation};
use crate::value::Place;

/// The most machine code of one function that is read, in bytes.
const LONGEST_FUNCTION: u64 = 1 << 20;

/// Where the futures of this type lie that `function`, whose frame this is, polls.
pub(super) fn polled<'program>(
    program: &'program Program<'program>,
    frame: &Frame,
    (image, function): (ImageId, FunctionId),
    future_type: &Type,
) -> Vec<Place<'program>> {
    let Some(loaded) = program.image(image) else { return Vec::new() };
    let object = &*loaded.object;
    let driver = Driver::of(stack::functions(program, frame));
    let mut callees: HashMap<u64, Option<Callee>> = HashMap::new();
    let mut found = Vec::new();
    for (begin, end) in object.function_ranges(function) {
        let Some(code) = code(program, image, begin, end) else { continue };
        for (from, to) in arch::direct_calls(&code, begin.0) {
            let callee = *callees
                .entry(to)
                .or_insert_with(|| Callee::of(object, FileAddress(to), future_type));
            let Some(callee) = callee else { continue };
            if !driver.is_at(object, FileAddress(from)) {
                continue;
            }
            let before = usize::try_from(from.wrapping_sub(begin.0)).unwrap_or(usize::MAX);
            let argument =
                code.get(..before).and_then(|code| arch::argument_in(code, callee.register));
            let Some(argument) = argument else { continue };
            let Some(base) = frame.registers.get(argument.register) else { continue };
            let bytes = base.wrapping_add_signed(argument.offset).to_le_bytes().to_vec();
            let place = stack::Place::Value { bytes, missing: Vec::new() };
            found.extend(callee.route.follow(program, image, &place));
        }
    }
    found
}

/// The `block_on` that a frame stands in, and the functions that it was inlined into, from it on
/// outwards: one function may have several of them inlined. Empty when none is known.
struct Driver {
    functions: Vec<CodeFrame>,
}

impl Driver {
    /// The one that a frame with these functions, the innermost first, stands in.
    fn of(mut functions: Vec<CodeFrame>) -> Driver {
        let at = functions.iter().position(|function| is_block_on(&function.name));
        functions.drain(..at.unwrap_or(functions.len()));
        Driver { functions }
    }

    /// Whether the code at this address belongs to it.
    fn is_at(&self, object: &Object, address: FileAddress) -> bool {
        let Some((own, around)) = self.functions.split_first() else { return true };
        let there = object.functions_at(address);
        let Some(split) = there.len().checked_sub(around.len()) else { return false };
        let (inside, outside) = there.split_at(split);
        let is_same = |one: &CodeFrame, other: &CodeFrame| {
            one.function == other.function && one.location == other.location
        };
        inside.last().is_some_and(|function| function.function == own.function)
            && outside.iter().zip(around).all(|(one, other)| is_same(one, other))
    }
}

/// A function that polls a future of the wanted type.
#[derive(Clone, Copy)]
struct Callee {
    /// What passes the reference to the future.
    register: Register,
    /// How that reference leads to the future.
    route: Route,
}

impl Callee {
    /// The function at this address, if its first parameter is a reference to such a future. A trait
    /// object may be any coroutine.
    fn of(object: &Object, address: FileAddress, future_type: &Type) -> Option<Callee> {
        let function = object.function_at(address)?;
        let is_its_begin =
            object.function_ranges(function).iter().any(|(begin, _)| *begin == address);
        // What destroys a future is passed one, too, and not only the one that is polled.
        let name = object.function_name(function)?;
        if !is_its_begin || name.contains("drop_in_place") {
            return None;
        }
        let mut parameters = object.variables_in(function).into_iter();
        let first = parameters
            .find(|variable| variable.kind == VariableKind::Parameter && variable.nesting == 0)?;
        let is_dynamic = future_type.name.contains("dyn ");
        let is_wanted = |type_: &Type| {
            type_.name == future_type.name || (is_dynamic && coroutine_kind(type_).is_some())
        };
        let routes = Route::all(object, first.type_id?, &is_wanted);
        let route = routes.into_iter().find(|route| route.is_reference())?;
        let register =
            register_at(&first.location, address).or_else(|| first_register(object, function))?;
        Some(Callee { register, route })
    }
}

/// The register that a parameter with this location is in where its function begins.
fn register_at(location: &VariableLocation, begin: FileAddress) -> Option<Register> {
    let VariableLocation::Places(places) = location else { return None };
    let mut there = places
        .iter()
        .filter(|place| place.range.as_ref().is_some_and(|range| range.contains(&begin)));
    there.find_map(|place| place.expression.register())
}

/// The register of a function's first argument: the second one where the first says where a result
/// goes that is too large for registers.
fn first_register(object: &Object, function: FunctionId) -> Option<Register> {
    /// The most bytes that are returned in registers.
    const IN_REGISTERS: u64 = 16;
    let result = object.return_type(function).and_then(|id| object.type_of(id));
    let is_in_memory = result.is_some_and(|type_| type_.size > IN_REGISTERS);
    arch::ARGUMENTS.get(usize::from(is_in_memory)).copied()
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
