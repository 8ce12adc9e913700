//! Values that hold permits: the guards of locks, and permits of a semaphore.
//!
//! Source: tokio 1.20 and 1.54 `sync/mutex.rs`, `sync/rwlock/*.rs`, `sync/semaphore.rs`. A guard
//! refers to its lock (`lock`, `sem`) or to the semaphore inside it (`s`).

use super::owner;
use crate::model::{Held, Hold, ResourceKey};
use crate::symbols::Type;
use crate::value::Place;

pub(super) const SEMAPHORE: &str = "tokio::sync::batch_semaphore::Semaphore";

/// The types that have the semaphore as a field, and that field.
const LOCKS: [(&str, &str); 3] = [
    ("tokio::sync::mutex::Mutex", "s"),
    ("tokio::sync::rwlock::RwLock", "s"),
    ("tokio::sync::semaphore::Semaphore", "ll_sem"),
];

/// How a guard holds.
#[derive(Clone, Copy)]
enum How {
    Alone,
    Together,
    Counted,
}

const GUARDS: [(&str, How); 12] = [
    ("tokio::sync::mutex::MutexGuard", How::Alone),
    ("tokio::sync::mutex::OwnedMutexGuard", How::Alone),
    ("tokio::sync::mutex::MappedMutexGuard", How::Alone),
    ("tokio::sync::mutex::OwnedMappedMutexGuard", How::Alone),
    ("tokio::sync::rwlock::read_guard::RwLockReadGuard", How::Together),
    ("tokio::sync::rwlock::owned_read_guard::OwnedRwLockReadGuard", How::Together),
    ("tokio::sync::rwlock::write_guard::RwLockWriteGuard", How::Alone),
    ("tokio::sync::rwlock::owned_write_guard::OwnedRwLockWriteGuard", How::Alone),
    ("tokio::sync::rwlock::write_guard_mapped::RwLockMappedWriteGuard", How::Alone),
    ("tokio::sync::rwlock::owned_write_guard_mapped::OwnedRwLockMappedWriteGuard", How::Alone),
    ("tokio::sync::semaphore::SemaphorePermit", How::Counted),
    ("tokio::sync::semaphore::OwnedSemaphorePermit", How::Counted),
];

pub(super) fn is_guard(type_: &Type) -> bool {
    how(type_).is_some()
}

fn how(type_: &Type) -> Option<How> {
    GUARDS.iter().find(|(path, _)| type_.is(path)).map(|(_, how)| *how)
}

pub(super) fn held(place: &Place<'_>) -> Option<Held> {
    let hold = match how(&place.type_)? {
        How::Alone => Hold::Exclusive,
        How::Together => Hold::Shared,
        // None are left in one that was merged with another or forgotten.
        How::Counted => match place.field("permits")?.unsigned()? {
            0 => return None,
            permits => Hold::Permits(permits),
        },
    };
    let fields = ["s", "lock", "sem"].into_iter().filter_map(|name| place.field(name));
    let semaphore = fields.filter_map(|field| semaphore(&field)).next()?;
    Some(Held { resource: ResourceKey(semaphore.address), hold })
}

/// The semaphore that a reference to it, or to a lock around it, leads to.
fn semaphore<'program>(field: &Place<'program>) -> Option<Place<'program>> {
    owner::behind_pointers(field.clone(), SEMAPHORE).or_else(|| {
        LOCKS
            .iter()
            .find_map(|(lock, inside)| owner::behind_pointers(field.clone(), lock)?.field(inside))
    })
}
