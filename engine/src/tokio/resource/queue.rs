//! Who waits in the intrusive lists of Tokio, and whom their wakers lead to.
//!
//! Source: tokio 1.20 and 1.54 `util/linked_list.rs` (`struct LinkedList { head, tail }`, `struct
//! Pointers { inner: { prev, next } }`): new entries go to the head, served are those at the tail.

use std::collections::{HashMap, HashSet};

use crate::address::Address;
use crate::model::{Waiter, Waker};
use crate::tokio::owned::{optional_pointer, pointer_target};
use crate::value::{Place, search};

/// The longest queue that is read.
const LONGEST: usize = 1_000_000;

/// How deep in wrappers the parts of a queue are searched.
const DEPTH: usize = 8;

/// The waiters on the list inside `around`, the next to be served first. `needs` says what one of
/// them still needs.
pub(super) fn waiters<'program>(
    around: &Place<'program>,
    needs: &dyn Fn(&Place<'program>) -> u64,
) -> Option<Vec<Waiter>> {
    let mut wakers = Wakers::default();
    let waiter = |node: Place<'program>| Waiter {
        node: node.address,
        needs: needs(&node),
        waker: wakers.inside(&node),
    };
    Some(entries(around)?.into_iter().map(waiter).collect())
}

/// The entries of the list inside `around`, the oldest first.
pub(super) fn entries<'program>(around: &Place<'program>) -> Option<Vec<Place<'program>>> {
    let lists = search(around, DEPTH, &|type_| type_.is("tokio::util::linked_list::LinkedList"));
    let tail = lists.first()?.field("tail")?;
    let type_id = pointer_target(&tail, DEPTH)?;
    let mut seen = HashSet::new();
    let mut entries: Vec<Place<'program>> = Vec::new();
    let mut next = optional_pointer(&tail);
    while let Some(address) = next.filter(|at| entries.len() < LONGEST && seen.insert(*at)) {
        let entry = tail.at(address, type_id)?;
        next = optional_pointer(&link(&entry)?.field("prev")?);
        entries.push(entry);
    }
    Some(entries)
}

/// Whether an entry is on the list inside `around`.
pub(super) fn is_on(node: &Place<'_>, around: &Place<'_>) -> Option<bool> {
    let lists = search(around, DEPTH, &|type_| type_.is("tokio::util::linked_list::LinkedList"));
    let ends = ["head", "tail"].map(|end| lists.first()?.field(end));
    let is_end = |end: &Option<Place<'_>>| {
        end.as_ref().and_then(optional_pointer).is_some_and(|end| end == node.address)
    };
    let link = link(node)?;
    let has = |name| Some(optional_pointer(&link.field(name)?).is_some());
    Some(ends.iter().any(is_end) || has("prev")? || has("next")?)
}

fn link<'program>(node: &Place<'program>) -> Option<Place<'program>> {
    let pointers = node.field("pointers")?;
    search(&pointers, DEPTH, &|type_| type_.member("prev").is_some()).into_iter().next()
}

/// The one whose waker is kept inside `place`, if there is one.
pub(super) fn listener(place: &Place<'_>) -> Option<Waiter> {
    let waker = Wakers::default().inside(place)?;
    Some(Waiter { node: place.address, needs: 1, waker: Some(waker) })
}

/// Reads wakers. Those of one kind of task have one table of functions.
#[derive(Default)]
pub(super) struct Wakers {
    /// The functions that clone, by the address of the table.
    clones: HashMap<Address, Option<String>>,
}

impl Wakers {
    /// The first waker inside `place`.
    ///
    /// Source: core `task/wake.rs` (rustc 1.95): `struct RawWaker { data, vtable }`, `struct
    /// RawWakerVTable { clone }`.
    pub(super) fn inside(&mut self, place: &Place<'_>) -> Option<Waker> {
        let raw = search(place, DEPTH, &|type_| type_.is("core::task::wake::RawWaker"));
        let raw = raw.first()?;
        let data = raw.field("data")?.pointer()?;
        let vtable = raw.field("vtable")?;
        let table = vtable.pointer()?;
        let clone = self.clones.entry(table).or_insert_with(|| clone_function(&vtable)).clone();
        Some(Waker::Other { data, clone })
    }
}

fn clone_function(vtable: &Place<'_>) -> Option<String> {
    let crate::value::Pointee::Thin(table) = vtable.pointee()? else { return None };
    let (image, address) = table.program.image_at(table.field("clone")?.pointer()?)?;
    let object = table.program.object(image)?;
    object.function_name(object.function_at(address)?)
}
