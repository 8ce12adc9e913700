//! The distinct pages of two looks, each kept once.

use std::collections::HashMap;

use crate::snapshot::Snapshot;
use crate::snapshot::memory::PAGE;

/// How many pages are compressed together.
pub(super) const BLOCK: usize = 16;

/// Distinct pages in the order in which they were first met.
#[derive(Default)]
pub(super) struct Distinct {
    indices: HashMap<Box<[u8; PAGE]>, u32>,
    pub(super) contents: Vec<u8>,
}

impl Distinct {
    /// The table of a look's pages: the number of each and its index here, in order of number.
    pub(super) fn table(&mut self, snapshot: &Snapshot) -> Vec<(u64, u32)> {
        let mut table = Vec::new();
        snapshot.memory.for_each_page(|number, page| {
            table.push((number, self.index(page)));
        });
        table
    }

    /// How many pages there are.
    pub(super) fn count(&self) -> usize {
        self.contents.len() / PAGE
    }

    fn index(&mut self, page: &[u8; PAGE]) -> u32 {
        if let Some(&index) = self.indices.get(page) {
            return index;
        }
        // A process has no more than 2^32 pages that are read within the limits.
        let index = u32::try_from(self.count()).unwrap_or(u32::MAX);
        self.contents.extend_from_slice(page);
        self.indices.insert(Box::new(*page), index);
        index
    }
}
