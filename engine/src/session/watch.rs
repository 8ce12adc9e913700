//! Watches a process, without stopping it, for the moment from which on it may be stuck.

use std::time::{Duration, Instant};

use crate::address::ProcessId;
use crate::idle;
use crate::process::{Process, Pulse};
use crate::snapshot::Facts;

/// How long after a close look at a process that stays at rest the next one comes: what is outside of
/// it may have changed, such as a child that ended.
const AGAIN: Duration = Duration::from_secs(5);

/// Watches one process from `/proc` alone.
#[derive(Debug)]
pub struct Watch {
    process: ProcessId,
    pulse: Pulse,
    /// Since when no thread of it has run.
    still_since: Instant,
    /// When it was last looked at closely, since it last moved.
    looked_at: Option<Instant>,
}

impl Watch {
    /// Watches this process from `now` on.
    pub fn new(process: ProcessId, now: Instant) -> Watch {
        Watch { process, pulse: Pulse::new(process), still_since: now, looked_at: None }
    }

    /// To be called again and again, a few times a second. True when no thread of it has run for
    /// `after` and nothing is known that could wake one: then a [`Capture`](super::Capture) may
    /// prove that it is stuck.
    pub fn is_ripe(&mut self, now: Instant, after: Duration) -> bool {
        if self.pulse.beats() {
            self.still_since = now;
            self.looked_at = None;
            return false;
        }
        let is_early = now.duration_since(self.still_since) < after;
        let is_known = self.looked_at.is_some_and(|at| now.duration_since(at) < AGAIN);
        if is_early || is_known {
            return false;
        }
        self.looked_at = Some(now);
        may_be_stuck(self.process)
    }
}

/// Whether nothing in `/proc` says that the process may go on.
fn may_be_stuck(process: ProcessId) -> bool {
    let Ok(process) = Process::open(process) else { return false };
    // Most that rest wait for a timer: then its files and sockets need not be looked at.
    if process.observe().map_or(true, |threads| idle::any_goes_on(&threads)) {
        return false;
    }
    let facts = Facts::glance(&process);
    // Which threads only wait for work, their stacks tell later.
    facts.is_ok_and(|facts| idle::stirs(&facts, &|_| true).is_empty())
}
