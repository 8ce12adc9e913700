//! Thread-local variables: where they lie in a thread's block, and their types.
//!
//! The ELF symbol table says which variables there really are: rustc describes some in the debug
//! info that were not compiled, with an offset that belongs to another variable.

use object::{Object as _, ObjectSymbol as _, SymbolKind};

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

/// The thread-local block that a file asks the loader for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ThreadLocalBlock {
    /// Its size in bytes.
    pub size: u64,
    /// Its alignment in bytes.
    pub alignment: u64,
}

impl Object {
    /// The thread-local variables whose demangled path begins with `path` and that lie in a unit
    /// whose name holds `crate_name`.
    pub fn thread_locals(&self, path: &str, crate_name: &str) -> Vec<ThreadLocal> {
        let symbols = self.thread_local_symbols(path);
        symbols
            .into_iter()
            .filter_map(|(name, offset)| {
                let type_id = self.thread_local_type(&name, crate_name)?;
                Some(ThreadLocal { offset, type_id })
            })
            .collect()
    }

    /// The block of thread-local variables of this file, if it has one.
    pub fn thread_local_block(&self) -> Option<ThreadLocalBlock> {
        self.with_elf(|elf| {
            use object::read::elf::ProgramHeader as _;
            let object::File::Elf64(elf) = elf else { return None };
            let endian = elf.endian();
            elf.elf_program_headers()
                .iter()
                .find(|header| header.p_type(endian) == object::elf::PT_TLS)
                .map(|header| ThreadLocalBlock {
                    size: header.p_memsz(endian),
                    alignment: header.p_align(endian),
                })
        })
    }

    fn thread_local_symbols(&self, path: &str) -> Vec<(String, u64)> {
        self.with_elf(|elf| {
            elf.symbols()
                .filter(|symbol| symbol.kind() == SymbolKind::Tls && symbol.is_definition())
                .filter_map(|symbol| Some((symbol.name().ok()?.to_owned(), symbol.address())))
                .filter(|(name, _)| {
                    format!("{:#}", rustc_demangle::demangle(name)).starts_with(path)
                })
                .collect()
        })
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
