//! Captures of tests at random moments of their runs.

use std::panic::{self, AssertUnwindSafe};
use std::path::PathBuf;
use std::rc::Rc;
use std::thread;
use std::time::{Duration, Instant};

use asynctest_engine::address::ProcessId;
use asynctest_engine::limits::Limits;
use asynctest_engine::report::{Report, Subject};
use asynctest_engine::session::{self, Bundle, Capture, Request};
use asynctest_engine::symbols::Objects;

use super::running::{Running, Verdict};
use super::source::{Built, Test};
use super::tally::Tally;
use crate::Error;

/// Longest time between the two looks of a capture, in milliseconds: most tests are short.
const APART: u64 = 3;

/// How long a process that cannot be captured may take to be gone.
const GOING: Duration = Duration::from_millis(200);

/// How many runs may be needed for a capture: many tests are over before they can be looked at.
const RUNS_PER_CAPTURE: u64 = 8;

/// How much longer than alone a test may take that is stopped again and again.
const PATIENCE: Duration = Duration::from_secs(20);

/// What is to be captured.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Plan {
    /// How many captures of each package.
    pub captures: u64,
    /// Most captures of one run of a test.
    pub per_run: u64,
    /// What decides which tests, and when.
    pub seed: u64,
    /// Longest time that the captures of it may take.
    pub longest: Duration,
    /// Tests that hang on purpose, `binary::test`.
    pub checked: Vec<String>,
    /// Where captures are kept: those with a claim that is wrong, and the first of each kind.
    pub keep: PathBuf,
}

/// Captures tests of `built` as `plan` says; `progress` is told of each.
///
/// # Errors
///
/// A test cannot be started, or a capture cannot be kept.
pub fn sample(built: &Built, plan: &Plan, progress: &dyn Fn(u64)) -> Result<Tally, Error> {
    let mut random = fastrand::Rng::with_seed(plan.seed);
    let mut tally = Tally::new(&built.name, built.tests.len());
    let objects = Rc::<Objects>::default();
    let most_runs = plan.captures.saturating_mul(RUNS_PER_CAPTURE);
    let started = Instant::now();
    let is_over = |tally: &Tally| {
        tally.captures >= plan.captures
            || tally.runs >= most_runs
            || started.elapsed() >= plan.longest
    };
    while !is_over(&tally) {
        let Some(test) = choose(&built.tests, &mut random) else { break };
        let left = plan.captures.saturating_sub(tally.captures).min(plan.per_run);
        captures_of_a_run(test, left, &objects, &mut random, plan, &mut tally)?;
        progress(tally.captures);
    }
    Ok(tally)
}

/// A test: half of them by time, so that long ones are seen often, half by number, so that all are.
fn choose<'tests>(tests: &'tests [Test], random: &mut fastrand::Rng) -> Option<&'tests Test> {
    if random.bool() {
        return random.choice(tests);
    }
    let whole: Duration = tests.iter().map(|test| test.took).sum();
    at(tests, whole.mul_f64(random.f64()))
}

/// The test that runs at this moment, if all run one after the other.
fn at(tests: &[Test], moment: Duration) -> Option<&Test> {
    let mut passed = Duration::ZERO;
    tests.iter().find(|test| {
        passed += test.took;
        passed >= moment
    })
}

/// Runs `test` once, captures it up to `most` times at random moments, and lets it end.
fn captures_of_a_run(
    test: &Test,
    most: u64,
    objects: &Rc<Objects>,
    random: &mut fastrand::Rng,
    plan: &Plan,
    tally: &mut Tally,
) -> Result<(), Error> {
    let mut running = Running::start(test)?;
    tally.runs += 1;
    // The moments are as far from each other, on average, as lets all of them be taken.
    let pause = test.took.mul_f64(2.0 / (most.saturating_add(1)) as f64);
    for _ in 0..most {
        thread::sleep(pause.mul_f64(random.f64()));
        let request = request(test, &running, Duration::from_millis(random.u64(0..APART)));
        let started = Instant::now();
        match look(&request, objects) {
            Look::Taken(capture, report) => {
                let name = test.full_name();
                tally.slowest = tally.slowest.clone().max((started.elapsed(), name.clone()));
                if let Some(why) = tally.add(&name, &report, &plan.checked) {
                    keep(&capture, plan, &why, tally.tries())?;
                }
            }
            Look::Panicked(message) => tally.fail(&format!("panic: {message}")),
            Look::None(_) if running.ends_within(GOING)? => {
                tally.ended += 1;
                break;
            }
            Look::None(error) => tally.fail(&error.to_string()),
        }
    }
    if running.verdict(test.took.saturating_add(PATIENCE))? != Verdict::Pass {
        tally.changed.push(test.full_name());
    }
    Ok(())
}

fn request(test: &Test, running: &Running, apart: Duration) -> Request {
    let process = running.process();
    let binary = test.binary();
    let name = Some(test.name.clone());
    Request {
        process: ProcessId(process),
        subject: Subject { process, binary, test: name, ..Subject::default() },
        apart,
        limits: Limits::default(),
    }
}

/// What came of a capture.
enum Look {
    Taken(Box<Capture>, Box<Report>),
    None(session::Error),
    Panicked(String),
}

fn look(request: &Request, objects: &Rc<Objects>) -> Look {
    let taken = panic::catch_unwind(AssertUnwindSafe(|| {
        let capture = Capture::take_with(request, Rc::clone(objects))?;
        let report = capture.report();
        Ok((Box::new(capture), Box::new(report)))
    }));
    match taken {
        Ok(Ok((capture, report))) => Look::Taken(capture, report),
        Ok(Err(error)) => Look::None(error),
        Err(payload) => {
            let text = payload.downcast_ref::<String>().map(String::as_str);
            let text = text.or_else(|| payload.downcast_ref::<&str>().copied());
            Look::Panicked(text.unwrap_or("unknown").to_owned())
        }
    }
}

/// Saves `capture` in a folder of its own, which says why.
fn keep(capture: &Capture, plan: &Plan, why: &str, number: u64) -> Result<(), Error> {
    let folder = plan.keep.join(format!("{why}-{}-{number}", plan.seed));
    std::fs::create_dir_all(&folder).map_err(Error::file(&folder))?;
    let path = folder.join("capture.asynctest");
    let kept = capture.save(&path, Bundle::Link);
    kept.map_err(|error| Error::Missing(format!("{}: {error}", path.display())))
}
