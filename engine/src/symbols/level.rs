//! How much debug info each unit has, told without reading the unit.

use gimli::{DebugInfoOffset, DwTag, constants};

use super::entry::number;
use super::object::Object;
use super::units::{DebugInfo, Unit};
use crate::address::FileAddress;

/// How much a unit's debug info says.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum DebugLevel {
    /// Nothing: no functions and no lines.
    Nothing,
    /// Functions and lines, but neither types nor variables.
    Lines,
    /// It is in another file, which is not read (`-C split-debuginfo`); only lines are here.
    Split {
        /// The other file, as the unit names it.
        file: String,
    },
    /// Types and variables as well.
    Full,
}

/// A unit of debug info: for Rust a codegen unit of a crate.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct UnitSummary {
    /// Its name, such as `src/lib.rs/@/tokio.3f2a-cgu.05`.
    pub name: Option<String>,
    /// The compiler that made it.
    pub producer: Option<String>,
    /// The directory it was compiled in.
    pub directory: Option<String>,
    /// The source language, by its DWARF name, such as `DW_LANG_Rust`.
    pub language: Option<String>,
    /// How much it says.
    pub level: DebugLevel,
}

impl Object {
    /// How much debug info there is of the code at `address`.
    pub fn debug_level_at(&self, address: FileAddress) -> DebugLevel {
        self.with_debug_info(|info| match info.unit_at(address.0) {
            Some((_, unit)) => info.level(&unit),
            None => DebugLevel::Nothing,
        })
    }

    /// All units, in file order.
    pub fn units(&self) -> Vec<UnitSummary> {
        self.with_debug_info(|info| {
            info.starts().iter().filter_map(|start| info.summary(*start)).collect()
        })
    }
}

impl<'data> DebugInfo<'data> {
    fn summary(&self, start: DebugInfoOffset) -> Option<UnitSummary> {
        let unit = self.unit(start)?;
        let root = unit.entry(unit.header.root_offset()).ok()?;
        let language = number(&root, constants::DW_AT_language).or_else(|| {
            match root.attr_value(constants::DW_AT_language)? {
                gimli::AttributeValue::Language(language) => Some(u64::from(language.0)),
                _ => None,
            }
        });
        Some(UnitSummary {
            name: self.text(&unit, &root, constants::DW_AT_name),
            producer: self.text(&unit, &root, constants::DW_AT_producer),
            directory: self.text(&unit, &root, constants::DW_AT_comp_dir),
            language: language
                .and_then(|language| u16::try_from(language).ok())
                .map(|language| gimli::DwLang(language).to_string()),
            level: self.level(&unit),
        })
    }

    /// How much this unit's debug info says.
    fn level(&self, unit: &Unit<'data>) -> DebugLevel {
        if let Some(file) = self.split_file(unit) {
            return DebugLevel::Split { file };
        }
        let root = unit.entry(unit.header.root_offset()).ok();
        let has_functions = root.is_some_and(|root| root.has_children());
        if !has_functions && unit.line_program.is_none() {
            return DebugLevel::Nothing;
        }
        if may_have_types(unit) && has_types(unit) {
            return DebugLevel::Full;
        }
        DebugLevel::Lines
    }

    /// The file that has the rest of a unit whose debug info was split.
    fn split_file(&self, unit: &Unit<'data>) -> Option<String> {
        let name = unit.dwo_name().ok()??;
        let text = self.dwarf.attr_string(unit, name).ok()?;
        Some(text.to_string_lossy().into_owned())
    }
}

/// Whether entries with this tag are written only for full debug info.
fn is_of_full_level(tag: DwTag) -> bool {
    matches!(
        tag,
        constants::DW_TAG_structure_type
            | constants::DW_TAG_base_type
            | constants::DW_TAG_variable
            | constants::DW_TAG_formal_parameter
    )
}

/// Whether any of the unit's abbreviations could be a type or a variable. One table may serve
/// several units, so that this alone does not prove that this unit has any.
fn may_have_types(unit: &Unit<'_>) -> bool {
    (1..)
        .map_while(|code| unit.abbreviations.get(code))
        .any(|abbreviation| is_of_full_level(abbreviation.tag()))
}

/// Whether the unit has a type or a variable; reads as far as the first one.
fn has_types(unit: &Unit<'_>) -> bool {
    let Ok(mut entries) = unit.entries_raw(None) else {
        return false;
    };
    while !entries.is_empty() {
        match entries.read_abbreviation() {
            Ok(Some(abbreviation)) if is_of_full_level(abbreviation.tag()) => return true,
            Ok(Some(abbreviation)) => {
                if entries.skip_attributes(abbreviation.attributes()).is_err() {
                    return false;
                }
            }
            Ok(None) => {}
            Err(_) => return false,
        }
    }
    false
}
