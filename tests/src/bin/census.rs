//! Captures the tests of packages at random moments and counts what was read and what was claimed.
//!
//! `cargo run --release -p asynctest-tests --bin census -- --captures 500 tokio-stream@0.1.19 FOLDER`

use std::io::{IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;
use std::{fs, io, thread};

use asynctest_engine::report::Certainty;
use asynctest_engine::session::Capture;
use asynctest_tests::Error;
use asynctest_tests::census::{Built, Plan, Source, Tally, sample};
use clap::Parser;

/// Captures the tests of packages at random moments, counts tasks walked against tasks there, gaps
/// by type, and claims that are wrong: these tests pass, so nothing in them hangs.
#[derive(Parser)]
struct Arguments {
    /// Folders of packages, or `name@version` from crates.io.
    #[arg(required_unless_present = "show", value_name = "PACKAGE")]
    packages: Vec<String>,
    /// Print the report of a capture that was kept, as JSON, and nothing else.
    #[arg(long, value_name = "CAPTURE")]
    show: Option<PathBuf>,
    /// Captures of each package.
    #[arg(long, default_value_t = 200)]
    captures: u64,
    /// Most captures of one run of a test.
    #[arg(long, default_value_t = 8)]
    per_run: u64,
    /// A test, `binary::test`, that hangs on purpose and ends by a timeout, as somebody has checked:
    /// that it is said to hang is not wrong.
    #[arg(long, value_name = "TEST")]
    checked: Vec<String>,
    /// What decides which tests are looked at, and when.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Longest time for the captures of a package, in seconds: tests that are over at once are seen
    /// in few of their runs.
    #[arg(long, default_value_t = 3600, value_name = "SECONDS")]
    longest: u64,
    /// Captures at the same time.
    #[arg(long, default_value_t = 2)]
    jobs: u64,
    /// Where packages are unpacked and built, and captures kept: those with wrong claims, and the
    /// first of each kind.
    #[arg(long, default_value = "target/census")]
    folder: PathBuf,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let done = match &arguments.show {
        Some(capture) => show(capture),
        None => census(&arguments),
    };
    match done {
        Ok(is_clean) => ExitCode::from(u8::from(!is_clean)),
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(2)
        }
    }
}

/// Prints what a kept capture says.
fn show(path: &Path) -> Result<bool, Error> {
    let missing = |error| Error::Missing(format!("{}: {error}", path.display()));
    let report = Capture::open(path).map_err(missing)?.report();
    let text = serde_json::to_string_pretty(&report);
    let what = "the report".to_owned();
    println!("{}", text.map_err(|source| Error::Json { what, source })?);
    Ok(true)
}

/// True when no claim was wrong beyond what is bearable: none certain, one likely in 1,000.
fn census(arguments: &Arguments) -> Result<bool, Error> {
    fs::create_dir_all(&arguments.folder).map_err(Error::file(&arguments.folder))?;
    let folder = arguments.folder.canonicalize().map_err(Error::file(&arguments.folder))?;
    let mut rows = Vec::new();
    let mut total = Tally::new("total", 0);
    for name in &arguments.packages {
        let tally = package(name, arguments, &folder)?;
        println!("{}\n{}\n{tally}\n", Tally::heading(), tally.row());
        rows.push(tally.row());
        total.merge(tally);
    }
    println!("\n{}\n{}\n{}", Tally::heading(), rows.join("\n"), total.row());
    let likely = total.wrong_and(Certainty::Likely);
    Ok(total.wrong_and(Certainty::Certain) == 0 && likely * 1000 <= total.captures)
}

fn package(name: &str, arguments: &Arguments, folder: &Path) -> Result<Tally, Error> {
    eprintln!("{name}: building and timing its tests");
    let built = Source::find(name, folder)?.build(folder)?;
    eprintln!("{name}: {} tests", built.tests.len());
    let jobs = arguments.jobs.max(1);
    let tallies: Vec<Result<Tally, Error>> = thread::scope(|scope| {
        let built = &built;
        let start = |job| scope.spawn(move || share(job, jobs, built, arguments, folder));
        let workers: Vec<_> = (0..jobs).map(start).collect();
        let ended = |worker: thread::ScopedJoinHandle<'_, _>| {
            worker.join().unwrap_or_else(|_| Err(Error::Missing("a worker's result".into())))
        };
        workers.into_iter().map(ended).collect()
    });
    let mut sum = Tally::new(&built.name, built.tests.len());
    for tally in tallies {
        sum.merge(Tally { tests: 0, ..tally? });
    }
    Ok(sum)
}

/// One worker's share of the captures.
fn share(
    job: u64,
    jobs: u64,
    built: &Built,
    arguments: &Arguments,
    folder: &Path,
) -> Result<Tally, Error> {
    let captures = arguments.captures.div_ceil(jobs);
    let plan = Plan {
        captures,
        per_run: arguments.per_run.max(1),
        seed: arguments.seed.wrapping_add(job),
        longest: Duration::from_secs(arguments.longest),
        checked: arguments.checked.clone(),
        keep: folder.join("kept").join(&built.name),
    };
    let shows = job == 0 && io::stderr().is_terminal();
    sample(built, &plan, &|number| {
        if shows {
            eprint!("\r{number} of {captures}");
            // What cannot be shown is not missed.
            let _ = io::stderr().flush();
        }
    })
}
