//! Runs one test while one of its tasks is followed.
//!
//! A thread of its own traces the test and tells the story; this one waits for signals, for the
//! deadline and for the end. A test that hangs is let go, and is looked at as any other then.

use std::os::fd::AsFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use asynctest_engine::address::ProcessId;
use asynctest_engine::limits::Limits;
use asynctest_engine::report::Subject;
use asynctest_engine::session::{self, Stepping, Telling};
use asynctest_engine::step::{self, Outcome, Told, Wish};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::eventfd::{EfdFlags, EventFd};
use nix::sys::signal::{SigSet, Signal};

use super::again::again;
use super::event::{Examined, Purpose};
use super::examine::{self, Captures, Order};
use super::isolation::{self, Process};
use super::signals::{ENDING, Signals};
use super::verdict::Exit;
use super::{folders, timing};
use crate::causes::chain;
use crate::plan::{Deadline, Plan, RunOptions, TestBinary, TestCase};

/// How long a killed process may take to be gone.
const DYING: Duration = Duration::from_secs(5);

/// What is to be done.
pub(crate) struct Errand<'plan> {
    /// The plan that the test is of.
    pub(crate) plan: &'plan Plan,
    /// Its binary.
    pub(crate) binary: &'plan TestBinary,
    /// The test.
    pub(crate) case: &'plan TestCase,
    /// How it is run.
    pub(crate) options: &'plan RunOptions,
    /// Which task is followed.
    pub(crate) request: step::Request,
    /// Where the test's stdout goes.
    pub(crate) stdout: Stdout,
}

/// Where the test's stdout goes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Stdout {
    /// To ours.
    Own,
    /// To our stderr: ours is taken.
    Stderr,
}

/// How it ended.
pub(crate) enum Finished {
    /// The test's process ended.
    Ended(Exit),
    /// It hung.
    Hung(Result<Examined, String>),
    /// We were asked to end.
    Interrupted,
    /// The task cannot be followed.
    Refused(String),
}

/// What both threads know.
#[derive(Default)]
struct Shared {
    /// Whether the test is to be let go.
    let_go: AtomicBool,
    /// When something was told last, in milliseconds since the beginning.
    told: AtomicU64,
}

type Story = Result<Outcome, String>;

/// Runs the test, and hands what happens to its task to `tell`.
pub(crate) fn run(
    order: Errand<'_>,
    tell: Box<dyn FnMut(Told) + Send>,
) -> std::io::Result<Finished> {
    let mut signals = Signals::take(&[])?;
    let process = isolation::start_held(order.plan, order.case, order.stdout)?;
    let done = Arc::new(EventFd::from_flags(EfdFlags::EFD_CLOEXEC | EfdFlags::EFD_NONBLOCK)?);
    let shared = Arc::new(Shared::default());
    let begun = Instant::now();
    let tracer = trace(&order, process.id(), shared.clone(), done.clone(), begun, tell)?;
    let waited = wait(&order, &process, &mut signals, &done, &shared, begun);
    let story = tracer.join().unwrap_or_else(|_| Err("an error of ours".to_owned()));
    let finished = match (waited, story) {
        (Waited::Interrupted, _) => Finished::Interrupted,
        (_, Ok(Outcome::LetGo)) => Finished::Hung(look(&order, &process)),
        (_, Ok(Outcome::Ended { ending, .. })) => Finished::Ended(Exit::of(ending)),
        (_, Err(why)) => Finished::Refused(why),
    };
    process.end();
    bury(&process);
    Ok(finished)
}

/// Starts the thread that traces the test.
fn trace(
    order: &Errand<'_>,
    process: i32,
    shared: Arc<Shared>,
    done: Arc<EventFd>,
    begun: Instant,
    mut tell: Box<dyn FnMut(Told) + Send>,
) -> std::io::Result<JoinHandle<Story>> {
    let request = order.request.clone();
    let telling =
        Telling { workspace: order.plan.workspace.clone(), executable: order.binary.path.clone() };
    thread::Builder::new().name("tracer".to_owned()).spawn(move || {
        // A handler that ran here would interrupt the engine's system calls.
        let _ = SigSet::all().thread_block();
        let wish = || match shared.let_go.load(Ordering::Relaxed) {
            true => Wish::LetGo,
            false => Wish::GoOn,
        };
        let mut tell = |event: Told| {
            let now = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
            shared.told.store(now, Ordering::Relaxed);
            tell(event);
        };
        let story = Stepping::seize(ProcessId(process)).map_err(|error| chain(&error)).and_then(
            |stepping| {
                let story = stepping.follow(request, &telling, &wish, &mut tell);
                story.map_err(|error| chain(&error))
            },
        );
        let _ = done.write(1);
        story
    })
}

/// How waiting ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Waited {
    /// The story has.
    Told,
    /// We were asked to end.
    Interrupted,
}

/// Waits for the end of the story. At the deadline the test is let go, which ends it too.
fn wait(
    order: &Errand<'_>,
    process: &Process,
    signals: &mut Signals,
    done: &EventFd,
    shared: &Shared,
    begun: Instant,
) -> Waited {
    loop {
        let left = deadline(order.options.deadline, shared, begun)
            .map(|deadline| deadline.saturating_duration_since(Instant::now()));
        if left == Some(Duration::ZERO) && !shared.let_go.swap(true, Ordering::Relaxed) {
            // Any signal makes the tracer look up; this one is of no consequence.
            process.signal(Signal::SIGURG);
        }
        let timeout = match left.filter(|left| !left.is_zero()) {
            Some(left) => PollTimeout::try_from(left + Duration::from_millis(1)),
            None => Ok(PollTimeout::NONE),
        };
        let (signal, end) = {
            let mut waiting = [
                PollFd::new(signals.as_fd(), PollFlags::POLLIN),
                PollFd::new(done.as_fd(), PollFlags::POLLIN),
            ];
            let _ = poll(&mut waiting, timeout.unwrap_or(PollTimeout::MAX));
            let [signal, end] = waiting.map(|one| one.any().unwrap_or(false));
            (signal, end)
        };
        if signal && signals.arrived().iter().any(|arrived| ENDING.contains(&arrived.signal)) {
            process.end();
            return Waited::Interrupted;
        }
        if end {
            return Waited::Told;
        }
    }
}

/// When the test counts as hung. Where nobody asked for a limit it counts from what was told last:
/// stepping takes its time.
fn deadline(deadline: Deadline, shared: &Shared, begun: Instant) -> Option<Instant> {
    match deadline {
        _ if shared.let_go.load(Ordering::Relaxed) => None,
        Deadline::Default { soft, .. } => {
            Some(begun + Duration::from_millis(shared.told.load(Ordering::Relaxed)) + soft)
        }
        Deadline::Asked(limit) => Some(begun + limit),
        Deadline::None => None,
    }
}

/// Takes the hang's report.
fn look(order: &Errand<'_>, process: &Process) -> Result<Examined, String> {
    let plan = order.plan;
    let subject = Subject {
        verdict: super::verdict::Verdict::Hang.word().to_owned(),
        binary: order.binary.id.clone(),
        test: Some(order.case.name.clone()),
        process: process.id(),
        again: Some(again(plan, order.binary, order.case)),
        source_roots: plan.source_roots.iter().map(|root| root.display().to_string()).collect(),
        workspace: plan.workspace.as_ref().map(|folder| folder.display().to_string()),
    };
    let request = session::Request {
        process: ProcessId(process.id()),
        subject,
        apart: order.options.apart,
        limits: Limits { values: order.options.values, ..Limits::default() },
    };
    let order = Order {
        purpose: Purpose::Deadline,
        request,
        folder: folders::of_test(&plan.output, &order.binary.id, &order.case.name),
        inside: None,
        attempt: 1,
        patience: timing::patience(order.options),
    };
    let captures = Captures::live();
    let examination = captures.how.examine(&order.request)?;
    examine::finish(examination, crate::render::FILES, &order)
}

/// Waits for the end of a killed process, so that nothing of it stays.
fn bury(process: &Process) {
    let begun = Instant::now();
    while process.exit().is_none() && begun.elapsed() < DYING {
        thread::sleep(Duration::from_millis(1));
    }
}
