//! Everything together: the world of one stop.

use std::collections::{HashMap, HashSet};

use super::context::{self, Context};
use super::leaves::TokioLeaves;
use super::owned;
use super::root::{self, Root};
use super::runtime::Runtime;
use super::spawn::SpawnLines;
use super::task::Task;
use super::vtable::{TaskType, Vtables};
use crate::address::{Address, ThreadId};
use crate::evidence::{Gap, Trust};
use crate::futures::{self, Walk, Walker};
use crate::limits::Limits;
use crate::model::{self, Activity, Line, Spawn, SpawnKind, TaskKey, TaskKind, TaskState, World};
use crate::program::Program;
use crate::stack::ThreadStack;
use crate::symbols::Type;
use crate::value::Place;

/// Reads every runtime, task and root of a stopped process into a world that has its threads
/// already. `stacks` are those threads' stacks.
pub fn read<'program>(
    program: &'program Program<'program>,
    stacks: &[ThreadStack],
    limits: &Limits,
    world: World,
) -> World {
    let mut reader = Reader {
        walker: Walker::new(&TokioLeaves, limits),
        vtables: Vtables::new(program),
        contexts: context::contexts(program),
        spawn_lines: SpawnLines::new(program),
        stacks,
        limits,
        world,
    };
    let runtimes = reader.runtimes();
    for stack in stacks {
        for root in root::roots(program, stack) {
            reader.add_root(root, &runtimes);
        }
    }
    for (index, runtime) in runtimes.iter().enumerate() {
        reader.add_tasks(index, runtime);
    }
    reader.world
}

struct Reader<'reader, 'program> {
    spawn_lines: SpawnLines<'program>,
    stacks: &'reader [ThreadStack],
    limits: &'reader Limits,
    walker: Walker<'reader>,
    vtables: Vtables<'program>,
    contexts: Vec<Context<'program>>,
    world: World,
}

impl<'program> Reader<'_, 'program> {
    /// The runtimes that threads have entered, in order of address.
    fn runtimes(&mut self) -> Vec<Runtime<'program>> {
        let mut runtimes: Vec<Runtime<'program>> = Vec::new();
        for handle in self.contexts.iter().filter_map(|context| context.handle.as_ref()) {
            match Runtime::of_handle(handle) {
                Some(runtime) => runtimes.push(runtime),
                None => self.world.gaps.push(Gap::new(
                    handle.type_.name.clone(),
                    "no list of owned tasks was found behind this handle",
                )),
            }
        }
        runtimes.sort_by_key(|runtime| runtime.address);
        runtimes.dedup_by_key(|runtime| runtime.address);
        runtimes
    }

    fn add_root(&mut self, root: Root<'program>, runtimes: &[Runtime<'program>]) {
        let runtime = self.runtime_of_thread(root.thread, runtimes);
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
            runtime,
            spawned: None,
            thread: Some(root.thread),
            future: None,
            is_walked: root.is_polled,
        };
        match &root.future {
            Some(place) => {
                task.name = name(place);
                task.future_type = place.type_.name.clone();
                task.spawned = written(&place.type_);
                if !root.is_polled {
                    let walk = self.walker.walk(place);
                    self.keep(&mut task, walk);
                }
            }
            None => self.world.gaps.push(Gap::new(
                format!("the future that thread {} blocks on", root.thread),
                format!("no variable of type {} was found in its frames", root.future_type),
            )),
        }
        if root.is_polled {
            self.set_polls(root.thread, key);
        }
        self.world.tasks.push(task);
    }

    fn runtime_of_thread(&self, thread: ThreadId, runtimes: &[Runtime<'program>]) -> Option<usize> {
        let context = self.contexts.iter().find(|context| context.thread == thread)?;
        let address = Runtime::of_handle(context.handle.as_ref()?)?.address;
        runtimes.iter().position(|runtime| runtime.address == address)
    }

    fn add_tasks(&mut self, index: usize, runtime: &Runtime<'program>) {
        let (headers, gaps) = owned::headers(&runtime.owned, &self.vtables, self.limits);
        self.world.gaps.extend(gaps);
        self.world.runtimes.push(model::Runtime {
            address: runtime.address,
            flavor: runtime.flavor.to_owned(),
            tasks: headers.len(),
        });
        let mut tasks: Vec<Task<'program>> = Vec::new();
        for header in &headers {
            match Task::read(header, &self.vtables) {
                Some(task) => tasks.push(task),
                None => self.world.gaps.push(Gap::new(
                    format!("the task at {}", header.address),
                    "its header cannot be read",
                )),
            }
        }
        tasks.sort_by_key(|task| (task.id, task.header));
        let pollers = self.pollers(&tasks);
        for task in tasks {
            self.add_task(index, &task, pollers.get(&task.header).copied());
        }
    }

    fn add_task(&mut self, runtime: usize, task: &Task<'program>, thread: Option<ThreadId>) {
        let key = TaskKey::Spawned(task.header);
        let future_type = task.types.as_ref().ok().map(|types| &types.future);
        let mut entry = model::Task {
            key,
            kind: TaskKind::Spawned,
            id: task.id,
            name: future_type
                .map_or_else(|| "unknown".to_owned(), |type_| futures::simplified(&type_.name)),
            future_type: future_type.map(|type_| type_.name.clone()).unwrap_or_default(),
            state: task.state,
            is_aborted: task.is_aborted,
            runtime: Some(runtime),
            spawned: task.types.as_ref().ok().and_then(|types| self.spawned(types)),
            thread,
            future: None,
            is_walked: false,
        };
        if let Some(place) = &task.future {
            entry.name = name(place);
        }
        match (&task.types, &task.future, task.state) {
            (Err(why), _, _) => {
                self.world.gaps.push(Gap::new(format!("the task at {}", task.header), why.clone()));
            }
            (Ok(_), _, TaskState::Complete) => entry.is_walked = true,
            (Ok(_), _, TaskState::Running) => match thread {
                Some(thread) => {
                    entry.is_walked = true;
                    self.set_polls(thread, key);
                }
                None => self.world.gaps.push(Gap::new(
                    format!("the running task at {}", task.header),
                    "the thread that polls it was not found",
                )),
            },
            (Ok(_), Some(place), TaskState::Idle | TaskState::Scheduled) => {
                let walk = self.walker.walk(place);
                self.keep(&mut entry, walk);
            }
            (Ok(types), None, TaskState::Idle | TaskState::Scheduled) => {
                self.world.gaps.push(Gap::new(
                    format!("the task at {}", task.header),
                    format!("its future of type {} cannot be read", types.future.name),
                ));
            }
        }
        self.world.tasks.push(entry);
    }

    /// The line that spawned a task of these types, or else where its body is written.
    fn spawned(&self, types: &TaskType) -> Option<Spawn> {
        let line = self.spawn_lines.line(types.image, types.poll, &types.future.name);
        line.map(|line| Spawn { kind: SpawnKind::Spawned, line }).or_else(|| written(&types.future))
    }

    fn keep(&mut self, task: &mut model::Task, walk: Walk) {
        task.is_walked = walk.future.is_some() && walk.gaps.is_empty();
        if let Some(future) = &walk.future {
            task.name.clone_from(&future.name);
        }
        task.future = walk.future;
        self.world.gaps.extend(walk.gaps);
    }

    fn set_polls(&mut self, thread: ThreadId, key: TaskKey) {
        if let Some(thread) = self.world.threads.iter_mut().find(|known| known.id == thread) {
            thread.activity = Activity::Polls(key);
        }
    }

    /// Which thread polls which running task: by the id that the thread keeps, or else by the only
    /// thread whose stack has the `poll` of just this type.
    fn pollers(&self, tasks: &[Task<'program>]) -> HashMap<Address, ThreadId> {
        let running = || tasks.iter().filter(|task| task.state == TaskState::Running);
        let mut pollers = HashMap::new();
        let mut taken = HashSet::new();
        for task in running() {
            let by_id = self.contexts.iter().find(|context| {
                task.id.is_some() && context.task_id == task.id && self.is_polling(context.thread)
            });
            if let Some(context) = by_id {
                pollers.insert(task.header, context.thread);
                taken.insert(context.thread);
            }
        }
        let missing: Vec<&Task<'program>> =
            running().filter(|task| !pollers.contains_key(&task.header)).collect();
        for task in &missing {
            let Ok(types) = &task.types else { continue };
            let wanted = format!("tokio::runtime::task::raw::poll<{}, ", types.future.name);
            let is_alike = |other: &&&Task<'program>| {
                other.types.as_ref().is_ok_and(|other| other.future.name == types.future.name)
            };
            let mut threads = self
                .stacks
                .iter()
                .filter(|stack| !taken.contains(&stack.thread))
                .filter(|stack| stack.functions().any(|name| name.starts_with(&wanted)));
            if let (Some(only), None, 1) =
                (threads.next(), threads.next(), missing.iter().filter(is_alike).count())
            {
                pollers.insert(task.header, only.thread);
            }
        }
        pollers
    }

    fn is_polling(&self, thread: ThreadId) -> bool {
        self.stacks
            .iter()
            .filter(|stack| stack.thread == thread)
            .any(|stack| stack.functions().any(|name| name.starts_with("tokio::runtime::task::")))
    }
}

fn name(place: &Place<'_>) -> String {
    match futures::coroutine_kind(&place.type_) {
        Some(_) => futures::source_name(place),
        None => futures::simplified(&place.type_.name),
    }
}

fn written(type_: &Type) -> Option<Spawn> {
    let declared = futures::written_at(type_)?;
    let line = Line { file: declared.file, line: declared.line, trust: Trust::Read };
    Some(Spawn { kind: SpawnKind::Written, line })
}
