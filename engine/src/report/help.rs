//! What usually mends a kind of finding, in a line.

use crate::diagnosis::FindingKind;

/// What usually mends it.
pub(super) fn help(kind: FindingKind) -> &'static str {
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
            "keep blocking calls off the runtime's threads, and something driving each runtime that has tasks"
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
