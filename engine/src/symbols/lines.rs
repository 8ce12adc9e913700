//! Files and lines of a unit.

use std::path::PathBuf;

use super::units::{DebugInfo, Unit};

/// The path of the file with this number in the unit's line program, joined with the folder the
/// unit was compiled in.
pub(super) fn file(debug_info: &DebugInfo<'_>, unit: &Unit<'_>, number: u64) -> Option<PathBuf> {
    let header = unit.line_program.as_ref()?.header();
    let file = header.file(number)?;
    let mut path = PathBuf::new();
    let text = |value| {
        let bytes = debug_info.dwarf.attr_string(unit, value).ok()?;
        Some(String::from_utf8_lossy(bytes.slice()).into_owned())
    };
    if let Some(folder) = unit.comp_dir {
        path.push(&*String::from_utf8_lossy(folder.slice()));
    }
    if let Some(folder) = file.directory(header).and_then(text) {
        path.push(folder);
    }
    path.push(text(file.path_name())?);
    Some(path)
}
