//! Which futures of Tokio end an await chain, and which values hold what they wait for, for
//! [`crate::futures`].

use super::resource::{self, LEAVES, Leaf};
use crate::futures::Leaves;
use crate::model::{Held, Resource, Wait};
use crate::symbols::Type;
use crate::sync;
use crate::value::Place;

/// Tokio's leaves at one stop.
pub struct TokioLeaves;

impl Leaves for TokioLeaves {
    fn is_leaf(&self, type_: &Type) -> bool {
        leaf(type_).is_some()
    }

    fn wait(&self, place: &Place<'_>, around: &[Place<'_>]) -> Option<Wait> {
        match leaf(&place.type_) {
            Some(leaf) => leaf.wait(place, around),
            None => resource::polled(place),
        }
    }

    fn resource(&self, place: &Place<'_>, around: &[Place<'_>]) -> Option<Resource> {
        leaf(&place.type_)?.resource(place, around)
    }

    fn is_held(&self, type_: &Type) -> bool {
        holder(type_).is_some() || sync::is_held(type_)
    }

    fn held(&self, place: &Place<'_>, around: &[Place<'_>]) -> Option<Held> {
        match holder(&place.type_) {
            Some(holder) => holder.held(place, around),
            None => sync::held(place),
        }
    }
}

fn leaf(type_: &Type) -> Option<&'static dyn Leaf> {
    LEAVES.iter().copied().find(|leaf| leaf.is_leaf(type_))
}

fn holder(type_: &Type) -> Option<&'static dyn Leaf> {
    LEAVES.iter().copied().find(|leaf| leaf.is_held(type_))
}
