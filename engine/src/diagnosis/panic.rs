//! A thread has panicked, and the process was stopped before it unwinds.

use super::case::Case;
use super::finding::{Finding, FindingKind};
use crate::model::Blow;

pub(super) fn find(case: &Case<'_>) -> Vec<Finding> {
    let Some(moment) = &case.world.moment else { return Vec::new() };
    match moment.blow {
        Blow::Panic { .. } => case.struck(FindingKind::Panic, moment).into_iter().collect(),
        Blow::Signal { .. } => Vec::new(),
    }
}
