//! What usually mends a kind of finding, in a line.

use super::sentence::{self, Told};
use super::words::Words;
use crate::diagnosis::{Finding, FindingKind};
use crate::model::{Amount, Hold};

/// What usually mends this one.
pub(super) fn help(words: &Words<'_, '_>, finding: &Finding, told: &[Told]) -> &'static str {
    let holds = |is_it: &dyn Fn(Hold) -> bool| {
        let mut steps = finding.steps.iter();
        steps.any(|step| words.holding(step.holding).is_some_and(|holding| is_it(holding.hold)))
    };
    let is_lock = |hold| {
        matches!(hold, Hold::Exclusive | Hold::Shared | Hold::Permits(_) | Hold::Assigned(_))
    };
    let is_carried = || {
        let mut held = told.iter().filter_map(|told| sentence::carrying(words, told));
        held.any(|holding| holding.carrier.is_some())
    };
    let is_open = || {
        let mut waits = told.iter().filter_map(|told| words.wait(told.leaf));
        waits.any(|wait| wait.amounts.contains(&Amount::Open))
    };
    match finding.kind {
        FindingKind::SelfDeadlock if is_carried() => {
            "what is made to be polled does nothing by itself: poll it beside this (`join!`, `select!`), or spawn it as a task"
        }
        FindingKind::SelfDeadlock if holds(&|hold| hold == Hold::Receiver) => {
            "receive in another task while this one sends, or send no more than there is room for"
        }
        FindingKind::Deadlock if !holds(&is_lock) => {
            "do not wait in the middle of serving others for one who waits for that: answer first, or wait in a task of its own"
        }
        FindingKind::NeverClosed if is_open() => {
            "`close()` it before the `wait()`: more tasks may come to one that is open"
        }
        kind => in_general(kind),
    }
}

/// What usually mends this kind of finding.
fn in_general(kind: FindingKind) -> &'static str {
    match kind {
        FindingKind::Deadlock => {
            "take what is held in one order everywhere, or let go of it (end the guard's scope) before the next `.await`"
        }
        FindingKind::SelfDeadlock => {
            "end the first guard, permit or sender (`drop`, or a smaller scope) before waiting for the same thing again"
        }
        FindingKind::Futurelock => {
            "do not `.await` elsewhere while a future that has begun is kept: finish it, drop it, or spawn it as a task"
        }
        FindingKind::LostWakeup => {
            "a `poll` that returns `Pending` must have kept the waker of that very call, and whoever makes it ready must wake it"
        }
        FindingKind::NeverClosed => {
            "drop every other end (`drop(sender)`, or move it into the task) before waiting for the other side to see the end"
        }
        FindingKind::BlockedWorker => {
            "use the async counterpart of the call, or move it to `spawn_blocking`"
        }
        FindingKind::Starvation => {
            "keep blocking calls off the runtime's threads, and something driving each runtime that is used: `Handle::block_on` drives none"
        }
        FindingKind::Livelock => {
            "find why the loop does not get on; a long computation belongs on `spawn_blocking`, or needs `yield_now`"
        }
        FindingKind::ExternalWait => {
            "give the wait a `timeout`, and look at the other end of what is waited for"
        }
        FindingKind::ExitHang => {
            "make the closure end (a flag, a closed channel), or `shutdown_timeout`/`shutdown_background` the runtime"
        }
        FindingKind::Slow => "give it more time with `--timeout`, or less to do",
        FindingKind::Panic => {
            "what the panic says comes first; where it is a time limit that passed, look at what the other tasks wait for"
        }
        FindingKind::Crash => {
            "look at the innermost line of the user's own code on that thread, and at `unsafe` code and foreign functions near it"
        }
        FindingKind::Undetermined => {
            "look at the oldest wait below, and at who was meant to end it"
        }
    }
}
