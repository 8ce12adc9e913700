//! What lies inside a function: inlined functions, blocks, and the variables of each.

use gimli::{UnitOffset, constants};

use super::entry::Entry;
use super::units::{DebugInfo, Unit};

/// Which scopes of a function are visited.
#[derive(Clone, Copy)]
pub(super) enum Reach {
    /// Those that hold this address.
    At(u64),
    /// All of them.
    Everywhere,
}

/// One entry inside a function.
pub(super) enum Visited<'entry, 'data> {
    /// A function that was inlined; what it holds follows.
    Inlined {
        entry: &'entry Entry<'data>,
        /// How many inlined functions it lies in, itself counted.
        nesting: usize,
    },
    /// A variable or parameter.
    Variable {
        entry: &'entry Entry<'data>,
        /// How many inlined functions it lies in.
        nesting: usize,
    },
}

impl<'data> DebugInfo<'data> {
    /// Visits the entries inside `function` in order. Functions that are only declared or defined
    /// within it are left out; a damaged entry ends the visit.
    pub(super) fn visit_inside(
        &self,
        unit: &Unit<'data>,
        function: UnitOffset,
        reach: Reach,
        mut visit: impl FnMut(Visited<'_, 'data>),
    ) {
        let Ok(mut entries) = unit.entries_raw(Some(function)) else {
            return;
        };
        let mut inlined: Vec<isize> = Vec::new();
        let mut left_out: Option<isize> = None;
        let mut entry = Entry::null();
        while !entries.is_empty() {
            entry.offset = entries.next_offset();
            entry.depth = entries.next_depth();
            let Ok(abbreviation) = entries.read_abbreviation() else {
                return;
            };
            let Some(abbreviation) = abbreviation else {
                if entries.next_depth() <= 0 {
                    return;
                }
                continue;
            };
            let is_root = entry.depth == 0;
            if is_root && entry.offset != function {
                return;
            }
            left_out = left_out.filter(|depth| entry.depth > *depth);
            while inlined.pop_if(|depth| *depth >= entry.depth).is_some() {}
            entry.tag = abbreviation.tag();
            let attributes = abbreviation.attributes();
            let read = if left_out.is_none() && !is_root && is_read(entry.tag) {
                entries.read_attributes(attributes, &mut entry.attrs)
            } else {
                entries.skip_attributes(attributes)
            };
            if read.is_err() {
                return;
            }
            if is_root && !abbreviation.has_children() {
                return;
            }
            if is_root || left_out.is_some() {
                continue;
            }
            match entry.tag {
                constants::DW_TAG_inlined_subroutine if self.reaches(unit, &entry, reach) => {
                    inlined.push(entry.depth);
                    let nesting = inlined.len();
                    visit(Visited::Inlined { entry: &entry, nesting });
                }
                constants::DW_TAG_lexical_block if self.reaches(unit, &entry, reach) => {}
                constants::DW_TAG_variable | constants::DW_TAG_formal_parameter => {
                    let nesting = inlined.len();
                    visit(Visited::Variable { entry: &entry, nesting });
                }
                _ => left_out = Some(entry.depth),
            }
        }
    }

    fn reaches(&self, unit: &Unit<'data>, entry: &Entry<'data>, reach: Reach) -> bool {
        match reach {
            Reach::Everywhere => true,
            Reach::At(address) => self
                .ranges(unit, entry)
                .iter()
                .any(|(begin, end)| (*begin..*end).contains(&address)),
        }
    }
}

/// Whether the attributes of entries with this tag matter here.
fn is_read(tag: gimli::DwTag) -> bool {
    matches!(
        tag,
        constants::DW_TAG_inlined_subroutine
            | constants::DW_TAG_lexical_block
            | constants::DW_TAG_variable
            | constants::DW_TAG_formal_parameter
    )
}
