//! One ELF file and its DWARF sections, opened but not parsed.

use std::borrow::Cow;
use std::path::{Path, PathBuf};
use std::{fmt, io};

use gimli::{EndianSlice, LittleEndian};
use object::{Object as _, ObjectSection as _, ObjectSegment as _};
use self_cell::self_cell;

use super::error::Error;
use super::mapped::MappedFile;

/// How DWARF bytes are read.
pub type Reader<'data> = EndianSlice<'data, LittleEndian>;

/// The GNU build id of a file.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct BuildId(pub Vec<u8>);

impl fmt::Display for BuildId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0
            .iter()
            .try_for_each(|byte| write!(formatter, "{byte:02x}"))
    }
}

type Elf<'data> = object::File<'data, &'data [u8]>;
type Sections<'data> = gimli::DwarfSections<Cow<'data, [u8]>>;

struct Parsed<'data> {
    elf: Elf<'data>,
    sections: Sections<'data>,
}

self_cell! {
    struct Contents {
        owner: MappedFile,
        #[not_covariant]
        dependent: Parsed,
    }
}

/// One ELF file with its debug info.
pub struct Object {
    path: PathBuf,
    contents: Contents,
    build_id: Option<BuildId>,
}

impl Object {
    /// Opens the file at `path`. Compressed debug sections are decompressed here; nothing else is
    /// parsed.
    pub fn open(path: &Path) -> Result<Object, Error> {
        let in_file = |source: io::Error| Error::File {
            path: path.to_owned(),
            source,
        };
        let file = MappedFile::open(path).map_err(in_file)?;
        let contents = Contents::try_new(file, |file| parse(file.bytes(), path))?;
        let build_id = contents
            .with_dependent(|_, parsed| parsed.elf.build_id().ok().flatten().map(<[u8]>::to_vec))
            .map(BuildId);
        Ok(Object {
            path: path.to_owned(),
            contents,
            build_id,
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

    /// Runs `read` over the ELF file.
    pub(crate) fn with_elf<T>(&self, read: impl for<'data> FnOnce(&Elf<'data>) -> T) -> T {
        self.contents.with_dependent(|_, parsed| read(&parsed.elf))
    }

    /// Runs `read` over the DWARF sections. Borrowing them is a few pointer copies.
    pub(crate) fn with_dwarf<T>(
        &self,
        read: impl for<'data> FnOnce(&gimli::Dwarf<Reader<'data>>) -> T,
    ) -> T {
        self.contents.with_dependent(|_, parsed| {
            read(
                &parsed
                    .sections
                    .borrow(|bytes| EndianSlice::new(bytes, LittleEndian)),
            )
        })
    }

    /// The lowest address that any loadable segment asks for, rounded down to a page.
    pub fn lowest_address(&self) -> u64 {
        self.with_elf(|elf| {
            elf.segments()
                .map(|segment| segment.address())
                .min()
                .unwrap_or(0)
        }) & !0xfff
    }
}

fn parse<'data>(bytes: &'data [u8], path: &Path) -> Result<Parsed<'data>, Error> {
    let in_elf = |source: object::Error| Error::Elf {
        path: path.to_owned(),
        source,
    };
    let elf = Elf::parse(bytes).map_err(in_elf)?;
    let sections = Sections::load(|id| section(&elf, id.name())).map_err(in_elf)?;
    Ok(Parsed { elf, sections })
}

/// The bytes of the section of this name; none when the file has no such section.
fn section<'data>(elf: &Elf<'data>, name: &str) -> Result<Cow<'data, [u8]>, object::Error> {
    match elf.section_by_name(name) {
        Some(section) => section.uncompressed_data(),
        None => Ok(Cow::Borrowed(&[])),
    }
}
