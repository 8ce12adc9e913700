//! Which crates a file was linked from, by where their sources are.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use gimli::{DebugInfoOffset, constants};

use super::entry::number;
use super::object::Object;
use super::units::{DebugInfo, Unit};

impl Object {
    /// The names of the crates, as paths have them, whose sources `is_wanted`.
    ///
    /// A unit's own name has the root file of its crate, and the crate's name only where it was not
    /// compiled incrementally. So the name is that of the namespace around the first function in it
    /// that is written in such a file.
    pub fn crates(&self, is_wanted: &dyn Fn(&Path) -> bool) -> BTreeSet<String> {
        self.with_debug_info(|debug_info| {
            let starts = debug_info.starts().iter();
            let wanted = starts
                .filter(|start| debug_info.root_file(**start).is_some_and(|file| is_wanted(&file)));
            wanted.filter_map(|start| debug_info.crate_name(*start, is_wanted)).collect()
        })
    }
}

impl<'data> DebugInfo<'data> {
    /// The root file of the crate of the unit that begins at `start`.
    ///
    /// Source: rustc names a unit `ROOT/@/NAME`, relative to its folder.
    fn root_file(&self, start: DebugInfoOffset) -> Option<PathBuf> {
        let name = self.unit_name(start)?;
        let (root, _) = name.rsplit_once("/@/")?;
        let mut path = PathBuf::new();
        if let Some(folder) = self.unit(start)?.comp_dir {
            path.push(&*folder.to_string_lossy());
        }
        path.push(root);
        Some(path)
    }

    fn crate_name(
        &self,
        start: DebugInfoOffset,
        is_wanted: &dyn Fn(&Path) -> bool,
    ) -> Option<String> {
        let unit = self.unit(start)?;
        let mut namespace = None;
        let mut cursor = unit.entries();
        while let Ok(Some(entry)) = cursor.next_dfs() {
            match entry.tag() {
                constants::DW_TAG_namespace if entry.depth() == 1 => {
                    namespace = self.text(&unit, entry, constants::DW_AT_name);
                }
                constants::DW_TAG_subprogram if self.is_written_in(&unit, entry, is_wanted) => {
                    return namespace;
                }
                _ => {}
            }
        }
        None
    }

    fn is_written_in(
        &self,
        unit: &Unit<'data>,
        entry: &super::entry::Entry<'data>,
        is_wanted: &dyn Fn(&Path) -> bool,
    ) -> bool {
        let file = number(entry, constants::DW_AT_decl_file);
        file.and_then(|file| self.file(unit, file)).is_some_and(|file| is_wanted(&file))
    }
}
