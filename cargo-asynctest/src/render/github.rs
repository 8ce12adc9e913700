//! GitHub Actions.

use super::Render;
use crate::plan::Plan;
use crate::runner::event::Event;

/// The job we run in.
#[derive(Clone, Debug)]
pub(crate) struct Job {}

impl Job {
    /// The job, if this is one.
    pub(super) fn detect() -> Option<Job> {
        None
    }
}

/// x
pub(super) struct GitHub<'plan> {
    _plan: &'plan Plan,
}

impl<'plan> GitHub<'plan> {
    /// x
    pub(super) fn new(plan: &'plan Plan, _job: &Job) -> GitHub<'plan> {
        GitHub { _plan: plan }
    }
}

impl Render for GitHub<'_> {
    fn show(&mut self, _event: &Event<'_>) {}
}
