//! Doctests are not run here: `rustdoc` compiles and runs them itself. This says where there may
//! be some, and what runs them.

use cargo_metadata::Package;

use super::build::Built;
use super::metadata::Metadata;
use crate::cli::BuildArguments;
use crate::shell;

/// The command that runs the doctests `cargo test` would have run too; none when it would not have.
pub(crate) fn command(
    arguments: &BuildArguments,
    metadata: &Metadata,
    built: &Built,
) -> Option<String> {
    let selected = || built.tests.iter().filter_map(|test| metadata.package(&test.package));
    (!arguments.targets.named() && selected().any(may_have)).then(|| command_words(arguments))
}

/// The command that runs the doctests of the selected packages.
pub(crate) fn command_words(arguments: &BuildArguments) -> String {
    let words = ["cargo", "test", "--doc"].map(Into::into);
    let words = words.into_iter().chain(arguments.package_selection());
    shell::line(words.chain(arguments.shared()))
}

fn may_have(package: &Package) -> bool {
    package.targets.iter().any(|target| target.doctest)
}
