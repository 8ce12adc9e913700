//! The lists of the tasks of a `LocalSet` that only the `LocalSet` itself keeps: it lies wherever its
//! user has put it, and no task leads to it.
//!
//! Its tasks lead to each other, and the first of them is what the list begins with. So the word that
//! is the first one's address and lies where a list has it, in a list that has the number that the
//! task's header carries, is that list.
//!
//! Source: tokio 1.20 `task/local.rs` (`struct Context { owned: LocalOwnedTasks, .. }`),
//! `runtime/task/list.rs` (`struct LocalOwnedTasks { inner, id }`). Later ones keep the list where the
//! tasks' scheduler leads to it.

use std::collections::{HashMap, HashSet};

use super::owned::optional_pointer;
use super::runtime::Runtime;
use super::scan;
use super::task::Task;
use super::vtable::Vtables;
use crate::address::Address;
use crate::limits::Limits;
use crate::program::Program;
use crate::symbols::{Type, TypeId};
use crate::value::{Place, Pointee, search};

/// How deep a list's wrappers are searched.
const DEPTH: usize = 6;

/// A list's own type.
const LIST: &str = "tokio::runtime::task::list::LocalOwnedTasks";

/// The `LocalSet`s of these tasks, each with one of its tasks. What was found proves nothing until
/// that task is on the list.
pub(super) fn sets<'program>(
    program: &'program Program<'program>,
    tasks: &[&Task<'program>],
    vtables: &Vtables<'program>,
    limits: &Limits,
) -> Vec<(Address, Runtime<'program>)> {
    let firsts: HashMap<Address, &Task<'program>> = tasks
        .iter()
        .filter(|task| shared(task).is_some())
        .filter_map(|task| Some((first(task, vtables, limits)?, *task)))
        .collect();
    if firsts.is_empty() {
        return Vec::new();
    }
    let wanted: HashSet<u64> = firsts.keys().map(|first| first.0).collect();
    let mut layouts: HashMap<Address, Vec<(TypeId, u64)>> = HashMap::new();
    let mut found = Vec::new();
    for at in scan::words(program, &wanted, limits).0 {
        let Some(task) = program.read_address(at).ok().and_then(|first| firsts.get(&first)) else {
            continue;
        };
        let layouts = layouts.entry(task.header).or_insert_with(|| layouts_near(program, task));
        found.extend(layouts.iter().filter_map(|(type_id, head)| {
            let owned = list(program, task, at.back(*head), *type_id)?;
            let shared = shared(task)?;
            let address = shared.address;
            Some((task.header, Runtime { address, flavor: "LocalSet", shared, owned }))
        }));
    }
    found
}

/// What the handles of a task's `LocalSet` share, if the task is of one and its list is not there.
fn shared<'program>(task: &Task<'program>) -> Option<Place<'program>> {
    let arcs = search(task.scheduler.as_ref()?, 4, &|type_| type_.is("alloc::sync::Arc"));
    let arc = arcs.into_iter().next()?;
    let Some(Pointee::Thin(inner)) = arc.field("ptr")?.pointee() else { return None };
    let shared = inner.field("data")?;
    let is_alone = shared.type_.is("tokio::task::local::Shared") && Runtime::of_arc(&arc).is_none();
    is_alone.then_some(shared)
}

/// The task that this one's list begins with.
fn first<'program>(
    task: &Task<'program>,
    vtables: &Vtables<'program>,
    limits: &Limits,
) -> Option<Address> {
    let types = task.types.as_ref().ok()?;
    let scheduler = task.scheduler.as_ref()?;
    let cell = scheduler.cast(types.cell)?;
    let header_type = cell.type_.member("header")?.type_id;
    let mut header = scheduler.at(task.header, header_type)?;
    for _ in 0..limits.tasks {
        let link = vtables.owned_link(&header)?;
        let Some(before) = optional_pointer(&link.field("prev")?) else {
            return Some(header.address);
        };
        header = header.at(before, header_type)?;
    }
    None
}

/// The types of lists beside this task's own, and where in each the first task is.
fn layouts_near(program: &Program<'_>, task: &Task<'_>) -> Vec<(TypeId, u64)> {
    let Ok(types) = &task.types else { return Vec::new() };
    let Some(object) = program.object(types.image) else { return Vec::new() };
    let is_wanted = |name: &str| name.starts_with("LocalOwnedTasks<");
    let mut lists = object.sibling_types(types.cell, &is_wanted);
    if lists.is_empty() {
        lists = object.types_anywhere(&is_wanted);
    }
    let with_head = |id: TypeId| {
        let base = Place::new(program, types.image, Address(0), id)?;
        let is_list = |type_: &Type| type_.is("tokio::util::linked_list::LinkedList");
        let list = search(&base, DEPTH, &is_list).into_iter().next()?;
        Some((id, list.field("head")?.address.0))
    };
    lists.into_iter().filter_map(with_head).collect()
}

/// The list at this address, if it has the number that this task's header carries.
fn list<'program>(
    program: &'program Program<'program>,
    task: &Task<'program>,
    address: Address,
    type_id: TypeId,
) -> Option<Place<'program>> {
    let types = task.types.as_ref().ok()?;
    let owned =
        Place::new(program, types.image, address, type_id).filter(|it| it.type_.is(LIST))?;
    let id = search(&owned.field("id")?, 4, &|type_| type_.size == 8).first()?.unsigned()?;
    (task.owner == Some(id)).then_some(owned)
}
