//! Tests that are traced while they run: a thread each, which is the tracer, takes all looks at its
//! test, and keeps those at panics and signals until it is known how the test ends.

use std::cell::{OnceCell, RefCell};
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::Duration;

use asynctest_engine::moments::Catcher;
use asynctest_engine::session::{Attended, Capture, Panics, Request, Seen};
use asynctest_engine::snapshot::Moment;
use nix::sys::eventfd::{EfdFlags, EventFd};
use nix::sys::signal::{SigSet, Signal, kill};
use nix::unistd::Pid;

use super::event::{Examination, Purpose};
use super::examine::{self, Files, Order, Outlet};
use super::verdict::{Exit, Verdict};
use crate::causes::chain;

/// By this signal a tracer is asked to look up. Nothing comes of it in a process that does not wait for
/// just this.
const NUDGE: Signal = Signal::SIGURG;

/// Most panics of one test that are looked at although something catches them.
const MOST_CAUGHT: u32 = 4;

/// The tracer of one test, as the loop sees it.
#[derive(Debug)]
pub(super) struct Attendant {
    process: Pid,
    orders: Sender<(u64, Order)>,
    over: Arc<EventFd>,
    ends: Receiver<End>,
    exit: OnceCell<Exit>,
    seen: RefCell<Vec<Examination>>,
}

/// How a test ended.
struct End {
    exit: Exit,
    /// What was seen of it at what ended it.
    seen: Vec<Examination>,
}

/// What a tracer needs to know of its test.
pub(super) struct Errand {
    /// What looks at its panics and signals are asked for.
    pub(super) request: Request,
    /// Which moments are met.
    pub(super) panics: Panics,
    /// The test's folder.
    pub(super) folder: PathBuf,
    /// Which try this is.
    pub(super) attempt: u32,
    /// What makes the files of a report.
    pub(super) files: Files,
    /// Where looks that are asked for come to their end.
    pub(super) outlet: Outlet,
}

impl Attendant {
    /// Begins to trace a process that waits for that.
    pub(super) fn begin(errand: Errand) -> io::Result<Attendant> {
        let (orders, ordered) = channel();
        let (ended, ends) = channel();
        let over = Arc::new(EventFd::from_flags(EfdFlags::EFD_CLOEXEC | EfdFlags::EFD_NONBLOCK)?);
        let tell = over.clone();
        let process = Pid::from_raw(errand.request.process.0);
        thread::Builder::new().name("attendant".to_owned()).spawn(move || {
            // A handler that ran here would interrupt the engine's system calls.
            let _ = SigSet::all().thread_block();
            let end = Attending { errand, kept: Kept::default() }.attend(&ordered);
            // The loop may be over.
            let _ = ended.send(end);
            let _ = tell.write(1);
        })?;
        let (exit, seen) = (OnceCell::new(), RefCell::default());
        Ok(Attendant { process, orders, over, ends, exit, seen })
    }

    /// Has its test looked at.
    pub(super) fn submit(&self, serial: u64, order: Order) {
        // A tracer that is gone has said how its test ended.
        let _ = self.orders.send((serial, order));
        let _ = kill(self.process, NUDGE);
    }

    /// How its test ended, if it has.
    pub(super) fn exit(&self) -> Option<Exit> {
        if self.exit.get().is_none()
            && let Ok(End { exit, seen }) = self.ends.try_recv()
        {
            self.seen.replace(seen);
            let _ = self.exit.set(exit);
        }
        self.exit.get().cloned()
    }

    /// What was seen at what ended its test; once.
    pub(super) fn take_seen(&self) -> Vec<Examination> {
        self.seen.take()
    }
}

impl AsFd for Attendant {
    /// Readable when its test has ended.
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.over.as_fd()
    }
}

/// A tracer at work.
struct Attending {
    errand: Errand,
    kept: Kept,
}

/// The looks that are kept until it is known how the test ends.
#[derive(Default)]
struct Kept {
    first: Option<Looked>,
    /// The last panic that nothing catches.
    uncaught: Option<Looked>,
    /// The last one that something catches, but for the first.
    caught: Option<Looked>,
    crash: Option<Looked>,
    caught_count: u32,
}

type Looked = Result<Box<Capture>, String>;

impl Attending {
    /// Attends the test to its end.
    fn attend(mut self, ordered: &Receiver<(u64, Order)>) -> End {
        let exit = match self.follow(ordered) {
            Ok(exit) => exit,
            Err(why) => Exit::NotStarted(why),
        };
        for (serial, _) in ordered.try_iter() {
            self.errand.outlet.send(serial, Err("it has ended".to_owned()));
        }
        let seen = self.examinations(&exit);
        End { exit, seen }
    }

    fn follow(&mut self, ordered: &Receiver<(u64, Order)>) -> Result<Exit, String> {
        let process = self.errand.request.process;
        let attended = Attended::seize(process, self.errand.panics, NUDGE as i32);
        let mut attended = attended.map_err(|error| chain(&error))?;
        loop {
            for (serial, order) in ordered.try_iter() {
                self.look(&mut attended, serial, &order);
            }
            match attended.wait().map_err(|error| chain(&error))? {
                Seen::Nudged => {}
                Seen::Panicked { moment, catcher } => {
                    self.panicked(&mut attended, moment, catcher);
                    attended.go_on(moment).map_err(|error| chain(&error))?;
                }
                Seen::Dies(moment) => {
                    self.kept.crash = Some(self.capture(&mut attended, moment));
                    attended.go_on(moment).map_err(|error| chain(&error))?;
                }
                Seen::Ended(ending) => return Ok(Exit::of(ending)),
            }
        }
    }

    /// Takes a look that the loop wants.
    fn look(&self, attended: &mut Attended, serial: u64, order: &Order) {
        let outcome = examine::unless_it_panics(|| {
            let capture = attended.capture(&order.request).map_err(|error| chain(&error))?;
            examine::finish(Box::new(capture), self.errand.files, order)
        });
        self.errand.outlet.send(serial, outcome);
    }

    fn panicked(&mut self, attended: &mut Attended, moment: Moment, catcher: Catcher) {
        if catcher == Catcher::Program {
            self.kept.caught_count = self.kept.caught_count.saturating_add(1);
            if self.kept.caught_count > MOST_CAUGHT {
                return;
            }
        }
        let looked = self.capture(attended, moment);
        match catcher {
            Catcher::Harness => self.kept.uncaught = Some(looked),
            Catcher::Program if self.kept.first.is_none() => self.kept.first = Some(looked),
            Catcher::Program => self.kept.caught = Some(looked),
        }
    }

    fn capture(&self, attended: &mut Attended, moment: Moment) -> Looked {
        let capture = attended.capture_at(moment, &self.errand.request);
        capture.map(Box::new).map_err(|error| chain(&error))
    }

    /// The looks that say something of a test that ended so.
    fn examinations(&mut self, exit: &Exit) -> Vec<Examination> {
        let verdict = match exit {
            Exit::Code(0) => return Vec::new(),
            Exit::Code(_) | Exit::Lost | Exit::Unkillable | Exit::NotStarted(_) => {
                Some(Verdict::Fail)
            }
            // What it came to is not known here.
            Exit::Signal(Signal::SIGKILL | Signal::SIGTERM) => None,
            Exit::Signal(_) | Exit::UnnamedSignal => Some(Verdict::Crash),
        };
        let Kept { first, uncaught, caught, crash, .. } = std::mem::take(&mut self.kept);
        let kept = [
            (Purpose::FirstPanic, first),
            (Purpose::Panic, uncaught.or(caught)),
            (Purpose::Crash, crash),
        ];
        let kept = kept.into_iter().filter_map(|(purpose, looked)| Some((purpose, looked?)));
        kept.map(|(purpose, looked)| self.examination(purpose, looked, verdict)).collect()
    }

    fn examination(
        &self,
        purpose: Purpose,
        looked: Looked,
        verdict: Option<Verdict>,
    ) -> Examination {
        let word = verdict.map_or("", Verdict::word);
        let outcome = examine::unless_it_panics(|| {
            let mut capture = looked?;
            word.clone_into(&mut capture.subject.verdict);
            let errand = &self.errand;
            let order = Order {
                purpose,
                request: errand.request.clone(),
                folder: errand.folder.clone(),
                inside: None,
                attempt: errand.attempt,
                patience: Duration::ZERO,
            };
            examine::finish(capture, errand.files, &order)
        });
        Examination { purpose, outcome }
    }
}
