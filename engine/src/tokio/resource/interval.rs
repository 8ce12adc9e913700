//! The next tick of an interval.
//!
//! Source: tokio 1.20 and 1.54 `time/interval.rs`: `tick` awaits a `PollFn` of a closure that
//! borrows the interval, `struct Interval { delay: Pin<Box<Sleep>> }`.

use super::{Leaf, owner, sleep};
use crate::model::{EndedBy, Wait};
use crate::symbols::{Kind, Type};
use crate::value::{Place, Pointee, search};

/// The ticks of an interval.
pub(super) struct Interval;

impl Leaf for Interval {
    fn is_leaf(&self, type_: &Type) -> bool {
        type_.own_name.starts_with("PollFn<tokio::time::interval::")
    }

    fn wait(&self, place: &Place<'_>, _around: &[Place<'_>]) -> Option<Wait> {
        let pointers = search(place, 6, &|type_| matches!(type_.kind, Kind::Pointer { .. }));
        let interval = pointers.into_iter().find_map(|pointer| {
            owner::behind_pointers(pointer, "tokio::time::interval::Interval")
        })?;
        let amounts = match interval.field("delay").and_then(|delay| delay.pointee()) {
            Some(Pointee::Thin(delay)) => sleep::amounts(&delay),
            _ => Vec::new(),
        };
        Some(Wait {
            kind: "interval".to_owned(),
            by: EndedBy::Time,
            type_name: interval.type_.name.clone(),
            address: Some(interval.address),
            amounts,
            ..Wait::default()
        })
    }
}
