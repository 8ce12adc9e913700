//! The programs of `fixtures`, as their sources list them.

use std::collections::BTreeSet;
use std::fs;

use crate::Error;
use crate::command::workspace;
use crate::matrix::Version;

/// A program that hangs.
#[derive(Clone, Debug)]
pub struct Fixture {
    /// The test target that it is in.
    pub target: String,
    /// The test's name in that target; absent for a target without libtest.
    pub test: Option<String>,
    /// Its source file, from the package's folder.
    pub file: String,
    /// The least version of Tokio that it can be built with; absent when any will do.
    pub needs: Option<Version>,
    /// Whether it is tried in optimized builds, too: what lies in frames of threads is often not known
    /// there.
    pub is_for_all_profiles: bool,
}

/// The attribute that leaves a module out of optimized builds.
const UNOPTIMIZED: &str = "#![cfg(debug_assertions)]";

/// All fixtures: the modules of `hangs`, `bugs` and `zoo`, and the targets with one program each.
pub fn fixtures() -> Result<Vec<Fixture>, Error> {
    let mut fixtures = modules("hangs", "hangs")?;
    fixtures.extend(modules("bugs", "hangs")?);
    fixtures.extend(modules("zoo", "rests")?);
    fixtures.sort_by(|one, other| one.file.cmp(&other.file));
    for target in ["ledger", "twin"] {
        fixtures.push(Fixture {
            target: target.into(),
            test: Some("money_is_neither_made_nor_lost".into()),
            file: format!("tests/{target}.rs"),
            needs: None,
            is_for_all_profiles: true,
        });
    }
    fixtures.push(Fixture {
        target: "tokio_main".into(),
        test: None,
        file: "tests/tokio_main.rs".into(),
        needs: None,
        is_for_all_profiles: true,
    });
    Ok(fixtures)
}

/// The modules of a target, each with one test of this name.
fn modules(target: &str, test: &str) -> Result<Vec<Fixture>, Error> {
    let folder = workspace().join("fixtures/tests").join(target);
    let mut fixtures = Vec::new();
    for entry in fs::read_dir(&folder).map_err(Error::file(&folder))? {
        let path = entry.map_err(Error::file(&folder))?.path();
        let name = path.file_stem().unwrap_or_default().to_string_lossy();
        if name != "main" {
            let source = fs::read_to_string(&path).map_err(Error::file(&path))?;
            fixtures.push(Fixture {
                target: target.into(),
                test: Some(format!("{name}::{test}")),
                file: format!("tests/{target}/{name}.rs"),
                needs: needs(&source),
                is_for_all_profiles: !source.lines().any(|line| line == UNOPTIMIZED),
            });
        }
    }
    Ok(fixtures)
}

/// The versions of Tokio that some fixture needs.
pub fn needed_versions() -> Result<BTreeSet<Version>, Error> {
    Ok(fixtures()?.into_iter().filter_map(|fixture| fixture.needs).collect())
}

/// What the attribute says that leaves a module out where Tokio is older.
fn needs(source: &str) -> Option<Version> {
    let feature = source.lines().find_map(|line| {
        line.strip_prefix("#![cfg(feature = \"")?
            .strip_suffix("\")]")?
            .strip_prefix(Version::FEATURE)
    });
    feature?.parse().ok().map(Version)
}

#[cfg(test)]
mod tests {
    use super::{Version, needs};

    #[test]
    fn the_version_that_a_fixture_needs() {
        assert_eq!(needs("//! A.\n\n#![cfg(feature = \"tokio-1.21\")]\n"), Some(Version(21)));
        assert_eq!(needs("//! A.\n\nuse std::sync::Arc;\n"), None);
        assert_eq!(needs("#![cfg(feature = \"serde\")]\n"), None);
    }
}
