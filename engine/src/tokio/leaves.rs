//! Which futures of Tokio end an await chain, for [`crate::futures`].

use super::resource::{self, Kind};
use crate::futures::Leaves;
use crate::model::Wait;
use crate::symbols::Type;
use crate::value::Place;

/// Tokio's leaves at one stop.
pub(super) struct TokioLeaves;

impl Leaves for TokioLeaves {
    fn is_leaf(&self, type_: &Type) -> bool {
        kind_of(type_).is_some()
    }

    fn wait(&self, place: &Place<'_>, around: &[Place<'_>]) -> Option<Wait> {
        (kind_of(&place.type_)?.wait)(place, around)
    }
}

fn kind_of(type_: &Type) -> Option<&'static Kind> {
    resource::KINDS.iter().find(|kind| (kind.is_leaf)(type_))
}
