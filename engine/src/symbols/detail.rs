//! How much the debug info of each crate tells: types, or only lines.
//!
//! For whoever built a file and wants to know whether it can be understood; nothing is kept.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use gimli::constants;
use object::{Object as _, ObjectSymbol as _};

use super::object::{Object, Reader};
use super::units::{DebugInfo, Unit};

/// How much the debug info of a crate tells.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Detail {
    /// No code of it is described that would need types.
    Empty,
    /// Code, and no types (`debug = "limited"` and below).
    Lines,
    /// Types (`debug = "full"`).
    Types,
}

impl Object {
    /// Those of these crates that have units here, each with what the most telling of these tells.
    /// Crates are named by their root source file, such as `/project/src/lib.rs`; what a build may
    /// have put in place of the start of that path (`--remap-path-prefix`) is left out of account.
    pub fn detail(&self, crates: &BTreeSet<PathBuf>) -> BTreeMap<PathBuf, Detail> {
        let by_end: HashMap<PathBuf, &PathBuf> =
            crates.iter().map(|root| (end(root), root)).collect();
        self.with_debug_info(|debug_info| {
            let mut found = BTreeMap::new();
            let mut headers = debug_info.dwarf.units();
            while let Ok(Some(header)) = headers.next() {
                let Ok(unit) = debug_info.dwarf.unit(header) else {
                    continue;
                };
                let Some(root) = root_file(&unit).and_then(|root| by_end.get(&end(&root))) else {
                    continue;
                };
                let detail = found.entry(root.to_path_buf()).or_insert(Detail::Empty);
                if *detail < Detail::Types {
                    *detail = (*detail).max(unit_detail(debug_info, &unit));
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

/// The end of a root file's path, which tells crates apart: `tokio-1.54.1/src/lib.rs`.
fn end(root: &Path) -> PathBuf {
    const KEPT: usize = 3;
    let components = root.components().count();
    root.components()
        .skip(components.saturating_sub(KEPT))
        .collect()
}

/// The root source file of a unit's crate.
fn root_file(unit: &Unit<'_>) -> Option<PathBuf> {
    let folder = unit.comp_dir.map_or(&b""[..], |folder| folder.slice());
    let file = crate_file(unit.name?.slice())?;
    Some(Path::new(OsStr::from_bytes(folder)).join(file))
}

/// rustc names a unit `<root source file>/@/<codegen unit>`.
fn crate_file(unit: &[u8]) -> Option<&Path> {
    const MARK: &[u8] = b"/@/";
    let at = unit.windows(MARK.len()).rposition(|part| part == MARK)?;
    Some(Path::new(OsStr::from_bytes(unit.get(..at)?)))
}

/// How much one unit tells.
fn unit_detail<'data>(debug_info: &DebugInfo<'data>, unit: &Unit<'data>) -> Detail {
    let mut entries = unit.entries();
    let mut detail = Detail::Empty;
    while let Ok(Some(entry)) = entries.next_dfs() {
        match entry.tag() {
            constants::DW_TAG_structure_type
            | constants::DW_TAG_union_type
            | constants::DW_TAG_enumeration_type
            | constants::DW_TAG_base_type => return Detail::Types,
            constants::DW_TAG_subprogram => {
                let name = entry.attr_value(constants::DW_AT_name);
                let name = name.and_then(|name| debug_info.dwarf.attr_string(unit, name).ok());
                if name.is_some_and(needs_types) {
                    detail = Detail::Lines;
                }
            }
            _ => (),
        }
    }
    detail
}

/// Whether a function cannot be described in full without a type: closures and coroutines have
/// what they captured, generic functions their parameters.
fn needs_types(name: Reader<'_>) -> bool {
    name.slice().starts_with(b"{") || name.slice().contains(&b'<')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_name_their_crates_root_file() {
        let check = |unit: &[u8], expected: Option<&str>| {
            assert_eq!(crate_file(unit), expected.map(Path::new));
        };
        check(
            b"/r/tokio-1/src/lib.rs/@/tokio.8a6f-cgu.0",
            Some("/r/tokio-1/src/lib.rs"),
        );
        check(b"src/lib.rs/@/0hwe5alc4ij", Some("src/lib.rs"));
        check(b"crtstuff.c", None);
        check(b"", None);
    }

    #[test]
    fn this_very_test_is_looked_into() {
        let object = Object::open(&std::env::current_exe().unwrap()).unwrap();
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/lib.rs");
        let found = object.detail(&BTreeSet::from([source.clone(), "/absent".into()]));
        assert!(
            found
                .get(&source)
                .is_some_and(|detail| *detail > Detail::Empty)
        );
        assert_eq!(found.len(), 1);
        assert!(object.has_symbol_with("this_very_test_is_looked_into"));
        assert!(!object.has_symbol_with(&["no", "such", "symbol"].join("_")));
    }
}
