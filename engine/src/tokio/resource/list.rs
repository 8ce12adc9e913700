//! The messages that wait in an mpsc channel.
//!
//! Source: tokio 1.20 and 1.54 `sync/mpsc/{list,block}.rs`: `struct Rx { head, index }`, `struct Block {
//! header: BlockHeader { start_index, next, ready_slots }, values }`, in 1.20 without the header. The
//! message at an index is in the block that begins at the next lower multiple of the number of its
//! values, and is there when its bit of `ready_slots` is set.

use super::mpsc::holder;
use crate::symbols::{Kind, TypeId};
use crate::value::{Place, Pointee, search};

/// Most messages that are looked at.
const MOST: u64 = 256;

/// How deep in wrappers the parts of a block are searched.
const DEPTH: usize = 6;

/// The messages that wait in the channel with this shared part, the oldest first.
pub(super) fn messages<'program>(channel: &Place<'program>) -> Option<Vec<Place<'program>>> {
    let message = channel.type_.parameter("T")?;
    let fields = channel.field("rx_fields")?;
    let list = holder(&fields, "list")?.field("list")?;
    let start = list.field("index")?.unsigned()?;
    let mut block = Block::read(list.field("head")?.pointee())?;
    let mut found = Vec::new();
    for index in start..start.saturating_add(MOST) {
        while index >= block.start.saturating_add(block.count) {
            match Block::read(block.next()) {
                Some(next) if next.start > block.start => block = next,
                _ => return Some(found),
            }
        }
        match block.message(index, message) {
            Some(message) => found.push(message),
            None => break,
        }
    }
    Some(found)
}

/// A block of the list.
struct Block<'program> {
    place: Place<'program>,
    values: Place<'program>,
    start: u64,
    count: u64,
}

impl<'program> Block<'program> {
    fn read(pointer: Option<Pointee<'program>>) -> Option<Block<'program>> {
        let Some(Pointee::Thin(place)) = pointer else { return None };
        let is_array = |type_: &crate::symbols::Type| matches!(type_.kind, Kind::Array { .. });
        let values = search(&place.field("values")?, DEPTH, &is_array).into_iter().next()?;
        let Kind::Array { count, .. } = values.type_.kind else { return None };
        let start = holder(&place, "start_index")?.field("start_index")?.unsigned()?;
        Some(Block { place, values, start, count })
    }

    fn next(&self) -> Option<Pointee<'program>> {
        holder(&self.place, "next")?.field("next")?.pointee()
    }

    fn message(&self, index: u64, type_id: TypeId) -> Option<Place<'program>> {
        let slot = index.checked_sub(self.start).filter(|slot| *slot < self.count)?;
        let ready = holder(&self.place, "ready_slots")?.field("ready_slots")?.unsigned()?;
        let size = self.values.type_.size.checked_div(self.count)?;
        let is_there = ready.checked_shr(u32::try_from(slot).ok()?)? & 1 != 0;
        let at = self.values.address.offset(slot.checked_mul(size)?);
        is_there.then(|| self.values.at(at, type_id))?
    }
}
