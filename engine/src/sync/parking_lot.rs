//! Locks of parking_lot, and of what is built on its parking lot (dashmap among them).
//!
//! Source: parking_lot_core 0.9.12 `src/parking_lot.rs` (`struct ThreadData { parker, key, .. }`),
//! `src/thread_parker/linux.rs`; lock_api 0.4.14 `src/{mutex,rwlock}.rs`. A thread parks on a word
//! of its own; the address of the lock is the key that it is filed under.

use super::blocked::{Blocked, Futex, amounts, referent};
use crate::address::Address;
use crate::model::{EndedBy, Hold, ResourceKey, Wait};
use crate::symbols::{Kind, Type};
use crate::value::{Place, ThreadLocals, search};

/// How deep in the wrappers of a thread-local its value is searched.
const DEPTH: usize = 16;

pub(super) fn wait(blocked: &Blocked<'_>) -> Option<Wait> {
    let is_inside = |ends: &[&str]| blocked.inside("parking_lot", ends).is_some();
    blocked
        .inside("parking_lot_core", &["ThreadParker::futex_wait", "ThreadParker::park"])
        .or_else(|| blocked.inside("parking_lot_core", &["parking_lot::park"]))?;
    let futex = blocked.futex()?;
    let kind = if is_inside(&["RawMutex::lock_slow"]) {
        "parking_lot Mutex"
    } else if is_inside(&["RawRwLock::lock_shared_slow", "RawRwLock::lock_upgradable_slow"]) {
        "parking_lot RwLock read"
    } else if is_inside(&[
        "RawRwLock::lock_exclusive_slow",
        "RawRwLock::wait_for_readers",
        "RawRwLock::upgrade_slow",
    ]) {
        "parking_lot RwLock write"
    } else if is_inside(&["Condvar::wait_until_internal"]) {
        "parking_lot Condvar"
    } else if blocked.inside("dashmap", &["RawRwLock::lock_shared_slow"]).is_some() {
        "DashMap shard read"
    } else if blocked.inside("dashmap", &["RawRwLock::lock_exclusive_slow"]).is_some() {
        "DashMap shard write"
    } else {
        "parking_lot lock"
    };
    let lock = key(blocked, &futex).or_else(|| raw(blocked).map(|raw| raw.address));
    let by = match kind {
        "parking_lot Condvar" => EndedBy::Anybody,
        _ => EndedBy::Holders,
    };
    Some(Wait {
        kind: kind.to_owned(),
        by,
        type_name: kind.to_owned(),
        address: lock,
        resource: lock.map(ResourceKey),
        amounts: amounts(&futex),
        ..Wait::default()
    })
}

/// The address that the thread is filed under, from its `ThreadData`, which has the word that it
/// parks on. A writer that waits for readers to leave is filed under the address behind the lock's.
fn key(blocked: &Blocked<'_>, futex: &Futex) -> Option<Address> {
    const VARIABLE: &str = "parking_lot_core::parking_lot::with_thread_data::THREAD_DATA";
    let variables = ThreadLocals::named(blocked.program, VARIABLE, "parking_lot_core");
    let is_data = |type_: &Type| type_.is("parking_lot_core::parking_lot::ThreadData");
    let mut data =
        variables.of(blocked.thread).flat_map(|variable| search(&variable, DEPTH, &is_data));
    let data = data.find(|data| {
        let end = data.address.offset(data.type_.size);
        (data.address..end).contains(&futex.word)
    })?;
    Some(Address(data.field("key")?.unsigned()? & !1))
}

/// The raw lock that a method of lock_api was called on: of a crate without debug info, its caller's
/// tells as much.
fn raw<'program>(blocked: &Blocked<'program>) -> Option<Place<'program>> {
    blocked.receiver_value("lock_api", &LOCKING)?.field("raw")
}

/// The methods of lock_api that wait for a lock.
///
/// Source: lock_api 0.4.14 `src/{mutex,rwlock}.rs`.
const LOCKING: [&str; 12] = [
    "Mutex::lock",
    "Mutex::lock_arc",
    "Mutex::try_lock_for",
    "Mutex::try_lock_until",
    "RwLock::read",
    "RwLock::read_arc",
    "RwLock::read_recursive",
    "RwLock::write",
    "RwLock::write_arc",
    "RwLock::upgradable_read",
    "RwLock::try_read_for",
    "RwLock::try_write_for",
];

/// The bit of a raw lock's state, a mutex or not, that can be set while nobody holds it.
///
/// Source: parking_lot 0.12.5 `src/raw_mutex.rs` (`LOCKED_BIT` 1, `PARKED_BIT` 2), `src/raw_rwlock.rs`
/// (`PARKED_BIT` 1, `WRITER_PARKED_BIT` 2, `UPGRADABLE_BIT` 4, `WRITER_BIT` 8, then readers).
const PARKED: u64 = 2;

/// Whether this is a guard of a lock of lock_api.
pub(super) fn is_held(type_: &Type) -> bool {
    let is_api = type_.crate_name() == Some("lock_api");
    is_api && matches!(type_.kind, Kind::Struct { .. }) && guard(type_).is_some()
}

/// What the guard at `place` holds: the raw lock.
pub(super) fn held(place: &Place<'_>) -> Option<(ResourceKey, Hold)> {
    let (field, hold) = guard(&place.type_)?;
    let target = referent(&place.field(field)?)?;
    let target =
        target.field("data").filter(|_| target.field("strong").is_some()).unwrap_or(target);
    // A mapped guard refers to the raw lock itself.
    let raw = target.field("raw").unwrap_or(target);
    // A guard's memory stays behind when the guard goes; a lock that is free has no holder.
    let is_free = raw.unsigned().is_some_and(|state| state & !PARKED == 0);
    (!is_free).then_some((ResourceKey(raw.address), hold))
}

/// The field of a guard that leads to its lock, and what it holds.
fn guard(type_: &Type) -> Option<(&'static str, Hold)> {
    let name = type_.own_name.split('<').next()?;
    let hold = match name {
        "MutexGuard" | "ArcMutexGuard" | "MappedMutexGuard" => Hold::Exclusive,
        "RwLockWriteGuard" | "ArcRwLockWriteGuard" | "MappedRwLockWriteGuard" => Hold::Exclusive,
        "RwLockReadGuard" | "ArcRwLockReadGuard" | "MappedRwLockReadGuard" => Hold::Shared,
        "RwLockUpgradableReadGuard" | "ArcRwLockUpgradableReadGuard" => Hold::Shared,
        _ => return None,
    };
    let field = ["mutex", "rwlock", "raw"].into_iter().find(|field| type_.member(field).is_some());
    Some((field?, hold))
}
