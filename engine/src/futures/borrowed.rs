//! What the futures on an await path borrow: while one of them has a reference to a value, that value
//! can be neither moved nor dropped.

use std::collections::BTreeSet;

use super::walk::Polled;
use crate::address::Address;
use crate::symbols::{Kind, Type};
use crate::value::{Place, Pointee};

/// How deep in a future's own fields references are looked for.
const DEPTH: usize = 4;

/// Where the values begin that some future refers to.
#[derive(Default)]
pub(super) struct Borrowed(BTreeSet<Address>);

impl Borrowed {
    /// Adds what these refer to.
    pub(super) fn extend(&mut self, polled: &[Polled<'_>]) {
        polled.iter().for_each(|polled| self.add(&polled.place, DEPTH));
    }

    /// Whether the value at `place`, or a part of it, is referred to.
    pub(super) fn has(&self, place: &Place<'_>) -> bool {
        let end = place.address.offset(place.type_.size);
        self.0.range(place.address..end).next().is_some()
    }

    fn add(&mut self, place: &Place<'_>, depth: usize) {
        let Some(depth) = depth.checked_sub(1) else { return };
        match place.type_.kind {
            Kind::Pointer { .. } if is_reference(&place.type_) => {
                self.0.extend(place.pointer());
                // A closure refers to the reference that the method around it has.
                if let Some(Pointee::Thin(target)) = place.pointee()
                    && is_reference(&target.type_)
                {
                    self.add(&target, depth);
                }
            }
            Kind::Struct { .. } | Kind::Enum { .. } => {
                place.all_fields().iter().for_each(|(_, field)| self.add(field, depth));
            }
            _ => {}
        }
    }
}

fn is_reference(type_: &Type) -> bool {
    type_.name.starts_with('&') && matches!(type_.kind, Kind::Pointer { .. })
}
