//! Fetches neighbors together with a page that is asked for, as long as that pays.
//!
//! One call a page is slow on a dense heap, and large pieces are wasted on a sparse one, so the size
//! of a piece follows what came of the last ones: it doubles while half of what was fetched ahead is
//! used, and halves while most is not.

use std::rc::Rc;

use rustc_hash::FxHashMap;

use crate::address::Address;
use crate::snapshot::memory::{PAGE, Page, Source};

/// The largest piece, in pages.
const LARGEST: u64 = 16;

/// The size of the first piece, in pages.
const FIRST: u64 = 4;

/// After how many pieces their size is thought over.
const WINDOW: u64 = 16;

/// How many unused pages are kept at most.
const KEPT: usize = 16 << 10;

/// Pages that were fetched and not asked for, and how often that paid.
pub(super) struct Ahead {
    pages: FxHashMap<u64, Page>,
    /// The size of a piece, in pages: a power of two.
    size: u64,
    /// Pieces fetched since the size was last thought over.
    fetched: u64,
    /// Pages among those fetched in this time that were asked for later, and misses next to the one
    /// before, which a larger piece would have spared.
    useful: u64,
    /// The page that was last asked for.
    last: u64,
}

impl Default for Ahead {
    fn default() -> Ahead {
        Ahead { pages: FxHashMap::default(), size: FIRST, fetched: 0, useful: 0, last: 0 }
    }
}

impl Ahead {
    /// The page with this number, fetched with its neighbors unless it is here already.
    pub(super) fn take(&mut self, number: u64, source: &dyn Source) -> Option<Page> {
        let near = number.abs_diff(self.last) == 1;
        self.last = number;
        if let Some(page) = self.pages.remove(&number) {
            self.useful += 1;
            return Some(page);
        }
        if near {
            self.useful += 1;
        }
        self.adapt();
        self.fetched += 1;
        self.fetch_piece(number, source).or_else(|| fetch_one(number, source))
    }

    fn adapt(&mut self) {
        if self.fetched < WINDOW {
            return;
        }
        let ahead = self.fetched * (self.size - 1).max(1);
        if self.useful * 2 >= ahead {
            self.size = (self.size * 2).min(LARGEST);
        } else if self.useful * 8 < ahead {
            self.size = (self.size / 2).max(1);
        }
        self.fetched = 0;
        self.useful = 0;
        if self.pages.len() > KEPT {
            self.pages.clear();
        }
    }

    /// Fetches the aligned piece around this page; `None` when any of it cannot be read.
    fn fetch_piece(&mut self, number: u64, source: &dyn Source) -> Option<Page> {
        if self.size == 1 {
            return None;
        }
        let first = number & !(self.size - 1);
        let mut buffer = [0; LARGEST as usize * PAGE];
        let buffer = buffer.get_mut(..self.size as usize * PAGE)?;
        if !source.fill(Address(first.checked_mul(PAGE as u64)?), buffer) {
            return None;
        }
        let mut wanted = None;
        for (bytes, at) in buffer.as_chunks::<PAGE>().0.iter().zip(first..) {
            let page = Rc::new(*bytes);
            if at == number {
                wanted = Some(page);
            } else {
                self.pages.insert(at, page);
            }
        }
        wanted
    }
}

fn fetch_one(number: u64, source: &dyn Source) -> Option<Page> {
    let mut page = [0; PAGE];
    let address = Address(number.checked_mul(PAGE as u64)?);
    source.fill(address, &mut page).then(|| Rc::new(page))
}
