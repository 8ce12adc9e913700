//! The command as its user meets it: verdicts, files, exit codes, signals, GitHub. One run at a
//! time: all of them are of one package, whose files they write.

mod attach;
mod blows;
mod children;
mod github;
mod json;
mod keys;
mod nextest;
mod pipes;
mod scene;
mod signals;
mod slow;
mod verdicts;
mod wrapped;

use std::process::ExitCode;

use libtest_mimic::{Arguments, Failed, Trial};

use scene::Scene;

/// What is tried, by its name.
type Case = (&'static str, fn(&Scene) -> Result<(), Failed>);

fn main() -> ExitCode {
    let arguments = Arguments { test_threads: Some(1), ..Arguments::from_args() };
    let all = [
        verdicts::CASES,
        blows::CASES,
        slow::CASES,
        attach::CASES,
        children::CASES,
        signals::CASES,
        github::CASES,
        json::CASES,
        pipes::CASES,
        wrapped::CASES,
        keys::CASES,
    ];
    let trial = |(name, case): &'static Case| Trial::test(*name, move || case(&Scene::new()?));
    let with_nextest = nextest::is_installed();
    let nextest = nextest::CASES.iter().map(trial);
    let trials = all
        .into_iter()
        .flatten()
        .map(trial)
        .chain(nextest.map(|trial| trial.with_ignored_flag(!with_nextest)))
        .collect();
    libtest_mimic::run(&arguments, trials).exit_code()
}
