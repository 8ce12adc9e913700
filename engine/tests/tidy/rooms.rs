//! Which room of the engine may use which. A wider row is a change of the design.

use std::collections::BTreeSet;

use proc_macro2::TokenTree;

use crate::source::{Source, group, ident, is_path_separator};

/// A room and what it may use, in the order of the house: nothing uses what comes after it.
const MAY_USE: [(&str, &[&str]); 24] = [
    ("address", &[]),
    ("evidence", &[]),
    ("limits", &[]),
    ("arch", &["address"]),
    ("symbols", &["address", "evidence", "limits", "arch"]),
    ("process", &["address", "evidence", "limits", "arch"]),
    ("snapshot", &["address", "evidence", "limits", "arch", "process"]),
    ("idle", &["address", "arch", "snapshot"]),
    ("program", &["address", "evidence", "limits", "symbols", "snapshot"]),
    ("sources", &["evidence", "limits"]),
    ("stack", &["address", "evidence", "limits", "arch", "symbols", "snapshot", "program"]),
    ("value", &["address", "evidence", "limits", "arch", "symbols", "snapshot", "program"]),
    ("model", &["address", "evidence"]),
    ("futures", &["address", "evidence", "limits", "symbols", "program", "value", "model"]),
    (
        "sync",
        &[
            "address", "evidence", "limits", "arch", "symbols", "snapshot", "program", "stack",
            "value", "model", "futures",
        ],
    ),
    (
        "moments",
        &[
            "address", "evidence", "limits", "arch", "symbols", "snapshot", "program", "stack",
            "model",
        ],
    ),
    (
        "tokio",
        &[
            "address", "evidence", "limits", "arch", "symbols", "snapshot", "program", "stack",
            "value", "model", "futures", "sync",
        ],
    ),
    ("graph", &["evidence", "model"]),
    ("diagnosis", &["evidence", "model", "graph"]),
    ("report", &["evidence", "model", "graph", "diagnosis"]),
    (
        "trace",
        &[
            "address", "evidence", "limits", "arch", "symbols", "process", "snapshot", "program",
            "stack", "value", "model", "futures", "tokio",
        ],
    ),
    (
        "step",
        &[
            "address", "evidence", "limits", "arch", "symbols", "process", "snapshot", "program",
            "stack", "value", "model", "futures", "tokio", "trace",
        ],
    ),
    (
        "session",
        &[
            "address",
            "evidence",
            "limits",
            "arch",
            "symbols",
            "process",
            "snapshot",
            "idle",
            "program",
            "sources",
            "stack",
            "value",
            "model",
            "futures",
            "sync",
            "moments",
            "tokio",
            "graph",
            "diagnosis",
            "report",
            "trace",
            "step",
        ],
    ),
    ("serve", &["address", "evidence", "limits", "report", "session"]),
];

/// What a file of the engine uses and may not.
fn forbidden(source: &Source) -> Vec<String> {
    let Some(inside) = source.path.strip_prefix("engine/src/") else {
        return Vec::new();
    };
    let mut parts: Vec<&str> = inside.trim_end_matches(".rs").split('/').collect();
    if parts == ["lib"] {
        return Vec::new();
    }
    parts.retain(|part| *part != "mod");
    let room = parts[0];
    let Some((_, allowed)) = MAY_USE.iter().find(|(name, _)| *name == room) else {
        return vec![format!("{}: the room `{room}` is not in the table", source.path)];
    };
    let mut used = BTreeSet::new();
    source.walk(&mut |tokens, modules| uses(tokens, parts.len() + modules, &mut used));
    used.iter()
        .filter(|name| *name != room && !allowed.contains(&name.as_str()))
        .map(|name| format!("{}: `{room}` may not use `{name}`", source.path))
        .collect()
}

/// Adds the rooms that paths among `tokens` lead to, from `depth` modules below the crate's root.
fn uses(tokens: &[TokenTree], depth: usize, used: &mut BTreeSet<String>) {
    for index in 0..tokens.len() {
        if let Some(after) = root_path(tokens, index, depth) {
            match group(tokens, after) {
                Some(inner) => used.extend(first_words(&inner)),
                None => used.extend(ident(tokens, after)),
            }
        }
    }
}

/// Where the path that begins at `index` goes on below the crate's root, if it leads there: behind
/// `crate::`, or behind as many `super::` as there are modules.
fn root_path(tokens: &[TokenTree], index: usize, depth: usize) -> Option<usize> {
    match ident(tokens, index)?.as_str() {
        "crate" => is_path_separator(tokens, index + 1).then_some(index + 3),
        "super" => {
            let steps = (0..).take_while(|step| {
                ident(tokens, index + step * 3).is_some_and(|word| word == "super")
                    && is_path_separator(tokens, index + step * 3 + 1)
            });
            (steps.count() == depth).then_some(index + depth * 3)
        }
        _ => None,
    }
}

/// The first word of each path in a `{...}` of a `use`.
fn first_words(tokens: &[TokenTree]) -> Vec<String> {
    let is_comma =
        |token: &TokenTree| matches!(token, TokenTree::Punct(punct) if punct.as_char() == ',');
    let paths = tokens.split(is_comma);
    paths.filter_map(|path| ident(path, 0)).collect()
}

#[test]
fn each_room_uses_only_what_it_may() {
    crate::check(forbidden);
}

#[test]
fn the_table_is_in_the_order_of_the_house() {
    for (index, (room, allowed)) in MAY_USE.iter().enumerate() {
        let below: Vec<&str> = MAY_USE[..index].iter().map(|(name, _)| *name).collect();
        for name in *allowed {
            assert!(below.contains(name), "`{room}` uses `{name}`, which is not below it");
        }
    }
    let address_free = ["graph", "diagnosis", "report"];
    for (room, allowed) in MAY_USE.iter().filter(|(room, _)| address_free.contains(room)) {
        for name in ["address", "symbols", "snapshot", "tokio"] {
            assert!(!allowed.contains(&name), "`{room}` may not see `{name}`");
        }
    }
}

/// What is found in `text` as a file of the engine.
#[track_caller]
fn check_text(path: &str, text: &str, expected: &[&str]) {
    let path = format!("engine/src/{path}");
    let expected: Vec<String> = expected.iter().map(|name| format!("{path}: {name}")).collect();
    assert_eq!(forbidden(&Source::new(&path, text)), expected);
}

#[test]
fn an_upward_import_is_refused() {
    let wrong = ["`symbols` may not use `tokio`"];
    check_text("symbols/lines.rs", "use crate::tokio::Task;", &wrong);
    check_text("symbols/lines.rs", "use crate::{address::Address, tokio};", &wrong);
    check_text("symbols/lines.rs", "fn f() { g(crate::tokio::task()); }", &wrong);
    check_text("symbols/lines.rs", "use super::super::tokio::Task;", &wrong);
    check_text("symbols/mod.rs", "use super::tokio::Task;", &wrong);
    check_text("symbols/lines.rs", "mod inner { use super::super::super::tokio; }", &wrong);
    check_text("symbols/lines.rs", "m!(crate::tokio::Task);", &wrong);
    let wrong = ["`report` may not use `address`", "`report` may not use `tokio`"];
    check_text("report/mod.rs", "use crate::{tokio::{a, b}, address::Address, model};", &wrong);
}

#[test]
fn what_is_no_use_is_let_through() {
    check_text("symbols/lines.rs", "use crate::address::Address; use super::tokio;", &[]);
    check_text(
        "symbols/lines.rs",
        "//! See [`crate::tokio`].\n/// And `crate::tokio`.\npub(crate) fn f() {}",
        &[],
    );
    check_text("symbols/lines.rs", "use crate::symbols::Object; fn f() { \"crate::tokio\"; }", &[]);
    check_text("symbols/lines.rs", "#[cfg(test)]\nmod tests { use crate::process::Process; }", &[]);
}

#[test]
fn a_room_that_is_not_in_the_table_is_refused() {
    check_text("utils.rs", "", &["the room `utils` is not in the table"]);
}
