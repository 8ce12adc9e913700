//! What pools of connections hand out: each is a permit of the pool's semaphore, or what the pool's
//! notification tells of when it comes back.
//!
//! Source: deadpool 0.12 `managed/{object,mod}.rs` (`struct Object { inner: Option<ObjectInner>, pool:
//! Weak<PoolInner> }`, `struct PoolInner { semaphore: Semaphore }`) and `unmanaged/mod.rs` (`struct Object {
//! obj: Option, pool: Weak<PoolInner> }`); 0.10 has the first of them in `managed/mod.rs`. The permit itself is forgotten when an object is handed out, and
//! added again when it comes back. bb8 0.8 and 0.9 `api.rs` (`struct PooledConnection { pool: Cow<PoolInner>,
//! conn: Option }`), `inner.rs` (`struct PoolInner { inner: Arc<SharedPool> }`), `internals.rs` (`struct
//! SharedPool { notify }`). sqlx-core 0.7 and 0.8 `pool/connection.rs` (`struct PoolConnection { live: Option<Live>,
//! pool: Arc<PoolInner> }`), `pool/inner.rs` (`struct PoolInner { semaphore: AsyncSemaphore }`), which forgets
//! the permit likewise.

use super::guard::SEMAPHORE;
use super::notified::NOTIFY;
use super::{Leaf, owner};
use crate::model::{Held, Hold, ResourceKey, Wait};
use crate::symbols::Type;
use crate::value::{Place, Pointee, search};

/// A connection of a pool.
pub(super) struct Connection;

/// Each type that is handed out, and the field that is empty when it was taken out of its pool for good.
const OBJECTS: [(&str, &str); 4] = [
    ("deadpool::managed::object::Object", "inner"),
    ("deadpool::managed::Object", "inner"),
    ("deadpool::unmanaged::Object", "obj"),
    ("sqlx_core::pool::connection::PoolConnection", "live"),
];

/// The crates whose pools these are, and what a pool of theirs is called.
const POOLS: [(&str, &str); 2] = [("deadpool", "deadpool Pool"), ("sqlx_core", "sqlx Pool")];

/// The crate whose pools wait for a notification.
pub(super) const NOTIFYING_CRATE: &str = "bb8";

const NOTIFYING_OBJECT: &str = "bb8::api::PooledConnection";
const NOTIFYING_POOL: &str = "bb8::inner::PoolInner";

/// How deep in a pool its semaphore is.
const DEPTH: usize = 4;

/// What a pool of this crate is called, if it has some.
pub(super) fn pool(crate_name: &str) -> Option<&'static str> {
    POOLS.iter().find(|(owner, _)| *owner == crate_name).map(|(_, kind)| *kind)
}

/// Whether this is what a pool is called.
pub(super) fn is_pool(kind: &str) -> bool {
    POOLS.iter().any(|(_, known)| *known == kind)
}

impl Leaf for Connection {
    fn is_leaf(&self, _type: &Type) -> bool {
        false
    }

    fn wait(&self, _place: &Place<'_>, _around: &[Place<'_>]) -> Option<Wait> {
        None
    }

    fn is_held(&self, type_: &Type) -> bool {
        type_.is(NOTIFYING_OBJECT) || OBJECTS.iter().any(|(path, _)| type_.is(path))
    }

    fn held(&self, place: &Place<'_>, _around: &[Place<'_>]) -> Option<Held> {
        if place.type_.is(NOTIFYING_OBJECT) {
            return notifying(place);
        }
        let (_, object) = OBJECTS.iter().find(|(path, _)| place.type_.is(path))?;
        let is_there = place.field(object)?.variant_name()? == "Some";
        let is_pointer =
            |type_: &Type| type_.is("alloc::sync::Weak") || type_.is("alloc::sync::Arc");
        let pool = search(&place.field("pool")?, DEPTH, &is_pointer).into_iter().next()?;
        let Pointee::Thin(pool) = pool.field("ptr")?.pointee()? else { return None };
        let semaphore = pool.field("data")?.field("semaphore")?;
        let semaphore =
            search(&semaphore, DEPTH, &|type_| type_.is(SEMAPHORE)).into_iter().next()?;
        is_there
            .then_some(Held { resource: ResourceKey(semaphore.address), hold: Hold::Permits(1) })
    }
}

/// What a connection of a pool that notifies holds, unless it was taken out of it.
fn notifying(connection: &Place<'_>) -> Option<Held> {
    let is_there = connection.field("conn")?.variant_name()? == "Some";
    let (_, pool) = connection.field("pool")?.active_variant()?;
    let pool = owner::behind_pointers(pool.field("__0")?, NOTIFYING_POOL)?;
    let notify = owner::shared(&pool.field("inner")?)?.field("notify")?;
    let notify = owner::behind_pointers(notify, NOTIFY)?;
    is_there.then_some(Held { resource: ResourceKey(notify.address), hold: Hold::Permits(1) })
}
