//! Task headers in memory, whoever holds them: the candidates from which tasks are proven that no
//! entered runtime leads to.
//!
//! A header points to its vtable, and each vtable holds the address of an instance of `poll`. So
//! the instances lead to the vtables, which lie in the image's data, and these to everything in
//! the heap that looks like a header. Freed memory and copies look like one, too: nothing found
//! here is a task until its owner, a thread or a join handle says so.
//!
//! Source: tokio 1.20 to 1.54 `runtime/task/raw.rs` (`fn vtable<T, S>() -> &'static Vtable`).

use std::collections::HashSet;
use std::ops::Range;

use super::vtable;
use crate::address::Address;
use crate::evidence::Gap;
use crate::limits::Limits;
use crate::program::{ImageId, Program};
use crate::snapshot::Mapping;
use crate::value::Place;

/// Everything in writable memory that points to a task's vtable where a header would.
pub(super) fn candidates<'program>(
    program: &'program Program<'program>,
    limits: &Limits,
) -> (Vec<Place<'program>>, Vec<Gap>) {
    let mut found = Vec::new();
    let mut gaps = Vec::new();
    for (image, _) in program.images() {
        let (layouts, missing) = vtable::Layout::all(program, image);
        gaps.extend(missing);
        for layout in layouts {
            let vtables = vtables(program, image, &layout);
            let (headers, left) = headers(program, image, &layout, &vtables, limits);
            found.extend(headers);
            if left > 0 {
                gaps.push(Gap::new(
                    "tasks of runtimes that no thread has entered",
                    format!(
                        "{left} bytes of memory were not searched: the limit is {}",
                        limits.scan
                    ),
                ));
            }
        }
    }
    (found, gaps)
}

/// The vtables of one Tokio's tasks in this image's data.
fn vtables(program: &Program<'_>, image: ImageId, layout: &vtable::Layout) -> HashSet<Address> {
    let Some(loaded) = program.image(image) else { return HashSet::new() };
    let polls: HashSet<u64> =
        layout.polls.iter().map(|address| loaded.address(*address).0).collect();
    let mut vtables = HashSet::new();
    let is_data = |mapping: &&Mapping| {
        mapping.readable
            && !mapping.executable
            && mapping.start >= loaded.start
            && mapping.end <= loaded.end
    };
    for mapping in program.snapshot.facts.mappings.iter().filter(is_data) {
        for at in words_among(program, mapping.start..mapping.end, &polls) {
            vtables.insert(at.back(layout.poll_offset));
        }
    }
    vtables
}

/// The headers that point to one of these vtables, and how many bytes were left unsearched.
fn headers<'program>(
    program: &'program Program<'program>,
    image: ImageId,
    layout: &vtable::Layout,
    vtables: &HashSet<Address>,
    limits: &Limits,
) -> (Vec<Place<'program>>, u64) {
    let wanted: HashSet<u64> = vtables.iter().map(|vtable| vtable.0).collect();
    let (found, left) = words(program, &wanted, limits);
    let header =
        |at: Address| Place::new(program, image, at.back(layout.vtable_offset), layout.header);
    (found.into_iter().filter_map(header).collect(), left)
}

/// Where in the process's own memory one of these words lies, and how many bytes were left
/// unsearched.
pub(super) fn words(
    program: &Program<'_>,
    wanted: &HashSet<u64>,
    limits: &Limits,
) -> (Vec<Address>, u64) {
    let is_own = |mapping: &&Mapping| {
        mapping.readable && mapping.writable && mapping.private && mapping.inode == 0
    };
    let mut found = Vec::new();
    let mut searched = 0u64;
    let mut left = 0u64;
    for mapping in program.snapshot.facts.mappings.iter().filter(is_own) {
        let size = mapping.end.0.saturating_sub(mapping.start.0);
        if searched.saturating_add(size) > limits.scan {
            left = left.saturating_add(size);
            continue;
        }
        searched = searched.saturating_add(size);
        found.extend(words_among(program, mapping.start..mapping.end, wanted));
    }
    (found, left)
}

/// The addresses in this range at which one of the wanted words lies. Each is read again, so that
/// a snapshot remembers it.
fn words_among(
    program: &Program<'_>,
    range: Range<Address>,
    wanted: &HashSet<u64>,
) -> Vec<Address> {
    const WORD: usize = 8;
    let (Some(least), Some(most)) = (wanted.iter().min(), wanted.iter().max()) else {
        return Vec::new();
    };
    let near = *least..=*most;
    let mut found = Vec::new();
    program.snapshot.scan(range, &mut |start, bytes| {
        let (words, _) = bytes.as_chunks::<WORD>();
        for (index, word) in words.iter().enumerate() {
            let word = u64::from_le_bytes(*word);
            if near.contains(&word) && wanted.contains(&word) {
                found.push(start.offset((index * WORD) as u64));
            }
        }
    });
    found.retain(|at| program.read_address(*at).is_ok());
    found
}
