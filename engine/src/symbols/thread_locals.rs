//! Static and thread-local variables: where they lie, in the program or in a thread's block, and their
//! types.
//!
//! The ELF symbol table says which variables there really are: rustc describes some in the debug
//! info that were not compiled, with an offset that belongs to another variable.

use std::collections::BTreeSet;

use super::ids::TypeId;
use super::object::Object;
use super::symbol::Symbol;
use crate::address::FileAddress;

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
        let variables = self.variables_named(path, crate_name).into_iter();
        variables
            .filter(|(symbol, _)| symbol.is_thread_local)
            .map(|(symbol, type_id)| ThreadLocal { offset: symbol.address.0, type_id })
            .collect()
    }

    /// The static variables whose demangled path begins with `path`, likewise: where each lies, and its
    /// type.
    pub fn statics(&self, path: &str, crate_name: &str) -> Vec<(FileAddress, TypeId)> {
        let variables = self.variables_named(path, crate_name).into_iter();
        variables
            .filter(|(symbol, _)| !symbol.is_thread_local)
            .map(|(symbol, type_id)| (symbol.address, type_id))
            .collect()
    }

    /// All static variables that are wanted, by their symbols: where each lies, and its type.
    pub fn all_statics(&self, is_wanted: &dyn Fn(&Symbol) -> bool) -> Vec<(Symbol, TypeId)> {
        let mut left: Vec<(String, Symbol)> = Vec::new();
        for symbol in self.symbols_named(is_rusts) {
            if let Some(name) = crate_of(&symbol).filter(|_| !symbol.is_thread_local)
                && is_wanted(&symbol)
            {
                left.push((name, symbol));
            }
        }
        let names: BTreeSet<String> = left.iter().map(|(name, _)| name.clone()).collect();
        self.with_debug_info(|debug_info| {
            let mut found = Vec::new();
            for start in debug_info.starts() {
                let unit = debug_info.unit_name(*start).unwrap_or_default();
                if !names.iter().any(|name| unit.contains(name)) {
                    continue;
                }
                let Some(index) = debug_info.index(*start) else { continue };
                left.retain(|(_, symbol)| match index.variable(described(&symbol.name)) {
                    Some(offset) => {
                        found.push((symbol.clone(), TypeId((start.0 + offset.0) as u64)));
                        false
                    }
                    None => true,
                });
            }
            found
        })
    }

    fn variables_named(&self, path: &str, crate_name: &str) -> Vec<(Symbol, TypeId)> {
        let is_wanted =
            |name: &str| format!("{:#}", rustc_demangle::demangle(name)).starts_with(path);
        self.symbols_with(crate_name)
            .iter()
            .filter(|symbol| is_wanted(&symbol.name))
            .filter_map(|symbol| {
                let type_id = self.variable_type(&symbol.name, crate_name)?;
                Some((symbol.clone(), type_id))
            })
            .collect()
    }

    fn variable_type(&self, linkage_name: &str, crate_name: &str) -> Option<TypeId> {
        let linkage_name = described(linkage_name);
        self.with_debug_info(|debug_info| {
            debug_info.starts().iter().find_map(|start| {
                if !debug_info.unit_name(*start)?.contains(crate_name) {
                    return None;
                }
                let offset = debug_info.index(*start)?.variable(linkage_name)?;
                Some(TypeId((start.0 + offset.0) as u64))
            })
        })
    }
}

/// What the debug info calls the variable of this symbol: LLVM gives those a suffix that it makes local to a
/// unit of optimized code.
fn described(symbol: &str) -> &str {
    symbol.split_once(".llvm.").map_or(symbol, |(name, _)| name)
}

/// Whether a symbol is named as rustc does.
fn is_rusts(name: &str) -> bool {
    name.starts_with("_ZN") || name.starts_with("_R")
}

/// The crate that a symbol's path begins with, if that is none of std's.
fn crate_of(symbol: &Symbol) -> Option<String> {
    const STD: [&str; 3] = ["std", "core", "alloc"];
    let path = symbol.demangled();
    let (first, _) = path.split_once("::")?;
    let is_name = first.chars().all(|letter| letter.is_alphanumeric() || letter == '_');
    (is_name && !STD.contains(&first)).then(|| first.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_made_local_keeps_its_name() {
        let check = |symbol: &str, expected| assert_eq!(described(symbol), expected, "{symbol}");
        check("_ZN4bank4RATE17h47d3E", "_ZN4bank4RATE17h47d3E");
        check("_ZN4bank4RATE17h47d3E.llvm.106731", "_ZN4bank4RATE17h47d3E");
    }
}
