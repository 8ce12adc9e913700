//! The files that a snapshot has mapped: where each lies and how far the loader moved it.

use std::path::{Path, PathBuf};
use std::rc::Rc;

use crate::address::{Address, FileAddress};
use crate::evidence::Gap;
use crate::snapshot::{Mapping, Snapshot};
use crate::symbols::{BuildId, Object, Objects};

/// Which image of a program.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct ImageId(pub usize);

/// One mapped ELF file.
pub struct Image {
    /// Its path, as `/proc/PID/maps` names it.
    pub path: PathBuf,
    /// Its lowest address.
    pub start: Address,
    /// The first address behind its last mapping.
    pub end: Address,
    /// How far the loader moved it: an address of the process is this much more than the file's.
    pub bias: u64,
    /// Its symbols.
    pub object: Rc<Object>,
}

impl Image {
    /// An address of the process as the file counts it.
    pub fn file_address(&self, address: Address) -> FileAddress {
        FileAddress(address.0.wrapping_sub(self.bias))
    }

    /// An address of the file as the process counts it.
    pub fn address(&self, address: FileAddress) -> Address {
        Address(address.0.wrapping_add(self.bias))
    }
}

/// Finds every file that is mapped executable, in order of address.
pub(super) fn find(
    snapshot: &Snapshot,
    objects: &Objects,
    file_of: &dyn Fn(&Path) -> PathBuf,
) -> (Vec<Image>, Vec<Gap>) {
    let mut images = Vec::new();
    let mut gaps = Vec::new();
    for mappings in files(&snapshot.facts.mappings) {
        let (Some(first), Some(last)) = (mappings.first(), mappings.last()) else {
            continue;
        };
        if !mappings.iter().any(|mapping| mapping.executable) {
            continue;
        }
        let path = Path::new(first.path.trim_end_matches(" (deleted)"));
        let build_id = build_id(snapshot, first.start);
        match objects.object(path, build_id.as_ref(), &file_of(path)) {
            Ok(object) => images.push(Image {
                path: path.to_owned(),
                start: first.start,
                end: last.end,
                bias: first.start.0.wrapping_sub(object.lowest_address()),
                object,
            }),
            Err(error) => {
                gaps.push(Gap::new(format!("symbols of {}", path.display()), error.to_string()))
            }
        }
    }
    images.extend(kernel_image(snapshot, objects));
    images.sort_by_key(|image| image.start);
    (images, gaps)
}

/// The file that the kernel maps into each process (vdso(7)), which lies in no file system.
fn kernel_image(snapshot: &Snapshot, objects: &Objects) -> Option<Image> {
    const NAME: &str = "[vdso]";
    const LARGEST: u64 = 1 << 20;
    let mappings = &snapshot.facts.mappings;
    let mapping = mappings.iter().find(|mapping| mapping.path == NAME)?;
    let length = mapping.end.0.checked_sub(mapping.start.0)?.min(LARGEST);
    let mut bytes = vec![0; usize::try_from(length).ok()?];
    snapshot.read(mapping.start, &mut bytes).ok()?;
    let build_id = build_id(snapshot, mapping.start);
    let object = objects.object_in_memory(Path::new(NAME), build_id.as_ref(), bytes);
    let object = object.ok()?;
    Some(Image {
        path: PathBuf::from(NAME),
        start: mapping.start,
        end: mapping.end,
        bias: mapping.start.0.wrapping_sub(object.lowest_address()),
        object,
    })
}

/// Runs of mappings of the same file, each beginning with the file's first byte.
fn files(mappings: &[Mapping]) -> impl Iterator<Item = Vec<&Mapping>> {
    let mut runs: Vec<Vec<&Mapping>> = Vec::new();
    for mapping in mappings.iter().filter(|mapping| mapping.path.starts_with('/')) {
        match runs.last_mut() {
            Some(run)
                if mapping.offset != 0
                    && run.last().is_some_and(|last| {
                        last.inode == mapping.inode && last.path == mapping.path
                    }) =>
            {
                run.push(mapping);
            }
            _ if mapping.offset == 0 => runs.push(vec![mapping]),
            _ => {}
        }
    }
    runs.into_iter()
}

/// The build id that the program headers in memory lead to.
///
/// Source: ELF-64 Object File Format 1.5, and the `NT_GNU_BUILD_ID` note (type 3, name `GNU`).
fn build_id(snapshot: &Snapshot, start: Address) -> Option<BuildId> {
    const PT_LOAD: u32 = 1;
    const PT_NOTE: u32 = 4;
    const LONGEST_NOTE: u64 = 4096;
    let mut header = [0; 64];
    snapshot.read(start, &mut header).ok()?;
    if !header.starts_with(b"\x7fELF") {
        return None;
    }
    let table = read_u64(&header, 32)?;
    let size = u64::from(read_u16(&header, 54)?);
    let count = u64::from(read_u16(&header, 56)?);
    let mut base = None;
    let mut notes = Vec::new();
    for index in 0..count.min(64) {
        let mut program_header = [0; 56];
        let at = start.offset(table.wrapping_add(index.wrapping_mul(size)));
        snapshot.read(at, &mut program_header).ok()?;
        let address = read_u64(&program_header, 16)?;
        match read_u32(&program_header, 0)? {
            PT_LOAD if base.is_none() => base = Some(address & !0xfff),
            PT_NOTE => notes.push((address, read_u64(&program_header, 40)?.min(LONGEST_NOTE))),
            _ => {}
        }
    }
    let base = base?;
    notes.into_iter().find_map(|(address, length)| {
        let mut bytes = vec![0; usize::try_from(length).ok()?];
        snapshot.read(start.offset(address.wrapping_sub(base)), &mut bytes).ok()?;
        build_id_in(&bytes)
    })
}

/// The build id among these notes.
fn build_id_in(mut notes: &[u8]) -> Option<BuildId> {
    loop {
        let name_length = read_u32(notes, 0)? as usize;
        let length = read_u32(notes, 4)? as usize;
        let kind = read_u32(notes, 8)?;
        let name_end = 12usize.checked_add(name_length)?;
        let start = name_end.checked_next_multiple_of(4)?;
        let end = start.checked_add(length)?;
        if kind == 3 && notes.get(12..name_end)? == b"GNU\0" {
            return Some(BuildId(notes.get(start..end)?.to_vec()));
        }
        notes = notes.get(end.checked_next_multiple_of(4)?..)?;
    }
}

fn read_u16(bytes: &[u8], at: usize) -> Option<u16> {
    bytes.get(at..)?.first_chunk().copied().map(u16::from_le_bytes)
}

fn read_u32(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..)?.first_chunk().copied().map(u32::from_le_bytes)
}

fn read_u64(bytes: &[u8], at: usize) -> Option<u64> {
    bytes.get(at..)?.first_chunk().copied().map(u64::from_le_bytes)
}
