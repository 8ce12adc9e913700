//! Variables and parameters of functions, and where debug info says that each lies.
//!
//! What a location means in a frame is for [`crate::stack`] to say.

use std::ops::Range;

use gimli::{AttributeValue, DebugInfoOffset, UnitOffset, constants};

use super::entry::{Entry, reference};
use super::ids::{FunctionId, TypeId};
use super::inside::{Reach, Visited};
use super::lines::SourceLocation;
use super::object::{Object, Reader};
use super::units::{DebugInfo, Unit};
use crate::address::FileAddress;

/// A variable or a parameter of a function.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Variable {
    /// Its name; compilers make variables without one, too.
    pub name: Option<String>,
    /// Its type.
    pub type_id: Option<TypeId>,
    /// Whether it is a parameter.
    pub kind: VariableKind,
    /// How many inlined functions it lies in: 0 for a variable of the function whose code it is.
    /// Of the `n` frames that [`Object::functions_at`] gives, it belongs to number
    /// `n - 1 - nesting`.
    pub nesting: usize,
    /// The function it belongs to, inlined or not, by the entry that has that function's name.
    pub function: FunctionId,
    /// Where it is declared.
    pub declaration: Option<SourceLocation>,
    /// Where its value is to be found.
    pub location: VariableLocation,
}

/// What kind of variable.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum VariableKind {
    /// A parameter of its function.
    Parameter,
    /// A local variable.
    Local,
}

/// Where debug info says that a variable lies.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum VariableLocation {
    /// Nowhere that is recorded.
    Absent,
    /// The value itself, as the bytes of its type.
    Constant(Vec<u8>),
    /// At these places, each for some of the code.
    Places(Vec<LocationEntry>),
}

/// A place and the code for which it holds.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LocationEntry {
    /// The code for which it holds; all of the variable's scope when absent.
    pub range: Option<Range<FileAddress>>,
    /// How the place is computed.
    pub expression: Expression,
}

/// A DWARF expression of some unit.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Expression {
    /// Its bytes.
    pub(crate) bytes: Vec<u8>,
    /// The unit it was found in, by its offset in `.debug_info`.
    pub(crate) unit: DebugInfoOffset,
}

impl Expression {
    /// The expression's bytes, as the file has them.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The register that it says the whole value is in, if it says so.
    pub fn register(&self) -> Option<gimli::Register> {
        let [operation] = self.bytes.as_slice() else { return None };
        let number = operation.checked_sub(constants::DW_OP_reg0.0)?;
        (*operation <= constants::DW_OP_reg31.0).then_some(gimli::Register(number.into()))
    }
}

/// Most entries read of one location list.
const MOST_PLACES: usize = 10_000;

/// Most variables listed of one function.
const MOST_VARIABLES: usize = 100_000;

impl Object {
    /// The variables and parameters in scope at `address`, of the function there and of those
    /// inlined there, outermost first. Each has at most the one place that holds at `address`.
    pub fn variables_at(&self, address: FileAddress) -> Vec<Variable> {
        self.with_debug_info(|info| {
            let Some((unit, function)) = info.subprogram_at(address.0) else {
                return Vec::new();
            };
            let mut variables = info.variables(&unit, function, Reach::At(address.0));
            for variable in &mut variables {
                variable.location.keep_at(address);
            }
            variables
        })
    }

    /// All variables and parameters of the function with this entry and of those inlined anywhere
    /// in it, with every place that each has anywhere.
    pub fn variables_in(&self, function: FunctionId) -> Vec<Variable> {
        self.with_debug_info(|info| match info.unit_of(function.offset()) {
            Some((unit, within)) => info.variables(&unit, within, Reach::Everywhere),
            None => Vec::new(),
        })
    }

    /// How the frame base of the function at `address` is computed there.
    pub fn frame_base_at(&self, address: FileAddress) -> Option<Expression> {
        self.with_debug_info(|info| {
            let (unit, function) = info.subprogram_at(address.0)?;
            let entry = unit.entry(function).ok()?;
            let value = entry.attr_value(constants::DW_AT_frame_base)?;
            let mut location = info.places(&unit, value);
            location.keep_at(address);
            match location {
                VariableLocation::Places(places) => {
                    places.into_iter().next().map(|place| place.expression)
                }
                VariableLocation::Absent | VariableLocation::Constant(_) => None,
            }
        })
    }
}

impl VariableLocation {
    /// Drops the places that do not hold at `address`.
    fn keep_at(&mut self, address: FileAddress) {
        let VariableLocation::Places(places) = self else {
            return;
        };
        places.retain(|place| place.range.as_ref().is_none_or(|range| range.contains(&address)));
        places.truncate(1);
        if places.is_empty() {
            *self = VariableLocation::Absent;
        }
    }
}

impl<'data> DebugInfo<'data> {
    fn variables(&self, unit: &Unit<'data>, function: UnitOffset, reach: Reach) -> Vec<Variable> {
        let mut variables = Vec::new();
        let Some(root) = function.to_debug_info_offset(&unit.header) else {
            return variables;
        };
        let mut owners = vec![self.name_bearer(root)];
        self.visit_inside(unit, function, reach, |visited| match visited {
            Visited::Inlined { entry, nesting } => {
                let origin = reference(unit, entry, constants::DW_AT_abstract_origin);
                owners.truncate(nesting);
                owners.push(self.name_bearer(origin.unwrap_or(root)));
            }
            Visited::Variable { entry, nesting } => {
                let owner = owners.get(nesting).copied().unwrap_or(root);
                if variables.len() < MOST_VARIABLES {
                    variables.extend(self.variable(unit, entry, nesting, owner));
                }
            }
        });
        variables
    }

    fn name_bearer(&self, function: DebugInfoOffset) -> DebugInfoOffset {
        self.named(function).map_or(function, |(named, _, _)| named)
    }

    fn variable(
        &self,
        unit: &Unit<'data>,
        entry: &Entry<'data>,
        nesting: usize,
        owner: DebugInfoOffset,
    ) -> Option<Variable> {
        let offset = entry.offset().to_debug_info_offset(&unit.header)?;
        let kind = match entry.tag() {
            constants::DW_TAG_formal_parameter => VariableKind::Parameter,
            _ => VariableKind::Local,
        };
        let location = match entry.attr_value(constants::DW_AT_location) {
            Some(value) => self.places(unit, value),
            None => constant(entry),
        };
        let mut variable = Variable {
            name: None,
            type_id: None,
            kind,
            nesting,
            function: owner.into(),
            declaration: self.declaration(offset),
            location,
        };
        for (_, unit, entry) in self.origins(offset) {
            let name = || self.text(&unit, &entry, constants::DW_AT_name);
            variable.name = variable.name.or_else(name);
            let type_id = || reference(&unit, &entry, constants::DW_AT_type).map(TypeId::from);
            variable.type_id = variable.type_id.or_else(type_id);
        }
        Some(variable)
    }

    /// The places that a location attribute lists.
    fn places(&self, unit: &Unit<'data>, value: AttributeValue<Reader<'data>>) -> VariableLocation {
        let Some(start) = unit.header.debug_info_offset() else {
            return VariableLocation::Absent;
        };
        let expression = |bytes: gimli::Expression<Reader<'data>>| Expression {
            bytes: bytes.0.slice().to_vec(),
            unit: start,
        };
        let mut places = Vec::new();
        if let Some(bytes) = value.exprloc_value() {
            places.push(LocationEntry { range: None, expression: expression(bytes) });
        } else if let Ok(Some(mut list)) = self.dwarf.attr_locations(unit, value) {
            while let Ok(Some(entry)) = list.next() {
                places.push(LocationEntry {
                    range: Some(FileAddress(entry.range.begin)..FileAddress(entry.range.end)),
                    expression: expression(entry.data),
                });
                if places.len() >= MOST_PLACES {
                    break;
                }
            }
        }
        places.retain(|place| !place.expression.bytes.is_empty());
        if places.is_empty() {
            return VariableLocation::Absent;
        }
        VariableLocation::Places(places)
    }
}

/// The constant value that an entry has in place of a location.
fn constant(entry: &Entry<'_>) -> VariableLocation {
    match entry.attr_value(constants::DW_AT_const_value) {
        Some(AttributeValue::Block(bytes)) => VariableLocation::Constant(bytes.slice().to_vec()),
        Some(AttributeValue::Data1(value)) => {
            VariableLocation::Constant(value.to_le_bytes().into())
        }
        Some(AttributeValue::Data2(value)) => {
            VariableLocation::Constant(value.to_le_bytes().into())
        }
        Some(AttributeValue::Data4(value)) => {
            VariableLocation::Constant(value.to_le_bytes().into())
        }
        Some(AttributeValue::Data8(value)) => {
            VariableLocation::Constant(value.to_le_bytes().into())
        }
        Some(AttributeValue::Sdata(value)) => {
            VariableLocation::Constant(value.to_le_bytes().into())
        }
        Some(AttributeValue::Udata(value)) => {
            VariableLocation::Constant(value.to_le_bytes().into())
        }
        _ => VariableLocation::Absent,
    }
}
