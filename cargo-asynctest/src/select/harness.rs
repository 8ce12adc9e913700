//! How a test executable takes its arguments.

use asynctest_engine::symbols::Object;
use cargo_metadata::Package;

use crate::cargo::build::Executable;
use crate::cargo::error::Error;
use crate::cargo::manifest::{MainFunction, Manifest};
use crate::plan::Harness;

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
