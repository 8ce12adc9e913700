//! Thread-local variables: where they lie in a thread's block, and their types.
//!
//! The ELF symbol table says which variables there really are: rustc describes some in the debug
//! info that were not compiled, with an offset that belongs to another variable.

use super::ids::TypeId;
use super::object::Object;

/// A thread-local variable.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ThreadLocal {
    /// Where it lies in the file's thread-local block, in bytes.
    pub offset: u64,
    /// Its type.
    pub type_id: TypeId,
}

impl Object {
    /// The thread-local variables whose demangled path begins with `path`, which names the crate of
    /// this name, and that lie in a unit whose name holds the crate's.
    pub fn thread_locals(&self, path: &str, crate_name: &str) -> Vec<ThreadLocal> {
        let is_wanted =
            |name: &str| format!("{:#}", rustc_demangle::demangle(name)).starts_with(path);
        self.symbols_with(crate_name)
            .iter()
            .filter(|symbol| symbol.is_thread_local && is_wanted(&symbol.name))
            .filter_map(|symbol| {
                let type_id = self.thread_local_type(&symbol.name, crate_name)?;
                Some(ThreadLocal { offset: symbol.address.0, type_id })
            })
            .collect()
    }

    fn thread_local_type(&self, linkage_name: &str, crate_name: &str) -> Option<TypeId> {
        self.with_debug_info(|debug_info| {
            debug_info.starts().iter().find_map(|start| {
                if !debug_info.unit_name(*start)?.contains(crate_name) {
                    return None;
                }
                let offset = debug_info.index(*start)?.thread_local(linkage_name)?;
                Some(TypeId((start.0 + offset.0) as u64))
            })
        })
    }
}
