//! Locks of async-lock.
//!
//! Source: async-lock 3.4.2 `src/{barrier,mutex,semaphore}.rs`, `src/rwlock/raw.rs`, `src/rwlock.rs`.

use super::primitive::Primitive;
use crate::model::{Amount, EndedBy, Hold};

pub(super) const MUTEX: Primitive = Primitive {
    kind: "async-lock Mutex",
    shared: "async_lock::mutex::Mutex",
    waits: &[("async_lock::mutex::AcquireSlow", "async-lock Mutex", EndedBy::Holders)],
    held: &[
        ("async_lock::mutex::MutexGuard", Hold::Exclusive),
        ("async_lock::mutex::MutexGuardArc", Hold::Exclusive),
    ],
    amounts: &[],
    locked: Some(("state", 1)),
};

pub(super) const RW_LOCK: Primitive = Primitive {
    kind: "async-lock RwLock",
    shared: "async_lock::rwlock::raw::RawRwLock",
    waits: &[
        ("async_lock::rwlock::raw::RawRead", "async-lock RwLock read", EndedBy::Holders),
        ("async_lock::rwlock::raw::RawUpgradableRead", "async-lock RwLock read", EndedBy::Holders),
        ("async_lock::rwlock::raw::RawWrite", "async-lock RwLock write", EndedBy::Holders),
        ("async_lock::rwlock::raw::RawUpgrade", "async-lock RwLock write", EndedBy::Holders),
    ],
    held: &[
        ("async_lock::rwlock::RwLockReadGuard", Hold::Shared),
        ("async_lock::rwlock::RwLockUpgradableReadGuard", Hold::Shared),
        ("async_lock::rwlock::RwLockUpgradableReadGuardArc", Hold::Shared),
        ("async_lock::rwlock::RwLockWriteGuard", Hold::Exclusive),
        ("async_lock::rwlock::RwLockWriteGuardArc", Hold::Exclusive),
    ],
    amounts: &[],
    // One bit for a writer, two for each reader.
    locked: Some(("state", u64::MAX)),
};

pub(super) const SEMAPHORE: Primitive = Primitive {
    kind: "async-lock Semaphore",
    shared: "async_lock::semaphore::Semaphore",
    waits: &[
        ("async_lock::semaphore::AcquireInner", "async-lock Semaphore", EndedBy::Permits),
        ("async_lock::semaphore::AcquireArcInner", "async-lock Semaphore", EndedBy::Permits),
    ],
    held: &[
        ("async_lock::semaphore::SemaphoreGuard", Hold::Permits(1)),
        ("async_lock::semaphore::SemaphoreGuardArc", Hold::Permits(1)),
    ],
    amounts: &[("count", Amount::Available)],
    locked: None,
};

pub(super) const BARRIER: Primitive = Primitive {
    kind: "async-lock Barrier",
    shared: "async_lock::barrier::Barrier",
    waits: &[("async_lock::barrier::BarrierWait", "async-lock Barrier", EndedBy::Anybody)],
    held: &[],
    amounts: &[],
    locked: None,
};
