//! The entries of hash tables.
//!
//! Source: hashbrown 0.14 to 0.16 `raw/mod.rs`: `struct RawTable<T> { table: RawTableInner {
//! bucket_mask, ctrl, growth_left, items } }`; element `i` ends `i` elements before the control
//! bytes, and is there where the upper bit of its control byte is 0.

use super::place::Place;

/// The path of the table that maps and sets are made of.
pub const HASH_TABLE: &str = "hashbrown::raw::RawTable";

/// Most buckets that are looked at.
const MOST_BUCKETS: u64 = 1 << 16;

/// The entries that are in a table.
pub fn hash_entries<'program>(table: &Place<'program>) -> Option<Vec<Place<'program>>> {
    const EMPTY: u8 = 0x80;
    let element = table.type_.parameter("T")?;
    let inner = table.field("table")?;
    let control = inner.field("ctrl")?.pointer()?;
    let mask = inner.field("bucket_mask")?.unsigned()?;
    let count = inner.field("items")?.unsigned()?;
    if count == 0 {
        return Some(Vec::new());
    }
    let size = table.cast(element)?.type_.size;
    let buckets = mask.checked_add(1)?.min(MOST_BUCKETS);
    let mut bytes = vec![0; usize::try_from(buckets).ok()?];
    table.program.read(control, &mut bytes).ok()?;
    let there = (0u64..).zip(bytes).filter(|(_, byte)| byte & EMPTY == 0);
    let there = there.take(usize::try_from(count).unwrap_or(usize::MAX));
    there
        .map(|(index, _)| table.at(control.back(index.checked_add(1)?.checked_mul(size)?), element))
        .collect()
}
