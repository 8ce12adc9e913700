//! Captures of tests at random moments of their runs.

use std::path::PathBuf;
use std::process::Child;
use std::rc::Rc;
use std::thread;
use std::time::Duration;

use asynctest_engine::address::ProcessId;
use asynctest_engine::limits::Limits;
use asynctest_engine::report::Subject;
use asynctest_engine::session::{Bundle, Capture, Request};
use asynctest_engine::symbols::Objects;

use super::source::{Built, Test};
use super::tally::Tally;
use crate::Error;

/// Longest time between the two looks of a capture, in milliseconds: most tests are short.
const APART: u64 = 3;

/// What is to be captured.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Plan {
    /// How many captures of each package.
    pub captures: u64,
    /// What decides which tests, and when.
    pub seed: u64,
    /// Where captures with a claim that is wrong are kept.
    pub keep: PathBuf,
}

/// Captures tests of `built` as `plan` says; `progress` is told after each.
///
/// # Errors
///
/// A test cannot be started, or a capture cannot be kept.
pub fn sample(built: &Built, plan: &Plan, progress: &dyn Fn(u64)) -> Result<Tally, Error> {
    let mut random = fastrand::Rng::with_seed(plan.seed);
    let mut tally = Tally::new(&built.name, built.tests.len());
    let objects = Rc::<Objects>::default();
    let whole: Duration = built.tests.iter().map(|test| test.took).sum();
    for number in 0..plan.captures {
        // Half of them by time, so that long tests are seen often, half by number, so that all are.
        let test = if random.bool() {
            random.choice(&built.tests)
        } else {
            at(&built.tests, whole.mul_f64(random.f64()))
        };
        let Some(test) = test else { break };
        let delay = test.took.mul_f64(random.f64());
        let apart = Duration::from_millis(random.u64(0..APART));
        match capture(test, delay, apart, &objects)? {
            Some(capture) => {
                let report = capture.report();
                if tally.add(&test.name, &report) {
                    let path = plan.keep.join(format!("{}-{number}.asynctest", built.name));
                    let kept = capture.save(&path, Bundle::Link);
                    kept.map_err(|error| Error::Missing(format!("{}: {error}", path.display())))?;
                }
            }
            None => tally.ended += 1,
        }
        progress(number);
    }
    Ok(tally)
}

/// The test that runs at this moment, if all run one after the other.
fn at(tests: &[Test], moment: Duration) -> Option<&Test> {
    let mut passed = Duration::ZERO;
    tests.iter().find(|test| {
        passed += test.took;
        passed >= moment
    })
}

/// Captures `test` so long after its start; none when it has ended before.
fn capture(
    test: &Test,
    delay: Duration,
    apart: Duration,
    objects: &Rc<Objects>,
) -> Result<Option<Capture>, Error> {
    let start = |source| Error::Start { program: test.name.clone(), source };
    let running = Running(test.command().spawn().map_err(start)?);
    thread::sleep(delay);
    let process = i32::try_from(running.0.id()).unwrap_or(0);
    let request = Request {
        process: ProcessId(process),
        subject: Subject { process, test: Some(test.name.clone()), ..Subject::default() },
        apart,
        limits: Limits::default(),
    };
    // A test that ends while it is looked at is no failure of ours; any other error is one that the
    // count of captures shows.
    Ok(Capture::take_with(&request, Rc::clone(objects)).ok())
}

/// A test that is ended with this value.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
