//! The loop: waits for what happens to the process and decides how each thread goes on.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::rc::Rc;

use super::candidates::{Entry, EntryKind, entries};
use super::code::Code;
use super::frames::Known;
use super::names::{Wanted, file_and_line};
use super::origin::UserCrates;
use super::poll::Poll;
use super::telling::Telling;
use super::watching::Watches;
use super::{Error, Event, Request, values};
use crate::address::{Address, ThreadId};
use crate::arch::{Access, HardwareTrap};
use crate::process::{self, Ending, Resume, Traced, Trapped};
use crate::symbols::{FunctionId, Objects};
use crate::tokio::TaskHeaders;
use crate::trace::{Traps, View, execute, watchpoints_fire};
use crate::value::ValueLimits;

/// How a followed process ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Outcome {
    /// By itself.
    Ended {
        /// How.
        ending: Ending,
        /// Whether the task was met.
        met: bool,
    },
    /// It was let go and runs on, because the caller wanted it so.
    LetGo,
}

/// What the caller wants done when it has interrupted the wait.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Wish {
    /// Go on.
    GoOn,
    /// Let the process go, as if it had never been traced.
    LetGo,
}

/// The tools and the state of one story.
pub(super) struct Story<'story> {
    pub(super) request: Request,
    pub(super) wanted: Wanted,
    pub(super) traced: Traced,
    pub(super) traps: Traps,
    pub(super) objects: &'story Objects,
    pub(super) seen: Option<Rc<Seen>>,
    pub(super) stage: Stage,
    pub(super) met: bool,
    pub(super) lines: u64,
    pub(super) telling: Telling,
    pub(super) watches: Watches,
    pub(super) tell: &'story mut dyn FnMut(Event),
}

/// The program as it was found.
pub(super) struct Seen {
    pub(super) view: View,
    pub(super) code: Code,
    /// How much of values is told; none of them are without.
    pub(super) values: Option<ValueLimits>,
}

/// What is being done.
pub(super) enum Stage {
    /// The program has not begun.
    Starting,
    /// The task has not been met.
    Searching(Search),
    /// The task is there.
    Following(Box<Following>),
    /// There is nothing left to tell.
    Over,
}

/// The wait for the task.
pub(super) struct Search {
    pub(super) entries: BTreeMap<Address, EntryKind>,
    /// Those that fit and were not the one.
    pub(super) passed: HashSet<Address>,
    /// How many were met that fit.
    pub(super) count: usize,
}

/// A task that was met.
pub(super) struct Following {
    /// What tells it from all others.
    pub(super) identity: Identity,
    /// Whether it was woken and not polled since.
    pub(super) is_woken: bool,
    /// The poll that it is in.
    pub(super) poll: Option<Poll>,
    /// How many polls have begun.
    pub(super) polls: u64,
    /// What is kept of suspended bodies, by the addresses of their coroutines: one that awaits
    /// another may begin with it.
    pub(super) kept: HashMap<(Address, FunctionId), Known>,
}

/// What tells a task from all others.
#[derive(Clone, Copy, Debug)]
pub(super) enum Identity {
    /// A spawned task's header.
    Task {
        /// Where its state word lies.
        word: Address,
        /// Its header.
        header: Address,
        /// How headers are read.
        headers: TaskHeaders,
    },
    /// A future that stays where it is while it is polled: its address, and the body that polls it.
    Future {
        /// Where it lies.
        environment: Address,
        /// The first instruction of its body.
        entry: Address,
        /// The thread that blocks on it; absent when any may poll it.
        thread: Option<ThreadId>,
    },
}

impl Identity {
    /// Where the task's state word lies, if it has one.
    pub(super) fn word(self) -> Option<Address> {
        match self {
            Identity::Task { word, .. } => Some(word),
            Identity::Future { .. } => None,
        }
    }
}

/// Follows a task of the process that `traced` is, which is about to run another program, to the
/// end of that process, and tells `tell` what happens. `wish` is asked whenever something happens to
/// the process: any signal to it makes that so.
pub fn follow(
    mut traced: Traced,
    request: Request,
    objects: &Objects,
    wish: &dyn Fn() -> Wish,
    tell: &mut dyn FnMut(Event),
) -> Result<Outcome, Error> {
    let asked = check_lines(&request).and_then(|()| Watches::new(&request.watches));
    let watches = match asked {
        Ok(watches) => watches,
        Err(error) => {
            traced.kill();
            return Err(error);
        }
    };
    let mut story = Story {
        watches,
        wanted: Wanted::parse(&request.name),
        traced,
        traps: Traps::default(),
        objects,
        seen: None,
        stage: Stage::Starting,
        met: false,
        lines: 0,
        telling: Telling::new(&request),
        request,
        tell,
    };
    loop {
        let event = story.traced.wait()?;
        if let process::Event::Exited(ending) = event {
            story.exited();
            return Ok(Outcome::Ended { ending, met: story.met });
        }
        if wish() == Wish::LetGo {
            story.traced.release()?;
            return Ok(Outcome::LetGo);
        }
        story.handle(event)?;
    }
}

/// Whether the lines that telling begins and ends at are some.
fn check_lines(request: &Request) -> Result<(), Error> {
    let mut lines = [&request.from, &request.until].into_iter().flatten();
    match lines.find(|line| file_and_line(line).is_none()) {
        Some(given) => Err(Error::NoLine { given: given.clone() }),
        None => Ok(()),
    }
}

impl Story<'_> {
    pub(super) fn handle(&mut self, event: process::Event) -> Result<(), Error> {
        match event {
            process::Event::Exec(thread) => {
                self.begin(thread)?;
                self.go_on(thread)
            }
            process::Event::Born(thread) => {
                self.traps.arm(&mut self.traced, thread)?;
                Ok(self.traced.resume(thread, Resume::Run)?)
            }
            process::Event::Interrupted(thread) => Ok(self.traced.go_on(thread)?),
            process::Event::Signaled(thread, _) => self.signaled(thread),
            process::Event::Trapped(thread, trapped) => {
                self.trapped(thread, trapped)?;
                self.go_on(thread)
            }
            process::Event::Ended(thread) => {
                self.thread_ended(thread);
                Ok(())
            }
            process::Event::Exited(_) => Ok(()),
        }
    }

    /// Finds out where to wait for the task, before the program's first instruction.
    fn begin(&mut self, thread: ThreadId) -> Result<(), Error> {
        // The kernel says that a process has been replaced a moment after whoever started it goes
        // on: what is seen then is the start of the program of ours that waits to be traced.
        if self.traced.runs_our_program() {
            return Ok(());
        }
        if !watchpoints_fire(&mut self.traced, thread)? {
            self.traced.kill();
            return Err(Error::NoWatchpoints);
        }
        let seen = self.look()?;
        let snapshot = seen.view.snapshot(Vec::new());
        let program = seen.view.program(&snapshot);
        let found = match entries(&self.wanted, &self.request, &program, &seen.code) {
            Ok(found) => found,
            Err(error) => {
                self.traced.kill();
                return Err(error);
            }
        };
        self.traps.set_everywhere(found.iter().map(|entry| execute(entry.address)).collect())?;
        self.traps.arm_all(&mut self.traced)?;
        let entries = found.into_iter().map(|entry| (entry.address, entry.kind)).collect();
        self.stage = Stage::Searching(Search { entries, passed: HashSet::new(), count: 0 });
        Ok(())
    }

    /// Finds the program's files where they are mapped now: it maps libraries while it starts.
    pub(super) fn look(&mut self) -> Result<Rc<Seen>, Error> {
        let view = View::new(&self.traced, self.objects, &self.request.limits)?;
        let snapshot = view.snapshot(Vec::new());
        let users = match &self.seen {
            Some(seen) => seen.code.users.clone(),
            None => {
                let program = view.program(&snapshot);
                let (_, executable) = program.executable().ok_or(Error::NoDebugInfo)?;
                UserCrates::find(&executable.object, &self.request.source_roots)
            }
        };
        let values = values::limits(self.request.values, &users);
        let code = Code::new(view.images().clone(), users, self.request.into);
        let seen = Rc::new(Seen { view, code, values });
        self.seen = Some(Rc::clone(&seen));
        Ok(seen)
    }

    fn trapped(&mut self, thread: ThreadId, trapped: Trapped) -> Result<(), Error> {
        let hits: Vec<HardwareTrap> = trapped.hits.iter().flatten().copied().collect();
        match &self.stage {
            Stage::Starting | Stage::Over => Ok(()),
            Stage::Searching(_) => self.searched(thread, &hits),
            Stage::Following(_) => {
                let is_write = |hit: &&HardwareTrap| matches!(hit.access, Access::Write(_));
                let word = self.following().and_then(|following| following.identity.word());
                let written: Vec<HardwareTrap> = hits.iter().filter(is_write).copied().collect();
                if written.iter().any(|hit| Some(hit.address) != word) {
                    self.watched_written(thread, &written);
                }
                if written.iter().any(|hit| Some(hit.address) == word) {
                    self.word_changed(thread)?;
                }
                self.moved(thread, &hits, trapped.is_stepped)
            }
        }
    }

    /// A thread has come to code where the task may be met.
    fn searched(&mut self, thread: ThreadId, hits: &[HardwareTrap]) -> Result<(), Error> {
        let Stage::Searching(search) = &mut self.stage else { return Ok(()) };
        let entry = hits.iter().find_map(|hit| {
            let kind = search.entries.get(&hit.address)?;
            Some(Entry { address: hit.address, kind: kind.clone() })
        });
        let registers = self.traced.registers(thread);
        match (entry, registers) {
            (Some(entry), Some(registers)) => self.meet(thread, &entry, &registers),
            _ => Ok(()),
        }
    }

    /// Lets a thread go on as the story wants it to.
    fn go_on(&mut self, thread: ThreadId) -> Result<(), Error> {
        let poll = match &self.stage {
            Stage::Following(following) => following.poll.as_ref(),
            Stage::Starting | Stage::Searching(_) | Stage::Over => None,
        };
        let poll = poll.filter(|poll| poll.thread == thread);
        let resume = poll.map_or(Resume::Run, |poll| poll.resume());
        Ok(self.traced.resume(thread, resume)?)
    }

    /// A thread that is stepped first runs the signal's handler at full speed.
    fn signaled(&mut self, thread: ThreadId) -> Result<(), Error> {
        self.step_over_handler(thread)?;
        self.go_on(thread)
    }

    /// Stops watching anything.
    pub(super) fn unwatch(&mut self) -> Result<(), Error> {
        self.stage = Stage::Over;
        self.traps = Traps::default();
        Ok(self.traps.arm_all(&mut self.traced)?)
    }

    /// The task's state, if it is there.
    pub(super) fn following(&mut self) -> Option<&mut Following> {
        match &mut self.stage {
            Stage::Following(following) => Some(following),
            Stage::Starting | Stage::Searching(_) | Stage::Over => None,
        }
    }

    /// What a thread is called.
    pub(super) fn thread_name(&self, thread: ThreadId) -> String {
        let name = self.traced.thread_name(thread);
        format!("{name}/{thread}")
    }
}
