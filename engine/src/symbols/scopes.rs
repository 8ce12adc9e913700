//! The names that hold other names: namespaces, types and functions, and the path they make.
//!
//! Entries of `.debug_info` do not know their parents, so that the spans of those that can hold a
//! named entry are remembered per unit.

use gimli::{DebugInfoOffset, DwTag, UnitOffset, constants};

use super::units::{DebugInfo, Unit};

/// The spans of a unit's scopes.
///
/// Invariant: in order of `start`; `parent` comes before its children; children lie within it.
#[derive(Default)]
pub(super) struct Scopes {
    spans: Vec<Span>,
    /// The scopes that are open while the unit is read, and how deep each lies.
    open: Vec<(usize, isize)>,
}

struct Span {
    start: UnitOffset,
    end: UnitOffset,
    parent: Option<usize>,
}

/// The deepest nesting of scopes that a path is made of.
const DEEPEST: usize = 64;

impl Scopes {
    /// Whether entries with this tag give their name to the path of what lies within.
    pub(super) fn is_scope(tag: DwTag) -> bool {
        matches!(
            tag,
            constants::DW_TAG_namespace
                | constants::DW_TAG_module
                | constants::DW_TAG_structure_type
                | constants::DW_TAG_class_type
                | constants::DW_TAG_union_type
                | constants::DW_TAG_enumeration_type
                | constants::DW_TAG_interface_type
                | constants::DW_TAG_subprogram
        )
    }

    /// Says that a scope with children begins at `start`, itself at `depth`.
    pub(super) fn enter(&mut self, start: UnitOffset, depth: isize) {
        self.spans.push(Span {
            start,
            end: UnitOffset(usize::MAX),
            parent: self.open.last().map(|(index, _)| *index),
        });
        self.open.push((self.spans.len().saturating_sub(1), depth));
    }

    /// Says that the next entry lies at `offset` and `depth`: deeper scopes end before it.
    pub(super) fn leave_to(&mut self, offset: UnitOffset, depth: isize) {
        while let Some((index, _)) = self.open.pop_if(|(_, opened)| *opened >= depth) {
            if let Some(span) = self.spans.get_mut(index) {
                span.end = offset;
            }
        }
    }

    /// The scopes around the entry at `offset`, outermost first.
    pub(super) fn around(&self, offset: UnitOffset) -> Vec<UnitOffset> {
        let before = self.spans.partition_point(|span| span.start < offset);
        let mut index = before.checked_sub(1);
        let mut around = Vec::new();
        while let Some(span) = index.and_then(|index| self.spans.get(index)) {
            if offset < span.end && around.len() < DEEPEST {
                around.push(span.start);
            }
            index = span.parent;
        }
        around.reverse();
        around
    }
}

impl<'data> DebugInfo<'data> {
    /// The full path of the entry at `offset`: its own name behind the names of all it lies in.
    pub(super) fn path(&self, offset: DebugInfoOffset) -> Option<String> {
        let (named, unit, own) = self.named(offset)?;
        let within = named.to_unit_offset(&unit.header)?;
        let start = unit.header.debug_info_offset()?;
        let functions = self.unit_functions(start, &unit);
        let mut path: Vec<String> = functions
            .scopes
            .around(within)
            .into_iter()
            .filter_map(|scope| self.scope_name(&unit, scope))
            .collect();
        path.push(own);
        Some(path.join("::"))
    }

    /// The entry at `offset`, or the one it stands for, that has a name; and that name. A name that
    /// only the linker uses is given demangled.
    pub(super) fn named(
        &self,
        offset: DebugInfoOffset,
    ) -> Option<(DebugInfoOffset, std::rc::Rc<Unit<'data>>, String)> {
        let mut linkage = None;
        for (offset, unit, entry) in self.origins(offset) {
            if let Some(name) = self.text(&unit, &entry, constants::DW_AT_name) {
                return Some((offset, unit, name));
            }
            if let Some(name) = self.text(&unit, &entry, constants::DW_AT_linkage_name) {
                let name = format!("{:#}", rustc_demangle::demangle(&name));
                linkage = linkage.or(Some((offset, unit, name)));
            }
        }
        linkage
    }

    fn scope_name(&self, unit: &Unit<'data>, scope: UnitOffset) -> Option<String> {
        let entry = unit.entry(scope).ok()?;
        match self.text(unit, &entry, constants::DW_AT_name) {
            Some(name) => Some(name),
            None if entry.tag() == constants::DW_TAG_subprogram => {
                self.named(scope.to_debug_info_offset(&unit.header)?).map(|(_, _, name)| name)
            }
            None => Some("{unnamed}".to_owned()),
        }
    }
}
