//! The cancellation of a token.
//!
//! Source: tokio-util 0.7 `sync/cancellation_token.rs`, `sync/cancellation_token/{guard,guard_ref,
//! tree_node}.rs` (`struct CancellationToken { inner: Arc<TreeNode> }`, `struct TreeNode { waker:
//! Notify }`, `struct WaitForCancellationFuture { cancellation_token, future: Notified }`).

use super::{Leaf, notified, owner};
use crate::model::{EndedBy, Held, Hold, Resource, ResourceKey, Wait};
use crate::symbols::Type;
use crate::value::Place;

/// The cancellation of a token.
pub(super) struct Cancellation;

const TOKEN: &str = "tokio_util::sync::cancellation_token::CancellationToken";
const NODE: &str = "tokio_util::sync::cancellation_token::tree_node::TreeNode";

const FUTURES: [&str; 2] = [
    "tokio_util::sync::cancellation_token::WaitForCancellationFuture",
    "tokio_util::sync::cancellation_token::WaitForCancellationFutureOwned",
];

const GUARDS: [&str; 2] = [
    "tokio_util::sync::cancellation_token::guard::DropGuard",
    "tokio_util::sync::cancellation_token::guard_ref::DropGuardRef",
];

impl Leaf for Cancellation {
    fn is_leaf(&self, type_: &Type) -> bool {
        FUTURES.iter().any(|path| type_.is(path))
    }

    fn wait(&self, place: &Place<'_>, _around: &[Place<'_>]) -> Option<Wait> {
        let node = node(place.field("cancellation_token")?);
        let key = node.map(|node| node.address);
        Some(Wait {
            kind: "CancellationToken".to_owned(),
            by: EndedBy::Anybody,
            type_name: TOKEN.to_owned(),
            address: key,
            resource: key.map(ResourceKey),
            ..Wait::default()
        })
    }

    fn resource(&self, place: &Place<'_>, _around: &[Place<'_>]) -> Option<Resource> {
        let node = node(place.field("cancellation_token")?)?;
        let listeners = node.field("waker").and_then(|notify| notified::waiters(&notify));
        Some(Resource {
            type_name: TOKEN.to_owned(),
            listeners: listeners.unwrap_or_default(),
            ..super::resource(&node, "CancellationToken")
        })
    }

    fn is_held(&self, type_: &Type) -> bool {
        GUARDS.iter().any(|path| type_.is(path))
    }

    /// A guard that cancels its token when it is dropped.
    fn held(&self, place: &Place<'_>, _around: &[Place<'_>]) -> Option<Held> {
        let node = node(place.field("inner")?)?;
        Some(Held { resource: ResourceKey(node.address), hold: Hold::Handle })
    }
}

fn node<'program>(token: Place<'program>) -> Option<Place<'program>> {
    let token = owner::behind_pointers(token, TOKEN)?;
    owner::behind_pointers(token.field("inner")?, NODE)
}
