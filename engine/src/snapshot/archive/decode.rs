//! Reads the bytes of an archive, which may be anything.

use rustc_hash::FxHashMap;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::snapshot::archive::error::Fault;
use crate::snapshot::archive::pages::BLOCK;
use crate::snapshot::archive::{Archive, FORMAT, MAGIC, checksum};
use crate::snapshot::memory::{Memory, PAGE, Page};
use crate::snapshot::{Facts, Snapshot};

/// What is kept as JSON.
#[derive(Deserialize)]
struct Header<Payload> {
    first: Facts,
    second: Facts,
    payload: Payload,
}

/// The archive that these bytes are, if its distinct pages take at most `limit` bytes.
pub(super) fn decode<Payload: DeserializeOwned>(
    bytes: &[u8],
    limit: usize,
) -> Result<Archive<Payload>, Fault> {
    let mut rest = Bytes { bytes: bytes.strip_prefix(MAGIC).ok_or(Fault::NotAnArchive)?, limit };
    let format = u32::from_le_bytes(rest.array("version")?);
    match format {
        FORMAT => {}
        newer if newer > FORMAT => return Err(Fault::Newer(newer)),
        older => return Err(Fault::Older(older)),
    }
    let sum = u64::from_le_bytes(rest.array("checksum")?);
    if checksum(rest.bytes) != sum {
        return Err(Fault::Damaged("its checksum is another one, so it was cut off or changed"));
    }
    let tool = std::str::from_utf8(rest.counted("tool version")?)
        .map_err(|_| Fault::Damaged("its tool version is no text"))?
        .to_owned();
    let header: Header<Payload> = serde_json::from_slice(rest.counted("header")?)
        .map_err(|_| Fault::Damaged("its header cannot be read"))?;
    let tables = [rest.table()?, rest.table()?];
    let contents = rest.contents()?;
    if !rest.bytes.is_empty() {
        return Err(Fault::Damaged("something follows its end"));
    }
    let [first, second] = tables.map(|table| look(&table, &contents));
    Ok(Archive {
        tool,
        first: Snapshot { facts: header.first, memory: first? },
        second: Snapshot { facts: header.second, memory: second? },
        payload: header.payload,
    })
}

/// The memory of one look. Pages are shared, for a small archive can name one of them many times.
fn look(table: &[(u64, u32)], contents: &[Page]) -> Result<Memory, Fault> {
    let mut pages: FxHashMap<u64, Option<Page>> = FxHashMap::default();
    for &(number, index) in table {
        let page = contents.get(index as usize).ok_or(Fault::Damaged("a page has no contents"))?;
        if pages.insert(number, Some(Page::clone(page))).is_some() {
            return Err(Fault::Damaged("a page is there twice"));
        }
    }
    Ok(Memory::sealed(pages))
}

/// Bytes that have not been read yet.
struct Bytes<'bytes> {
    bytes: &'bytes [u8],
    /// How many bytes of pages may be unpacked.
    limit: usize,
}

impl<'bytes> Bytes<'bytes> {
    fn take(&mut self, length: usize, part: &'static str) -> Result<&'bytes [u8], Fault> {
        let (taken, rest) = self.bytes.split_at_checked(length).ok_or(Fault::Truncated(part))?;
        self.bytes = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self, part: &'static str) -> Result<[u8; N], Fault> {
        let (taken, rest) = self.bytes.split_first_chunk().ok_or(Fault::Truncated(part))?;
        self.bytes = rest;
        Ok(*taken)
    }

    fn count(&mut self, part: &'static str) -> Result<usize, Fault> {
        let count = u32::from_le_bytes(self.array(part)?);
        usize::try_from(count).map_err(|_| Fault::TooLarge(self.limit))
    }

    /// As many bytes as the number before them says.
    fn counted(&mut self, part: &'static str) -> Result<&'bytes [u8], Fault> {
        let length = self.count(part)?;
        self.take(length, part)
    }

    fn table(&mut self) -> Result<Vec<(u64, u32)>, Fault> {
        const PART: &str = "page table";
        const ENTRY: usize = 12;
        let length = self.count(PART)?.checked_mul(ENTRY);
        let bytes = self.take(length.ok_or(Fault::Truncated(PART))?, PART)?;
        let (entries, _) = bytes.as_chunks::<ENTRY>();
        let entry = |entry: &[u8; ENTRY]| {
            let (number, index) = entry.split_first_chunk::<8>()?;
            Some((u64::from_le_bytes(*number), u32::from_le_bytes(*index.first_chunk()?)))
        };
        Ok(entries.iter().filter_map(entry).collect())
    }

    /// The distinct pages. Nothing is set aside for what the file only claims to hold.
    fn contents(&mut self) -> Result<Vec<Page>, Fault> {
        const PART: &str = "pages";
        let mut left = self
            .count(PART)?
            .checked_mul(PAGE)
            .filter(|length| *length <= self.limit)
            .ok_or(Fault::TooLarge(self.limit))?;
        let mut contents = Vec::new();
        let mut block = vec![0; BLOCK * PAGE];
        while left > 0 {
            let length = left.min(BLOCK * PAGE);
            let packed = self.counted(PART)?;
            let unpacked = lz4_flex::block::decompress_into(packed, &mut block)
                .map_err(|_| Fault::Damaged("its pages cannot be unpacked"))?;
            if unpacked != length {
                return Err(Fault::Damaged("its pages are of another length"));
            }
            let (pages, _) = block.get(..length).unwrap_or_default().as_chunks::<PAGE>();
            contents.extend(pages.iter().map(|page| Page::new(*page)));
            left -= length;
        }
        Ok(contents)
    }
}
