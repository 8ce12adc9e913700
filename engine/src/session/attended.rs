//! A process that is traced from its first instruction on, so that it can be looked at just when it
//! panics or when a signal is about to end it.
//!
//! Panics are met by a trap of the CPU at the function that each of them calls; the program's code
//! stays as it is.

use std::collections::VecDeque;
use std::rc::Rc;
use std::time::{Duration, Instant};

use super::capture::{Capture, Request};
use super::error::Error;
use super::stops::Stops;
use crate::address::{Address, ProcessId, ThreadId};
use crate::limits::Limits;
use crate::moments::{self, Catcher};
use crate::process::{self, Ending, Event, Process, Resume, Stopped, Traced, Trapped};
use crate::snapshot::{Moment, Occasion};
use crate::stack;
use crate::symbols::Objects;
use crate::trace::{Traps, View, execute, watchpoints_fire};

/// Something that happened to an attended process.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Seen {
    /// The signal that is no matter came: whoever sent it wants something.
    Nudged,
    /// One of its threads has panicked, and stands still.
    Panicked {
        /// What can be looked at, and is then to be let go on.
        moment: Moment,
        /// Who catches it.
        catcher: Catcher,
    },
    /// One of its threads is about to get a signal that ends it, and stands still.
    Dies(Moment),
    /// It has ended.
    Ended(Ending),
}

/// Which moments are wanted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Panics {
    /// Panics too.
    Met,
    /// Deadly signals alone.
    Unmet,
}

/// A process that is traced. Everything is to be asked for by the thread that made it: it is the tracer,
/// and the process is killed when that thread ends.
pub struct Attended {
    tracing: Tracing,
    process: Option<Process>,
    objects: Rc<Objects>,
}

/// What is done with each event.
struct Tracing {
    traced: Traced,
    panics: Panics,
    /// The signal by which others ask for attention.
    nudge: i32,
    limits: Limits,
    entries: Vec<Address>,
    traps: Traps,
    view: Option<View>,
    /// What has happened while it ran between two looks.
    seen: VecDeque<Seen>,
    has_begun: bool,
}

impl Attended {
    /// Begins to trace a process of one thread that is about to run a program by `exec`. The signal of
    /// the number `nudge` is one that nobody misses.
    ///
    /// # Errors
    ///
    /// The process is gone, or the system does not let us.
    pub fn seize(process: ProcessId, panics: Panics, nudge: i32) -> Result<Attended, Error> {
        let tracing = Tracing {
            traced: Traced::seize(process)?,
            panics,
            nudge,
            limits: Limits::default(),
            entries: Vec::new(),
            traps: Traps::default(),
            view: None,
            seen: VecDeque::new(),
            has_begun: false,
        };
        Ok(Attended { tracing, process: None, objects: Rc::default() })
    }

    /// Waits until something happens.
    ///
    /// # Errors
    ///
    /// The process is gone, or panics cannot be met on this machine.
    pub fn wait(&mut self) -> Result<Seen, Error> {
        loop {
            if let Some(seen) = self.tracing.seen.pop_front() {
                return Ok(seen);
            }
            let event = self.tracing.traced.wait()?;
            if let Some(seen) = self.tracing.handle(event, &self.objects)? {
                return Ok(seen);
            }
        }
    }

    /// One look at the process, whose thread stands at this moment.
    ///
    /// # Errors
    ///
    /// The process has ended.
    pub fn capture_at(&mut self, moment: Moment, request: &Request) -> Result<Capture, Error> {
        let objects = Rc::clone(&self.objects);
        Capture::take_at(&mut self.stops()?, moment, request, objects)
    }

    /// Two looks at the process, as [`Capture::take`] takes them.
    ///
    /// # Errors
    ///
    /// The process has ended.
    pub fn capture(&mut self, request: &Request) -> Result<Capture, Error> {
        let objects = Rc::clone(&self.objects);
        Capture::take_of(&mut self.stops()?, request, objects)
    }

    /// Lets the thread of a moment go on: into its panic, or to its signal.
    ///
    /// # Errors
    ///
    /// It cannot be let go on.
    pub fn go_on(&mut self, moment: Moment) -> Result<(), Error> {
        Ok(self.tracing.traced.resume(moment.thread, Resume::Run)?)
    }

    fn stops(&mut self) -> Result<Looking<'_>, Error> {
        let id = self.tracing.traced.id();
        let process = match self.process.take() {
            Some(process) => process,
            None => Process::open(id)?,
        };
        Ok(Looking {
            process: self.process.insert(process),
            tracing: &mut self.tracing,
            objects: &self.objects,
        })
    }
}

impl Tracing {
    /// What an event means for those who attend; the thread goes on if it means nothing.
    fn handle(&mut self, event: Event, objects: &Objects) -> Result<Option<Seen>, Error> {
        match event {
            Event::Exec(thread) => {
                self.begin(thread, objects)?;
                self.resume(thread)
            }
            Event::Born(thread) => {
                self.traps.arm(&mut self.traced, thread)?;
                self.resume(thread)
            }
            Event::Signaled(thread, signal) => self.signaled(thread, signal),
            Event::Trapped(thread, trapped) => match self.is_panic(trapped) {
                true => {
                    let moment = Moment { thread, occasion: Occasion::Panic };
                    let catcher = self.catcher(thread, objects);
                    Ok(Some(Seen::Panicked { moment, catcher }))
                }
                false => self.resume(thread),
            },
            Event::Ended(_) => Ok(None),
            Event::Exited(ending) => Ok(Some(Seen::Ended(ending))),
        }
    }

    fn resume(&mut self, thread: ThreadId) -> Result<Option<Seen>, Error> {
        self.traced.resume(thread, Resume::Run)?;
        Ok(None)
    }

    fn signaled(&mut self, thread: ThreadId, signal: i32) -> Result<Option<Seen>, Error> {
        if signal == self.nudge {
            self.traced.resume(thread, Resume::Run)?;
            return Ok(Some(Seen::Nudged));
        }
        if self.has_begun && self.traced.is_deadly(signal) {
            let occasion = Occasion::Signal(signal);
            return Ok(Some(Seen::Dies(Moment { thread, occasion })));
        }
        self.resume(thread)
    }

    /// Finds out where panics come by, before the program's first instruction.
    fn begin(&mut self, thread: ThreadId, objects: &Objects) -> Result<(), Error> {
        // The kernel says that a process has been replaced a moment after whoever started it goes
        // on: what is seen then is the start of the program of ours that waits to be traced.
        if self.traced.runs_our_program() {
            return Ok(());
        }
        self.has_begun = true;
        if self.panics == Panics::Unmet {
            return Ok(());
        }
        if !watchpoints_fire(&mut self.traced, thread)? {
            return Err(Error::NoTraps);
        }
        let view = View::new(&self.traced, objects, &self.limits)?;
        let snapshot = view.snapshot(Vec::new());
        let executable = view.program(&snapshot);
        let executable = executable.executable();
        self.entries = executable.map(|(_, image)| moments::entries(image)).unwrap_or_default();
        let traps = self.entries.iter().map(|entry| execute(*entry)).collect();
        // A program that has more copies of the standard library than there are traps is none.
        if self.traps.set_everywhere(traps).is_err() {
            self.entries.clear();
        }
        self.traps.arm_all(&mut self.traced)?;
        self.view = None;
        Ok(())
    }

    fn is_panic(&self, trapped: Trapped) -> bool {
        let mut hits = trapped.hits.iter().flatten();
        hits.any(|hit| self.entries.contains(&hit.address))
    }

    /// Who catches the panic at which this thread stands.
    fn catcher(&mut self, thread: ThreadId, objects: &Objects) -> Catcher {
        let Some(thread) = self.traced.thread(thread) else { return Catcher::Program };
        if self.view.is_none() {
            // By now it has mapped its libraries.
            self.view = View::new(&self.traced, objects, &self.limits).ok();
        }
        let Some(view) = &self.view else { return Catcher::Program };
        let snapshot = view.snapshot(vec![thread]);
        let program = view.program(&snapshot);
        let stacks = stack::stacks(&program, &self.limits);
        stacks.first().map_or(Catcher::Program, moments::catcher)
    }
}

/// An attended process that is looked at.
struct Looking<'attended> {
    process: &'attended Process,
    tracing: &'attended mut Tracing,
    objects: &'attended Objects,
}

impl Stops for Looking<'_> {
    fn process(&self) -> &Process {
        self.process
    }

    fn stop(&mut self) -> Result<Stopped<'_>, process::Error> {
        self.tracing.traced.stop(self.process)
    }

    fn run_for(&mut self, duration: Duration) -> Result<(), process::Error> {
        let begun = Instant::now();
        while let Some(left) = duration.checked_sub(begun.elapsed()) {
            let Some(event) = self.tracing.traced.wait_at_most(left)? else { break };
            match self.tracing.handle(event, self.objects) {
                Ok(None | Some(Seen::Nudged)) => {}
                Ok(Some(seen)) => self.tracing.seen.push_back(seen),
                Err(Error::Process(error)) => return Err(error),
                Err(_) => {}
            }
        }
        Ok(())
    }
}
