//! How each file looks: documented at its top, of a size that fits in mind, without silenced lints.

use crate::source::{Source, group, ident};

/// The most lines a file may have.
const MOST_LINES: usize = 600;

fn untidy(source: &Source) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut say = |what: String| wrong.push(format!("{}: {what}", source.path));
    if !source.text.starts_with("//!") {
        say("does not open with `//!`".into());
    }
    let lines = source.text.lines().count();
    if lines > MOST_LINES {
        say(format!("{lines} lines, of {MOST_LINES} at most"));
    }
    source.walk(&mut |tokens, _| {
        let silenced = (0..tokens.len()).any(|index| {
            ident(tokens, index).is_some_and(|word| word == "allow")
                && group(tokens, index + 1).is_some()
        });
        if silenced {
            say("`allow(...)`: use `expect(..., reason = \"...\")`".into());
        }
    });
    wrong
}

#[test]
fn each_file_is_tidy() {
    crate::check(untidy);
}

#[track_caller]
fn check_text(text: &str, expected: &[&str]) {
    let expected: Vec<String> =
        expected.iter().map(|what| format!("engine/src/x.rs: {what}")).collect();
    assert_eq!(untidy(&Source::new("engine/src/x.rs", text)), expected);
}

#[test]
fn an_untidy_file_is_refused() {
    let silenced = "`allow(...)`: use `expect(..., reason = \"...\")`";
    check_text("//! x\n#[expect(dead_code, reason = \"x\")]\nfn f() {}", &[]);
    check_text("//! x\n#![allow(dead_code)]", &[silenced]);
    check_text("//! x\nmod a { #[allow(dead_code)] fn f() {} }", &[silenced]);
    check_text("fn f() {}", &["does not open with `//!`"]);
    let long = format!("//! x\n{}", "\n".repeat(600));
    check_text(&long, &["601 lines, of 600 at most"]);
}
