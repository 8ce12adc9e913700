//! A signal ends the process, which was stopped before it acts.

use super::case::Case;
use super::finding::{Finding, FindingKind};
use crate::model::Blow;

pub(super) fn find(case: &Case<'_>) -> Vec<Finding> {
    let Some(moment) = &case.world.moment else { return Vec::new() };
    match moment.blow {
        Blow::Signal { .. } => case.struck(FindingKind::Crash, moment).into_iter().collect(),
        Blow::Panic { .. } => Vec::new(),
    }
}
