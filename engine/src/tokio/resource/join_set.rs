//! The end of any task of a set.
//!
//! Source: tokio 1.20 and 1.54 `task/join_set.rs` (`join_next` awaits a `PollFn` of a closure that
//! borrows the set), `util/idle_notified_set.rs` (`struct IdleNotifiedSet { lists: Arc<Mutex<
//! ListsInner { notified, idle, waker }>>, length }`, `struct ListEntry { pointers, value:
//! JoinHandle }`).

use super::{Leaf, join, owner, queue};
use crate::address::Address;
use crate::model::{Amount, EndedBy, Held, Hold, Resource, ResourceKey, TaskKey, Wait};
use crate::symbols::{Kind, Type};
use crate::value::{Place, search};

/// The end of any task of a set.
pub(super) struct JoinSet;

const SET: &str = "tokio::task::join_set::JoinSet";
const LISTS: &str = "tokio::util::idle_notified_set::ListsInner";

/// How deep the parts of a set are searched.
const DEPTH: usize = 8;

impl Leaf for JoinSet {
    fn is_leaf(&self, type_: &Type) -> bool {
        type_.own_name.starts_with("PollFn<tokio::task::join_set::")
    }

    fn wait(&self, place: &Place<'_>, around: &[Place<'_>]) -> Option<Wait> {
        let set = set(place, around)?;
        let key = lists(&set).map(|lists| lists.address);
        Some(Wait {
            kind: "JoinSet".to_owned(),
            by: EndedBy::Handles,
            type_name: set.type_.name.clone(),
            address: Some(set.address),
            resource: key.map(ResourceKey),
            amounts: length(&set).map(Amount::Tasks).into_iter().collect(),
            ..Wait::default()
        })
    }

    fn resource(&self, place: &Place<'_>, around: &[Place<'_>]) -> Option<Resource> {
        let set = set(place, around)?;
        let lists = lists(&set)?;
        Some(Resource {
            type_name: set.type_.name.clone(),
            address: Some(set.address),
            amounts: length(&set).map(Amount::Tasks).into_iter().collect(),
            listeners: lists.field("waker").iter().filter_map(queue::listener).collect(),
            tasks: tasks(&lists),
            ..super::resource(&lists, "JoinSet")
        })
    }

    fn is_held(&self, type_: &Type) -> bool {
        type_.is(SET)
    }

    fn held(&self, place: &Place<'_>, _around: &[Place<'_>]) -> Option<Held> {
        Some(Held { resource: ResourceKey(lists(place)?.address), hold: Hold::Handle })
    }
}

/// The set whose method is awaited.
fn set<'program>(place: &Place<'program>, around: &[Place<'program>]) -> Option<Place<'program>> {
    let captures = search(place, DEPTH, &|type_| matches!(type_.kind, Kind::Pointer { .. }));
    let captured = captures.into_iter().find_map(|capture| owner::behind_pointers(capture, SET));
    captured.or_else(|| owner::captured(around, SET))
}

fn length(set: &Place<'_>) -> Option<u64> {
    set.fields(&["inner", "length"])?.unsigned()
}

fn lists<'program>(set: &Place<'program>) -> Option<Place<'program>> {
    let shared = owner::shared(&set.fields(&["inner", "lists"])?)?;
    search(&shared, DEPTH, &|type_| type_.is(LISTS)).into_iter().next()
}

/// The tasks on both lists, those that were spawned first in front.
fn tasks(lists: &Place<'_>) -> Vec<TaskKey> {
    let mut tasks = Vec::new();
    for list in ["notified", "idle"].into_iter().filter_map(|name| lists.field(name)) {
        let header =
            |entry: &Place<'_>| entry.field("value").and_then(|value| join::header(&value));
        let entries = queue::entries(&list);
        let headers = entries.iter().flatten().filter_map(header);
        tasks.extend(headers.map(|header: Address| TaskKey::Spawned(header)));
    }
    tasks
}
