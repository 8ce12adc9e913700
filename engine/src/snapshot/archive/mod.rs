//! The file that a capture is saved in: two looks at a process and what the caller adds.
//!
//! Reading takes the file for hostile: a damaged one is an error, and what it claims of itself is
//! believed only as far as its size allows. The binary lies beside the archive, see [`link_binary`];
//! whether it is the right one is for the caller to check.
//!
//! All numbers are little-endian:
//!
//! | part | |
//! |---|---|
//! | magic | `ASYNCTST` |
//! | format | u32, [`FORMAT`] |
//! | checksum | u64 of everything behind it |
//! | tool | u32 length, the version of the tool that wrote it |
//! | header | u32 length, JSON: facts of both looks, payload |
//! | pages of the first look | u32 count, then for each: u64 page number, u32 index |
//! | pages of the second look | the same |
//! | contents | u32 count, then blocks of 16 distinct pages: u32 length, LZ4 |

mod binary;
mod decode;
mod encode;
mod error;
mod pages;

pub use binary::{copy_binary, link_binary};
pub use error::Error;

use std::fs::File;
use std::io::{Read, Write};
use std::path::Path;

use serde::Serialize;
use serde::de::DeserializeOwned;
use tempfile::NamedTempFile;

use crate::limits::Limits;
use crate::snapshot::Snapshot;

/// The version of the format. A file of a later one is refused.
pub const FORMAT: u32 = 1;

/// The first bytes of an archive.
const MAGIC: &[u8; 8] = b"ASYNCTST";

/// What an archive holds.
pub struct Archive<Payload> {
    /// The version of the tool that wrote it.
    pub tool: String,
    /// The first look.
    pub first: Snapshot,
    /// The second look.
    pub second: Snapshot,
    /// What the caller added.
    pub payload: Payload,
}

/// Writes an archive, which appears under its name when it is complete. Only its owner can read it,
/// for it holds pieces of the process's memory.
pub fn write<Payload: Serialize>(
    path: &Path,
    first: &Snapshot,
    second: &Snapshot,
    payload: &Payload,
) -> Result<(), Error> {
    let bytes = encode::encode(first, second, payload)
        .map_err(|source| Error::Header { path: path.to_owned(), source })?;
    let failed = |source| Error::Write { path: path.to_owned(), source };
    let folder = path.parent().filter(|folder| *folder != Path::new(""));
    let mut file = NamedTempFile::new_in(folder.unwrap_or(Path::new("."))).map_err(failed)?;
    file.write_all(&bytes).map_err(failed)?;
    file.persist(path).map_err(|error| failed(error.error))?;
    Ok(())
}

/// Reads an archive back. Nothing but its pages can be read from its snapshots.
pub fn read<Payload: DeserializeOwned>(
    path: &Path,
    limits: &Limits,
) -> Result<Archive<Payload>, Error> {
    let failed = |source| Error::Read { path: path.to_owned(), source };
    let mut bytes = Vec::new();
    let most = u64::try_from(limits.snapshot_bytes).unwrap_or(u64::MAX);
    let file = File::open(path).map_err(failed)?;
    if file.metadata().map_err(failed)?.len() > most {
        return Err(Error::TooLarge { path: path.to_owned(), limit: limits.snapshot_bytes });
    }
    file.take(most).read_to_end(&mut bytes).map_err(failed)?;
    decode::decode(&bytes, limits.snapshot_bytes).map_err(|fault| fault.of(path))
}

/// A checksum that finds damage by chance, not by intent: FNV-1a over 8 bytes at a time.
fn checksum(bytes: &[u8]) -> u64 {
    const START: u64 = 0xcbf2_9ce4_8422_2325;
    const PRIME: u64 = 0x0000_0100_0000_01b3;
    let (words, rest) = bytes.as_chunks::<8>();
    let words = words.iter().map(|word| u64::from_le_bytes(*word));
    words.chain(rest.iter().map(|&byte| u64::from(byte))).fold(START, |sum, word| {
        let sum = (sum ^ word).wrapping_mul(PRIME);
        sum ^ sum >> 32
    })
}

#[cfg(test)]
mod tests;
