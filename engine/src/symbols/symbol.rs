//! The symbols of an ELF file's own table: names where debug info has none, and thread-local
//! variables.

use std::rc::Rc;

use object::elf::PT_TLS;
use object::read::elf::ProgramHeader as _;
use object::{Object as _, ObjectSymbol as _, SymbolIndex, SymbolKind};

use super::object::{Elf, Object};
use super::range_map::RangeMap;
use crate::address::FileAddress;

/// An entry of the symbol table.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Symbol {
    /// Its name as the linker has it.
    pub name: String,
    /// Where it lies; for a thread-local variable its offset in the thread-local segment.
    pub address: FileAddress,
    /// How many bytes it covers; 0 when the table does not say.
    pub size: u64,
    /// Whether it is a thread-local variable.
    pub is_thread_local: bool,
}

impl Symbol {
    /// The name as the source has it: the path of a Rust name without its hash, any other as it is.
    pub fn demangled(&self) -> String {
        format!("{:#}", rustc_demangle::demangle(&self.name))
    }
}

/// The segment from which each thread's copy of the thread-local variables is made.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ThreadLocalSegment {
    /// Its size in memory, in bytes.
    pub size: u64,
    /// Its alignment, in bytes.
    pub alignment: u64,
}

/// Symbols by the addresses they cover, read once.
pub(super) struct SymbolTable {
    by_address: RangeMap<SymbolIndex>,
    source: Source,
}

impl SymbolTable {
    /// The symbol of this index.
    fn symbol<'data, 'elf>(
        &self,
        elf: &'elf Elf<'data>,
        index: SymbolIndex,
    ) -> Option<object::Symbol<'data, 'elf>> {
        match self.source {
            Source::Full => elf.symbol_by_index(index).ok(),
            Source::Dynamic => {
                use object::ObjectSymbolTable as _;
                elf.dynamic_symbol_table()?.symbol_by_index(index).ok()
            }
        }
    }
}

/// Which of an ELF file's two symbol tables.
#[derive(Clone, Copy)]
enum Source {
    /// `.symtab`, which `strip` takes away.
    Full,
    /// `.dynsym`.
    Dynamic,
}

impl Object {
    /// The symbol that covers `address`; one of no stated size covers all up to the next.
    pub fn symbol_at(&self, address: FileAddress) -> Option<Symbol> {
        let table = self.symbol_table();
        let index = table.by_address.find(address.0)?;
        self.with_elf(|elf| Some(read(&table.symbol(elf, index)?)))
    }

    /// The names of the functions that the code at `address` is the code of: several where they came
    /// out the same and were merged. Copies of one generic function have one name.
    pub fn names_of_code_at(&self, address: FileAddress) -> Vec<String> {
        let table = self.symbol_table();
        let mut holding = table.by_address.holding(address.0).peekable();
        let begin = holding.peek().map(|(begin, ..)| *begin);
        let merged = holding.take_while(|(at, ..)| Some(*at) == begin);
        let mut names: Vec<String> = self.with_elf(|elf| {
            let named = |(_, _, index)| Some(read(&table.symbol(elf, index)?).demangled());
            merged.filter_map(named).collect()
        });
        names.sort();
        names.dedup();
        names
    }

    /// The defined symbols whose name, as the linker has it, `is_wanted`. Thread-local variables
    /// are among them.
    pub fn symbols_named(&self, is_wanted: impl Fn(&str) -> bool) -> Vec<Symbol> {
        self.with_elf(|elf| {
            let symbols = match source(elf) {
                Source::Full => elf.symbols(),
                Source::Dynamic => elf.dynamic_symbols(),
            };
            symbols
                .filter(|symbol| !symbol.is_undefined() && symbol.name().is_ok_and(&is_wanted))
                .map(|symbol| read(&symbol))
                .collect()
        })
    }

    /// Likewise those whose name holds `part`: read once, since a name is as long as it is and there
    /// are many.
    pub fn symbols_with(&self, part: &str) -> Rc<[Symbol]> {
        if let Some(known) = self.symbols_with.borrow().get(part) {
            return Rc::clone(known);
        }
        let found: Rc<[Symbol]> = self.symbols_named(|name| name.contains(part)).into();
        self.symbols_with.borrow_mut().insert(part.to_owned(), Rc::clone(&found));
        found
    }

    /// The thread-local segment, if the file has thread-local variables.
    pub fn thread_local_segment(&self) -> Option<ThreadLocalSegment> {
        self.with_elf(|elf| {
            let object::File::Elf64(elf) = elf else {
                return None;
            };
            let endian = elf.endian();
            elf.elf_program_headers().iter().find(|header| header.p_type(endian) == PT_TLS).map(
                |header| ThreadLocalSegment {
                    size: header.p_memsz(endian),
                    alignment: header.p_align(endian),
                },
            )
        })
    }

    fn symbol_table(&self) -> &SymbolTable {
        self.symbol_table.get_or_init(|| self.with_elf(read_table))
    }
}

fn source(elf: &Elf<'_>) -> Source {
    match elf.symbol_table() {
        Some(_) => Source::Full,
        None => Source::Dynamic,
    }
}

fn read<'data>(symbol: &object::Symbol<'data, '_>) -> Symbol {
    Symbol {
        name: symbol
            .name_bytes()
            .map(|name| String::from_utf8_lossy(name).into_owned())
            .unwrap_or_default(),
        address: FileAddress(symbol.address()),
        size: symbol.size(),
        is_thread_local: symbol.kind() == SymbolKind::Tls,
    }
}

fn read_table(elf: &Elf<'_>) -> SymbolTable {
    let source = source(elf);
    let symbols = match source {
        Source::Full => elf.symbols(),
        Source::Dynamic => elf.dynamic_symbols(),
    };
    let mut covered: Vec<(u64, u64, SymbolIndex)> = symbols
        .filter(|symbol| symbol.is_definition() && has_address(symbol.kind()))
        .map(|symbol| (symbol.address(), symbol.size(), symbol.index()))
        .collect();
    covered.sort_by_key(|(address, size, _)| (*address, *size));
    let mut next = 0;
    let mut behind = u64::MAX;
    let mut ranges: Vec<(u64, u64, SymbolIndex)> = Vec::with_capacity(covered.len());
    for (address, size, index) in covered.into_iter().rev() {
        if address != next {
            behind = next;
            next = address;
        }
        let end = match size {
            0 => behind,
            size => address.saturating_add(size),
        };
        ranges.push((address, end, index));
    }
    ranges.reverse();
    SymbolTable { by_address: RangeMap::new(ranges), source }
}

/// Whether the value of symbols of this kind is an address; a thread-local one's is an offset.
fn has_address(kind: SymbolKind) -> bool {
    matches!(kind, SymbolKind::Text | SymbolKind::Data | SymbolKind::Label | SymbolKind::Unknown)
}
