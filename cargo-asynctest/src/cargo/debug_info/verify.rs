//! Whether what was built has the debug info that was asked for.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use asynctest_engine::symbols::{Detail, Object};

/// The crates whose types are needed, by their root source files.
pub(crate) type Crates = BTreeMap<PathBuf, String>;

/// A part of every Tokio symbol of interest, in either mangling of names.
const TOKIO: &str = "5tokio7runtime";

/// What the binaries that were built have.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Verdict {
    /// All types, as far as can be told.
    Complete,
    /// The types of these crates are missing.
    Incomplete(BTreeSet<String>),
}

/// Looks at the binaries: those that contain Tokio must have its types, and those of the other
/// crates in them.
///
/// A file that cannot be read is left to whoever runs it.
pub(crate) fn verify<'path>(
    binaries: impl IntoIterator<Item = &'path Path>,
    crates: &Crates,
) -> Verdict {
    let wanted = crates.keys().cloned().collect();
    let objects = binaries
        .into_iter()
        .filter_map(|path| Object::open(path).ok());
    let lacking: BTreeSet<String> = objects
        .filter(|object| object.has_symbol_with(TOKIO))
        .flat_map(|object| lacking(&object.detail(&wanted), crates))
        .collect();
    if lacking.is_empty() {
        Verdict::Complete
    } else {
        Verdict::Incomplete(lacking)
    }
}

/// The crates whose types are missing from a binary that contains Tokio. A crate that is not there
/// at all may well not be used; Tokio is.
fn lacking(found: &BTreeMap<PathBuf, Detail>, crates: &Crates) -> Vec<String> {
    let lines = found.iter().filter(|(_, detail)| **detail == Detail::Lines);
    let mut lacking: Vec<String> = lines
        .filter_map(|(path, _)| crates.get(path).cloned())
        .collect();
    let types = |path: &Path| found.get(path) == Some(&Detail::Types);
    let tokio = |(path, name): (&PathBuf, &String)| name == "tokio" && types(path);
    if !crates.iter().any(tokio) {
        lacking.push("tokio".to_owned());
    }
    lacking
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(found: &[(&str, Detail)], expected: &[&str]) {
        let crates = ["tokio", "mine", "between"].map(|name| (name.into(), name.to_owned()));
        let found = found.iter().map(|(path, detail)| (path.into(), *detail));
        assert_eq!(lacking(&found.collect(), &crates.into()), expected);
    }

    #[test]
    fn what_is_described_without_types_lacks_them() {
        let types = ("tokio", Detail::Types);
        check(&[types, ("mine", Detail::Types)], &[]);
        check(&[types, ("mine", Detail::Lines)], &["mine"]);
        check(&[types, ("mine", Detail::Empty)], &[]);
    }

    #[test]
    fn tokio_itself_must_be_there() {
        check(&[], &["tokio"]);
        check(
            &[("mine", Detail::Types), ("tokio", Detail::Empty)],
            &["tokio"],
        );
    }
}
