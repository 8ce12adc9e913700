//! A built test executable as the runner gets it.

use std::ffi::OsString;
use std::path::PathBuf;

use cargo_metadata::{Package, Target, TargetKind};

use crate::cargo::build::Executable;
use crate::cargo::environment::Surroundings;
use crate::cargo::error::Error;
use crate::plan::TestBinary;

use super::harness::harness;

/// A test binary, with the words before its own arguments when cargo was told to run tests by
/// another program.
#[derive(Clone, Debug)]
pub(crate) struct Binary {
    /// What the runner gets.
    pub(crate) test: TestBinary,
    /// The file that was built.
    pub(crate) executable: PathBuf,
    /// The first arguments of whatever is run: none, or the runner's and the executable.
    pub(crate) prefix: Vec<OsString>,
    /// The name of its target.
    pub(crate) target: String,
}

/// The binaries of a build, in cargo's order.
pub(crate) fn binaries(
    surroundings: &Surroundings<'_>,
    runner: &[OsString],
) -> Result<Vec<Binary>, Error> {
    let mut binaries: Vec<Binary> = Vec::new();
    for test in &surroundings.built.tests {
        let Some(package) = surroundings.metadata.package(&test.package) else {
            continue;
        };
        let mut binary = binary(surroundings, test, package, runner)?;
        let taken = |id: &str| binaries.iter().any(|other| other.test.id == id);
        if taken(&binary.test.id) {
            // The same target, built for several triples.
            binary.test.id = format!("{}@{}", binary.test.id, binaries.len());
        }
        binaries.push(binary);
    }
    Ok(binaries)
}

fn binary(
    surroundings: &Surroundings<'_>,
    test: &Executable,
    package: &Package,
    runner: &[OsString],
) -> Result<Binary, Error> {
    let environment = surroundings.environment(test, package);
    let folder = package.manifest_path.parent().unwrap_or(&package.manifest_path);
    let mut words = runner.iter().cloned().chain([test.path.clone().into_os_string()]);
    let program = words.next().map(PathBuf::from).unwrap_or_default();
    Ok(Binary {
        test: TestBinary {
            id: id(package, &test.target),
            selection: selection(surroundings, package, &test.target),
            path: program,
            folder: folder.as_std_path().to_owned(),
            environment: environment.set.into_iter().collect(),
            unset: environment.unset,
            is_optimized: test.is_optimized,
            harness: harness(test, package)?,
        },
        executable: test.path.clone(),
        prefix: words.collect(),
        target: test.target.name.clone(),
    })
}

fn id(package: &Package, target: &Target) -> String {
    let (package, name) = (&package.name, &target.name);
    match target.kind.first() {
        Some(TargetKind::Test) => format!("{package}::{name}"),
        Some(TargetKind::Bin) => format!("{package}::bin/{name}"),
        Some(TargetKind::Bench) => format!("{package}::bench/{name}"),
        Some(TargetKind::Example) => format!("{package}::example/{name}"),
        _ => package.to_string(),
    }
}

/// The words that select this target, and its package where there are others.
fn selection(surroundings: &Surroundings<'_>, package: &Package, target: &Target) -> Vec<String> {
    let mut words = Vec::new();
    if surroundings.metadata.members().count() > 1 {
        words.extend(["-p".to_owned(), surroundings.metadata.spec(package)]);
    }
    let flag = match target.kind.first() {
        Some(TargetKind::Test) => "--test",
        Some(TargetKind::Bin) => "--bin",
        Some(TargetKind::Bench) => "--bench",
        Some(TargetKind::Example) => "--example",
        _ => {
            words.push("--lib".to_owned());
            return words;
        }
    };
    words.extend([flag.to_owned(), target.name.clone()]);
    words
}
