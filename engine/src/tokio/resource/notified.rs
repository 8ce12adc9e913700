//! A notification: by itself, or as the part that other primitives wait on.
//!
//! Source: tokio 1.20 and 1.54 `sync/notify.rs` (`struct Notified { notify, state, waiter }`, `struct
//! Notify { waiters }`, `struct Waiter { notified: Option }` or `{ notification }`, where 1 stands for
//! `notify_one` and 2 for `notify_waiters`), `sync/watch.rs`, `sync/barrier.rs`, `sync/mpsc/chan.rs`,
//! `sync/broadcast.rs`.

use super::owner::{self, Owner};
use super::{Leaf, barrier, broadcast, connection, mpsc, queue, watch};
use crate::model::{Amount, EndedBy, Held, Hold, Resource, ResourceKey, Wait};
use crate::symbols::Type;
use crate::value::{Place, search};

/// A notification.
pub(super) struct Notified;

pub(super) const NOTIFY: &str = "tokio::sync::notify::Notify";
const BARRIER: &str = "Barrier";
const WATCH: &str = "watch";
const WATCH_CLOSED: &str = "watch closed";
const MPSC_CLOSED: &str = "mpsc closed";
const BROADCAST_CLOSED: &str = "broadcast closed";
const POOL: &str = "bb8 Pool";

const OWNERS: &[Owner] = &[
    Owner {
        module: "tokio::sync::barrier",
        type_path: "tokio::sync::barrier::Barrier",
        kind: BARRIER,
    },
    Owner { module: "tokio::signal", type_path: "tokio::signal::unix::Signal", kind: "signal" },
    Owner { module: "tokio::sync::watch", type_path: watch::RECEIVER, kind: WATCH },
    Owner {
        module: "tokio::sync::mpsc",
        type_path: "tokio::sync::mpsc::chan::Tx",
        kind: MPSC_CLOSED,
    },
    Owner {
        module: "tokio::sync::broadcast",
        type_path: "tokio::sync::broadcast::Sender",
        kind: BROADCAST_CLOSED,
    },
];

impl Leaf for Notified {
    fn is_leaf(&self, type_: &Type) -> bool {
        type_.is("tokio::sync::notify::Notified") || type_.is("tokio::sync::notify::OwnedNotified")
    }

    fn wait(&self, place: &Place<'_>, around: &[Place<'_>]) -> Option<Wait> {
        let of = Of::read(place, around)?;
        let amounts = match of.kind {
            BARRIER => barrier::amounts(&of.subject),
            WATCH => watch::amounts(&of.subject),
            WATCH_CLOSED => watch::receivers(&of.subject).into_iter().collect(),
            BROADCAST_CLOSED => broadcast::receivers(&of.subject).into_iter().collect(),
            _ if has_got(place) == Some(true) => vec![Amount::Assigned(1)],
            _ => Vec::new(),
        };
        Some(Wait {
            kind: of.kind.to_owned(),
            by: match of.kind {
                WATCH => EndedBy::Senders,
                WATCH_CLOSED | MPSC_CLOSED | BROADCAST_CLOSED => EndedBy::Receivers,
                POOL => EndedBy::Permits,
                "signal" => EndedBy::World,
                _ => EndedBy::Anybody,
            },
            type_name: of.type_name,
            address: Some(of.subject.address),
            resource: Some(ResourceKey(of.subject.address)),
            amounts,
            ..Wait::default()
        })
    }

    fn resource(&self, place: &Place<'_>, around: &[Place<'_>]) -> Option<Resource> {
        let of = Of::read(place, around)?;
        match of.kind {
            BARRIER => barrier::resource(&of.subject),
            WATCH | WATCH_CLOSED => watch::resource(&of.subject),
            MPSC_CLOSED => mpsc::resource(&of.subject),
            BROADCAST_CLOSED => broadcast::resource(&of.subject),
            kind => Some(Resource {
                waiters: waiters(&of.subject),
                ..super::resource(&of.subject, kind)
            }),
        }
    }

    fn is_held(&self, type_: &Type) -> bool {
        self.is_leaf(type_)
    }

    fn is_waited(&self, type_: &Type) -> bool {
        type_.is(NOTIFY)
    }

    /// A notification that was given to it, of which it does not know yet: others wait in vain for
    /// it as long as nothing polls it.
    fn held(&self, place: &Place<'_>, around: &[Place<'_>]) -> Option<Held> {
        let of = Of::read(place, around)?;
        (["Notify", POOL].contains(&of.kind) && has_got(place)?)
            .then_some(Held { resource: ResourceKey(of.subject.address), hold: Hold::Assigned(1) })
    }
}

/// Who is on the list of a `Notify`.
pub(super) fn waiters(notify: &Place<'_>) -> Option<Vec<crate::model::Waiter>> {
    queue::waiters(&notify.field("waiters")?, &|_| 1)
}

/// What the notification is of.
struct Of<'program> {
    kind: &'static str,
    type_name: String,
    /// What identifies it: the `Notify`, or the shared part that it is in.
    subject: Place<'program>,
}

impl<'program> Of<'program> {
    fn read(place: &Place<'program>, around: &[Place<'program>]) -> Option<Of<'program>> {
        let notify = owner::behind_pointers(place.field("notify")?, NOTIFY)?;
        let of = owner::outermost(around, OWNERS)
            .and_then(|(owner, value)| Of::known(owner.kind, owner.type_path, value, around));
        let type_name = notify.type_.name.clone();
        let is_pools = owner::user(around) == Some(connection::NOTIFYING_CRATE);
        let kind = if is_pools { POOL } else { "Notify" };
        Some(of.unwrap_or(Of { kind, type_name, subject: notify }))
    }

    fn known(
        kind: &'static str,
        type_path: &str,
        value: Option<Place<'program>>,
        around: &[Place<'program>],
    ) -> Option<Of<'program>> {
        let (kind, subject) = match kind {
            WATCH => match &value {
                Some(receiver) => (WATCH, watch::shared(receiver)?),
                None => match owner::captured(around, watch::SENDER) {
                    Some(sender) => (WATCH_CLOSED, watch::shared(&sender)?),
                    None => (WATCH, owner::captured(around, watch::SHARED)?),
                },
            },
            MPSC_CLOSED => {
                let sender = value.clone().or_else(|| owner::captured(around, type_path))?;
                (kind, mpsc::channel(&sender)?)
            }
            BROADCAST_CLOSED => (kind, broadcast::shared(value.as_ref()?)?),
            _ => (kind, value.clone()?),
        };
        let type_name = match (kind, &value) {
            (MPSC_CLOSED, _) | (_, None) => subject.type_.name.clone(),
            (_, Some(value)) => value.type_.name.clone(),
        };
        Some(Of { kind, type_name, subject })
    }
}

/// Whether it waits no more in the queue, for it was notified alone.
fn has_got(place: &Place<'_>) -> Option<bool> {
    let waiter =
        search(&place.field("waiter")?, 4, &|type_| type_.is("tokio::sync::notify::Waiter"));
    let waiter = waiter.first()?;
    let is_waiting = place.field("state")?.variant_name()?.starts_with("Waiting");
    let was_alone = match (waiter.field("notification"), waiter.field("notified")) {
        (Some(notification), _) => notification.unsigned()? & 3 == 1,
        (None, Some(notified)) => {
            let (_, variant) = notified.active_variant()?;
            variant.type_.own_name == "Some" && is_one(&variant.field("__0")?)?
        }
        (None, None) => return None,
    };
    Some(is_waiting && was_alone)
}

/// Whether this `NotificationType` is that of `notify_one`.
fn is_one(notification: &Place<'_>) -> Option<bool> {
    let value = i128::from(notification.unsigned()?);
    let crate::symbols::Kind::Plain { enumerators } = &notification.type_.kind else { return None };
    let name = enumerators.iter().find(|(_, number)| *number == value)?;
    Some(name.0.starts_with("OneWaiter"))
}
