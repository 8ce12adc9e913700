//! Everything together: the world of one stop.

use std::collections::{HashMap, HashSet};

use super::context::{self, Context};
use super::drivers::drives;
use super::idle;
use super::leaves::LEAVES;
use super::pollers::{pollers, polls};
use super::population::{self, Population, Queued};
use super::root::{self, Candidate, Evidence, Root};
use super::runtime::Runtime;
use super::spawn::SpawnLines;
use super::task::Task;
use super::vtable::{TaskType, Vtables};
use super::wakers;
use crate::address::{Address, ThreadId};
use crate::evidence::{Gap, Trust};
use crate::futures::{self, Walk, Walker};
use crate::limits::Limits;
use crate::model::{
    self, Activity, Driver, Future, FutureKind, Line, ResourceKey, Spawn, SpawnKind, TaskKey,
    TaskKind, TaskState, World,
};
use crate::program::Program;
use crate::stack::ThreadStack;
use crate::symbols::Type;
use crate::sync;
use crate::value::Place;

/// Reads every runtime, task and root of a stopped process into a world that has its threads
/// already. `stacks` are those threads' stacks.
pub fn read<'program>(
    program: &'program Program<'program>,
    stacks: &[ThreadStack],
    limits: &Limits,
    world: World,
) -> World {
    let vtables = Vtables::new(program);
    let contexts = context::contexts(program);
    let population = population::find(program, &contexts, &vtables, limits);
    let mut reader = Reader {
        walker: Walker::new(&LEAVES, limits),
        spawn_lines: SpawnLines::new(program),
        contexts,
        world,
    };
    reader.add_runtimes(&population, stacks);
    let owned = population.tasks.iter().map(|(_, task)| task.header);
    let known: HashSet<Address> = owned.chain(population.candidates.keys().copied()).collect();
    for stack in stacks {
        let (roots, gaps) = root::roots(program, stack);
        reader.world.gaps.extend(gaps);
        for root in roots {
            reader.add_root(root, &population.runtimes, &known);
        }
        reader.add_pools(program, stack, limits);
        if root::drops_runtime(stack) {
            let what = "the end of the closures on the blocking pool of a runtime that it drops";
            reader.set_activity(stack.thread, Activity::Waits(what.to_owned()));
        }
    }
    reader.add_tasks(program, population, stacks);
    if stacks.iter().filter(|stack| drives(stack)).all(|stack| reader.is_known(stack)) {
        reader.add_undriven();
    }
    let waited = reader.add_resources(program);
    reader.world.deferred = wakers::deferred(program, &reader.world, &reader.contexts);
    reader.add_holdings(program, stacks, &waited);
    reader.world
}

pub(super) struct Reader<'reader, 'program> {
    pub(super) walker: Walker<'reader>,
    spawn_lines: SpawnLines<'program>,
    contexts: Vec<Context<'program>>,
    pub(super) world: World,
}

impl<'program> Reader<'_, 'program> {
    fn add_runtimes(&mut self, population: &Population<'program>, stacks: &[ThreadStack]) {
        self.world.gaps.extend(population.gaps.iter().cloned());
        self.add_ends(population, stacks);
        let drivers: Vec<(Option<usize>, ThreadId)> = stacks
            .iter()
            .filter(|stack| drives(stack))
            .map(|stack| (self.runtime_of_thread(stack.thread, &population.runtimes), stack.thread))
            .collect();
        for (index, runtime) in population.runtimes.iter().enumerate() {
            let of_this = drivers.iter().filter(|(driven, _)| *driven == Some(index));
            self.world.runtimes.push(model::Runtime {
                address: runtime.address,
                flavor: runtime.flavor.to_owned(),
                tasks: population.tasks.iter().filter(|(owner, _)| *owner == index).count(),
                drivers: of_this.map(|(_, thread)| *thread).collect(),
            });
        }
    }

    /// Whether it is known which runtime this thread drives.
    fn is_known(&self, stack: &ThreadStack) -> bool {
        let mut driven = self.world.runtimes.iter().flat_map(|runtime| &runtime.drivers);
        driven.any(|driver| *driver == stack.thread)
    }

    /// Adds the runtimes that no thread has entered and that have no task, to which only timers and
    /// descriptors lead.
    fn add_undriven(&mut self) {
        let mut drivers = Vec::new();
        for task in &self.world.tasks {
            task.future.iter().for_each(|future| add_drivers(future, &mut drivers));
        }
        for Driver { address, flavor } in drivers {
            if self.world.runtimes.iter().all(|known| known.address != address) {
                self.world.runtimes.push(model::Runtime {
                    address,
                    flavor: flavor.to_owned(),
                    tasks: 0,
                    drivers: Vec::new(),
                });
            }
        }
    }

    /// Adds what the end of a spare thread may stir: the program is called then.
    fn add_ends(&mut self, population: &Population<'_>, stacks: &[ThreadStack]) {
        let has_spare = stacks.iter().any(idle::is_spare);
        if let Some(stirs) = self.world.stirs.as_mut().filter(|_| has_spare)
            && population.tells_ends
        {
            stirs.push("a spare thread of a blocking pool tells the program of its end".to_owned());
        }
    }

    fn add_root(
        &mut self,
        root: Root<'program>,
        runtimes: &[Runtime<'program>],
        known: &HashSet<Address>,
    ) {
        let key = TaskKey::Root(root.thread, root.number);
        let state = if root.is_polled { TaskState::Running } else { TaskState::Idle };
        let mut task = model::Task {
            key,
            kind: TaskKind::BlockOn,
            id: None,
            name: futures::simplified(&root.future_type),
            future_type: root.future_type.clone(),
            state,
            is_aborted: false,
            runtime: self.runtime_of_thread(root.thread, runtimes),
            pool: None,
            spawned: None,
            thread: Some(root.thread),
            future: None,
            aside: Vec::new(),
            wakers: None,
            is_walked: root.is_polled,
        };
        // What a call passes is sure only of a value that says itself that it is suspended.
        let is_called = |candidate: &Candidate<'program>| {
            candidate.evidence == Evidence::Call
                && futures::coroutine_kind(&candidate.place.type_).is_some()
        };
        let candidate = root.candidates.iter().find(|candidate| {
            root.is_polled || is_called(candidate) || self.is_sound(&candidate.place, known)
        });
        match candidate.map(|candidate| &candidate.place) {
            Some(place) => {
                task.name = name(place);
                task.future_type = place.type_.name.clone();
                task.spawned = written(&place.type_);
                if !root.is_polled {
                    let walk = self.walker.walk(place);
                    self.keep(&mut task, walk);
                }
            }
            // Where it stands is what its thread's stack says.
            None if root.is_polled => {}
            None => self.guess(&mut task, &root, known),
        }
        if root.is_polled {
            self.set_activity(root.thread, Activity::Polls(key));
        } else if root.is_innermost
            && let Some(thread) = self.thread(root.thread)
        {
            thread.blocks_on = Some(key);
        }
        self.world.tasks.push(task);
    }

    /// The tasks of the `LocalPool`s that a thread runs.
    fn add_pools(
        &mut self,
        program: &'program Program<'program>,
        stack: &ThreadStack,
        limits: &Limits,
    ) {
        for pool in sync::local_pools(program, stack, limits) {
            let mut behind = stack.frames.iter().take(pool.frames);
            if behind.any(|(_, functions)| root::polls_future(functions)) {
                let what = format!("the tasks of the `LocalPool` at {}", pool.pool.address);
                let why = "one of them is being polled, and it cannot be told which";
                self.world.gaps.push(Gap::new(what, why));
                continue;
            }
            for future in &pool.futures {
                self.add_pool_task(future);
            }
        }
    }

    fn add_pool_task(&mut self, future: &Place<'program>) {
        let mut task = model::Task {
            key: TaskKey::Spawned(future.address),
            kind: TaskKind::Spawned,
            id: None,
            name: name(future),
            future_type: future.type_.name.clone(),
            state: TaskState::Idle,
            is_aborted: false,
            runtime: None,
            spawned: written(&future.type_),
            thread: None,
            future: None,
            aside: Vec::new(),
            pool: None,
            wakers: None,
            is_walked: false,
        };
        let walk = self.walker.walk(future);
        self.keep(&mut task, walk);
        self.world.tasks.push(task);
    }

    /// Whether a place that reads as a suspended future waits for no task that is not there: memory
    /// that it was moved from may do so.
    fn is_sound(&self, place: &Place<'program>, known: &HashSet<Address>) -> bool {
        let walk = self.walker.walk(place);
        let mut joined = Vec::new();
        walk.future.iter().for_each(|future| add_joined_tasks(future, &mut joined));
        joined.iter().all(|key| matches!(key, TaskKey::Spawned(at) if known.contains(at)))
    }

    /// Takes the one place in the frames that reads as the future and waits for a task that is
    /// there: its state and that task's address would both have to be there by chance.
    fn guess(&mut self, task: &mut model::Task, root: &Root<'program>, known: &HashSet<Address>) {
        let sound = root.guesses.iter().filter_map(|place| {
            let walk = self.walker.walk(place);
            let mut joined = Vec::new();
            add_joined_tasks(walk.future.as_ref()?, &mut joined);
            let is_known =
                |key: &TaskKey| matches!(key, TaskKey::Spawned(at) if known.contains(at));
            let is_sound =
                walk.gaps.is_empty() && !joined.is_empty() && joined.iter().all(is_known);
            is_sound.then_some((place, walk))
        });
        let mut sound = sound.collect::<Vec<_>>();
        match (sound.pop(), sound.is_empty()) {
            (Some((place, mut walk)), true) => {
                task.future_type = place.type_.name.clone();
                task.spawned = written(&place.type_);
                walk.future.iter_mut().for_each(mark_guessed);
                self.keep(task, walk);
            }
            _ => self.world.gaps.push(Gap::new(
                format!("the future that thread {} blocks on", root.thread),
                format!("no variable of type {} was found in its frames", root.future_type),
            )),
        }
    }

    fn runtime_of_thread(&self, thread: ThreadId, runtimes: &[Runtime<'program>]) -> Option<usize> {
        let mut own = self.contexts.iter().filter(|context| context.thread == thread);
        own.find_map(|context| {
            let address = Runtime::of_handle(context.handle.as_ref()?)?.address;
            runtimes.iter().position(|runtime| runtime.address == address)
        })
    }

    /// The owned tasks, then what threads poll without being owned: closures on the blocking pool
    /// and tasks of a runtime that ends; then closures that wait in a pool's queue, and what only
    /// join handles lead to.
    fn add_tasks(
        &mut self,
        program: &Program<'_>,
        population: Population<'program>,
        stacks: &[ThreadStack],
    ) {
        let Population { tasks, queued, mut candidates, .. } = population;
        let owned = tasks.iter().map(|(_, task)| task);
        let is_polled =
            |task: &&Task<'_>| task.is_blocking() || self.is_polled(program, task, stacks);
        let unowned = candidates.values().filter(is_polled);
        let pollers = pollers(program, owned.chain(unowned), &self.contexts, stacks);
        for (runtime, task) in &tasks {
            self.add_task(Some(*runtime), task, pollers.get(&task.header).copied());
        }
        let mut run: Vec<(Address, ThreadId)> =
            pollers.into_iter().filter(|(header, _)| candidates.contains_key(header)).collect();
        run.sort();
        for (header, thread) in run {
            if let Some(task) = candidates.remove(&header) {
                self.add_task(None, &task, Some(thread));
            }
        }
        for Queued { task, runtime, most_threads } in &queued {
            if task.state == TaskState::Scheduled {
                candidates.remove(&task.header);
                let pool = runtime.zip(*most_threads).and_then(|(at, most)| self.pool(at, most));
                self.add_task(None, task, None);
                if let Some(task) = self.world.tasks.last_mut() {
                    task.pool = pool;
                }
            }
        }
        self.add_joined(&mut candidates);
    }

    /// The pool of the runtime at this address, if it can have no more threads than these and each of
    /// them runs a closure.
    fn pool(&mut self, runtime: Address, most: u64) -> Option<usize> {
        let runtime = self.world.runtimes.iter().position(|known| known.address == runtime)?;
        if let Some(known) = self.world.pools.iter().position(|pool| pool.runtime == runtime) {
            return Some(known);
        }
        let blocking: HashSet<TaskKey> = self
            .world
            .tasks
            .iter()
            .filter(|task| task.kind == TaskKind::Blocking)
            .map(|task| task.key)
            .collect();
        let runs = |thread: &&model::Thread| {
            let is_closure =
                matches!(&thread.activity, Activity::Polls(key) if blocking.contains(key));
            is_closure && self.runtime_index(thread.id) == Some(runtime)
        };
        let threads: Vec<ThreadId> =
            self.world.threads.iter().filter(runs).map(|thread| thread.id).collect();
        let drivers = self.world.runtimes.get(runtime)?.drivers.len();
        let is_full = (threads.len() + drivers) as u64 >= most;
        is_full.then(|| {
            self.world.pools.push(model::Pool { runtime, threads });
            self.world.pools.len() - 1
        })
    }

    /// The runtime that a thread has entered.
    fn runtime_index(&self, thread: ThreadId) -> Option<usize> {
        let context = self.contexts.iter().find(|context| context.thread == thread)?;
        let address = Runtime::of_handle(context.handle.as_ref()?)?.address;
        self.world.runtimes.iter().position(|runtime| runtime.address == address)
    }

    /// Whether a thread says that it polls this task, or its stack does. A runtime that ends takes
    /// tasks off its list while they run.
    fn is_polled(&self, program: &Program<'_>, task: &Task<'_>, stacks: &[ThreadStack]) -> bool {
        let is_its = |context: &Context<'_>| task.id.is_some() && context.task_id == task.id;
        task.state == TaskState::Running
            && (self.contexts.iter().any(is_its)
                || stacks.iter().any(|stack| polls(program, stack, task)))
    }

    /// Adds the tasks that others wait for and that no list has, until no new one comes up.
    fn add_joined(&mut self, candidates: &mut HashMap<Address, Task<'program>>) {
        loop {
            let known: HashSet<TaskKey> = self.world.tasks.iter().map(|task| task.key).collect();
            let mut joined = Vec::new();
            for future in self.world.tasks.iter().filter_map(|task| task.future.as_ref()) {
                add_joined_tasks(future, &mut joined);
            }
            joined.sort();
            joined.dedup();
            let new = joined.into_iter().filter(|key| !known.contains(key));
            let new: Vec<Task<'program>> = new
                .filter_map(|key| match key {
                    TaskKey::Spawned(header) => candidates.remove(&header),
                    TaskKey::Root(..) => None,
                })
                .collect();
            if new.is_empty() {
                return;
            }
            for task in &new {
                self.add_task(None, task, None);
            }
        }
    }

    fn add_task(
        &mut self,
        runtime: Option<usize>,
        task: &Task<'program>,
        thread: Option<ThreadId>,
    ) {
        let key = TaskKey::Spawned(task.header);
        let types = task.types.as_ref().ok();
        let mut entry = model::Task {
            key,
            kind: if task.is_blocking() { TaskKind::Blocking } else { TaskKind::Spawned },
            id: task.id,
            name: types
                .map_or_else(|| "unknown".to_owned(), |types| futures::type_name(&types.spawned)),
            future_type: types.map(|types| types.spawned.name.clone()).unwrap_or_default(),
            state: task.state,
            is_aborted: task.is_aborted,
            runtime,
            pool: None,
            spawned: types.and_then(|types| self.spawned(types)),
            thread,
            future: None,
            aside: Vec::new(),
            wakers: runtime.and_then(|_| task.most_wakers()),
            is_walked: false,
        };
        if let Some(place) = task.future.as_ref().filter(|_| !task.is_blocking()) {
            entry.name = name(place);
        }
        let gap = |why: String| Gap::new(format!("the task at {}", task.header), why);
        match (&task.types, &task.future, task.state) {
            (Err(why), _, _) => self.world.gaps.push(gap(why.clone())),
            (Ok(_), _, TaskState::Complete) => entry.is_walked = true,
            (Ok(_), _, TaskState::Running) => match thread {
                Some(thread) => {
                    entry.is_walked = true;
                    self.set_activity(thread, Activity::Polls(key));
                }
                None => {
                    let why = "it is running, and the thread that polls it was not found";
                    self.world.gaps.push(gap(why.to_owned()));
                }
            },
            // A closure that waits for a thread of the pool has no await chain.
            (Ok(_), _, TaskState::Idle | TaskState::Scheduled) if task.is_blocking() => {
                entry.is_walked = true;
            }
            (Ok(_), Some(place), TaskState::Idle | TaskState::Scheduled) => {
                let walk = self.walker.walk(place);
                self.keep(&mut entry, walk);
            }
            (Ok(types), None, TaskState::Idle | TaskState::Scheduled) => {
                let why = format!("its future of type {} cannot be read", types.future.name);
                self.world.gaps.push(gap(why));
            }
        }
        self.world.tasks.push(entry);
    }

    /// Adds what the tasks wait for. A walk that was given up may have met more.
    fn add_resources(&mut self, program: &Program<'program>) -> HashSet<ResourceKey> {
        let mut waited = HashSet::new();
        for task in &self.world.tasks {
            let aside = task.aside.iter().map(|aside| &aside.future);
            task.future
                .iter()
                .chain(aside)
                .for_each(|future| add_resource_keys(future, &mut waited));
        }
        let threads = self.world.threads.iter().filter_map(|thread| thread.wait.as_ref());
        waited.extend(threads.filter_map(|wait| wait.resource));
        let mut resources = self.walker.take_resources();
        resources.retain(|resource| waited.contains(&resource.key));
        wakers::resolve(program, &self.world, &mut resources);
        self.world.resources = resources;
        waited
    }

    /// The line that spawned a task of these types, or else where its body is written.
    fn spawned(&self, types: &TaskType) -> Option<Spawn> {
        let line = self.spawn_lines.line(types.image, types.poll, &types.spawned);
        line.map(|line| Spawn { kind: SpawnKind::Spawned, line })
            .or_else(|| written(&types.spawned))
    }

    fn keep(&mut self, task: &mut model::Task, walk: Walk<'program>) {
        self.add_survey(task, &walk);
        task.is_walked = walk.future.is_some() && walk.gaps.is_empty();
        // What is written by hand is called by its own name, not by that of what it waits for.
        let named = walk
            .future
            .as_ref()
            .filter(|future| future.kind != FutureKind::Type || is_pointer(&task.name));
        if let Some(future) = named {
            task.name.clone_from(&future.name);
        }
        task.future = walk.future;
        self.world.gaps.extend(walk.gaps);
    }

    fn set_activity(&mut self, thread: ThreadId, activity: Activity) {
        if let Some(thread) = self.thread(thread) {
            thread.activity = activity;
        }
    }

    fn thread(&mut self, id: ThreadId) -> Option<&mut model::Thread> {
        self.world.threads.iter_mut().find(|known| known.id == id)
    }
}

/// Whether this is the name of a pointer to a future.
fn is_pointer(name: &str) -> bool {
    matches!(name, "core::pin::Pin" | "alloc::boxed::Box")
}

fn mark_guessed(future: &mut Future) {
    if let Some(line) = &mut future.line {
        line.trust = Trust::Guessed;
    }
    future.children.iter_mut().for_each(mark_guessed);
}

fn add_joined_tasks(future: &Future, joined: &mut Vec<TaskKey>) {
    joined.extend(future.wait.as_ref().and_then(|wait| wait.task));
    for child in &future.children {
        add_joined_tasks(child, joined);
    }
}

fn add_drivers(future: &Future, drivers: &mut Vec<Driver>) {
    drivers.extend(future.wait.as_ref().and_then(|wait| wait.driven_by));
    for child in &future.children {
        add_drivers(child, drivers);
    }
}

fn add_resource_keys(future: &Future, keys: &mut HashSet<ResourceKey>) {
    keys.extend(future.wait.as_ref().and_then(|wait| wait.resource));
    for child in &future.children {
        add_resource_keys(child, keys);
    }
}

/// The name of the future at `place`, or of the one that is boxed there.
fn name(place: &Place<'_>) -> String {
    let place = &root::resolved(place.clone());
    match futures::coroutine_kind(&place.type_) {
        Some(_) => futures::source_name(place),
        None => futures::type_name(&place.type_),
    }
}

fn written(type_: &Type) -> Option<Spawn> {
    let declared = futures::written_at(type_)?;
    let line = Line { file: declared.file, line: declared.line, trust: Trust::Read };
    Some(Spawn { kind: SpawnKind::Written, line })
}
