//! Looks at tests that have run for long, on threads of their own: a capture blocks for as long as
//! it takes, and the thread that takes it is the test's tracer.

use std::any::Any;
use std::collections::{BTreeMap, VecDeque};
use std::os::fd::{AsFd, BorrowedFd};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use asynctest_engine::report::Report;
use asynctest_engine::session::{Bundle, Capture, Request};
use nix::sys::eventfd::{EfdFlags, EventFd};
use nix::sys::signal::SigSet;

use super::event::{Examined, Purpose};
use super::verdict::{self, Verdict};
use super::{folders, inside, timing};
use crate::causes::chain;

/// Most captures at once: they read much debug info.
const AT_ONCE: usize = 4;

/// Takes captures. The runner's tests have one that needs no debug info.
pub(crate) trait Examine: Send + Sync {
    /// Looks at a process.
    fn examine(&self, request: &Request) -> Result<Box<dyn Examination>, String>;
}

/// A capture that was taken.
pub(crate) trait Examination {
    /// Its report.
    fn report(&self) -> Report;
    /// What the report calls the verdict.
    fn set_verdict(&mut self, verdict: &str);
    /// What the report calls the test, and the command that runs it again.
    fn set_test(&mut self, test: &str, again: String);
    /// Writes the capture to the file `path`.
    fn save(&self, path: &Path) -> Result<(), String>;
}

/// How captures are taken.
#[derive(Clone)]
pub(crate) struct Captures {
    /// Takes them.
    pub(crate) how: Arc<dyn Examine>,
    /// How long one may take, beside the time between its two looks.
    pub(crate) patience: Duration,
}

impl Captures {
    /// The engine's.
    pub(crate) fn live() -> Captures {
        Captures { how: Arc::new(Live), patience: Duration::from_secs(120) }
    }
}

struct Live;

impl Examine for Live {
    fn examine(&self, request: &Request) -> Result<Box<dyn Examination>, String> {
        match Capture::take(request) {
            Ok(capture) => Ok(Box::new(capture)),
            Err(error) => Err(chain(&error)),
        }
    }
}

impl Examination for Capture {
    fn report(&self) -> Report {
        Capture::report(self)
    }

    fn set_verdict(&mut self, verdict: &str) {
        verdict.clone_into(&mut self.subject.verdict);
    }

    fn set_test(&mut self, test: &str, again: String) {
        self.subject.test = Some(test.to_owned());
        self.subject.again = Some(again);
    }

    fn save(&self, path: &Path) -> Result<(), String> {
        Capture::save(self, path, Bundle::Link).map_err(|error| chain(&error))
    }
}

/// One look that is to be taken.
pub(super) struct Order {
    /// Why.
    pub(super) purpose: Purpose,
    /// What the engine is asked for.
    pub(super) request: Request,
    /// The test's folder.
    pub(super) folder: PathBuf,
    /// How the tests in a program are named that runs whole.
    pub(super) inside: Option<Naming>,
    /// Which try this is.
    pub(super) attempt: u32,
    /// How much longer the test may run at most.
    pub(super) patience: Duration,
}

/// How the tests in a program are named that runs whole.
pub(super) struct Naming {
    /// All of their names.
    pub(super) names: Vec<String>,
    /// What to type to run one of them again.
    pub(super) again: Box<dyn Fn(&str) -> String + Send>,
}

/// The files of a report: the name of each, and what makes it.
pub(crate) type Files = &'static [(&'static str, fn(&Report) -> std::io::Result<Vec<u8>>)];

pub(super) type Outcome = Result<Examined, String>;

/// The looks that are being taken and those that wait.
pub(super) struct Examiner {
    captures: Captures,
    /// Makes the files of a report.
    files: Files,
    waiting: VecDeque<(u64, Order)>,
    /// Until when each may take.
    active: BTreeMap<u64, Instant>,
    most: usize,
    results: Receiver<(u64, Outcome)>,
    sender: Sender<(u64, Outcome)>,
    wake: Arc<EventFd>,
}

impl Examiner {
    /// Takes captures as said, and writes reports by `text`.
    pub(super) fn new(captures: Captures, files: Files) -> nix::Result<Examiner> {
        let (sender, results) = channel();
        let wake = EventFd::from_flags(EfdFlags::EFD_CLOEXEC | EfdFlags::EFD_NONBLOCK)?;
        Ok(Examiner {
            captures,
            files,
            waiting: VecDeque::new(),
            active: BTreeMap::new(),
            most: thread::available_parallelism().map_or(1, |count| count.get().min(AT_ONCE)),
            results,
            sender,
            wake: Arc::new(wake),
        })
    }

    /// Takes a look as soon as there is room.
    pub(super) fn submit(&mut self, serial: u64, order: Order) {
        self.waiting.push_back((serial, order));
        self.begin();
    }

    /// Expects a look that somebody else takes.
    pub(super) fn expect(&mut self, serial: u64, order: &Order) {
        let until = Instant::now() + self.captures.patience + order.request.apart;
        self.active.insert(serial, until);
    }

    /// Where others say what came of their looks.
    pub(super) fn outlet(&self) -> Outlet {
        Outlet { sender: self.sender.clone(), wake: self.wake.clone() }
    }

    /// What makes the files of a report.
    pub(super) fn files(&self) -> Files {
        self.files
    }

    /// Takes back what has not begun; says whether it was so.
    pub(super) fn withdraw(&mut self, serial: u64) -> bool {
        let before = self.waiting.len();
        self.waiting.retain(|(waiting, _)| *waiting != serial);
        self.waiting.len() < before
    }

    /// What has come to its end since the last call, in whatever way.
    pub(super) fn done(&mut self, now: Instant) -> Vec<(u64, Outcome)> {
        let _ = self.wake.read();
        let mut done: Vec<(u64, Outcome)> = self.results.try_iter().collect();
        // A look that was given up may still come to its end.
        done.retain(|(serial, _)| self.active.remove(serial).is_some());
        let overdue: Vec<u64> = self
            .active
            .iter()
            .filter(|(_, until)| **until <= now)
            .map(|(serial, _)| *serial)
            .collect();
        for serial in overdue {
            self.active.remove(&serial);
            let why = format!(
                "the capture was not done within {} s",
                self.captures.patience.as_secs_f32()
            );
            done.push((serial, Err(why)));
        }
        self.begin();
        done
    }

    /// When to ask again in any case.
    pub(super) fn next(&self) -> Option<Instant> {
        self.active.values().min().copied()
    }

    fn begin(&mut self) {
        while self.active.len() < self.most
            && let Some((serial, order)) = self.waiting.pop_front()
        {
            let until = Instant::now() + self.captures.patience + order.request.apart;
            self.active.insert(serial, until);
            self.spawn(serial, order);
        }
    }

    fn spawn(&self, serial: u64, order: Order) {
        let (how, files) = (self.captures.how.clone(), self.files);
        let outlet = self.outlet();
        let work = move || {
            // A handler that ran here would interrupt the engine's system calls.
            let _ = SigSet::all().thread_block();
            let taken = || finish(how.examine(&order.request)?, files, &order);
            outlet.send(serial, unless_it_panics(taken));
        };
        let begun = thread::Builder::new().name("capture".to_owned()).spawn(work);
        if let Err(error) = begun {
            self.outlet().send(serial, Err(format!("no thread for the capture: {error}")));
        }
    }
}

/// Where looks come to their end.
#[derive(Clone)]
pub(super) struct Outlet {
    sender: Sender<(u64, Outcome)>,
    wake: Arc<EventFd>,
}

impl Outlet {
    /// Says what came of a look.
    pub(super) fn send(&self, serial: u64, outcome: Outcome) {
        // The loop may be over.
        let _ = self.sender.send((serial, outcome));
        let _ = self.wake.write(1);
    }
}

/// What came of `taken`, in any case.
pub(super) fn unless_it_panics(taken: impl FnOnce() -> Outcome) -> Outcome {
    let outcome = catch_unwind(AssertUnwindSafe(taken));
    outcome.unwrap_or_else(|panic| Err(of_panic(panic.as_ref())))
}

impl AsFd for Examiner {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.wake.as_fd()
    }
}

/// What a panic says.
fn of_panic(panic: &(dyn Any + Send)) -> String {
    let said = panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    format!("the capture failed by an error of ours: {}", said.unwrap_or("unknown"))
}

/// Makes a report of a look and writes its files.
pub(super) fn finish(
    mut examination: Box<dyn Examination>,
    files: Files,
    order: &Order,
) -> Outcome {
    let mut report = examination.report();
    let mut purpose = order.purpose;
    if purpose == Purpose::Stuck && !report.looks.is_stuck() {
        return Err("it was not proven to be stuck".to_owned());
    }
    if purpose == Purpose::Soft && !timing::moves(&report.looks, order.patience) {
        purpose = Purpose::Deadline;
    }
    let verdict = match purpose {
        Purpose::Soft => Some(Verdict::Slow),
        Purpose::Deadline | Purpose::Stall if verdict::is_exit_hang(&report) => {
            Some(Verdict::ExitHang)
        }
        Purpose::Slow
        | Purpose::Asked
        | Purpose::Stuck
        | Purpose::Stall
        | Purpose::Deadline
        | Purpose::FirstPanic
        | Purpose::Panic
        | Purpose::Crash => None,
    };
    if let Some(verdict) = verdict {
        examination.set_verdict(verdict.word());
        report = examination.report();
    }
    Ok(keep(examination.as_mut(), report, files, order, purpose))
}

/// Writes the files of a report; of the one test that was running, where a program has several.
fn keep(
    examination: &mut dyn Examination,
    mut report: Report,
    files: Files,
    order: &Order,
    purpose: Purpose,
) -> Examined {
    let mut folder = order.folder.clone();
    let naming = order.inside.as_ref();
    let tests = naming.map_or_else(Vec::new, |naming| inside::named(&report, &naming.names));
    if let (Some(naming), [only]) = (naming, tests.as_slice())
        && naming.names.contains(only)
    {
        examination.set_test(only, (naming.again)(only));
        report = examination.report();
        folder = folders::within(&folder, only);
    }
    let folder = folders::of_examination(&folder, order.attempt, purpose);
    let saved = save(examination, &report, files, &folder);
    Examined { report: Box::new(report), folder, tests, unsaved: saved.err() }
}

fn save(
    examination: &dyn Examination,
    report: &Report,
    files: Files,
    folder: &Path,
) -> Result<(), String> {
    let file = |error: std::io::Error| format!("cannot write into {}: {error}", folder.display());
    // A capture of an earlier run must not stay beside this one's report.
    let _ = std::fs::remove_dir_all(folder);
    std::fs::create_dir_all(folder).map_err(file)?;
    for (name, make) in files {
        let content = make(report).map_err(file)?;
        std::fs::write(folder.join(name), content).map_err(file)?;
    }
    examination.save(&folder.join("capture.asynctest"))
}
