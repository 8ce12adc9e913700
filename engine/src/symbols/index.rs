//! What one unit names: its types with the namespaces around them, and its vtables.
//!
//! Made in one pass over the unit when something of it is first asked for, and kept.

use std::collections::{BTreeMap, HashMap};

use gimli::{AttributeValue, DebugInfoOffset, Operation, UnitOffset, constants};

use super::entry::{Entry, number, reference};
use super::units::{DebugInfo, Unit};
use crate::address::FileAddress;

/// Deepest nesting of namespaces that is followed.
const DEEPEST_SCOPE: usize = 64;

/// The names of one unit.
#[derive(Default)]
pub(crate) struct Index<'data> {
    /// Namespaces and everything else that other names can lie in, and types; in order of offset.
    names: Vec<Name<'data>>,
    vtables: HashMap<FileAddress, UnitOffset>,
    /// The types of static and thread-local variables, by linkage name.
    variables: HashMap<&'data [u8], UnitOffset>,
    /// The functions that poll coroutines, by their place in `names`.
    bodies: BTreeMap<u32, Body<'data>>,
    /// The functions that were inlined, each with the file number and line of its call. Optimized
    /// code inlines across units: a function may be another unit's.
    inlined: Vec<(DebugInfoOffset, u64, u64)>,
    /// Functions without a name of their own, and the declarations that have it.
    declarations: HashMap<UnitOffset, DebugInfoOffset>,
}

/// The function that polls a coroutine.
#[derive(Default)]
pub(super) struct Body<'data> {
    /// Its mangled name.
    pub(super) linkage_name: Option<&'data [u8]>,
    /// Each `.await` in it that has a variable, in the order of the debug info.
    pub(super) awaits: Vec<BodyAwait>,
}

/// The variable that an `.await` binds its future to.
#[derive(Clone, Copy)]
pub(super) struct BodyAwait {
    /// The number of the file that it is declared in.
    pub(super) file: u64,
    /// The line there.
    pub(super) line: u64,
    /// The future's type.
    pub(super) type_offset: Option<DebugInfoOffset>,
}

struct Name<'data> {
    offset: UnitOffset,
    /// The index of the name around it.
    parent: Option<u32>,
    text: &'data [u8],
    kind: NameKind,
}

/// What a name is the name of.
#[derive(Clone, Copy, PartialEq, Eq)]
enum NameKind {
    Namespace,
    Type,
    Function,
}

impl<'data> Index<'data> {
    /// Reads the whole unit once. Stops where it is damaged.
    pub(super) fn read(debug_info: &DebugInfo<'data>, unit: &Unit<'data>) -> Index<'data> {
        let mut index = Index::default();
        let mut around: Vec<(isize, u32)> = Vec::new();
        let mut cursor = unit.entries();
        while let Ok(Some(entry)) = cursor.next_dfs() {
            let depth = entry.depth();
            while around.last().is_some_and(|(outer, _)| *outer >= depth) {
                around.pop();
            }
            let tag = entry.tag();
            if tag == constants::DW_TAG_variable {
                let function = around.last().map(|(_, number)| *number);
                index.add_variable(debug_info, unit, entry, function);
                continue;
            }
            if tag == constants::DW_TAG_inlined_subroutine {
                index.add_inlined(unit, entry);
                continue;
            }
            let Some(kind) = kind(tag) else { continue };
            // Optimized code that is inlined across units may leave the declaration in another one.
            let declaration = reference(unit, entry, constants::DW_AT_specification);
            if let Some(declaration) = declaration {
                index.declarations.insert(entry.offset(), declaration);
            }
            let text = entry
                .attr_value(constants::DW_AT_name)
                .and_then(|value| debug_info.dwarf.attr_string(unit, value).ok())
                .map_or(&[][..], |text| text.slice());
            let number = u32::try_from(index.names.len()).unwrap_or(u32::MAX);
            index.names.push(Name {
                offset: entry.offset(),
                parent: around.last().map(|(_, number)| *number),
                text,
                kind,
            });
            if tag == constants::DW_TAG_subprogram && text.starts_with(b"{async_") {
                let linkage_name = entry
                    .attr_value(constants::DW_AT_linkage_name)
                    .and_then(|value| debug_info.dwarf.attr_string(unit, value).ok())
                    .map(|text| text.slice());
                index.bodies.insert(number, Body { linkage_name, awaits: Vec::new() });
            }
            around.push((depth, number));
        }
        index
    }

    /// The namespaces around the entry at `offset`, outermost first.
    pub(super) fn scope(&self, offset: UnitOffset) -> Vec<String> {
        let Ok(at) = self.names.binary_search_by_key(&offset.0, |name| name.offset.0) else {
            return Vec::new();
        };
        let mut scope = Vec::new();
        let mut next = self.names.get(at).and_then(|name| name.parent);
        while let Some(name) = next.and_then(|number| self.names.get(number as usize)) {
            scope.push(String::from_utf8_lossy(name.text).into_owned());
            if scope.len() >= DEEPEST_SCOPE {
                break;
            }
            next = name.parent;
        }
        scope.reverse();
        scope
    }

    /// The types whose own name is wanted.
    pub(super) fn types(&self, is_wanted: &dyn Fn(&str) -> bool) -> Vec<UnitOffset> {
        self.names
            .iter()
            .filter(|name| name.kind == NameKind::Type)
            .filter(|name| std::str::from_utf8(name.text).is_ok_and(is_wanted))
            .map(|name| name.offset)
            .collect()
    }

    /// The functions whose own name is wanted.
    pub(super) fn functions(&self, is_wanted: &dyn Fn(&str) -> bool) -> Vec<UnitOffset> {
        self.names
            .iter()
            .filter(|name| name.kind == NameKind::Function)
            .filter(|name| std::str::from_utf8(name.text).is_ok_and(is_wanted))
            .map(|name| name.offset)
            .collect()
    }

    /// The type of the vtable at this address.
    pub(super) fn vtable(&self, address: FileAddress) -> Option<UnitOffset> {
        self.vtables.get(&address).copied()
    }

    /// The type of the static or thread-local variable with this linkage name.
    pub(super) fn variable(&self, linkage_name: &str) -> Option<UnitOffset> {
        self.variables.get(linkage_name.as_bytes()).copied()
    }

    /// The function of this name in this scope that polls a coroutine, and where its entry is.
    pub(super) fn body(
        &self,
        scope: &[String],
        own_name: &str,
    ) -> Option<(UnitOffset, &Body<'data>)> {
        self.bodies
            .iter()
            .filter_map(|(number, body)| {
                let name = self.names.get(*number as usize)?;
                let is_it = name.text == own_name.as_bytes() && self.scope(name.offset) == scope;
                is_it.then_some((name.offset, body))
            })
            .max_by_key(|(_, body)| (body.awaits.len(), body.linkage_name))
    }

    /// The functions that were inlined in this unit, each with the file number and line of the call.
    pub(super) fn inlined(&self) -> &[(DebugInfoOffset, u64, u64)] {
        &self.inlined
    }

    /// The declaration that has the name of this unit's function at `offset`, if the function has none
    /// itself.
    pub(super) fn declaration(&self, offset: UnitOffset) -> Option<DebugInfoOffset> {
        self.declarations.get(&offset).copied()
    }

    /// Whether the own name of this unit's function at `offset` begins with `prefix`.
    pub(super) fn has_prefix(&self, offset: UnitOffset, prefix: &str) -> bool {
        let at = self.names.binary_search_by_key(&offset.0, |name| name.offset.0).ok();
        at.and_then(|at| self.names.get(at))
            .is_some_and(|name| name.text.starts_with(prefix.as_bytes()))
    }

    fn add_inlined(&mut self, unit: &Unit<'data>, entry: &Entry<'data>) {
        let function = match entry.attr_value(constants::DW_AT_abstract_origin) {
            Some(AttributeValue::UnitRef(offset)) => offset.to_debug_info_offset(&unit.header),
            Some(AttributeValue::DebugInfoRef(offset)) => Some(offset),
            _ => None,
        };
        if let (Some(function), Some(file), Some(line)) = (
            function,
            number(entry, constants::DW_AT_call_file),
            number(entry, constants::DW_AT_call_line),
        ) {
            self.inlined.push((function, file, line));
        }
    }

    /// Notes a vtable, a variable that is there as long as the program or a thread, or an awaited
    /// future; others are of no interest.
    fn add_variable(
        &mut self,
        debug_info: &DebugInfo<'data>,
        unit: &Unit<'data>,
        entry: &Entry<'data>,
        function: Option<u32>,
    ) {
        let string = |name| {
            let value = entry.attr_value(name)?;
            debug_info.dwarf.attr_string(unit, value).ok().map(|text| text.slice())
        };
        let name = string(constants::DW_AT_name);
        if name == Some(b"__awaitee")
            && let Some(body) = function.and_then(|function| self.bodies.get_mut(&function))
        {
            let file = number(entry, constants::DW_AT_decl_file);
            let place = file.zip(number(entry, constants::DW_AT_decl_line));
            let type_offset = reference(unit, entry, constants::DW_AT_type);
            body.awaits.extend(place.map(|(file, line)| BodyAwait { file, line, type_offset }));
        }
        let Some(AttributeValue::Exprloc(location)) = entry.attr_value(constants::DW_AT_location)
        else {
            return;
        };
        let Some(AttributeValue::UnitRef(type_offset)) = entry.attr_value(constants::DW_AT_type)
        else {
            return;
        };
        let mut operations = location.operations(unit.encoding());
        let first = operations.next().ok().flatten();
        let is_thread_local = matches!(operations.next(), Ok(Some(Operation::TLS)));
        let address = match first {
            Some(Operation::Address { address }) => Some(address),
            Some(Operation::AddressIndex { index }) => debug_info.dwarf.address(unit, index).ok(),
            _ => None,
        };
        let is_vtable = name.is_some_and(|name| name.ends_with(b"::{vtable}"));
        match address {
            Some(address) if is_vtable && !is_thread_local => {
                self.vtables.insert(FileAddress(address), type_offset);
            }
            None if !is_thread_local => {}
            _ => {
                let name = string(constants::DW_AT_linkage_name);
                self.variables.extend(name.map(|name| (name, type_offset)));
            }
        }
    }
}

/// What an entry with this tag is the name of, if other names can lie in it.
fn kind(tag: gimli::DwTag) -> Option<NameKind> {
    match tag {
        constants::DW_TAG_structure_type
        | constants::DW_TAG_class_type
        | constants::DW_TAG_union_type
        | constants::DW_TAG_enumeration_type => Some(NameKind::Type),
        constants::DW_TAG_namespace => Some(NameKind::Namespace),
        constants::DW_TAG_subprogram => Some(NameKind::Function),
        _ => None,
    }
}
