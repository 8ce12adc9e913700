//! How much the debug info of each crate tells: types, or only lines.
//!
//! For whoever built a file and wants to know whether it can be understood; nothing is kept.

use std::collections::{BTreeMap, BTreeSet};

use gimli::constants;
use object::{Object as _, ObjectSymbol as _};

use super::object::Object;
use super::units::Unit;

/// How much the debug info of a crate tells.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Detail {
    /// There is no code of it to tell of.
    Empty,
    /// Lines, and no types (`debug = "limited"` and below).
    Lines,
    /// Types, or code that needs none (`debug = "full"`).
    Types,
}

impl Object {
    /// Those of the wanted crates that have units here, each with what the most telling of these
    /// tells. Crates are named as in paths: `my_crate`.
    pub fn detail(&self, wanted: &BTreeSet<String>) -> BTreeMap<String, Detail> {
        self.with_debug_info(|debug_info| {
            let mut found = BTreeMap::new();
            let mut headers = debug_info.dwarf.units();
            while let Ok(Some(header)) = headers.next() {
                let Ok(unit) = debug_info.dwarf.unit(header) else {
                    continue;
                };
                let name = unit.name.and_then(|name| crate_name(name.slice()));
                let Some(name) = name.filter(|name| wanted.contains(name)) else {
                    continue;
                };
                let detail = found.entry(name).or_insert(Detail::Empty);
                if *detail < Detail::Types {
                    *detail = (*detail).max(unit_detail(&unit));
                }
            }
            found
        })
    }

    /// Whether any symbol's mangled name contains `part`. A stripped file has no symbols.
    pub fn has_symbol_with(&self, part: &str) -> bool {
        self.with_elf(|elf| {
            elf.symbols()
                .any(|symbol| symbol.name().is_ok_and(|name| name.contains(part)))
        })
    }
}

/// The crate of a unit: rustc names units `<source file>/@/<crate>.<hash>-cgu.<n>`.
fn crate_name(unit: &[u8]) -> Option<String> {
    let unit = std::str::from_utf8(unit).ok()?;
    let (_, codegen_unit) = unit.rsplit_once("/@/")?;
    Some(codegen_unit.split_once('.')?.0.to_owned())
}

/// How much one unit tells.
///
/// Below full debug info LLVM describes a function by its addresses alone, and only where
/// something was inlined into it; a frame base is written at full debug info only.
fn unit_detail(unit: &Unit<'_>) -> Detail {
    let mut entries = unit.entries();
    let mut detail = Detail::Empty;
    while let Ok(Some(entry)) = entries.next_dfs() {
        let has = |name| entry.has_attr(name);
        match entry.tag() {
            constants::DW_TAG_structure_type
            | constants::DW_TAG_union_type
            | constants::DW_TAG_enumeration_type
            | constants::DW_TAG_base_type => return Detail::Types,
            constants::DW_TAG_subprogram if has(constants::DW_AT_frame_base) => {
                return Detail::Types;
            }
            // The rest is in a file of its own, which is read when it is needed.
            _ if has(constants::DW_AT_dwo_name) || has(constants::DW_AT_GNU_dwo_name) => {
                return Detail::Types;
            }
            _ if has(constants::DW_AT_high_pc) || has(constants::DW_AT_ranges) => {
                detail = Detail::Lines
            }
            _ => (),
        }
    }
    detail
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_name_their_crate() {
        assert_eq!(
            crate_name(b"/r/tokio-1.54.1/src/lib.rs/@/tokio.8a6fb3f1-cgu.0").as_deref(),
            Some("tokio")
        );
        assert_eq!(crate_name(b"crtstuff.c"), None);
        assert_eq!(crate_name(b"\xff/@/x.y"), None);
    }

    #[test]
    fn this_very_test_is_looked_into() {
        let object = Object::open(&std::env::current_exe().unwrap()).unwrap();
        let wanted = BTreeSet::from(["asynctest_engine".to_owned(), "absent".to_owned()]);
        let found = object.detail(&wanted);
        assert!(
            found
                .get("asynctest_engine")
                .is_some_and(|detail| *detail > Detail::Empty)
        );
        assert!(!found.contains_key("absent"));
        assert!(object.has_symbol_with("this_very_test_is_looked_into"));
        assert!(!object.has_symbol_with(&["no", "such", "symbol"].join("_")));
    }
}
