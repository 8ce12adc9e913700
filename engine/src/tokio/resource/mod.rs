//! What Tokio's leaves wait for: one file a kind, each with `is_leaf` and `wait`.

mod acquire;
mod broadcast;
mod interval;
mod join;
mod mpsc;
mod notified;
mod oneshot;
mod owner;
mod pending;
mod sleep;

use crate::model::Wait;
use crate::symbols::Type;
use crate::value::Place;

/// One kind of leaf.
pub(super) struct Kind {
    /// Whether a value of this type is one.
    pub(super) is_leaf: fn(&Type) -> bool,
    /// What the one at this place waits for; the futures around it, outermost first.
    pub(super) wait: fn(&Place<'_>, &[Place<'_>]) -> Option<Wait>,
}

/// All kinds, in the order in which they are tried.
pub(super) const KINDS: &[Kind] = &[
    Kind { is_leaf: acquire::is_leaf, wait: acquire::wait },
    Kind { is_leaf: join::is_leaf, wait: join::wait },
    Kind { is_leaf: oneshot::is_leaf, wait: oneshot::wait },
    Kind { is_leaf: mpsc::is_leaf, wait: mpsc::wait },
    Kind { is_leaf: broadcast::is_leaf, wait: broadcast::wait },
    Kind { is_leaf: notified::is_leaf, wait: notified::wait },
    Kind { is_leaf: interval::is_leaf, wait: interval::wait },
    Kind { is_leaf: sleep::is_leaf, wait: sleep::wait },
    Kind { is_leaf: pending::is_leaf, wait: pending::wait },
];
