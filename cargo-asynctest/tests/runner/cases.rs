//! The cases.

use std::fs;
use std::path::Path;

use libtest_mimic::{Failed, Trial};

use crate::captures::Fake;
use crate::scenario::{Scenario, scenario};

/// All of them.
pub(crate) fn all() -> Vec<Trial> {
    let cases: Vec<(&str, fn(&Path))> = vec![
        ("each_end_has_its_verdict", each_end_has_its_verdict),
        ("nothing_to_run_is_4", nothing_to_run_is_4),
    ];
    cases
        .into_iter()
        .map(|(name, case)| {
            Trial::test(name, move || {
                let folder = tempfile::tempdir()?;
                case(folder.path());
                Ok::<(), Failed>(())
            })
        })
        .collect()
}

fn each_end_has_its_verdict(folder: &Path) {
    let ran = scenario(
        folder,
        &[
            "exit 0",
            "echo out; echo err >&2; exit 101",
            "exit 3",
            "kill -SEGV $$",
            "sleep 1000 & exit 0",
        ],
    )
    .run();
    println!("{}", ran.stderr);
    let verdicts: Vec<String> = (0..5).map(|index| ran.verdict(index)).collect();
    assert_eq!(verdicts, ["PASS", "FAIL", "FAIL", "CRASH", "LEAK"]);
    assert_eq!(ran.code, Some(100));
}

fn nothing_to_run_is_4(folder: &Path) {
    assert_eq!(scenario(folder, &[]).run().code, Some(4));
}
