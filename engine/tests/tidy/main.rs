//! The rules that keep the map in `engine/src/lib.rs` true, checked over the sources of the whole
//! workspace. Comments and documentation are not code: they may point anywhere.
//!
//! - [`rooms`]: which module may use which
//! - [`words`]: words that have one home
//! - [`files`]: how each file looks
//! - [`source`]: a file as tokens

#![cfg(test)]

mod files;
mod rooms;
mod source;
mod words;

use std::path::Path;

use source::Source;

/// All Rust files of the workspace's packages.
fn workspace() -> Vec<Source> {
    let engine = Path::new(env!("CARGO_MANIFEST_DIR"));
    let root = engine.parent().expect("the engine lies in a workspace");
    let mut sources = Vec::new();
    for package in ["cargo-asynctest", "engine", "fixtures", "tests"] {
        source::collect(root, &root.join(package), &mut sources);
    }
    sources
}

/// Asserts that `rule` has nothing to say of any file of the workspace.
fn check(rule: impl Fn(&Source) -> Vec<String>) {
    let wrong: Vec<String> = workspace().iter().flat_map(rule).collect();
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}
