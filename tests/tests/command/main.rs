//! The command as its user meets it: verdicts, files, exit codes, signals, GitHub. One run at a
//! time: all of them are of one package, whose files they write.

mod attach;
mod blows;
mod children;
mod github;
mod pipes;
mod scene;
mod signals;
mod slow;
mod verdicts;

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
        pipes::CASES,
    ];
    let trials = all
        .into_iter()
        .flatten()
        .map(|(name, case)| Trial::test(*name, move || case(&Scene::new()?)))
        .collect();
    libtest_mimic::run(&arguments, trials).exit_code()
}
