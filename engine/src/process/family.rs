//! Which processes are there, and whose children they are.

use std::collections::{BTreeMap, BTreeSet};

use crate::address::ProcessId;
use crate::process::procfs;

/// Whether the process still has a thread that lives. One that has ended and was not reaped is not
/// alive.
pub fn is_alive(process: ProcessId) -> bool {
    procfs::threads(process).is_ok_and(|threads| {
        threads
            .into_iter()
            .any(|thread| procfs::stat(process, thread).is_ok_and(|stat| !stat.is_dead()))
    })
}

/// The children of a process, their children and so on, parents before their children; ones that
/// have ended and were not reaped included.
///
/// A process whose parent has ended is a child of init or of the nearest subreaper, and is found
/// only below that one.
pub fn descendants(process: ProcessId) -> Vec<ProcessId> {
    let mut children: BTreeMap<ProcessId, Vec<ProcessId>> = BTreeMap::new();
    for child in procfs::processes().unwrap_or_default() {
        if let Ok(stat) = procfs::stat(child, procfs::leader(child)) {
            children.entry(stat.parent).or_default().push(child);
        }
    }
    below(process, &children)
}

/// Everything below `process`. Ids can be used again while `/proc` is read, so a cycle is possible.
fn below(process: ProcessId, children: &BTreeMap<ProcessId, Vec<ProcessId>>) -> Vec<ProcessId> {
    let mut seen = BTreeSet::from([process]);
    let mut found = Vec::new();
    let mut parents = vec![process];
    while let Some(parent) = parents.pop() {
        for &child in children.get(&parent).into_iter().flatten() {
            if seen.insert(child) {
                found.push(child);
                parents.push(child);
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::{below, is_alive};
    use crate::address::ProcessId;

    fn check(pairs: &[(i32, &[i32])], expected: &[i32]) {
        let children: BTreeMap<ProcessId, Vec<ProcessId>> = pairs
            .iter()
            .map(|(parent, children)| {
                let children = children.iter().copied().map(ProcessId).collect();
                (ProcessId(*parent), children)
            })
            .collect();
        let found: Vec<i32> = below(ProcessId(1), &children).iter().map(|id| id.0).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn all_generations_are_found_parents_first() {
        check(&[], &[]);
        check(&[(1, &[2, 3]), (3, &[4]), (9, &[5])], &[2, 3, 4]);
    }

    #[test]
    fn a_cycle_ends() {
        check(&[(1, &[2]), (2, &[1, 2])], &[2]);
    }

    #[test]
    fn the_process_of_this_test_is_alive() {
        assert!(is_alive(ProcessId(std::process::id().cast_signed())));
        assert!(!is_alive(ProcessId(i32::MAX)));
    }
}
