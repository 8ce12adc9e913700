//! Who is there: every runtime, and every task with its owner, each proven.
//!
//! A task is proven by the list that owns it. A list is found through a thread that has entered its
//! runtime, or through a candidate from memory whose own scheduler leads to a list that it is on. A
//! closure on the blocking pool is on no list: a thread that runs it, the pool's queue or a join
//! handle proves it.

use std::collections::{HashMap, HashSet};

use super::context::Context;
use super::local;
use super::owned;
use super::pool;
use super::runtime::Runtime;
use super::scan;
use super::task::Task;
use super::vtable::Vtables;
use crate::address::Address;
use crate::evidence::Gap;
use crate::limits::Limits;
use crate::program::Program;
use crate::symbols::Type;
use crate::value::{Place, search};

/// The most references that a live task is believed to have.
const MOST_REFERENCES: u64 = 1 << 20;

/// Why tasks may be missing: Tokio 1.0 to 1.8 kept no list of all of them.
const NO_LIST: &str = "it leads to no list of the tasks of its runtime, as Tokio has one from 1.9 on: \
                       only tasks that others wait for are shown";

/// Everyone found at one stop.
pub(super) struct Population<'program> {
    /// The runtimes, in order of address.
    pub(super) runtimes: Vec<Runtime<'program>>,
    /// The owned tasks, each with the index of its runtime; by runtime, then by id.
    pub(super) tasks: Vec<(usize, Task<'program>)>,
    /// The closures that wait for a thread of a blocking pool, in the order of their queues.
    pub(super) queued: Vec<Queued<'program>>,
    /// Whether a program is called when a thread of a blocking pool ends.
    pub(super) tells_ends: bool,
    /// What looks like a task and is on no list, by its header: nothing until it is proven.
    pub(super) candidates: HashMap<Address, Task<'program>>,
    /// What could not be read.
    pub(super) gaps: Vec<Gap>,
}

/// Finds everyone, beginning with the runtimes that threads have entered.
pub(super) fn find<'program>(
    program: &'program Program<'program>,
    contexts: &[Context<'program>],
    vtables: &Vtables<'program>,
    limits: &Limits,
) -> Population<'program> {
    let mut census = Census {
        vtables,
        limits,
        seen: HashSet::new(),
        found: Vec::new(),
        refused: HashMap::new(),
        gaps: Vec::new(),
    };
    let mut unlisted = Vec::new();
    for handle in contexts.iter().filter_map(|context| context.handle.as_ref()) {
        match Runtime::of_handle(handle) {
            Some(runtime) => census.add(runtime, None),
            None => unlisted.push(handle.type_.name.clone()),
        }
    }
    unlisted.dedup();
    census.gaps.extend(unlisted.into_iter().map(|handle| Gap::new(handle, NO_LIST)));
    let (candidates, gaps) = scan::candidates(program, limits);
    census.gaps.extend(gaps);
    let mut unproven = HashMap::new();
    for header in &candidates {
        if census.seen.contains(&header.address) {
            continue;
        }
        let Some(task) = Task::read(header, vtables).filter(is_plausible) else { continue };
        if let Some(runtime) = owner(&task) {
            census.add(runtime, Some(task.header));
        }
        if !census.seen.contains(&task.header) {
            unproven.insert(task.header, task);
        }
    }
    let alone: Vec<&Task<'program>> = unproven.values().collect();
    for (header, set) in local::sets(program, &alone, vtables, limits) {
        census.add(set, Some(header));
    }
    let mut population = census.finish(unproven);
    population.add_queued(contexts, vtables, limits);
    population
}

/// A closure that waits for a thread of a blocking pool.
pub(super) struct Queued<'program> {
    /// The closure.
    pub(super) task: Task<'program>,
    /// Where the runtime's shared part lies whose pool it is.
    pub(super) runtime: Option<Address>,
    /// How many threads there are for that runtime at most.
    pub(super) most_threads: Option<u64>,
}

impl<'program> Population<'program> {
    /// Adds the closures in the queues of the blocking pools of all runtimes, whether threads have
    /// entered them or not.
    fn add_queued(
        &mut self,
        contexts: &[Context<'program>],
        vtables: &Vtables<'program>,
        limits: &Limits,
    ) {
        let entered = contexts.iter().filter_map(|context| context.handle.as_ref());
        let entered = entered
            .map(|handle| (Runtime::of_handle(handle).map(|runtime| runtime.address), handle));
        let known = self.runtimes.iter();
        let handles = entered.chain(known.map(|known| (Some(known.address), &known.shared)));
        let mut seen = HashSet::new();
        for (runtime, handle) in handles {
            for queue in pool::queues(handle, limits) {
                self.tells_ends |= queue.tells_ends;
                let headers = queue.headers.into_iter();
                let headers = headers.filter(|header| seen.insert(header.address));
                let tasks = headers.filter_map(|header| Task::read(&header, vtables));
                let most_threads = queue.most_threads;
                let queued = |task| Queued { task, runtime, most_threads };
                self.queued.extend(tasks.filter(is_plausible).map(queued));
            }
        }
    }
}

struct Census<'census, 'program> {
    vtables: &'census Vtables<'program>,
    limits: &'census Limits,
    /// The headers that are on some list.
    seen: HashSet<Address>,
    found: Vec<(Runtime<'program>, Vec<Place<'program>>)>,
    /// The lists that candidates have led to without being on them, by runtime: what is left of a
    /// runtime's many tasks leads to the same one again and again.
    refused: HashMap<Address, List<'program>>,
    gaps: Vec<Gap>,
}

/// What a runtime's list holds.
struct List<'program> {
    headers: Vec<Place<'program>>,
    addresses: HashSet<Address>,
    gaps: Vec<Gap>,
}

impl<'program> List<'program> {
    fn read(
        runtime: &Runtime<'program>,
        vtables: &Vtables<'program>,
        limits: &Limits,
    ) -> List<'program> {
        let (headers, gaps) = owned::headers(&runtime.owned, vtables, limits);
        let addresses = headers.iter().map(|header| header.address).collect();
        List { headers, addresses, gaps }
    }
}

impl<'program> Census<'_, 'program> {
    /// Adds a runtime with its tasks. One that was found through a candidate counts only if that
    /// candidate is on its list.
    fn add(&mut self, runtime: Runtime<'program>, through: Option<Address>) {
        if self.found.iter().any(|(known, _)| known.address == runtime.address) {
            return;
        }
        let List { headers, addresses, gaps } = match self.refused.remove(&runtime.address) {
            Some(list) => list,
            None => List::read(&runtime, self.vtables, self.limits),
        };
        if through.is_some_and(|header| !addresses.contains(&header)) {
            self.refused.insert(runtime.address, List { headers, addresses, gaps });
            return;
        }
        self.gaps.extend(gaps);
        self.seen.extend(addresses);
        self.found.push((runtime, headers));
    }

    fn finish(mut self, mut candidates: HashMap<Address, Task<'program>>) -> Population<'program> {
        candidates.retain(|header, _| !self.seen.contains(header));
        self.found.sort_by_key(|(runtime, _)| runtime.address);
        let mut runtimes = Vec::new();
        let mut tasks = Vec::new();
        for (index, (runtime, headers)) in self.found.into_iter().enumerate() {
            let mut owned = Vec::new();
            for header in &headers {
                match Task::read(header, self.vtables) {
                    Some(task) => owned.push((index, task)),
                    None => self.gaps.push(Gap::new(
                        format!("the task at {}", header.address),
                        "its header cannot be read",
                    )),
                }
            }
            owned.sort_by_key(|(_, task)| (task.id, task.header));
            tasks.extend(owned);
            runtimes.push(runtime);
        }
        Population {
            runtimes,
            tasks,
            queued: Vec::new(),
            tells_ends: false,
            candidates,
            gaps: self.gaps,
        }
    }
}

/// Whether a candidate can be a live task.
fn is_plausible(task: &Task<'_>) -> bool {
    let is_user = task.types.as_ref().is_ok_and(|types| !is_worker(&types.spawned));
    is_user && (1..MOST_REFERENCES).contains(&task.references)
}

/// Whether this is the closure with which a runtime runs one of its own workers.
///
/// Source: tokio 1.20 to 1.54 `runtime/scheduler/multi_thread/worker.rs` and
/// `runtime/thread_pool/worker.rs`: `launch` gives workers to the blocking pool.
fn is_worker(type_: &Type) -> bool {
    let [first, second, ..] = type_.scope.as_slice() else { return false };
    first == "tokio" && second == "runtime"
}

/// The runtime that a candidate's own scheduler leads to, if it carries that runtime's number.
fn owner<'program>(task: &Task<'program>) -> Option<Runtime<'program>> {
    let arcs = search(task.scheduler.as_ref()?, 4, &|type_| type_.is("alloc::sync::Arc"));
    let runtime = Runtime::of_arc(arcs.first()?)?;
    (task.owner.is_none() || task.owner == runtime.id()).then_some(runtime)
}
