//! Where functions are called from: by call instructions, and where they were inlined.

use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use gimli::{DebugInfoOffset, UnitOffset};
use object::{Object as _, ObjectSection as _, SectionKind};

use super::ids::FunctionId;
use super::index::Index;
use super::lines::SourceLocation;
use super::object::Object;
use super::units::DebugInfo;
use crate::address::FileAddress;
use crate::arch;

/// A function that was inlined somewhere.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct InlinedCall {
    /// The function.
    pub function: FunctionId,
    /// The line of the call that is no more.
    pub location: SourceLocation,
}

impl Object {
    /// The call instructions that lead straight to a function whose mangled name holds `part` and is
    /// wanted: for each function the addresses of its calls.
    ///
    /// Reads over all machine code without decoding it, so that now and then bytes that are no
    /// instruction are taken for one: what lies at such an address tells.
    pub fn calls_to(
        &self,
        part: &str,
        is_wanted: &dyn Fn(&str) -> bool,
    ) -> HashMap<FileAddress, Vec<FileAddress>> {
        let mut calls: HashMap<FileAddress, Vec<FileAddress>> = self
            .symbols_with(part)
            .iter()
            .filter(|symbol| is_wanted(&symbol.name))
            .map(|symbol| (symbol.address, Vec::new()))
            .collect();
        if calls.is_empty() {
            return calls;
        }
        self.with_elf(|elf| {
            for section in elf.sections().filter(|section| section.kind() == SectionKind::Text) {
                let Ok(code) = section.data() else { continue };
                for (from, to) in arch::direct_calls(code, section.address()) {
                    if let Some(known) = calls.get_mut(&FileAddress(to)) {
                        known.push(FileAddress(from));
                    }
                }
            }
        });
        calls
    }

    /// A number for the crate of the unit that holds this function's entry.
    pub fn crate_of(&self, function: FunctionId) -> u64 {
        self.with_debug_info(|debug_info| {
            let units = debug_info.units_of_crate(function.offset());
            units.iter().min().map_or(u64::MAX, |start| start.0 as u64)
        })
    }

    /// How many crates of this name were compiled into this file: versions of one, as a rule.
    pub fn copies_of_crate(&self, crate_name: &str) -> usize {
        self.with_debug_info(|debug_info| debug_info.copies_of_crate(crate_name))
    }

    /// The calls of functions whose own name is wanted that were inlined in the crate of the unit
    /// that holds the entry `near`.
    pub fn inlined_calls(&self, near: FunctionId, prefix: &str) -> Vec<InlinedCall> {
        self.with_debug_info(|debug_info| {
            let units = debug_info.units_of_crate(near.offset());
            let wanted = Wanted { debug_info, units: units.iter().copied().collect(), prefix };
            let mut known: HashMap<DebugInfoOffset, bool> = HashMap::new();
            let mut calls = Vec::new();
            for start in units {
                let (Some(index), Some(unit)) = (debug_info.index(start), debug_info.unit(start))
                else {
                    continue;
                };
                for (function, file, line) in index.inlined() {
                    if *known.entry(*function).or_insert_with(|| wanted.is_it(*function)) {
                        let location = debug_info.source_location(&unit, *file, *line, 0);
                        calls.extend(location.map(|location| InlinedCall {
                            function: FunctionId(function.0 as u64),
                            location,
                        }));
                    }
                }
            }
            calls
        })
    }
}

/// Which functions of one crate are looked for.
struct Wanted<'search, 'data> {
    debug_info: &'search DebugInfo<'data>,
    units: HashSet<DebugInfoOffset>,
    prefix: &'search str,
}

impl<'data> Wanted<'_, 'data> {
    fn is_it(&self, function: DebugInfoOffset) -> bool {
        let Some((index, within)) = self.indexed(function) else { return false };
        match index.declaration(within) {
            None => index.has_prefix(within, self.prefix),
            Some(declaration) => self
                .indexed(declaration)
                .is_some_and(|(index, within)| index.has_prefix(within, self.prefix)),
        }
    }

    /// The index of the unit that holds an entry, and the entry's place in it.
    fn indexed(&self, entry: DebugInfoOffset) -> Option<(Rc<Index<'data>>, UnitOffset)> {
        let start = self.debug_info.start_of(entry).filter(|start| self.units.contains(start))?;
        let (_, within) = self.debug_info.unit_of(entry)?;
        Some((self.debug_info.index(start)?, within))
    }
}
