//! The local variables of a frame, and where each lies.

use super::evaluation::{Machine, Unit};
use super::frame::Frame;
use super::place::{Place, Unavailable};
use crate::program::{ImageId, Program};
use crate::symbols::{
    Expression, FunctionId, SourceLocation, TypeId, Variable, VariableKind, VariableLocation,
};

/// A variable or parameter in scope in a frame.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Local {
    /// Its name; compilers make variables without one, too.
    pub name: Option<String>,
    /// Its type, in `image`.
    pub type_id: Option<TypeId>,
    /// The image whose debug info describes it.
    pub image: ImageId,
    /// Whether it is a parameter.
    pub kind: VariableKind,
    /// Which of the frame's functions it belongs to, as [`super::functions`] counts them: 0 for the
    /// innermost inlined one.
    pub depth: usize,
    /// The function it belongs to.
    pub function: FunctionId,
    /// Where it is declared.
    pub declaration: Option<SourceLocation>,
    /// Where its value lies.
    pub place: Result<Place, Unavailable>,
}

/// The variables and parameters in scope in `frame`, outermost function first. A later one hides an
/// earlier one of the same name and depth.
pub fn locals(program: &Program<'_>, frame: &Frame) -> Vec<Local> {
    let Some((image, address)) = program.image_at(frame.lookup_pc) else {
        return Vec::new();
    };
    let Some(object) = program.object(image) else {
        return Vec::new();
    };
    let innermost = object.functions_at(address).len().saturating_sub(1);
    let variables = object.variables_at(address).into_iter();
    let local = |variable: Variable| Local {
        place: place(program, frame, &variable.location),
        name: variable.name,
        type_id: variable.type_id,
        image,
        kind: variable.kind,
        depth: innermost.saturating_sub(variable.nesting),
        function: variable.function,
        declaration: variable.declaration,
    };
    variables.map(local).collect()
}

fn place(
    program: &Program<'_>,
    frame: &Frame,
    location: &VariableLocation,
) -> Result<Place, Unavailable> {
    match location {
        VariableLocation::Absent => Err(Unavailable::OptimizedOut),
        VariableLocation::Constant(bytes) => {
            Ok(Place::Value { bytes: bytes.clone(), missing: Vec::new() })
        }
        VariableLocation::Places(places) => {
            let first = places.first().ok_or(Unavailable::OptimizedOut)?;
            evaluate(program, frame, &first.expression)
        }
    }
}

/// The place that `expression` describes in `frame`. The expression may belong to other code of the
/// frame's function than it is at: whether the place holds the value now is for the caller to tell.
pub fn evaluate(
    program: &Program<'_>,
    frame: &Frame,
    expression: &Expression,
) -> Result<Place, Unavailable> {
    let frame_base = frame_base(program, frame);
    machine(program, frame, expression, frame_base).place(&expression.bytes)
}

fn frame_base(program: &Program<'_>, frame: &Frame) -> Option<u64> {
    let (image, address) = program.image_at(frame.lookup_pc)?;
    let expression = program.object(image)?.frame_base_at(address)?;
    machine(program, frame, &expression, None).number(&expression.bytes, None).ok()
}

fn machine<'frame, 'snapshot>(
    program: &'frame Program<'snapshot>,
    frame: &'frame Frame,
    expression: &'frame Expression,
    frame_base: Option<u64>,
) -> Machine<'frame, 'snapshot> {
    Machine {
        program,
        registers: &frame.registers,
        cfa: frame.cfa,
        image: frame.image,
        unit: Unit::Of(expression),
        frame_base,
    }
}
