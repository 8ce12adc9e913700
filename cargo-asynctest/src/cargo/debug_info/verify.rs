//! Whether what was built has the debug info that was asked for.

use std::collections::BTreeSet;
use std::path::Path;

use asynctest_engine::symbols::{Detail, Object};

/// What the binaries that were built have.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Verdict {
    /// All types.
    Complete,
    /// These crates lack theirs.
    Incomplete(BTreeSet<String>),
}

/// Looks at the binaries: those that contain Tokio must have the types of these crates, as far as
/// these are in them.
///
/// A file that cannot be read is left to whoever runs it.
pub(crate) fn verify<'path>(
    binaries: impl IntoIterator<Item = &'path Path>,
    crates: &BTreeSet<String>,
) -> Verdict {
    let mut lacking = BTreeSet::new();
    for object in binaries
        .into_iter()
        .filter_map(|path| Object::open(path).ok())
    {
        let present = object.detail(crates);
        if present.contains_key("tokio") {
            let lines = present
                .into_iter()
                .filter(|(_, detail)| *detail == Detail::Lines);
            lacking.extend(lines.map(|(name, _)| name));
        }
    }
    if lacking.is_empty() {
        Verdict::Complete
    } else {
        Verdict::Incomplete(lacking)
    }
}
