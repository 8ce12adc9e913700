//! How threads are stopped: by watchpoints, or by breakpoints where those do not fire.

use std::time::Duration;

use super::Error;
use super::event::Event;
use super::request::Means;
use super::story::{Seen, Story};
use crate::address::ThreadId;
use crate::process::Gate;
use crate::tokio::{self, Change};
use crate::trace::watchpoints_fire;

/// What is said once where breakpoints are used.
const BY_BREAKPOINTS: &str = "this machine takes watchpoints and ignores them, as some virtual \
    machines do: breakpoints are used instead; that is slower, and who writes to a variable that is \
    watched is not seen";

/// The same where they were asked for.
const AS_ASKED: &str = "breakpoints are used instead of watchpoints, as was asked for; that is \
    slower, and who writes to a variable that is watched is not seen";

impl Story<'_> {
    /// Chooses how threads are stopped, with the process at its first instruction.
    pub(super) fn choose_means(&mut self, thread: ThreadId) -> Result<(), Error> {
        let text = match self.request.means {
            Means::Breakpoints => AS_ASKED,
            Means::Watchpoints if watchpoints_fire(&mut self.traced, thread)? => return Ok(()),
            Means::Watchpoints => BY_BREAKPOINTS,
        };
        self.request.means = Means::Breakpoints;
        self.traced.use_breakpoints(thread)?;
        if self.seen.is_none() {
            self.tell(Event::Note { text: text.to_owned() });
        }
        Ok(())
    }

    /// How long to wait for what other threads have done already and not told.
    pub(super) fn longest_wait(&self) -> Duration {
        match self.request.means {
            Means::Watchpoints => Duration::from_secs(1),
            // They go on by single steps, in turns with all others.
            Means::Breakpoints => Duration::from_secs(10),
        }
    }

    /// Finds the code that changes tasks' states, where breakpoints are used.
    pub(super) fn find_gates(&mut self, seen: &Seen) {
        if self.request.means != Means::Breakpoints {
            return;
        }
        let snapshot = seen.view.snapshot(Vec::new());
        let program = seen.view.program(&snapshot);
        self.traced.set_gates(tokio::changes(&program).iter().flat_map(gates).collect());
    }
}

/// Where threads come to code that changes a task's state: the beginning of a function, or of each
/// part of one that was inlined.
fn gates(change: &Change) -> Vec<Gate> {
    let within = &change.code;
    match change.entry {
        Some(address) => {
            vec![Gate { address, within: within.clone(), size: Some(tokio::STATE_SIZE) }]
        }
        None => within
            .iter()
            .map(|(address, _)| Gate { address: *address, within: within.clone(), size: None })
            .collect(),
    }
}
