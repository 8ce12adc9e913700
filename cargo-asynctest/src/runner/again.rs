//! The command that runs one test again, for a shell.

use crate::plan::{Harness, Plan, TestBinary, TestCase};
use crate::shell;

/// What to type to run `case` alone.
pub(crate) fn again(plan: &Plan, binary: &TestBinary, case: &TestCase) -> String {
    let mut words: Vec<&str> = plan.command.iter().map(String::as_str).collect();
    words.extend(binary.selection.iter().map(String::as_str));
    match binary.harness {
        Harness::Libtest => {
            words.extend(["--", "--exact"]);
            let ignored = |argument: &std::ffi::OsString| {
                argument == "--ignored" || argument == "--include-ignored"
            };
            if case.arguments.iter().any(ignored) {
                words.push("--include-ignored");
            }
            words.push(&case.name);
        }
        Harness::Whole if plan.words.is_empty() => (),
        Harness::Whole => {
            words.push("--");
            words.extend(plan.words.iter().map(String::as_str));
        }
    }
    shell::line(words)
}

/// What to type to run one test of the program `binary`, which was run whole.
pub(super) fn again_by_name(plan: &Plan, binary: &TestBinary, test: &str) -> String {
    let words = plan.command.iter().chain(&binary.selection).map(String::as_str);
    let is_ignored = |word: &&String| *word == "--ignored" || *word == "--include-ignored";
    let ignored = plan.words.iter().find(is_ignored).map(|_| "--include-ignored");
    shell::line(words.chain(["--", "--exact"]).chain(ignored).chain([test]))
}
