//! Locks and condition variables of std.
//!
//! Source: rust 1.95 `library/std/src/sys/sync/{mutex,rwlock,condvar,once}/futex.rs` and
//! `library/std/src/sync/poison/{mutex,rwlock}.rs`: a `Mutex` waits for its only word, a `RwLock`
//! for `state` as a reader and for `writer_notify` as a writer. Older ones have the same functions
//! in other modules.

use super::blocked::{Blocked, amounts, is_std, referent};
use crate::address::Address;
use crate::model::{EndedBy, Hold, ResourceKey, Wait};
use crate::symbols::Type;
use crate::value::Place;

pub(super) fn wait(blocked: &Blocked<'_>) -> Option<Wait> {
    let futex = blocked.futex()?;
    let plain = |kind: &str, by: EndedBy, owner: &[&str]| {
        let lock = blocked.receiver_type("std", owner);
        let type_name = lock.map(|lock| lock.type_.name.clone());
        Wait {
            kind: kind.to_owned(),
            by,
            type_name: type_name.unwrap_or_else(|| kind.to_owned()),
            address: Some(futex.word),
            resource: Some(ResourceKey(futex.word)),
            amounts: amounts(&futex),
            ..Wait::default()
        }
    };
    let is_inside = |ends: &[&str]| blocked.inside("std", ends).is_some();
    if is_inside(&["Barrier::wait"]) {
        return Some(plain("std Barrier", EndedBy::Anybody, &["Barrier::wait"]));
    }
    if is_inside(&["Condvar::wait_optional_timeout", "Condvar::wait", "Condvar::wait_timeout"]) {
        return Some(plain(
            "std Condvar",
            EndedBy::Anybody,
            &["poison::condvar::Condvar::wait", "Condvar::wait"],
        ));
    }
    if is_inside(&["Once::call", "Once::wait"]) {
        return Some(plain("std Once", EndedBy::Holders, &["OnceLock::initialize"]));
    }
    if is_inside(&["Mutex::lock_contended"]) {
        return Some(plain("std Mutex", EndedBy::Holders, &["mutex::Mutex::lock"]));
    }
    if is_inside(&["RwLock::read_contended"]) {
        return Some(plain("std RwLock read", EndedBy::Holders, &["rwlock::RwLock::read"]));
    }
    if is_inside(&["RwLock::write_contended"]) {
        let state = state_beside(blocked, futex.word);
        let wait = plain("std RwLock write", EndedBy::Holders, &["rwlock::RwLock::write"]);
        return Some(Wait { address: state, resource: state.map(ResourceKey), ..wait });
    }
    None
}

/// The word `state` of the lock whose `writer_notify` is this one: the one beside it that says that
/// writers wait. Of a `static` in optimized code nothing tells the type, and so the order, of these.
///
/// Source: rust 1.95 `library/std/src/sys/sync/rwlock/futex.rs` (`WRITERS_WAITING`).
fn state_beside(blocked: &Blocked<'_>, notify: Address) -> Option<Address> {
    const WIDTH: u64 = 4;
    const WRITERS_WAITING: u64 = 1 << 31;
    let is_state = |word: &Address| {
        let value = blocked.program.read_unsigned(*word, WIDTH);
        value.is_ok_and(|value| value & WRITERS_WAITING != 0)
    };
    [notify.back(WIDTH), notify.offset(WIDTH)].into_iter().find(is_state)
}

/// Whether this is a guard of one of std's locks.
pub(super) fn is_held(type_: &Type) -> bool {
    GUARDS.iter().any(|(name, _, _)| is_std(type_, name))
}

/// What the guard at `place` holds: the word of its lock that waiters are known by.
pub(super) fn held(place: &Place<'_>) -> Option<(ResourceKey, Hold)> {
    let (_, path, hold) = GUARDS.iter().find(|(name, _, _)| is_std(&place.type_, name))?;
    let lock = referent(&place.field(path)?)?;
    let word = word(&lock)?;
    Some((ResourceKey(word), *hold))
}

/// Each guard, the field that leads to its lock, and what it holds.
const GUARDS: [(&str, &str, Hold); 6] = [
    ("MutexGuard", "lock", Hold::Exclusive),
    ("MappedMutexGuard", "inner", Hold::Exclusive),
    ("RwLockReadGuard", "inner_lock", Hold::Shared),
    ("RwLockWriteGuard", "lock", Hold::Exclusive),
    ("MappedRwLockReadGuard", "inner_lock", Hold::Shared),
    ("MappedRwLockWriteGuard", "inner_lock", Hold::Exclusive),
];

/// The word of a lock that is held, of the outer type that users name or the inner one.
fn word(lock: &Place<'_>) -> Option<Address> {
    let inner = lock.field("inner").unwrap_or_else(|| lock.clone());
    let word = inner.field("state").or_else(|| inner.field("futex"))?;
    // A guard's memory stays behind when the guard goes; a lock that is free has no holder.
    (word.unsigned() != Some(0)).then_some(word.address)
}
