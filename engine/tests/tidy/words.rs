//! Words that have one home: formats in the renderers, Tokio's types in the room `tokio`.

use crate::source::{Source, ident};
use proc_macro2::TokenTree;

/// What a word of the code must not be, outside of its homes.
struct Word {
    /// Where the rule holds.
    within: &'static str,
    /// Where the word may be.
    homes: &'static [&'static str],
    /// Whether a token has the word.
    has: fn(&str) -> bool,
    /// What it is.
    what: &'static str,
}

const WORDS: [Word; 5] = [
    Word {
        within: "cargo-asynctest/src/",
        // `commands` and `cargo` read what cargo says, which is JSON.
        homes: &["render/", "commands/", "cargo/"],
        has: |token| token == "serde_json",
        what: "JSON",
    },
    Word {
        within: "cargo-asynctest/src/",
        homes: &["render/"],
        has: |token| token == "quick_junit",
        what: "JUnit",
    },
    Word {
        within: "cargo-asynctest/src/",
        homes: &["render/"],
        has: |token| token.starts_with("\"GITHUB_"),
        what: "GitHub",
    },
    Word {
        within: "engine/src/",
        homes: &["tokio/"],
        has: |token| token.contains("tokio::"),
        what: "Tokio's layout",
    },
    Word {
        within: "",
        homes: &["engine/src/symbols/mapped.rs"],
        has: |token| token == "unsafe",
        what: "`unsafe`",
    },
];

/// What `source` says outside of the home of the word.
fn strayed(source: &Source) -> Vec<String> {
    let mut wrong = Vec::new();
    for word in &WORDS {
        let Some(inside) = source.path.strip_prefix(word.within) else {
            continue;
        };
        if word.homes.iter().any(|home| inside.starts_with(home)) {
            continue;
        }
        source.walk(&mut |tokens, _| {
            if let Some(token) = tokens.iter().filter_map(leaf).find(|token| (word.has)(token)) {
                let (path, what, homes) = (&source.path, word.what, word.homes.join(", "));
                wrong.push(format!("{path}: {token}: {what} is known in {homes} alone"));
            }
        });
    }
    wrong
}

/// The text of a token that is no group.
fn leaf(token: &TokenTree) -> Option<String> {
    match token {
        TokenTree::Literal(literal) => Some(literal.to_string()),
        TokenTree::Ident(_) => ident(std::slice::from_ref(token), 0),
        TokenTree::Group(_) | TokenTree::Punct(_) => None,
    }
}

#[test]
fn each_word_stays_at_home() {
    crate::check(strayed);
}

#[track_caller]
fn check_text(path: &str, text: &str, expected: usize) {
    assert_eq!(strayed(&Source::new(path, text)).len(), expected);
}

#[test]
fn a_stray_word_is_refused() {
    check_text("cargo-asynctest/src/runner/mod.rs", "use serde_json::Value;", 1);
    check_text("cargo-asynctest/src/main.rs", "var(\"GITHUB_ACTIONS\")", 1);
    check_text("engine/src/futures/walk.rs", "name == \"tokio::time::Sleep\"", 1);
    check_text("engine/src/stack/mod.rs", "fn f() { unsafe { g() } }", 1);
    check_text("cargo-asynctest/src/render/json.rs", "use serde_json::Value;", 0);
    check_text("engine/src/tokio/leaves.rs", "name == \"tokio::time::Sleep\"", 0);
    check_text("engine/src/futures/walk.rs", "// \"tokio::time::Sleep\"", 0);
}
