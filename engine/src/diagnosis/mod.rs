//! What is wrong: one file a finding, each a pure function of what two looks found.
//!
//! A finding is never surer than the weakest fact it rests on. What only waits for a cause is its
//! victim and is never named as the cause. How a finding is put into words is the report's business.
//!
//! - `finding`: what a finding is
//! - `case`: what they are made from: the graph, its knots, what moved between the looks
//! - `standing`: where a task stands, and whether it still stands there
//! - `proof`: whether all of it stays so forever
//! - one file each: `deadlock`, `self_deadlock`, `futurelock`, `lost_wakeup`, `never_closed`,
//!   `blocked_worker`, `starvation`, `livelock`, `external_wait`, `exit_hang`, `slow`, `panic`, `crash`
//! - `ranking`: which of several is the root

mod blocked_worker;
mod case;
mod crash;
mod deadlock;
mod exit_hang;
mod external_wait;
mod finding;
mod futurelock;
mod livelock;
mod lost_wakeup;
mod never_closed;
mod panic;
mod proof;
mod ranking;
mod self_deadlock;
mod slow;
mod standing;
mod starvation;
mod steps;

#[cfg(test)]
mod tests;

pub use case::{Case, Looked};
pub use finding::{Doubt, Finding, FindingKind, Step};
pub use proof::stirs;
pub use ranking::suspect;
pub use standing::{Movement, stand};

/// All detectors, in the order in which they name a root: of two that explain the same stuck nodes,
/// the first does.
const DETECTORS: [fn(&Case<'_>) -> Vec<Finding>; 13] = [
    panic::find,
    crash::find,
    futurelock::find,
    lost_wakeup::find,
    self_deadlock::find,
    never_closed::find,
    deadlock::find,
    exit_hang::find,
    blocked_worker::find,
    starvation::find,
    livelock::find,
    external_wait::find,
    slow::find,
];

/// What is wrong in this case, the root first. With nothing that is likely at least, the first is
/// [`FindingKind::Undetermined`].
pub fn diagnose(case: &Case<'_>) -> Vec<Finding> {
    let found = DETECTORS.iter().flat_map(|find| find(case)).collect();
    ranking::ranked(case, found)
}
