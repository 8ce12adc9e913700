//! Reports alone: what another runner's user sees of us among that runner's own lines.

use super::Render;
use super::status::Status;
use crate::runner::event::Event;

/// Shows what was seen of a test whenever it was looked at.
pub(super) struct Reports<'plan> {
    status: Status<'plan>,
}

impl<'plan> Reports<'plan> {
    /// Writes where `status` would.
    pub(super) fn new(status: Status<'plan>) -> Reports<'plan> {
        Reports { status }
    }
}

impl Render for Reports<'_> {
    fn show(&mut self, event: &Event<'_>) {
        match event {
            Event::Slow { test, examination, .. } | Event::Asked { test, examination, .. } => {
                self.status.examination(*test, examination);
            }
            Event::Ended { test, result, .. } => {
                if let Some(examination) = result.decisive() {
                    self.status.examination(*test, examination);
                }
            }
            Event::Finished { survivors, .. } => self.status.survivors(survivors),
            Event::Begun | Event::Interrupted { .. } | Event::Tick { .. } => {}
        }
    }
}
