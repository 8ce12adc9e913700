//! The loop: waits for what happens to the process and decides how each thread goes on.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::rc::Rc;

use super::candidates::{Entry, EntryKind, Few, entries};
use super::code::Code;
use super::frames::Known;
use super::names::{Wanted, file_and_line};
use super::poll::Poll;
use super::telling::Telling;
use super::watching::{Watches, state_trap};
use super::{Error, Event, Request, Told, values};
use crate::address::{Address, ThreadId};
use crate::arch::{Access, HardwareTrap, TRAP_SLOTS};
use crate::process::{self, Ending, Resume, Traced, Trapped};
use crate::symbols::{FunctionId, Objects, UserCrates};
use crate::tokio::TaskHeaders;
use crate::trace::{Traps, View, execute};
use crate::value::ValueLimits;

/// How many tasks can be followed at once: each has one register, and the thread that polls one of
/// them needs one for itself.
const MOST_TASKS: usize = TRAP_SLOTS - 1;

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
    pub(super) traced: Traced,
    pub(super) traps: Traps,
    pub(super) objects: &'story Objects,
    pub(super) seen: Option<Rc<Seen>>,
    /// The task whose turn it is: what happens is put to each of them.
    pub(super) track: Track,
    /// The other tasks, in the order of their turns.
    others: VecDeque<Track>,
    pub(super) watches: Watches,
    teller: &'story mut dyn FnMut(Told),
}

/// One task that is asked for.
pub(super) struct Track {
    /// What the user calls it.
    pub(super) name: String,
    pub(super) wanted: Wanted,
    pub(super) stage: Stage,
    pub(super) met: bool,
    pub(super) lines: u64,
    pub(super) telling: Telling,
}

impl Track {
    fn new(name: &str, request: &Request) -> Track {
        Track {
            name: name.to_owned(),
            wanted: Wanted::parse(name),
            stage: Stage::Starting,
            met: false,
            lines: 0,
            telling: Telling::new(request),
        }
    }

    /// The poll that it is in.
    fn poll(&self) -> Option<&Poll> {
        self.following().and_then(|following| following.poll.as_ref())
    }

    fn following(&self) -> Option<&Following> {
        match &self.stage {
            Stage::Following(following) => Some(following),
            Stage::Starting | Stage::Searching(_) | Stage::Over => None,
        }
    }

    /// The traps that all threads have for it.
    fn everywhere(&self) -> Vec<HardwareTrap> {
        match &self.stage {
            Stage::Starting | Stage::Over => Vec::new(),
            Stage::Searching(search) => search.entries.keys().copied().map(execute).collect(),
            Stage::Following(following) => match following.identity {
                Identity::Task { word, .. } => vec![state_trap(word)],
                Identity::Future { entry, thread: None, .. } => vec![execute(entry)],
                Identity::Future { thread: Some(_), .. } => Vec::new(),
            },
        }
    }

    /// The threads that have traps of their own for it.
    fn threads(&self) -> Vec<ThreadId> {
        let driver = self.following().and_then(|following| following.identity.driver());
        self.poll().map(|poll| poll.thread).into_iter().chain(driver).collect()
    }

    /// The traps that one thread has for it: what the poll needs that it is in, or else, where it
    /// blocks on a future, that future's body.
    fn local(&self, thread: ThreadId) -> Vec<HardwareTrap> {
        if let Some(poll) = self.poll().filter(|poll| poll.thread == thread) {
            return poll.traps();
        }
        match self.following().map(|following| following.identity) {
            Some(Identity::Future { entry, thread: Some(driver), .. }) if driver == thread => {
                vec![execute(entry)]
            }
            _ => Vec::new(),
        }
    }
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
    /// The one thread that polls it.
    fn driver(self) -> Option<ThreadId> {
        match self {
            Identity::Task { .. } => None,
            Identity::Future { thread, .. } => thread,
        }
    }

    /// Where the task's state word lies, if it has one.
    pub(super) fn word(self) -> Option<Address> {
        match self {
            Identity::Task { word, .. } => Some(word),
            Identity::Future { .. } => None,
        }
    }
}

/// Follows tasks of the process that `traced` is, which is about to run another program, to the
/// end of that process, and tells `tell` what happens. `wish` is asked whenever something happens to
/// the process: any signal to it makes that so.
pub fn follow(
    mut traced: Traced,
    request: Request,
    objects: &Objects,
    wish: &dyn Fn() -> Wish,
    tell: &mut dyn FnMut(Told),
) -> Result<Outcome, Error> {
    let (watches, track, others) = match asked(&request) {
        Ok(asked) => asked,
        Err(error) => {
            traced.kill();
            return Err(error);
        }
    };
    let mut story = Story {
        watches,
        traced,
        traps: Traps::default(),
        objects,
        seen: None,
        track,
        others,
        request,
        teller: tell,
    };
    loop {
        let event = story.traced.wait()?;
        if let process::Event::Exited(ending) = event {
            story.each(|story| {
                story.exited();
                Ok(())
            })?;
            return Ok(Outcome::Ended { ending, met: story.has_met() });
        }
        if wish() == Wish::LetGo {
            story.traced.release()?;
            return Ok(Outcome::LetGo);
        }
        story.handle(event)?;
        // Whoever wants the process may have said so while that was waited for.
        if wish() == Wish::LetGo {
            story.traced.release()?;
            return Ok(Outcome::LetGo);
        }
    }
}

/// What is asked for, if it can be done: what is watched, and the tasks.
fn asked(request: &Request) -> Result<(Watches, Track, VecDeque<Track>), Error> {
    check_lines(request)?;
    let watches = Watches::new(&request.watches)?;
    let mut tracks: VecDeque<Track> =
        request.names.iter().map(|name| Track::new(name, request)).collect();
    let wanted = tracks.len();
    if wanted > MOST_TASKS {
        return Err(Error::TooManyTasks { wanted, most: MOST_TASKS });
    }
    if wanted > 1 && !watches.is_empty() {
        return Err(Error::WatchedInSeveral);
    }
    match tracks.pop_front() {
        Some(first) => Ok((watches, first, tracks)),
        None => Err(Error::NoSuchTask { name: String::new(), known: Vec::new() }),
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
            process::Event::Signaled(thread, _) => self.signaled(thread),
            process::Event::Trapped(thread, trapped) => {
                self.each(|story| story.trapped(thread, trapped))?;
                self.go_on(thread)
            }
            process::Event::Ended(thread) => self.each(|story| {
                story.thread_ended(thread);
                Ok(())
            }),
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
        self.choose_means(thread)?;
        let seen = self.look()?;
        self.find_gates(&seen);
        let searching = self.each(|story| story.search(&seen)).and_then(|()| self.check_entries());
        if let Err(error) = searching {
            self.traced.kill();
            return Err(error);
        }
        self.set_traps()
    }

    /// Finds out where to wait for the task whose turn it is.
    fn search(&mut self, seen: &Seen) -> Result<(), Error> {
        let snapshot = seen.view.snapshot(Vec::new());
        let program = seen.view.program(&snapshot);
        let few = if self.others.is_empty() { Few::Anyhow } else { Few::IfPossible };
        let track = &self.track;
        let found = entries(few, &track.name, &track.wanted, &self.request, &program, &seen.code)?;
        let entries = found.into_iter().map(|entry| (entry.address, entry.kind)).collect();
        self.track.stage = Stage::Searching(Search { entries, passed: HashSet::new(), count: 0 });
        Ok(())
    }

    /// Whether there are registers for all places at which several tasks are waited for, whichever of
    /// them are met first: each that was met has its state word, and the thread that polls one needs a
    /// register for itself.
    fn check_entries(&self) -> Result<(), Error> {
        if self.others.is_empty() {
            return Ok(());
        }
        let entries: Vec<Vec<HardwareTrap>> = self.tracks().map(Track::everywhere).collect();
        let needed = |met: u32| {
            let is_met = |index: usize| met & (1 << index) != 0;
            let sought = entries.iter().enumerate().filter(|(index, _)| !is_met(*index));
            let mut places: Vec<Address> =
                sought.flat_map(|(_, traps)| traps).map(|trap| trap.address).collect();
            places.sort();
            places.dedup();
            places.len() + met.count_ones() as usize + usize::from(met != 0)
        };
        let most_needed = (0..1 << entries.len()).map(needed).max();
        match most_needed.filter(|needed| *needed > TRAP_SLOTS) {
            Some(needed) => Err(Error::TooManyPlaces { needed, most: TRAP_SLOTS }),
            None => Ok(()),
        }
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
        match &self.track.stage {
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
        let Stage::Searching(search) = &mut self.track.stage else { return Ok(()) };
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
        let polls = self.tracks().filter_map(Track::poll).filter(|poll| poll.thread == thread);
        let is_stepped = polls.into_iter().any(|poll| poll.resume() == Resume::Step);
        let resume = if is_stepped { Resume::Step } else { Resume::Run };
        Ok(self.traced.resume(thread, resume)?)
    }

    /// A thread that is stepped first runs the signal's handler at full speed.
    fn signaled(&mut self, thread: ThreadId) -> Result<(), Error> {
        self.each(|story| story.step_over_handler(thread))?;
        self.go_on(thread)
    }

    /// Follows the task no further whose turn it is.
    pub(super) fn unwatch(&mut self) -> Result<(), Error> {
        self.track.stage = Stage::Over;
        self.set_traps()
    }

    /// Does the same for each task, each in its turn.
    fn each(&mut self, mut act: impl FnMut(&mut Self) -> Result<(), Error>) -> Result<(), Error> {
        for _ in 0..=self.others.len() {
            act(self)?;
            if let Some(next) = self.others.pop_front() {
                self.others.push_back(std::mem::replace(&mut self.track, next));
            }
        }
        Ok(())
    }

    /// Whether any task was met.
    pub(super) fn has_met(&self) -> bool {
        self.tracks().any(|track| track.met)
    }

    fn tracks(&self) -> impl Iterator<Item = &Track> {
        std::iter::once(&self.track).chain(&self.others)
    }

    /// The traps that all threads have.
    fn everywhere(&self) -> Vec<HardwareTrap> {
        let mut traps: Vec<HardwareTrap> = Vec::new();
        let watched = self.track.following().map(|_| self.watches.traps());
        let tracks = self.tracks().flat_map(Track::everywhere);
        for trap in tracks.chain(watched.into_iter().flatten()) {
            if !traps.contains(&trap) {
                traps.push(trap);
            }
        }
        traps
    }

    /// Sets what each thread is to be trapped at now.
    pub(super) fn set_traps(&mut self) -> Result<(), Error> {
        self.traps = Traps::default();
        self.traps.set_everywhere(self.everywhere())?;
        let threads: Vec<ThreadId> = self.tracks().flat_map(Track::threads).collect();
        for thread in threads {
            self.traps.set_local(thread, self.local(thread))?;
        }
        Ok(self.traps.arm_all(&mut self.traced)?)
    }

    /// Sets what one thread is to be trapped at now besides.
    pub(super) fn set_local_traps(&mut self, thread: ThreadId) -> Result<(), Error> {
        self.traps.set_local(thread, self.local(thread))?;
        Ok(self.traps.arm(&mut self.traced, thread)?)
    }

    fn local(&self, thread: ThreadId) -> Vec<HardwareTrap> {
        let everywhere = self.everywhere();
        let mut traps: Vec<HardwareTrap> = Vec::new();
        for trap in self.tracks().flat_map(|track| track.local(thread)) {
            if !traps.contains(&trap) && !everywhere.contains(&trap) {
                traps.push(trap);
            }
        }
        traps
    }

    /// Tells something of the task whose turn it is.
    pub(super) fn tell(&mut self, event: Event) {
        let stepped = (!self.others.is_empty()).then(|| self.track.name.clone());
        (self.teller)(Told { stepped, event });
    }

    /// The task's state, if it is there.
    pub(super) fn following(&mut self) -> Option<&mut Following> {
        match &mut self.track.stage {
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
