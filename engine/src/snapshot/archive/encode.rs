//! Writes the bytes of an archive.

use serde::Serialize;

use crate::snapshot::archive::pages::{BLOCK, Distinct};
use crate::snapshot::archive::{FORMAT, MAGIC, checksum};
use crate::snapshot::memory::PAGE;
use crate::snapshot::{Facts, Snapshot};

/// What is kept as JSON.
#[derive(Serialize)]
struct Header<'looks, Payload> {
    first: &'looks Facts,
    second: &'looks Facts,
    payload: &'looks Payload,
}

/// The bytes of an archive.
pub(super) fn encode<Payload: Serialize>(
    first: &Snapshot,
    second: &Snapshot,
    payload: &Payload,
) -> Result<Vec<u8>, serde_json::Error> {
    let header =
        serde_json::to_vec(&Header { first: &first.facts, second: &second.facts, payload })?;
    let mut body = Vec::new();
    put_bytes(&mut body, env!("CARGO_PKG_VERSION").as_bytes());
    put_bytes(&mut body, &header);
    let mut distinct = Distinct::default();
    for look in [first, second] {
        put_table(&mut body, &distinct.table(look));
    }
    put_count(&mut body, distinct.count());
    for block in distinct.contents.chunks(BLOCK * PAGE) {
        put_bytes(&mut body, &lz4_flex::block::compress(block));
    }
    let mut bytes = MAGIC.to_vec();
    bytes.extend_from_slice(&FORMAT.to_le_bytes());
    bytes.extend_from_slice(&checksum(&body).to_le_bytes());
    bytes.extend_from_slice(&body);
    Ok(bytes)
}

/// A count, which all limits keep below 2^32: what is beyond would be found out when reading.
fn put_count(body: &mut Vec<u8>, count: usize) {
    let count = u32::try_from(count).unwrap_or(u32::MAX);
    body.extend_from_slice(&count.to_le_bytes());
}

fn put_bytes(body: &mut Vec<u8>, bytes: &[u8]) {
    put_count(body, bytes.len());
    body.extend_from_slice(bytes);
}

fn put_table(body: &mut Vec<u8>, table: &[(u64, u32)]) {
    put_count(body, table.len());
    for (number, index) in table {
        body.extend_from_slice(&number.to_le_bytes());
        body.extend_from_slice(&index.to_le_bytes());
    }
}
