//! Where a function's code was put into others by the compiler.

use std::collections::HashMap;

use gimli::{DebugInfoOffset, constants};

use super::entry::reference;
use super::ids::FunctionId;
use super::object::Object;
use super::units::DebugInfo;
use crate::address::FileAddress;

/// The code of one function that was inlined somewhere.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct InlinedCopy {
    /// The function.
    pub function: FunctionId,
    /// The code.
    pub ranges: Vec<(FileAddress, FileAddress)>,
}

impl Object {
    /// The code of all functions whose own name begins with `prefix`, wherever it was inlined. Reads
    /// the whole of the debug info.
    pub fn inlined_copies(&self, prefix: &str) -> Vec<InlinedCopy> {
        self.with_debug_info(|info| {
            let mut known = HashMap::new();
            let mut copies = Vec::new();
            for start in info.starts().iter().copied() {
                info.add_inlined_copies(start, prefix, &mut known, &mut copies);
            }
            copies
        })
    }
}

impl DebugInfo<'_> {
    fn add_inlined_copies(
        &self,
        start: DebugInfoOffset,
        prefix: &str,
        known: &mut HashMap<DebugInfoOffset, bool>,
        copies: &mut Vec<InlinedCopy>,
    ) {
        let Some(unit) = self.unit(start) else { return };
        let mut entries = unit.entries();
        while let Ok(Some(entry)) = entries.next_dfs() {
            if entry.tag() != constants::DW_TAG_inlined_subroutine {
                continue;
            }
            let origin = reference(&unit, entry, constants::DW_AT_abstract_origin);
            let Some(function) = origin.filter(|function| {
                *known.entry(*function).or_insert_with(|| self.begins_with(*function, prefix))
            }) else {
                continue;
            };
            let ranges = self.ranges(&unit, entry).into_iter();
            copies.push(InlinedCopy {
                function: FunctionId(function.0 as u64),
                ranges: ranges.map(|(begin, end)| (FileAddress(begin), FileAddress(end))).collect(),
            });
        }
    }

    /// Whether a function's own name begins so.
    fn begins_with(&self, function: DebugInfoOffset, prefix: &str) -> bool {
        let mut origins = self.origins(function);
        let name =
            origins.find_map(|(_, unit, entry)| self.text(&unit, &entry, constants::DW_AT_name));
        name.is_some_and(|name| name.starts_with(prefix))
    }
}
