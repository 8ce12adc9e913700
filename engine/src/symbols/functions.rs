//! Functions: which one an address lies in, what was inlined there, and what each is called.

use std::rc::Rc;

use gimli::{DebugInfoOffset, UnitOffset, constants};

use super::entry::{Entry, number, reference};
use super::ids::{FunctionId, TypeId};
use super::inside::{Reach, Visited};
use super::lines::SourceLocation;
use super::object::Object;
use super::range_map::RangeMap;
use super::scopes::Scopes;
use super::units::{DebugInfo, Unit};
use crate::address::FileAddress;

/// One function at an address: the one whose code it is, or one that was inlined into it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CodeFrame {
    /// The entry that has the function's name: its abstract instance or its declaration, where
    /// there is one. Equal for all copies of an inlined function within a unit. Absent where only
    /// the symbol table knows the function.
    pub function: Option<FunctionId>,
    /// The entry of the function whose machine code this is: the same for all frames of one
    /// address. Absent where only the symbol table knows the function.
    pub concrete: Option<FunctionId>,
    /// The full path, with generic arguments, as debug info has it:
    /// `tokio::runtime::park::{impl#4}::block_on<F>`.
    pub name: String,
    /// Where it stands: for the innermost the line of the instruction, for the others the call.
    pub location: Option<SourceLocation>,
    /// Whether this function was inlined into the next one.
    pub inlined: bool,
}

/// The functions of one unit that have code, and its scopes.
pub(super) struct UnitFunctions {
    code: RangeMap<UnitOffset>,
    pub(super) scopes: Scopes,
}

/// An inlined function at an address.
struct Inlined {
    origin: DebugInfoOffset,
    call: Option<SourceLocation>,
}

impl Object {
    /// The functions at `address`: innermost inlined one first, the one whose code it is last.
    /// Where debug info knows no function the symbol table gives the name; empty where that has
    /// none either.
    pub fn functions_at(&self, address: FileAddress) -> Vec<CodeFrame> {
        self.with_debug_info(|info| info.functions_at(address.0))
            .unwrap_or_else(|| self.function_by_symbol(address).into_iter().collect())
    }

    fn function_by_symbol(&self, address: FileAddress) -> Option<CodeFrame> {
        Some(CodeFrame {
            function: None,
            concrete: None,
            name: self.symbol_at(address)?.demangled(),
            location: self.line_at(address),
            inlined: false,
        })
    }

    /// The function whose machine code lies at `address`.
    pub fn function_at(&self, address: FileAddress) -> Option<FunctionId> {
        self.with_debug_info(|info| {
            let (unit, function) = info.subprogram_at(address.0)?;
            Some(function.to_debug_info_offset(&unit.header)?.into())
        })
    }

    /// The line of the instruction at `address`, of the innermost function there.
    pub fn line_at(&self, address: FileAddress) -> Option<SourceLocation> {
        self.with_debug_info(|info| {
            let (start, unit) = info.unit_at(address.0)?;
            info.line_at(start, &unit, address.0)
        })
    }

    /// The full path of a function, with generic arguments.
    pub fn function_name(&self, function: FunctionId) -> Option<String> {
        self.with_debug_info(|info| info.path(function.offset()))
    }

    /// Where a function is declared. The column is absent: debug info has none for declarations.
    pub fn function_declaration(&self, function: FunctionId) -> Option<SourceLocation> {
        self.with_debug_info(|info| info.declaration(function.offset()))
    }

    /// The address ranges of a function's machine code; none for one that was only inlined.
    pub fn function_ranges(&self, function: FunctionId) -> Vec<(FileAddress, FileAddress)> {
        self.with_debug_info(|info| {
            let Some((unit, _, entry)) = info.entry(function.offset()) else {
                return Vec::new();
            };
            info.ranges(&unit, &entry)
                .into_iter()
                .map(|(begin, end)| (FileAddress(begin), FileAddress(end)))
                .collect()
        })
    }

    /// The type that a function returns; absent for `()`.
    pub fn return_type(&self, function: FunctionId) -> Option<TypeId> {
        self.with_debug_info(|info| {
            info.origins(function.offset()).find_map(|(_, unit, entry)| {
                reference(&unit, &entry, constants::DW_AT_type).map(TypeId::from)
            })
        })
    }

    /// The generic arguments of a function: the parameter's name and the type it has here.
    pub fn template_parameters(&self, function: FunctionId) -> Vec<(String, TypeId)> {
        self.with_debug_info(|info| {
            info.origins(function.offset())
                .map(|(offset, unit, _)| info.own_template_parameters(&unit, offset))
                .find(|parameters| !parameters.is_empty())
                .unwrap_or_default()
        })
    }
}

impl<'data> DebugInfo<'data> {
    fn functions_at(&self, address: u64) -> Option<Vec<CodeFrame>> {
        let (start, unit) = self.unit_at(address)?;
        let functions = self.unit_functions(start, &unit);
        let subprogram = functions.code.find(address)?;
        let concrete = subprogram.to_debug_info_offset(&unit.header)?;
        let mut location = self.line_at(start, &unit, address);
        let mut frames = Vec::new();
        for inlined in self.inlined_at(&unit, subprogram, address).into_iter().rev() {
            let call = inlined.call;
            frames.push(self.frame(inlined.origin, concrete, location, true));
            location = call;
        }
        frames.push(self.frame(concrete, concrete, location, false));
        Some(frames)
    }

    fn frame(
        &self,
        function: DebugInfoOffset,
        concrete: DebugInfoOffset,
        location: Option<SourceLocation>,
        inlined: bool,
    ) -> CodeFrame {
        let named = self.named(function).map_or(function, |(named, _, _)| named);
        CodeFrame {
            function: Some(named.into()),
            concrete: Some(concrete.into()),
            name: self.path(named).unwrap_or_else(|| "{unnamed function}".to_owned()),
            location,
            inlined,
        }
    }

    /// The functions inlined at `address`, outermost first.
    fn inlined_at(&self, unit: &Unit<'data>, subprogram: UnitOffset, address: u64) -> Vec<Inlined> {
        let mut chain = Vec::new();
        self.visit_inside(unit, subprogram, Reach::At(address), |visited| {
            if let Visited::Inlined { entry, nesting } = visited {
                chain.truncate(nesting.saturating_sub(1));
                chain.extend(self.inlined(unit, entry));
            }
        });
        chain
    }

    fn inlined(&self, unit: &Unit<'data>, entry: &Entry<'data>) -> Option<Inlined> {
        let origin = reference(unit, entry, constants::DW_AT_abstract_origin)?;
        let call = number(entry, constants::DW_AT_call_file).and_then(|file| {
            let line = number(entry, constants::DW_AT_call_line)?;
            let column = number(entry, constants::DW_AT_call_column).unwrap_or(0);
            self.source_location(unit, file, line, column)
        });
        Some(Inlined { origin, call })
    }

    /// The unit and the entry of the function whose code lies at `address`.
    pub(super) fn subprogram_at(&self, address: u64) -> Option<(Rc<Unit<'data>>, UnitOffset)> {
        let (start, unit) = self.unit_at(address)?;
        let function = self.unit_functions(start, &unit).code.find(address)?;
        Some((unit, function))
    }

    /// The file and line where the entry at `offset`, or what it stands for, is declared.
    pub(super) fn declaration(&self, offset: DebugInfoOffset) -> Option<SourceLocation> {
        self.origins(offset).find_map(|(_, unit, entry)| {
            let file = number(&entry, constants::DW_AT_decl_file)?;
            let line = number(&entry, constants::DW_AT_decl_line)?;
            self.source_location(&unit, file, line, 0)
        })
    }

    fn own_template_parameters(
        &self,
        unit: &Unit<'data>,
        function: DebugInfoOffset,
    ) -> Vec<(String, TypeId)> {
        let mut parameters = Vec::new();
        let Some(within) = function.to_unit_offset(&unit.header) else {
            return parameters;
        };
        let Ok(mut tree) = unit.entries_tree(Some(within)) else {
            return parameters;
        };
        let Ok(root) = tree.root() else {
            return parameters;
        };
        let mut children = root.children();
        while let Ok(Some(child)) = children.next() {
            let entry = child.entry();
            if entry.tag() != constants::DW_TAG_template_type_parameter {
                continue;
            }
            let name = self.text(unit, entry, constants::DW_AT_name);
            let type_id = reference(unit, entry, constants::DW_AT_type).map(TypeId::from);
            parameters.extend(name.zip(type_id));
        }
        parameters
    }

    /// The functions and scopes of the unit that begins at `start`, read once.
    pub(super) fn unit_functions(
        &self,
        start: DebugInfoOffset,
        unit: &Unit<'data>,
    ) -> Rc<UnitFunctions> {
        if let Some(functions) = self.code.functions.borrow().get(&start) {
            return Rc::clone(functions);
        }
        let functions = Rc::new(self.read_functions(unit));
        let mut cache = self.code.functions.borrow_mut();
        Rc::clone(cache.entry(start).or_insert(functions))
    }

    /// Reads over all entries of a unit, most of them without decoding. A damaged entry ends it.
    fn read_functions(&self, unit: &Unit<'data>) -> UnitFunctions {
        let mut scopes = Scopes::default();
        let mut ranges = Vec::new();
        let mut entry = Entry::null();
        let Ok(mut entries) = unit.entries_raw(None) else {
            return UnitFunctions { code: RangeMap::new(ranges), scopes };
        };
        while !entries.is_empty() {
            let offset = entries.next_offset();
            let depth = entries.next_depth();
            let Ok(abbreviation) = entries.read_abbreviation() else {
                break;
            };
            scopes.leave_to(offset, depth);
            let Some(abbreviation) = abbreviation else {
                continue;
            };
            if Scopes::is_scope(abbreviation.tag()) && abbreviation.has_children() {
                scopes.enter(offset, depth);
            }
            let attributes = abbreviation.attributes();
            let read = if abbreviation.tag() == constants::DW_TAG_subprogram {
                entries.read_attributes(attributes, &mut entry.attrs)
            } else {
                entry.attrs.clear();
                entries.skip_attributes(attributes)
            };
            if read.is_err() {
                break;
            }
            let code = self.ranges(unit, &entry).into_iter();
            ranges.extend(code.map(|(begin, end)| (begin, end, offset)));
        }
        UnitFunctions { code: RangeMap::new(ranges), scopes }
    }
}
