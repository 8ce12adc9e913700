//! How a test executable takes its arguments.

use asynctest_engine::symbols::Object;
use cargo_metadata::{Package, Target};

use crate::cargo::build::Executable;
use crate::cargo::error::Error;
use crate::cargo::manifest::{MainFunction, Manifest};
use crate::cargo::metadata::Metadata;
use crate::cargo::spec::Spec;
use crate::cli::{BuildArguments, Packages, Targets};
use crate::plan::Harness;

/// Who wrote the `main` of the binaries that this selection can come to: the user, as soon as that
/// is so for one of them.
///
/// Which targets cargo selects exactly is known when it has built them: these are at least those.
pub(crate) fn expected(
    metadata: &Metadata,
    arguments: &BuildArguments,
) -> Result<MainFunction, Error> {
    let members = metadata.members();
    for package in members.filter(|package| may_be_of(&arguments.packages, package)) {
        let manifest = Manifest::read(package.manifest_path.as_std_path())?;
        let targets = package.targets.iter();
        let mut targets = targets.filter(|target| may_be_among(&arguments.targets, target));
        if targets.any(|target| manifest.main_function(target) == MainFunction::Written) {
            return Ok(MainFunction::Written);
        }
    }
    Ok(MainFunction::Generated)
}

/// Whether these flags can select this package.
fn may_be_of(selection: &Packages, package: &Package) -> bool {
    let is_pattern = |spec: &str| spec.contains(['*', '?', '[']);
    let mut specs = selection.package.iter();
    selection.package.is_empty()
        || specs.any(|spec| is_pattern(spec) || Spec::parse(spec).matches(package))
}

/// Whether these flags can select this target; its name is cargo's to match.
fn may_be_among(selection: &Targets, target: &Target) -> bool {
    // `--benches` selects libraries and programs too, by a setting that is not told.
    if selection.all_targets || selection.benches {
        return true;
    }
    let by_default = selection.tests || !selection.named();
    let bins = selection.bins || !selection.bin.is_empty();
    let examples = selection.examples || !selection.example.is_empty();
    (by_default && target.test)
        || (bins && target.is_bin())
        || (examples && target.is_example())
        || (!selection.test.is_empty() && target.is_test())
        || (!selection.bench.is_empty() && target.is_bench())
        || selection.lib && is_library(target)
}

fn is_library(target: &Target) -> bool {
    !(target.is_bin() || target.is_example() || target.is_test() || target.is_bench())
}

/// Whether a binary can be asked for single tests.
///
/// With `harness = true` rustc has put libtest into it. Without, it has a `main` of its own, which
/// would run its body whatever it is asked for, `--list` included, unless that is libtest-mimic's:
/// so its symbols must show that. `cargo metadata` does not tell the two apart: the manifest does,
/// and it does so for a stripped binary too.
pub(super) fn harness(test: &Executable, package: &Package) -> Result<Harness, Error> {
    let manifest = Manifest::read(package.manifest_path.as_std_path())?;
    Ok(match manifest.main_function(&test.target) {
        MainFunction::Generated => Harness::Libtest,
        MainFunction::Written => match Object::open(&test.path) {
            Ok(object) if has_libtest_mimic(&object) => Harness::Libtest,
            Ok(_) | Err(_) => Harness::Whole,
        },
    })
}

fn has_libtest_mimic(object: &Object) -> bool {
    let symbols = object.symbols_named(|name| name.contains("libtest_mimic"));
    !symbols.is_empty()
}
