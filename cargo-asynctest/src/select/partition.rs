//! The part of the tests that this machine runs.

use std::collections::HashMap;

use crate::cli::{By, Partition};
use crate::plan::{Plan, TestCase};

/// Leaves the tests of this part in `plan`; the others are skipped.
pub(crate) fn keep(plan: &mut Plan, partition: Partition) {
    let mut turns: HashMap<usize, u64> = HashMap::new();
    let tests = std::mem::take(&mut plan.tests);
    let (kept, others): (Vec<TestCase>, Vec<TestCase>) = tests.into_iter().partition(|case| {
        let number = match partition.by {
            By::Hash => hash(&case.name),
            By::Count => {
                let turn = turns.entry(case.binary).or_default();
                *turn += 1;
                *turn - 1
            }
        };
        number % partition.parts == partition.part
    });
    plan.tests = kept;
    plan.skipped.extend(others);
}

/// FNV-1a, which is the same on every machine and in every version of this command, with its high
/// bits folded into the low ones, which alone decide.
fn hash(name: &str) -> u64 {
    let hash = name.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    hash ^ (hash >> 32)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{hash, keep};
    use crate::plan::{Plan, TestCase};

    fn plan() -> Plan {
        let case = |index: usize| TestCase {
            binary: index % 2,
            name: format!("module::test_{index}"),
            arguments: Vec::new(),
        };
        Plan { tests: (0..100).map(case).collect(), ..Plan::default() }
    }

    fn part(partition: &str) -> Vec<TestCase> {
        let mut plan = plan();
        keep(&mut plan, partition.parse().unwrap());
        assert_eq!(plan.tests.len() + plan.skipped.len(), 100);
        plan.tests
    }

    #[test]
    fn each_test_is_in_one_part() {
        for by in ["hash", "count"] {
            let parts = [1, 2, 3].map(|number| part(&format!("{by}:{number}/3")));
            let names: BTreeSet<&str> =
                parts.iter().flatten().map(|case| case.name.as_str()).collect();
            assert_eq!((names.len(), parts.concat().len()), (100, 100));
            assert!(parts.iter().all(|part| part.len() > 20), "{by}");
        }
    }

    #[test]
    fn parts_by_count_differ_by_one_test_of_each_binary() {
        let sizes = [1, 2, 3].map(|number| {
            let tests = part(&format!("count:{number}/3"));
            tests.iter().filter(|case| case.binary == 0).count()
        });
        assert_eq!(sizes, [17, 17, 16]);
    }

    #[test]
    fn the_hash_is_the_same_everywhere() {
        let fnv = 0xaf63_dc4c_8601_ec8c_u64;
        assert_eq!(hash("a"), fnv ^ (fnv >> 32));
    }
}
