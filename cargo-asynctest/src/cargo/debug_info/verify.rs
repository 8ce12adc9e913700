//! Whether what was built has the debug info that was asked for.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use asynctest_engine::symbols::{DebugLevel, Object, UnitSummary};

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

/// Looks at the binaries: those that contain Tokio must have its types.
///
/// Tokio's stand for all, because cargo was told of all in the same way: a crate of a few empty
/// functions has none to show. A file that cannot be read is left to whoever runs it.
pub(crate) fn verify<'path>(
    binaries: impl IntoIterator<Item = &'path Path>,
    crates: &Crates,
) -> Verdict {
    let objects = binaries.into_iter().filter_map(|path| Object::open(path).ok());
    let lacking: BTreeSet<String> = objects
        .filter(|object| !object.symbols_named(|name| name.contains(TOKIO)).is_empty())
        .flat_map(|object| lacking(&object.units(), crates))
        .collect();
    if lacking.is_empty() { Verdict::Complete } else { Verdict::Incomplete(lacking) }
}

/// Whether a program that another runner has built lacks the types that a report needs: it contains
/// Tokio and not Tokio's types, or nothing can be told of it because it is stripped.
pub(crate) fn lacks_types(program: &Path) -> bool {
    let Ok(object) = Object::open(program) else { return false };
    let is_known = !object.symbols_named(|_| true).is_empty();
    let has_tokio = || !object.symbols_named(|name| name.contains(TOKIO)).is_empty();
    !is_known || (has_tokio() && !has_tokios_types(&object.units()))
}

fn has_tokios_types(units: &[UnitSummary]) -> bool {
    let is_tokios = |unit: &&UnitSummary| crate_name(unit) == Some("tokio");
    units.iter().filter(is_tokios).any(|unit| unit.level == DebugLevel::Full)
}

/// The name of a unit's crate: rustc ends the name of a unit in `/@/<crate>.<hash>-cgu.<number>`.
fn crate_name(unit: &UnitSummary) -> Option<&str> {
    let (_, part) = unit.name.as_deref()?.rsplit_once("/@/")?;
    Some(part.split_once('.').map_or(part, |(name, _)| name))
}

/// Tokio, and the others that go with it, when its types are missing from a binary with these
/// units.
fn lacking(units: &[UnitSummary], crates: &Crates) -> BTreeSet<String> {
    let by_end: BTreeMap<PathBuf, &String> =
        crates.iter().map(|(root, name)| (end(root), name)).collect();
    let mut levels: BTreeMap<&str, &DebugLevel> = BTreeMap::from([("tokio", &DebugLevel::Nothing)]);
    for unit in units {
        let name = root_file(unit).and_then(|root| by_end.get(&end(&root)).copied());
        if let Some(name) = name {
            let level = levels.entry(name).or_insert(&unit.level);
            *level = (*level).max(&unit.level);
        }
    }
    if levels.get("tokio") == Some(&&DebugLevel::Full) {
        return BTreeSet::new();
    }
    let incomplete = levels.into_iter().filter(|(_, level)| **level != DebugLevel::Full);
    incomplete.map(|(name, _)| name.to_owned()).collect()
}

/// The root source file of a unit's crate: rustc names a unit `<root source file>/@/<part>`.
fn root_file(unit: &UnitSummary) -> Option<PathBuf> {
    let (file, _) = unit.name.as_deref()?.rsplit_once("/@/")?;
    Some(Path::new(unit.directory.as_deref().unwrap_or_default()).join(file))
}

/// The end of a root file's path, which tells crates apart: `tokio-1.54.1/src/lib.rs`. A build may
/// have put something else in place of the start (`--remap-path-prefix`).
fn end(root: &Path) -> PathBuf {
    const KEPT: usize = 3;
    let components = root.components().count();
    root.components().skip(components.saturating_sub(KEPT)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(units: &[(&str, DebugLevel)], expected: &[&str]) {
        let crates = ["tokio", "mine", "between"];
        let crates = crates.map(|name| (format!("/r/{name}/src/lib.rs").into(), name.to_owned()));
        let unit = |(name, level): &(&str, DebugLevel)| UnitSummary {
            name: Some(format!("{name}/src/lib.rs/@/x")),
            producer: None,
            directory: Some("/elsewhere".to_owned()),
            language: None,
            level: level.clone(),
        };
        let units: Vec<UnitSummary> = units.iter().map(unit).collect();
        let expected = expected.iter().map(|name| (*name).to_owned()).collect();
        assert_eq!(lacking(&units, &crates.into()), expected);
    }

    #[test]
    fn any_unit_of_tokios_may_have_the_types() {
        let check = |units: &[(&str, DebugLevel)], expected: bool| {
            let unit = |(name, level): &(&str, DebugLevel)| UnitSummary {
                name: Some(format!("src/lib.rs/@/{name}.3f2a-cgu.05")),
                producer: None,
                directory: None,
                language: None,
                level: level.clone(),
            };
            let units: Vec<UnitSummary> = units.iter().map(unit).collect();
            assert_eq!(has_tokios_types(&units), expected);
        };
        check(&[("tokio", DebugLevel::Lines), ("tokio", DebugLevel::Full)], true);
        check(&[("tokio", DebugLevel::Lines), ("tokio_util", DebugLevel::Full)], false);
        check(&[], false);
    }

    #[test]
    fn tokio_must_have_types() {
        let full = || ("tokio", DebugLevel::Full);
        check(&[full(), ("tokio", DebugLevel::Lines)], &[]);
        check(&[full(), ("mine", DebugLevel::Lines)], &[]);
        check(&[("tokio", DebugLevel::Lines)], &["tokio"]);
        check(&[], &["tokio"]);
    }

    #[test]
    fn what_lacks_types_beside_tokio_is_named_too() {
        let mine = ("mine", DebugLevel::Lines);
        check(std::slice::from_ref(&mine), &["mine", "tokio"]);
        check(&[mine, ("between", DebugLevel::Full)], &["mine", "tokio"]);
        check(&[("stranger", DebugLevel::Lines)], &["tokio"]);
    }
}
