//! What one unit names: its types with the namespaces around them, and its vtables.
//!
//! Made in one pass over the unit when something of it is first asked for, and kept.

use std::collections::HashMap;

use gimli::{AttributeValue, Operation, UnitOffset, constants};

use super::object::Reader;
use super::units::{DebugInfo, Unit};
use crate::address::FileAddress;

/// Deepest nesting of namespaces that is followed.
const DEEPEST_SCOPE: usize = 64;

/// The names of one unit.
pub(crate) struct Index<'data> {
    /// Namespaces and everything else that other names can lie in, and types; in order of offset.
    names: Vec<Name<'data>>,
    vtables: HashMap<FileAddress, UnitOffset>,
}

struct Name<'data> {
    offset: UnitOffset,
    /// The index of the name around it.
    parent: Option<u32>,
    text: &'data [u8],
    is_type: bool,
}

impl<'data> Index<'data> {
    /// Reads the whole unit once. Stops where it is damaged.
    pub(super) fn read(debug_info: &DebugInfo<'data>, unit: &Unit<'data>) -> Index<'data> {
        let mut index = Index { names: Vec::new(), vtables: HashMap::new() };
        let mut around: Vec<(isize, u32)> = Vec::new();
        let mut cursor = unit.entries();
        while let Ok(Some(entry)) = cursor.next_dfs() {
            let depth = entry.depth();
            while around.last().is_some_and(|(outer, _)| *outer >= depth) {
                around.pop();
            }
            let tag = entry.tag();
            if tag == constants::DW_TAG_variable {
                index.add_vtable(debug_info, unit, entry);
                continue;
            }
            if !has_name_that_counts(tag) {
                continue;
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
                is_type: is_type(tag),
            });
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
            .filter(|name| name.is_type && std::str::from_utf8(name.text).is_ok_and(is_wanted))
            .map(|name| name.offset)
            .collect()
    }

    /// The type of the vtable at this address.
    pub(super) fn vtable(&self, address: FileAddress) -> Option<UnitOffset> {
        self.vtables.get(&address).copied()
    }

    fn add_vtable(
        &mut self,
        debug_info: &DebugInfo<'data>,
        unit: &Unit<'data>,
        entry: &gimli::DebuggingInformationEntry<Reader<'data>>,
    ) {
        let Some(AttributeValue::Exprloc(location)) = entry.attr_value(constants::DW_AT_location)
        else {
            return;
        };
        let is_vtable = entry
            .attr_value(constants::DW_AT_name)
            .and_then(|value| debug_info.dwarf.attr_string(unit, value).ok())
            .is_some_and(|text| text.slice().ends_with(b"::{vtable}"));
        if !is_vtable {
            return;
        }
        let address = match location.operations(unit.encoding()).next() {
            Ok(Some(Operation::Address { address })) => address,
            Ok(Some(Operation::AddressIndex { index })) => {
                match debug_info.dwarf.address(unit, index) {
                    Ok(address) => address,
                    Err(_) => return,
                }
            }
            _ => return,
        };
        if let Some(AttributeValue::UnitRef(type_offset)) = entry.attr_value(constants::DW_AT_type)
        {
            self.vtables.insert(FileAddress(address), type_offset);
        }
    }
}

fn is_type(tag: gimli::DwTag) -> bool {
    matches!(
        tag,
        constants::DW_TAG_structure_type
            | constants::DW_TAG_class_type
            | constants::DW_TAG_union_type
            | constants::DW_TAG_enumeration_type
    )
}

fn has_name_that_counts(tag: gimli::DwTag) -> bool {
    is_type(tag) || matches!(tag, constants::DW_TAG_namespace | constants::DW_TAG_subprogram)
}
