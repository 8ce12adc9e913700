//! Guards of the locks that block threads: futures and frames hold them too.

use super::{parking_lot, std_locks};
use crate::futures::Leaf;
use crate::model::{Held, Wait};
use crate::symbols::Type;
use crate::value::Place;

/// What others wait for until somebody tells them who can reach it, by its names before and after
/// rust 1.85 where it has two.
const WAITED: [&str; 5] = [
    "std::sync::poison::condvar::Condvar",
    "std::sync::condvar::Condvar",
    "std::sync::barrier::Barrier",
    "parking_lot::condvar::Condvar",
    "std::sync::nonpoison::condvar::Condvar",
];

/// The guards of std and of lock_api. No future waits for these locks.
pub(super) struct Guards;

impl Leaf for Guards {
    fn is_leaf(&self, _type: &Type) -> bool {
        false
    }

    fn wait(&self, _place: &Place<'_>, _around: &[Place<'_>]) -> Option<Wait> {
        None
    }

    fn is_held(&self, type_: &Type) -> bool {
        std_locks::is_held(type_) || parking_lot::is_held(type_)
    }

    fn is_waited(&self, type_: &Type) -> bool {
        WAITED.iter().any(|path| type_.is(path))
    }

    /// By the word that waiting threads are known by. A lock that is free has no holder, whatever
    /// still lies where a guard was.
    fn held(&self, place: &Place<'_>, _around: &[Place<'_>]) -> Option<Held> {
        let (resource, hold) = match std_locks::is_held(&place.type_) {
            true => std_locks::held(place)?,
            false => parking_lot::held(place)?,
        };
        Some(Held { resource, hold })
    }
}
