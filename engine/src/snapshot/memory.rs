//! The memory of one stop, page by page, remembered as it is read.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

use crate::address::Address;

/// The unit in which memory is remembered, in bytes.
pub(super) const PAGE: u64 = 4096;

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
pub(super) struct Memory {
    pages: RefCell<BTreeMap<u64, Option<Box<[u8]>>>>,
    source: Option<Box<dyn Source>>,
    left: Cell<usize>,
}

impl Memory {
    pub(super) fn new(source: Box<dyn Source>, limit: usize) -> Memory {
        Memory { pages: RefCell::default(), source: Some(source), left: Cell::new(limit) }
    }

    pub(super) fn seal(&mut self) {
        self.source = None;
    }

    pub(super) fn read(&self, address: Address, buffer: &mut [u8]) -> Result<(), Unreadable> {
        let unreadable = Unreadable { address, length: buffer.len() };
        let mut pages = self.pages.borrow_mut();
        let mut at = address.0;
        let mut rest = buffer;
        while !rest.is_empty() {
            let base = at & !(PAGE - 1);
            let skip = (at - base) as usize;
            let page = pages
                .entry(base)
                .or_insert_with(|| self.fetch(Address(base)))
                .as_deref()
                .and_then(|page| page.get(skip..))
                .ok_or(unreadable)?;
            let (now, later) = rest.split_at_mut(page.len().min(rest.len()));
            now.copy_from_slice(page.get(..now.len()).ok_or(unreadable)?);
            at = at.checked_add(now.len() as u64).ok_or(unreadable)?;
            rest = later;
        }
        Ok(())
    }

    fn fetch(&self, base: Address) -> Option<Box<[u8]>> {
        let left = self.left.get().checked_sub(PAGE as usize)?;
        let mut page = vec![0; PAGE as usize].into_boxed_slice();
        if !self.source.as_ref()?.fill(base, &mut page) {
            return None;
        }
        self.left.set(left);
        Some(page)
    }
}
