//! From an address to the unit that its code belongs to, and what was read of units so far.
//!
//! `.debug_aranges` answers in most cases. Some compilers write none and some code is missing in
//! it (`_start`): for an address that it does not know, the ranges of all units are read, once.

use std::cell::{OnceCell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;

use gimli::DebugInfoOffset;

use super::functions::UnitFunctions;
use super::lines::UnitLines;
use super::range_map::RangeMap;
use super::units::{DebugInfo, Unit};

/// What was read so far about code: by unit, on first use.
#[derive(Default)]
pub(super) struct Code {
    by_aranges: OnceCell<RangeMap<DebugInfoOffset>>,
    by_units: OnceCell<RangeMap<DebugInfoOffset>>,
    pub(super) functions: RefCell<HashMap<DebugInfoOffset, Rc<UnitFunctions>>>,
    pub(super) lines: RefCell<HashMap<DebugInfoOffset, Rc<UnitLines>>>,
}

impl<'data> DebugInfo<'data> {
    /// The unit that the code at `address` belongs to, and where it begins.
    pub(super) fn unit_at(&self, address: u64) -> Option<(DebugInfoOffset, Rc<Unit<'data>>)> {
        let by_aranges = self.code.by_aranges.get_or_init(|| self.read_aranges());
        let start = by_aranges.find(address).or_else(|| {
            let by_units = self.code.by_units.get_or_init(|| self.read_unit_ranges());
            by_units.find(address)
        })?;
        Some((start, self.unit(start)?))
    }

    fn read_aranges(&self) -> RangeMap<DebugInfoOffset> {
        let mut ranges = Vec::new();
        let mut headers = self.dwarf.debug_aranges.headers();
        while let Ok(Some(header)) = headers.next() {
            let unit = header.debug_info_offset();
            let mut entries = header.entries();
            while let Ok(Some(entry)) = entries.next() {
                let begin = entry.address();
                if begin >= self.first_code {
                    ranges.push((begin, begin.saturating_add(entry.length()), unit));
                }
            }
        }
        RangeMap::new(ranges)
    }

    fn read_unit_ranges(&self) -> RangeMap<DebugInfoOffset> {
        RangeMap::new(self.starts().iter().flat_map(|start| {
            let ranges = self.unit(*start).and_then(|unit| {
                let root = unit.entry(unit.header.root_offset()).ok()?;
                Some(self.ranges(&unit, &root))
            });
            ranges.unwrap_or_default().into_iter().map(|(begin, end)| (begin, end, *start))
        }))
    }
}
