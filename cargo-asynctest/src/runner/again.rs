//! The command that runs one test again, for a shell.

use crate::plan::{Harness, Plan, TestBinary, TestCase};

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
    line(words)
}

/// What to type to run one test of the program `binary`, which was run whole.
pub(super) fn again_by_name(plan: &Plan, binary: &TestBinary, test: &str) -> String {
    let words = plan.command.iter().chain(&binary.selection).map(String::as_str);
    let is_ignored = |word: &&String| *word == "--ignored" || *word == "--include-ignored";
    let ignored = plan.words.iter().find(is_ignored).map(|_| "--include-ignored");
    line(words.chain(["--", "--exact"]).chain(ignored).chain([test]))
}

fn line<'word>(words: impl IntoIterator<Item = &'word str>) -> String {
    let quoted: Vec<String> = words.into_iter().map(quoted).collect();
    quoted.join(" ")
}

/// One word as a shell reads it.
fn quoted(word: &str) -> String {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "-_=:/.,+@%".contains(letter);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn a_shell_reads_back_what_was_meant() {
        assert_eq!(quoted("bank::moves"), "bank::moves");
        assert_eq!(quoted("it's (odd)"), r"'it'\''s (odd)'");
        assert_eq!(quoted(""), "''");
    }
}
