//! The units of `.debug_info`: where each begins, and those that were parsed so far.

use std::cell::{OnceCell, RefCell};
use std::collections::{BTreeSet, HashMap};
use std::rc::Rc;

use gimli::{DebugInfoOffset, UnitOffset};

use super::code::Code;
use super::index::Index;
use super::object::Reader;

/// A parsed unit header, its abbreviations and its line program's header.
pub(crate) type Unit<'data> = gimli::Unit<Reader<'data>>;

/// The debug info of one file.
pub(crate) struct DebugInfo<'data> {
    /// All sections.
    pub(crate) dwarf: gimli::Dwarf<Reader<'data>>,
    /// The lowest address that holds code: what debug info has below it was thrown away by the
    /// linker.
    pub(super) first_code: u64,
    /// What was read so far about code.
    pub(super) code: Code,
    starts: OnceCell<Vec<DebugInfoOffset>>,
    parsed: RefCell<HashMap<DebugInfoOffset, Option<Rc<Unit<'data>>>>>,
    indexes: RefCell<HashMap<DebugInfoOffset, Option<Rc<Index<'data>>>>>,
}

impl<'data> DebugInfo<'data> {
    pub(crate) fn new(dwarf: gimli::Dwarf<Reader<'data>>, first_code: u64) -> DebugInfo<'data> {
        DebugInfo {
            dwarf,
            first_code,
            code: Code::default(),
            starts: OnceCell::new(),
            parsed: RefCell::default(),
            indexes: RefCell::default(),
        }
    }

    /// Where each unit begins, in order. Stops at the first damaged header.
    pub(crate) fn starts(&self) -> &[DebugInfoOffset] {
        self.starts.get_or_init(|| {
            let mut headers = self.dwarf.units();
            let mut starts = Vec::new();
            while let Ok(Some(header)) = headers.next() {
                starts.extend(header.debug_info_offset());
            }
            starts
        })
    }

    /// The unit that begins at `start`, parsed once.
    pub(crate) fn unit(&self, start: DebugInfoOffset) -> Option<Rc<Unit<'data>>> {
        if let Some(unit) = self.parsed.borrow().get(&start) {
            return unit.clone();
        }
        let unit = self
            .dwarf
            .debug_info
            .header_from_offset(start)
            .and_then(|header| self.dwarf.unit(header))
            .ok()
            .map(Rc::new);
        self.parsed.borrow_mut().insert(start, unit.clone());
        unit
    }

    /// The unit that holds the entry at `offset` of `.debug_info`, and the entry's offset in it.
    pub(crate) fn unit_of(&self, offset: DebugInfoOffset) -> Option<(Rc<Unit<'data>>, UnitOffset)> {
        let unit = self.unit(self.start_of(offset)?)?;
        let within = offset.to_unit_offset(&unit.header)?;
        Some((unit, within))
    }

    /// Where the unit that holds the entry at `offset` begins.
    pub(crate) fn start_of(&self, offset: DebugInfoOffset) -> Option<DebugInfoOffset> {
        let starts = self.starts();
        let index = starts.partition_point(|start| *start <= offset).checked_sub(1)?;
        starts.get(index).copied()
    }

    /// What the unit that begins at `start` names; read once.
    pub(crate) fn index(&self, start: DebugInfoOffset) -> Option<Rc<Index<'data>>> {
        if let Some(index) = self.indexes.borrow().get(&start) {
            return index.clone();
        }
        let index = self.unit(start).map(|unit| Rc::new(Index::read(self, &unit)));
        self.indexes.borrow_mut().insert(start, index.clone());
        index
    }

    /// The name of the unit that begins at `start`: for rustc, the path of the crate's root file
    /// and the name of the codegen unit.
    pub(crate) fn unit_name(&self, start: DebugInfoOffset) -> Option<String> {
        let unit = self.unit(start)?;
        Some(String::from_utf8_lossy(unit.name?.slice()).into_owned())
    }

    /// The units of the crate whose unit holds the entry at `offset`: that one first.
    pub(crate) fn units_of_crate(&self, offset: DebugInfoOffset) -> Vec<DebugInfoOffset> {
        let Some(home) = self.start_of(offset) else { return Vec::new() };
        let root = |start: DebugInfoOffset| {
            let name = self.unit_name(start)?;
            Some(name.split("/@/").next()?.to_owned())
        };
        let Some(wanted) = root(home) else { return vec![home] };
        let others = self.starts().iter().copied().filter(|start| *start != home);
        let others = others.filter(|start| root(*start).as_deref() == Some(&*wanted));
        std::iter::once(home).chain(others).collect()
    }

    /// How many crates of this name there are: each has a root file of its own.
    pub(crate) fn copies_of_crate(&self, crate_name: &str) -> usize {
        let roots = self.units_named(crate_name).filter_map(|start| {
            let name = self.unit_name(start)?;
            Some(name.split("/@/").next()?.to_owned())
        });
        roots.collect::<BTreeSet<_>>().len()
    }

    /// The units of the crate of this name, as paths have it.
    pub(crate) fn units_named(&self, crate_name: &str) -> impl Iterator<Item = DebugInfoOffset> {
        self.starts().iter().copied().filter(move |start| {
            self.unit_name(*start).is_some_and(|name| {
                let codegen_unit = name.rsplit_once("/@/").map(|(_, unit)| unit);
                codegen_unit.and_then(|unit| unit.split('.').next()) == Some(crate_name)
            })
        })
    }
}
