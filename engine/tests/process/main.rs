//! Stops real processes that make it hard: threads come and go, signals arrive, processes end.
//!
//! With the argument `tracee` this same file is the process that is stopped: see [`tracee`]. It has
//! a `main` of its own because the first thread of a process is a special one.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "it is all tests, which Clippy does not see in a program with a `main` of its own"
)]

mod endings;
mod freezes;
mod helper;
mod looks;
mod refusals;
mod stops;
mod traced;
mod tracee;

use std::process::ExitCode;

use libtest_mimic::{Arguments, Trial};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [first, program, rest @ ..] = arguments.as_slice()
        && first == "tracee"
    {
        return tracee::run(program, rest);
    }
    let trials = [
        freezes::trials(),
        stops::trials(),
        endings::trials(),
        refusals::trials(),
        looks::trials(),
        traced::trials(),
    ];
    let trials: Vec<Trial> = trials.into_iter().flatten().collect();
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}
