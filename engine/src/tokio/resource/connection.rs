//! What pools of connections hand out: each is a permit of the pool's semaphore.
//!
//! Source: deadpool 0.12 `managed/{object,mod}.rs` (`struct Object { inner: Option<ObjectInner>, pool:
//! Weak<PoolInner> }`, `struct PoolInner { semaphore: Semaphore }`) and `unmanaged/mod.rs` (`struct Object {
//! obj: Option, pool: Weak<PoolInner> }`). The permit itself is forgotten when an object is handed out, and
//! added again when it comes back.

use super::Leaf;
use super::guard::SEMAPHORE;
use crate::model::{Held, Hold, ResourceKey, Wait};
use crate::symbols::Type;
use crate::value::{Place, Pointee, search};

/// A connection of a pool.
pub(super) struct Connection;

/// Each type that is handed out, and the field that is empty when it was taken out of its pool for good.
const OBJECTS: [(&str, &str); 2] =
    [("deadpool::managed::object::Object", "inner"), ("deadpool::unmanaged::Object", "obj")];

/// The crate whose pools these are.
pub(super) const CRATE: &str = "deadpool";

/// How deep in a pool its semaphore is.
const DEPTH: usize = 4;

impl Leaf for Connection {
    fn is_leaf(&self, _type: &Type) -> bool {
        false
    }

    fn wait(&self, _place: &Place<'_>, _around: &[Place<'_>]) -> Option<Wait> {
        None
    }

    fn is_held(&self, type_: &Type) -> bool {
        OBJECTS.iter().any(|(path, _)| type_.is(path))
    }

    fn held(&self, place: &Place<'_>, _around: &[Place<'_>]) -> Option<Held> {
        let (_, object) = OBJECTS.iter().find(|(path, _)| place.type_.is(path))?;
        let is_there = place.field(object)?.variant_name()? == "Some";
        let is_weak = |type_: &Type| type_.is("alloc::sync::Weak");
        let pool = search(&place.field("pool")?, DEPTH, &is_weak).into_iter().next()?;
        let Pointee::Thin(pool) = pool.field("ptr")?.pointee()? else { return None };
        let semaphore = pool.field("data")?.field("semaphore")?;
        let semaphore =
            search(&semaphore, DEPTH, &|type_| type_.is(SEMAPHORE)).into_iter().next()?;
        is_there
            .then_some(Held { resource: ResourceKey(semaphore.address), hold: Hold::Permits(1) })
    }
}
