//! Who has what a task waits for, beside the wait.

use super::schema::{FutureNode, Holding, Task};
use super::words::at;
use crate::evidence::Certainty;

/// Most holders that are named beside one wait.
const MOST: usize = 2;

/// What is held so that others wait for it.
const HELD: [&str; 4] = ["exclusive", "shared", "permits", "assigned"];

/// Adds to each wait of these tasks who has what is waited for, as far as that is known.
pub(super) fn tell_holders(tasks: &mut [Task], holdings: &[Holding]) {
    for task in tasks {
        let own = task.label.clone();
        if let Some(future) = &mut task.future {
            tell(future, &own, holdings);
        }
    }
}

fn tell(node: &mut FutureNode, own: &str, holdings: &[Holding]) {
    let mut left = vec![node];
    while let Some(node) = left.pop() {
        let held = node.wait.as_ref().and_then(|wait| wait.resource.address.as_deref());
        let held = held.and_then(|address| said(address, own, holdings));
        if let (Some(wait), Some(held)) = (&mut node.wait, held) {
            wait.detail = Some(match wait.detail.take() {
                Some(detail) => format!("{detail}, {held}"),
                None => held,
            });
        }
        left.extend(&mut node.children);
    }
}

/// `held by task 7 since src/bank.rs:39`.
fn said(address: &str, own: &str, holdings: &[Holding]) -> Option<String> {
    let is_it = |holding: &&Holding| {
        holding.resource == address
            && HELD.contains(&holding.hold.as_str())
            && holding.certainty > Certainty::Possible
    };
    let mut known = holdings.iter().filter(is_it);
    let named: Vec<String> =
        known.by_ref().take(MOST).map(|holding| holder(holding, own)).collect();
    let more = known.count();
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    (!named.is_empty()).then(|| format!("{}{more}", named.join(" and ")))
}

fn holder(holding: &Holding, own: &str) -> String {
    let whose = if holding.holder == own { "itself" } else { holding.holder.as_str() };
    let probably = if holding.certainty == Certainty::Definite { "" } else { "probably " };
    let verb = if holding.hold == "assigned" { "handed to" } else { "held by" };
    let since = holding.since.as_ref().map(|place| format!(" since {}", at(place)));
    format!("{probably}{verb} {whose}{}", since.unwrap_or_default())
}
