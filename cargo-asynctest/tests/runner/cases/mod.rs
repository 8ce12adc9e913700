//! The cases, by what they are about.

mod deadlines;
mod files;
mod interrupts;
mod survivors;
mod verdicts;

use std::path::Path;

use libtest_mimic::{Failed, Trial};

/// A case's name, and the case: it gets a folder of its own.
type Case = (&'static str, fn(&Path));

/// All of them.
pub(crate) fn all() -> Vec<Trial> {
    let cases =
        [verdicts::CASES, deadlines::CASES, files::CASES, survivors::CASES, interrupts::CASES];
    cases.concat().into_iter().map(trial).collect()
}

fn trial((name, case): Case) -> Trial {
    Trial::test(name, move || {
        let folder = tempfile::tempdir()?;
        case(folder.path());
        Ok::<(), Failed>(())
    })
}
