//! Reading the attributes of one entry of `.debug_info`: names, references and address ranges.
//!
//! Everything here takes a damaged attribute for an absent one.

use std::rc::Rc;

use gimli::{AttributeValue, DebugInfoOffset, DwAt, UnitOffset, constants};

use super::object::Reader;
use super::units::{DebugInfo, Unit};

/// One entry with its attributes.
pub(super) type Entry<'data> = gimli::DebuggingInformationEntry<Reader<'data>>;

/// The longest chain of `DW_AT_abstract_origin` and `DW_AT_specification` that is followed.
const LONGEST_ORIGIN: usize = 16;

/// Most ranges read of one entry.
const MOST_RANGES: usize = 100_000;

/// The entry's attribute of this name as a number that is not negative.
pub(super) fn number(entry: &Entry<'_>, name: DwAt) -> Option<u64> {
    match entry.attr_value(name)? {
        AttributeValue::FileIndex(index) => Some(index),
        value => value.udata_value(),
    }
}

/// The entry that the attribute of this name refers to.
pub(super) fn reference(unit: &Unit<'_>, entry: &Entry<'_>, name: DwAt) -> Option<DebugInfoOffset> {
    match entry.attr_value(name)? {
        AttributeValue::UnitRef(offset) => offset.to_debug_info_offset(&unit.header),
        AttributeValue::DebugInfoRef(offset) => Some(offset),
        _ => None,
    }
}

impl<'data> DebugInfo<'data> {
    /// The entry's attribute of this name as text.
    pub(super) fn text(
        &self,
        unit: &Unit<'data>,
        entry: &Entry<'data>,
        name: DwAt,
    ) -> Option<String> {
        let value = entry.attr_value(name)?;
        let text = self.dwarf.attr_string(unit, value).ok()?;
        Some(text.to_string_lossy().into_owned())
    }

    /// The entry at `offset` of `.debug_info`.
    pub(super) fn entry(
        &self,
        offset: DebugInfoOffset,
    ) -> Option<(Rc<Unit<'data>>, UnitOffset, Entry<'data>)> {
        let (unit, within) = self.unit_of(offset)?;
        let entry = unit.entry(within).ok()?;
        Some((unit, within, entry))
    }

    /// The entry at `offset` and those it stands for: the abstract instance of an inlined or cloned
    /// function, then its declaration.
    pub(super) fn origins(
        &self,
        offset: DebugInfoOffset,
    ) -> impl Iterator<Item = (DebugInfoOffset, Rc<Unit<'data>>, Entry<'data>)> {
        let mut next = Some(offset);
        std::iter::from_fn(move || {
            let offset = next?;
            let (unit, _, entry) = self.entry(offset)?;
            next = reference(&unit, &entry, constants::DW_AT_abstract_origin)
                .or_else(|| reference(&unit, &entry, constants::DW_AT_specification));
            Some((offset, unit, entry))
        })
        .take(LONGEST_ORIGIN)
    }

    /// The address ranges that an entry covers. Ranges below the file's first code are those that
    /// the linker threw away, and are left out.
    pub(super) fn ranges(&self, unit: &Unit<'data>, entry: &Entry<'data>) -> Vec<(u64, u64)> {
        let ranges = match entry.attr_value(constants::DW_AT_ranges) {
            Some(value) => self.listed_ranges(unit, value),
            None => self.single_range(unit, entry).into_iter().collect(),
        };
        ranges.into_iter().filter(|(begin, end)| *begin >= self.first_code && begin < end).collect()
    }

    fn listed_ranges(
        &self,
        unit: &Unit<'data>,
        value: AttributeValue<Reader<'data>>,
    ) -> Vec<(u64, u64)> {
        let mut ranges = Vec::new();
        if let Ok(Some(mut list)) = self.dwarf.attr_ranges(unit, value) {
            while let Ok(Some(range)) = list.next() {
                ranges.push((range.begin, range.end));
                if ranges.len() >= MOST_RANGES {
                    break;
                }
            }
        }
        ranges
    }

    fn single_range(&self, unit: &Unit<'data>, entry: &Entry<'data>) -> Option<(u64, u64)> {
        let low = entry.attr_value(constants::DW_AT_low_pc)?;
        let begin = self.dwarf.attr_address(unit, low).ok()??;
        let high = entry.attr_value(constants::DW_AT_high_pc)?;
        let end = match high.udata_value() {
            Some(length) => begin.checked_add(length)?,
            None => self.dwarf.attr_address(unit, high).ok()??,
        };
        Some((begin, end))
    }
}
