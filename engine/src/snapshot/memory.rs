//! The memory of one stop, page by page, remembered as it is read.

use std::cell::{Cell, RefCell};
use std::ops::Range;
use std::rc::Rc;

use rustc_hash::FxHashMap;

use crate::address::Address;
use crate::snapshot::ahead::Ahead;

/// The unit in which memory is remembered, in bytes.
pub(super) const PAGE: usize = 4096;

/// How much a scan reads at once, in bytes.
const SCAN: u64 = 1 << 20;

/// One page's bytes, shared by the looks of an archive.
pub(super) type Page = Rc<[u8; PAGE]>;

/// Where bytes come from: a stopped process, an archive, a test's literal.
pub trait Source {
    /// Fills `buffer` from `address` on, both page-aligned; false when any byte cannot be read.
    fn fill(&self, address: Address, buffer: &mut [u8]) -> bool;
}

/// Memory that could not be read.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("cannot read {length} bytes at {address}")]
pub struct Unreadable {
    /// Where reading began.
    pub address: Address,
    /// How many bytes were asked for.
    pub length: usize,
}

/// Pages that were read once, and the source of more.
///
/// Invariant: `pages` has exactly the pages that were asked for, `None` for those that cannot be
/// read; what was fetched ahead of need is kept apart.
pub(super) struct Memory {
    pages: RefCell<FxHashMap<u64, Option<Page>>>,
    ahead: RefCell<Ahead>,
    source: Option<Box<dyn Source>>,
    left: Cell<usize>,
}

impl Memory {
    pub(super) fn new(source: Box<dyn Source>, limit: usize) -> Memory {
        Memory {
            pages: RefCell::default(),
            ahead: RefCell::default(),
            source: Some(source),
            left: Cell::new(limit),
        }
    }

    /// Memory of which nothing but these pages, by number, can be read.
    pub(super) fn sealed(pages: FxHashMap<u64, Option<Page>>) -> Memory {
        Memory {
            pages: RefCell::new(pages),
            ahead: RefCell::default(),
            source: None,
            left: Cell::new(0),
        }
    }

    pub(super) fn seal(&mut self) {
        self.source = None;
        self.ahead = RefCell::default();
    }

    pub(super) fn read(&self, address: Address, buffer: &mut [u8]) -> Result<(), Unreadable> {
        let unreadable = Unreadable { address, length: buffer.len() };
        let mut pages = self.pages.borrow_mut();
        let mut at = address.0;
        let mut rest = buffer;
        while !rest.is_empty() {
            let (number, skip) = (at / PAGE as u64, (at % PAGE as u64) as usize);
            let page = pages
                .entry(number)
                .or_insert_with(|| self.fetch(number))
                .as_deref()
                .and_then(|page| page.get(skip..))
                .ok_or(unreadable)?;
            let (now, later) = rest.split_at_mut(page.len().min(rest.len()));
            now.copy_from_slice(page.get(..now.len()).ok_or(unreadable)?);
            rest = later;
            if !rest.is_empty() {
                at = at.checked_add(now.len() as u64).ok_or(unreadable)?;
            }
        }
        Ok(())
    }

    /// Shows the readable memory of `range` in pieces, in order of address, and remembers none of
    /// it. Without a source only remembered pages are shown. A piece begins and ends where a page
    /// does, or at an end of `range`.
    pub(super) fn scan(&self, range: Range<Address>, show: &mut dyn FnMut(Address, &[u8])) {
        let pages = page_of(range.start.0)..page_of(range.end.0.saturating_add(PAGE as u64 - 1));
        let mut show = |number: u64, bytes: &[u8]| clip(&range, number, bytes, show);
        match &self.source {
            Some(source) => scan_source(&**source, pages, &mut show),
            None => self.scan_remembered(pages, &mut show),
        }
    }

    /// Every remembered page that could be read, by number, in order of address.
    pub(super) fn for_each_page(&self, mut show: impl FnMut(u64, &[u8; PAGE])) {
        let pages = self.pages.borrow();
        let mut numbers: Vec<u64> = pages.keys().copied().collect();
        numbers.sort_unstable();
        for number in numbers {
            if let Some(Some(page)) = pages.get(&number) {
                show(number, page);
            }
        }
    }

    fn scan_remembered(&self, pages: Range<u64>, show: &mut dyn FnMut(u64, &[u8])) {
        self.for_each_page(|number, page| {
            if pages.contains(&number) {
                show(number, page);
            }
        });
    }

    fn fetch(&self, number: u64) -> Option<Page> {
        let left = self.left.get().checked_sub(PAGE)?;
        let page = self.ahead.borrow_mut().take(number, self.source.as_deref()?)?;
        self.left.set(left);
        Some(page)
    }
}

/// The number of the page that holds this address.
fn page_of(address: u64) -> u64 {
    address / PAGE as u64
}

/// Shows what lies in `range` of the bytes that begin at this page.
fn clip(range: &Range<Address>, number: u64, bytes: &[u8], show: &mut dyn FnMut(Address, &[u8])) {
    let base = number.wrapping_mul(PAGE as u64);
    let from = range.start.0.saturating_sub(base);
    let to = range.end.0.saturating_sub(base).min(bytes.len() as u64);
    if let (Ok(from), Ok(to)) = (usize::try_from(from), usize::try_from(to))
        && let Some(bytes) = bytes.get(from..to)
    {
        show(Address(base).offset(from as u64), bytes);
    }
}

/// Shows all pages of the source that can be read.
fn scan_source(source: &dyn Source, pages: Range<u64>, show: &mut dyn FnMut(u64, &[u8])) {
    const STEP: u64 = SCAN / PAGE as u64;
    let mut buffer = vec![0; SCAN as usize];
    let mut number = pages.start;
    while number < pages.end {
        let count = STEP.min(pages.end - number);
        if let Some(buffer) = buffer.get_mut(..count as usize * PAGE) {
            scan_piece(source, number, buffer, show);
        }
        number += count;
    }
}

/// Shows these pages; where some cannot be read, the others.
fn scan_piece(
    source: &dyn Source,
    number: u64,
    buffer: &mut [u8],
    show: &mut dyn FnMut(u64, &[u8]),
) {
    if source.fill(Address(number.wrapping_mul(PAGE as u64)), buffer) {
        show(number, buffer);
        return;
    }
    let half = buffer.len() / PAGE / 2;
    if half > 0 {
        let (low, high) = buffer.split_at_mut(half * PAGE);
        scan_piece(source, number, low, show);
        scan_piece(source, number + half as u64, high, show);
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::rc::Rc;

    use super::{Memory, PAGE, Source};
    use crate::address::Address;

    /// Pages `first..end` filled with their number's low byte; counts the calls.
    struct Numbered {
        first: u64,
        end: u64,
        calls: Rc<Cell<usize>>,
    }

    impl Source for Numbered {
        fn fill(&self, address: Address, buffer: &mut [u8]) -> bool {
            self.calls.set(self.calls.get() + 1);
            let number = address.0 / PAGE as u64;
            let count = (buffer.len() / PAGE) as u64;
            if number < self.first || number.saturating_add(count) > self.end {
                return false;
            }
            for (page, number) in buffer.chunks_mut(PAGE).zip(number..) {
                page.fill(number as u8);
            }
            true
        }
    }

    fn memory(first: u64, end: u64) -> (Memory, Rc<Cell<usize>>) {
        let calls = Rc::new(Cell::new(0));
        let source = Numbered { first, end, calls: Rc::clone(&calls) };
        (Memory::new(Box::new(source), 1 << 30), calls)
    }

    fn remembered(memory: &Memory) -> Vec<u64> {
        let mut numbers = Vec::new();
        memory.for_each_page(|number, _| numbers.push(number));
        numbers
    }

    #[test]
    fn only_what_was_asked_for_is_remembered() {
        let (memory, _) = memory(0, 1000);
        let mut bytes = [0; 8];
        memory.read(Address(5 * PAGE as u64 - 4), &mut bytes).unwrap();
        assert_eq!(bytes, [4, 4, 4, 4, 5, 5, 5, 5]);
        assert_eq!(remembered(&memory), [4, 5]);
    }

    #[test]
    fn a_sealed_memory_has_what_was_asked_for_and_no_more() {
        let (mut memory, _) = memory(0, 1000);
        memory.read(Address(5 * PAGE as u64), &mut [0]).unwrap();
        memory.seal();
        memory.read(Address(5 * PAGE as u64 + 9), &mut [0; 99]).unwrap();
        memory.read(Address(6 * PAGE as u64), &mut [0]).unwrap_err();
    }

    #[test]
    fn dense_reads_take_few_calls_and_sparse_ones_no_more_than_needed() {
        let (dense, calls) = memory(0, 100_000);
        for number in 0..2000 {
            dense.read(Address(number * PAGE as u64), &mut [0; 16]).unwrap();
        }
        assert!(calls.get() < 200, "{} calls", calls.get());
        let (sparse, calls) = memory(0, 1_000_000);
        for number in 0..2000 {
            sparse.read(Address(number * 97 * PAGE as u64), &mut [0; 16]).unwrap();
        }
        assert!(calls.get() <= 2000, "{} calls", calls.get());
    }

    #[test]
    fn an_unreadable_neighbor_does_not_hide_a_page() {
        let (memory, _) = memory(7, 8);
        memory.read(Address(7 * PAGE as u64), &mut [0; PAGE]).unwrap();
        memory.read(Address(7 * PAGE as u64), &mut [0; PAGE + 1]).unwrap_err();
        memory.read(Address(6 * PAGE as u64), &mut [0]).unwrap_err();
    }

    #[test]
    fn the_last_byte_of_the_address_space_can_be_read() {
        let last = u64::MAX / PAGE as u64;
        let (memory, _) = memory(last, last + 1);
        memory.read(Address(u64::MAX), &mut [0]).unwrap();
        memory.read(Address(u64::MAX), &mut [0; 2]).unwrap_err();
    }

    #[test]
    fn the_limit_holds() {
        let source = Numbered { first: 0, end: 100, calls: Rc::default() };
        let memory = Memory::new(Box::new(source), 2 * PAGE);
        memory.read(Address(0), &mut [0; 2 * PAGE]).unwrap();
        memory.read(Address(2 * PAGE as u64), &mut [0]).unwrap_err();
    }

    fn scanned(memory: &Memory, from: u64, to: u64) -> Vec<(u64, usize)> {
        let mut pieces = Vec::new();
        memory.scan(Address(from)..Address(to), &mut |address, bytes| {
            pieces.push((address.0, bytes.len()));
        });
        pieces
    }

    #[test]
    fn a_scan_shows_what_can_be_read_and_remembers_nothing() {
        let (mut memory, _) = memory(2, 5);
        let total = |pieces: &[(u64, usize)]| pieces.iter().map(|piece| piece.1).sum::<usize>();
        let all = scanned(&memory, 0, 20 * PAGE as u64);
        assert_eq!(total(&all), 3 * PAGE);
        assert_eq!(all[0].0, 2 * PAGE as u64);
        let part = scanned(&memory, 2 * PAGE as u64 + 8, 2 * PAGE as u64 + 24);
        assert_eq!(part, [(2 * PAGE as u64 + 8, 16)]);
        assert!(remembered(&memory).is_empty());
        memory.read(Address(3 * PAGE as u64), &mut [0]).unwrap();
        memory.seal();
        assert_eq!(scanned(&memory, 0, 20 * PAGE as u64), [(3 * PAGE as u64, PAGE)]);
    }
}
