//! One ELF file and its debug info, opened but not parsed.

use std::borrow::Cow;
use std::cell::{OnceCell, RefCell};
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::{fmt, io};

use gimli::{EndianSlice, LittleEndian};
use object::{Object as _, ObjectSection as _, ObjectSegment as _};
use rustc_hash::FxHashMap;
use self_cell::self_cell;

use super::coroutines::CoroutineSource;
use super::error::Error;
use super::ids::{FunctionId, TypeId};
use super::mapped::MappedFile;
use super::symbol::{Symbol, SymbolTable};
use super::types::{Declared, Type};
use super::units::DebugInfo;
use super::unwind::UnwindRows;

/// How DWARF bytes are read.
pub(crate) type Reader<'data> = EndianSlice<'data, LittleEndian>;

/// The GNU build id of a file.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct BuildId(pub Vec<u8>);

impl fmt::Display for BuildId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(formatter, "{byte:02x}"))
    }
}

pub(crate) type Elf<'data> = object::File<'data, &'data [u8]>;

/// Where the bytes of an ELF file are.
enum Bytes {
    Mapped(MappedFile),
    Copied(Vec<u8>),
}

impl Bytes {
    fn bytes(&self) -> &[u8] {
        match self {
            Bytes::Mapped(mapped) => mapped.bytes(),
            Bytes::Copied(bytes) => bytes,
        }
    }
}

/// The ELF file and its debug sections, decompressed where they had to be.
struct Sections<'data> {
    elf: Elf<'data>,
    dwarf: gimli::DwarfSections<Cow<'data, [u8]>>,
}

self_cell! {
    struct File {
        owner: Bytes,
        #[not_covariant]
        dependent: Sections,
    }
}

self_cell! {
    struct Contents {
        owner: Box<File>,
        #[not_covariant]
        dependent: DebugInfo,
    }
}

/// One ELF file with its debug info.
pub struct Object {
    path: PathBuf,
    contents: Contents,
    build_id: Option<BuildId>,
    pub(super) types: RefCell<FxHashMap<TypeId, Option<Rc<Type>>>>,
    pub(super) coroutine_sources: RefCell<FxHashMap<TypeId, Option<CoroutineSource>>>,
    /// Where the variables of coroutines are declared, by type, place in it and name.
    pub(super) coroutine_variables: RefCell<FxHashMap<(TypeId, u64, String), Option<Declared>>>,
    pub(super) poll_functions: RefCell<FxHashMap<TypeId, Option<FunctionId>>>,
    pub(super) symbol_table: OnceCell<SymbolTable>,
    pub(super) symbols_with: RefCell<HashMap<String, Rc<[Symbol]>>>,
    pub(super) unwind_rows: UnwindRows,
}

impl Object {
    /// Opens the file at `path`. Compressed debug sections are decompressed here; nothing else is
    /// parsed.
    pub fn open(path: &Path) -> Result<Object, Error> {
        let in_file = |source: io::Error| Error::File { path: path.to_owned(), source };
        let mapped = MappedFile::open(path).map_err(in_file)?;
        Object::read(path, Bytes::Mapped(mapped))
    }

    /// Reads an ELF file that is in no file system, such as the one that the kernel maps into each
    /// process. `path` is what it is called.
    pub fn from_bytes(path: &Path, bytes: Vec<u8>) -> Result<Object, Error> {
        Object::read(path, Bytes::Copied(bytes))
    }

    fn read(path: &Path, bytes: Bytes) -> Result<Object, Error> {
        let file = File::try_new(bytes, |bytes| sections(bytes.bytes(), path))?;
        let build_id = file
            .with_dependent(|_, sections| {
                sections.elf.build_id().ok().flatten().map(<[u8]>::to_vec)
            })
            .map(BuildId);
        let contents = Contents::new(Box::new(file), |file| {
            file.with_dependent(|_, sections| {
                DebugInfo::new(
                    sections.dwarf.borrow(|bytes| EndianSlice::new(bytes, LittleEndian)),
                    first_code(&sections.elf),
                )
            })
        });
        Ok(Object {
            path: path.to_owned(),
            contents,
            build_id,
            types: RefCell::default(),
            coroutine_sources: RefCell::default(),
            poll_functions: RefCell::default(),
            coroutine_variables: RefCell::default(),
            symbol_table: OnceCell::new(),
            symbols_with: RefCell::default(),
            unwind_rows: UnwindRows::default(),
        })
    }

    /// The file this was read from.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The file's GNU build id, if the linker gave it one.
    pub fn build_id(&self) -> Option<&BuildId> {
        self.build_id.as_ref()
    }

    /// Where the kernel jumps to when this file is run, as the file counts addresses.
    pub fn entry_point(&self) -> u64 {
        self.with_elf(|elf| elf.entry())
    }

    /// Runs `read` over the ELF file.
    pub(crate) fn with_elf<T>(&self, read: impl for<'data> FnOnce(&Elf<'data>) -> T) -> T {
        self.contents.borrow_owner().with_dependent(|_, sections| read(&sections.elf))
    }

    /// Runs `read` over the debug info and its units.
    pub(crate) fn with_debug_info<T>(
        &self,
        read: impl for<'data> FnOnce(&DebugInfo<'data>) -> T,
    ) -> T {
        self.contents.with_dependent(|_, debug_info| read(debug_info))
    }

    /// The lowest address that any loadable segment asks for, rounded down to a page.
    pub fn lowest_address(&self) -> u64 {
        self.with_elf(|elf| elf.segments().map(|segment| segment.address()).min().unwrap_or(0))
            & !0xfff
    }
}

fn sections<'data>(bytes: &'data [u8], path: &Path) -> Result<Sections<'data>, Error> {
    let in_elf = |source: object::Error| Error::Elf { path: path.to_owned(), source };
    let elf = Elf::parse(bytes).map_err(in_elf)?;
    let dwarf = gimli::DwarfSections::load(|id| section(&elf, id.name())).map_err(in_elf)?;
    Ok(Sections { elf, dwarf })
}

/// The lowest address of any segment that can be executed.
fn first_code(elf: &Elf<'_>) -> u64 {
    elf.segments()
        .filter(|segment| segment.permissions().executable())
        .map(|segment| segment.address())
        .min()
        .unwrap_or(0)
}

/// The bytes of the section of this name; none when the file has no such section.
fn section<'data>(elf: &Elf<'data>, name: &str) -> Result<Cow<'data, [u8]>, object::Error> {
    match elf.section_by_name(name) {
        Some(section) => section.uncompressed_data(),
        None => Ok(Cow::Borrowed(&[])),
    }
}
