//! Runs healthy suites over and over, under all that can make a machine slow, and counts what is
//! called stuck: wrongly, all of it.
//!
//! `cargo run -p asynctest-tests --bin soak -- --executions 20000 FOLDER...`

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use asynctest_tests::Error;
use asynctest_tests::command::workspace;
use asynctest_tests::soak::{ALL, Round, Suite};
use clap::Parser;

/// Runs healthy suites over and over, plain, starved of CPU, on one CPU, stopped and continued, and
/// counts the tests that are called stuck: wrongly, all of them.
#[derive(Parser)]
struct Arguments {
    /// Folders of packages whose tests pass, beside the fixtures that rest for seconds.
    folders: Vec<PathBuf>,
    /// How many tests are to be run at least.
    #[arg(long, default_value_t = 100)]
    executions: u64,
    /// Leave out the fixtures.
    #[arg(long)]
    no_fixtures: bool,
    /// A flag of `cargo test` for the folders, such as `--all-features`.
    #[arg(long, value_name = "FLAG", allow_hyphen_values = true)]
    flag: Vec<String>,
    /// How long a test must rest to be looked at; 1s for at once.
    #[arg(long, default_value = "2s")]
    stuck_after: String,
}

fn main() -> ExitCode {
    match soak(&Arguments::parse()) {
        Ok(is_clean) => ExitCode::from(u8::from(!is_clean)),
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(2)
        }
    }
}

/// True when nothing was called stuck.
fn soak(arguments: &Arguments) -> Result<bool, Error> {
    let mut suites = Vec::new();
    if !arguments.no_fixtures {
        suites.push(Suite::patient(&target())?);
    }
    suites.extend(arguments.folders.iter().map(|folder| Suite::of(folder, &arguments.flag)));
    let more = ["--stuck-after".to_owned(), arguments.stuck_after.clone()];
    let mut total = Round::default();
    let mut conditions = ALL.into_iter().cycle();
    while total.executions < arguments.executions
        && let Some(condition) = conditions.next()
    {
        let before = total.executions;
        for suite in &suites {
            let begun = Instant::now();
            let round = suite.round(condition, &more)?;
            println!(
                "{:<24} {:<8} {:>5} executions, {:>5} passed, {:>2} called stuck, {:>4} s",
                suite.name,
                condition.name(),
                round.executions,
                round.passed,
                round.stuck.len(),
                begun.elapsed().as_secs(),
            );
            round.stuck.iter().for_each(|test| println!("  called stuck: {test}"));
            total.executions = total.executions.saturating_add(round.executions);
            total.passed = total.passed.saturating_add(round.passed);
            total.stuck.extend(round.stuck);
        }
        if total.executions == before {
            return Err(Error::Missing("a test that runs".to_owned()));
        }
    }
    let Round { executions, passed, stuck } = &total;
    println!("{executions} executions, {passed} passed, {} called stuck", stuck.len());
    Ok(stuck.is_empty())
}

/// Where the fixtures are built.
fn target() -> PathBuf {
    let target = std::env::var_os("CARGO_TARGET_DIR");
    target.map_or_else(|| workspace().join("target"), |folder| Path::new(&folder).to_owned())
}
