//! `cargo asynctest explain FINDING`: what a finding means, an example, and how such bugs are mended.

use std::io::{self, Write};

use super::exit::Exit;
use super::notice;
use crate::cli::ExplainArguments;

/// Each finding with what is to be said of it; the first line is its code and a summary.
const TEXTS: [(&str, &str); 15] = [
    ("deadlock", include_str!("deadlock.txt")),
    ("self-deadlock", include_str!("self-deadlock.txt")),
    ("futurelock", include_str!("futurelock.txt")),
    ("lost-wakeup", include_str!("lost-wakeup.txt")),
    ("never-closed", include_str!("never-closed.txt")),
    ("blocked-worker", include_str!("blocked-worker.txt")),
    ("starvation", include_str!("starvation.txt")),
    ("livelock", include_str!("livelock.txt")),
    ("external-wait", include_str!("external-wait.txt")),
    ("exit-hang", include_str!("exit-hang.txt")),
    ("list-hang", include_str!("list-hang.txt")),
    ("slow", include_str!("slow.txt")),
    ("panic", include_str!("panic.txt")),
    ("crash", include_str!("crash.txt")),
    ("undetermined", include_str!("undetermined.txt")),
];

/// Prints what there is to say of a finding; without one, which there are.
pub(crate) fn explain(arguments: &ExplainArguments) -> Exit {
    let Some(asked) = &arguments.finding else {
        say(&list());
        return Exit::Success;
    };
    match text(asked) {
        Some(text) => {
            say(text);
            Exit::Success
        }
        None => {
            notice::error(format_args!(
                "there is no finding `{asked}`; `cargo asynctest explain` lists them"
            ));
            Exit::Usage
        }
    }
}

/// What there is to say; the certainty or the signature that a report prints beside the code may
/// stand there too.
fn text(asked: &str) -> Option<&'static str> {
    let asked = asked.trim().trim_end_matches(':').to_lowercase();
    let is_it = |code: &str| {
        let rest = asked.strip_prefix(code);
        rest.is_some_and(|rest| rest.is_empty() || is_signature(rest))
    };
    TEXTS.iter().find(|(code, _)| is_it(code)).map(|(_, text)| *text)
}

/// Whether this is what a signature has behind the code.
fn is_signature(rest: &str) -> bool {
    let number = rest.strip_prefix('-');
    number.is_some_and(|number| {
        number.len() == 12 && number.chars().all(|digit| digit.is_ascii_hexdigit())
    })
}

fn list() -> String {
    let mut list = String::from("cargo asynctest explain FINDING, where FINDING is one of\n\n");
    for (code, text) in TEXTS {
        let first = text.lines().next().unwrap_or_default();
        let summary = first.split_once(": ").map_or("", |(_, summary)| summary);
        list.push_str(&format!("  {code:<15} {summary}\n"));
    }
    list
}

fn say(text: &str) {
    // Whoever reads it may have read enough: `| head`.
    let _ = io::stdout().write_all(text.as_bytes());
}

#[cfg(test)]
mod tests {
    use asynctest_engine::diagnosis::FindingKind;

    use super::*;

    #[test]
    fn each_finding_is_explained() {
        for kind in FindingKind::ALL {
            let text = text(kind.slug()).unwrap();
            assert!(text.starts_with(&format!("{}: ", kind.slug())), "{}", kind.slug());
        }
    }

    #[test]
    fn what_a_report_prints_is_understood() {
        assert_eq!(text("Deadlock:"), text("deadlock"));
        assert_eq!(text("deadlock-0123456789ab"), text("deadlock"));
        assert_eq!(text("self-deadlock-0123456789ab"), text("self-deadlock"));
        assert_eq!(text("deadlock-x"), None);
        assert_eq!(text("dead"), None);
    }

    #[test]
    fn the_list_has_all() {
        let list = list();
        for (code, _) in TEXTS {
            assert!(list.contains(&format!("\n  {code} ")), "{list}");
        }
    }
}
