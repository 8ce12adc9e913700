//! One task that is followed while its process runs: where it is polled, its state word, its future,
//! and what a thread does that changes that word.
//!
//! Source: tokio 1.20 to 1.54 `runtime/task/{raw,core,state,harness}.rs`. Relies on: a task is polled
//! through the `poll` of its vtable, whose only argument is the header; each change of its state is
//! one write to the header's state word, by the thread that changes it.

use std::rc::Rc;

use super::context;
use super::spawn::SpawnLines;
use super::task::{self, TaskBits};
use super::vtable::{self, BLOCKING, Vtables};
use crate::address::{Address, FileAddress};
use crate::futures::simplified;
use crate::model::Line;
use crate::program::{ImageId, Program};
use crate::stack::{self, ThreadStack};
use crate::symbols::{FunctionId, Type, TypeId, VariableKind};
use crate::value::Place;

/// The function that polls all tasks of one type.
pub struct Poll {
    /// Its first instruction.
    pub address: Address,
    /// The image it is code of.
    pub image: ImageId,
    /// The function.
    pub function: FunctionId,
    /// The type of the future that was spawned.
    pub future: Rc<Type>,
}

/// The functions that poll spawned futures; those for closures on the blocking pool are left out.
pub fn polls(program: &Program<'_>) -> Vec<Poll> {
    let mut polls = Vec::new();
    for (image, loaded) in program.images() {
        for symbol in loaded
            .object
            .symbols_with("tokio")
            .iter()
            .filter(|symbol| vtable::is_poll(&symbol.name))
        {
            let Some(function) = loaded.object.function_at(symbol.address) else { continue };
            let parameters = loaded.object.template_parameters(function);
            let future = parameters.iter().find(|(name, _)| name == "T").map(|(_, id)| *id);
            let future = future.and_then(|id| loaded.object.type_of(id));
            let Some(future) = future.filter(|future| !future.is(BLOCKING)) else { continue };
            polls.push(Poll { address: loaded.address(symbol.address), image, function, future });
        }
    }
    polls
}

/// The one line that spawns the tasks that this function polls.
pub fn spawn_line(program: &Program<'_>, poll: &Poll) -> Option<Line> {
    SpawnLines::new(program).line(poll.image, poll.function, &poll.future)
}

/// What a header is for the tasks of one Tokio.
#[derive(Clone, Copy, Debug)]
pub struct TaskHeaders {
    image: ImageId,
    header: TypeId,
    state: u64,
}

impl TaskHeaders {
    /// The headers of the tasks that this function of `image` polls.
    pub fn of(program: &Program<'_>, image: ImageId, poll: FunctionId) -> Option<TaskHeaders> {
        let object = program.object(image)?;
        let header = vtable::header(object, poll)?;
        let state = object.type_of(header)?.member("state")?.offset;
        Some(TaskHeaders { image, header, state })
    }

    /// Where the state word of the task with this header lies.
    pub fn state_word(self, header: Address) -> Address {
        header.offset(self.state)
    }

    /// The task with this header.
    pub fn read<'program>(
        self,
        program: &'program Program<'program>,
        header: Address,
    ) -> Option<Followed<'program>> {
        let place = Place::new(program, self.image, header, self.header)?;
        let vtables = Vtables::new(program);
        let task = task::Task::read(&place, &vtables)?;
        let cell = task
            .types
            .as_ref()
            .ok()
            .and_then(|types| Place::new(program, types.image, header, types.cell));
        let core = cell.and_then(|cell| cell.field("core"));
        Some(Followed {
            bits: TaskBits(place.field("state")?.unsigned()?),
            id: task.id,
            output: core.as_ref().and_then(task::output),
            future: task.future,
        })
    }
}

/// A task at one moment.
pub struct Followed<'program> {
    /// Its state.
    pub bits: TaskBits,
    /// Its id; Tokio has them from 1.18 on.
    pub id: Option<u64>,
    /// Its future, while it has not ended.
    pub future: Option<Place<'program>>,
    /// What it has ended with, while that is kept.
    pub output: Option<Place<'program>>,
}

/// The task that a thread polls: its id, and the type of its future. A closure on the blocking pool is
/// none: workers themselves run as one.
pub fn polled_task(program: &Program<'_>, stack: &ThreadStack) -> Option<(Option<u64>, Rc<Type>)> {
    let functions = stack.frames.iter().flat_map(|(frame, functions)| {
        functions.iter().map(move |function| (frame.image, function))
    });
    let future = functions.filter(|(_, function)| is_poll(&function.name)).find_map(
        |(image, function)| {
            let object = program.object(image?)?;
            let parameters = object.template_parameters(function.function?);
            let (_, id) = parameters.into_iter().find(|(name, _)| name == "T")?;
            object.type_of(id)
        },
    )?;
    if future.is(BLOCKING) {
        return None;
    }
    let contexts = context::contexts(program);
    let mut own = contexts.iter().filter(|context| context.thread == stack.thread);
    Some((own.find_map(|context| context.task_id), future))
}

/// The header of the task that a thread polls, from the outermost of Tokio's frames that have it.
pub fn polled_header(program: &Program<'_>, stack: &ThreadStack) -> Option<(TaskHeaders, Address)> {
    let is_entry = |name: &str| name.starts_with("tokio::runtime::task::raw::poll<");
    let (frame, poll) = stack.frames.iter().find_map(|(frame, functions)| {
        let poll = functions.last().filter(|function| is_entry(&function.name))?;
        Some((frame, poll.concrete?))
    })?;
    let parameter = stack::locals(program, frame).into_iter().find(|local| {
        local.kind == VariableKind::Parameter && local.name.as_deref() == Some("ptr")
    })?;
    let header = match parameter.place.ok()? {
        stack::Place::Memory(address) => program.read_address(address).ok()?,
        stack::Place::Value { bytes, missing } => {
            let word = bytes.first_chunk().filter(|_| missing.is_empty())?;
            Address(u64::from_le_bytes(*word))
        }
    };
    Some((TaskHeaders::of(program, frame.image?, poll)?, header))
}

fn is_poll(function: &str) -> bool {
    let rest = function.strip_prefix("tokio::runtime::task::");
    rest.is_some_and(|rest| {
        rest.starts_with("raw::poll<") || rest.starts_with("harness::poll_future<")
    })
}

/// What a write to a task's state word does.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Transition {
    /// A thread begins to poll it.
    Running,
    /// The thread that polls it ends the poll, and it has not ended.
    Idle,
    /// It has ended.
    Complete,
    /// It is woken.
    Notified,
    /// It is aborted, or its runtime ends.
    Cancelled,
    /// Something that is no matter here: references, who joins it.
    Other,
}

/// What the innermost frames of a thread that has just written to a task's state word say of that
/// write.
///
/// Source: tokio 1.20 to 1.54 `runtime/task/state.rs`: each change is a method of `State`.
pub fn transition<'names>(functions: impl IntoIterator<Item = &'names str>) -> Option<Transition> {
    let paths = functions.into_iter().map(simplified);
    let methods = paths.filter(|path| path.starts_with("tokio::runtime::task::state::"));
    let own = |path: String| path.rsplit("::").next().map(str::to_owned);
    methods.filter_map(own).find_map(|method| {
        Some(match method.as_str() {
            "transition_to_running" => Transition::Running,
            "transition_to_idle" => Transition::Idle,
            "transition_to_complete" => Transition::Complete,
            "transition_to_notified_and_cancel" | "transition_to_shutdown" => Transition::Cancelled,
            method if method.starts_with("transition_to_notified") => Transition::Notified,
            method if method.starts_with("fetch_update") || method.starts_with('{') => return None,
            _ => Transition::Other,
        })
    })
}

/// The code that makes those changes of tasks' states that matter: each function, and each place that
/// it was inlined at.
pub fn changes(program: &Program<'_>) -> Vec<Change> {
    const OWN_NAME: &str = "transition_to_";
    let mut changes = Vec::new();
    for (_, loaded) in program.images() {
        let object = &loaded.object;
        let matters = |function| {
            let name = object.function_name(function);
            transition(name.as_deref()).is_some_and(|kind| kind != Transition::Other)
        };
        let code = |ranges: Vec<(FileAddress, FileAddress)>| {
            let ranges = ranges.into_iter();
            ranges.map(|(begin, end)| (loaded.address(begin), loaded.address(end))).collect()
        };
        let symbols = object.symbols_with(OWN_NAME);
        for symbol in symbols.iter().filter(|symbol| !symbol.is_thread_local) {
            let function = object.function_at(symbol.address);
            if let Some(function) = function.filter(|function| matters(*function)) {
                let code = code(object.function_ranges(function));
                changes.push(Change { entry: Some(loaded.address(symbol.address)), code });
            }
        }
        if symbols.is_empty() && object.copies_of_crate("tokio") == 0 {
            continue;
        }
        let copies = object.inlined_copies(OWN_NAME).into_iter();
        changes.extend(
            copies
                .filter(|copy| matters(copy.function))
                .map(|copy| Change { entry: None, code: code(copy.ranges) }),
        );
    }
    changes
}

/// Code that changes a task's state.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Change {
    /// Its first instruction, at which the first argument refers to the state word; absent for code
    /// that was inlined.
    pub entry: Option<Address>,
    /// The code.
    pub code: Vec<(Address, Address)>,
}

/// How many bytes a task's state word has.
pub const STATE_SIZE: u64 = 8;

/// What of Tokio's own makes a thread change the state of a task.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Trigger {
    /// A timer has fired.
    Timer,
    /// A descriptor has become ready.
    Descriptor,
    /// The task that the thread polls has ended, and this one waited for it.
    Completion,
    /// The runtime ends.
    Shutdown,
    /// The task has yielded, and the thread that polled it has come round.
    Deferred,
    /// What is further out on the stack has nothing to do with it: a poll begins here, or a thread
    /// begins to drive a runtime.
    Boundary,
}

/// What this function, on the stack of a thread that changes a task's state, says of the reason.
///
/// Source: tokio 1.20 `time/driver`, `io/driver`; 1.21 to 1.54 `runtime/{time,io}`, of which `io` has
/// `turn` and `dispatch` in its `mod.rs` before 1.31; 1.20 to 1.54 `runtime/task/harness.rs`
/// (`complete`), `runtime/task/list.rs` (`close_and_shutdown_all`); 1.25 to 1.28 `runtime/defer.rs`,
/// later `runtime/scheduler/defer.rs`.
pub fn trigger(function: &str) -> Option<Trigger> {
    let path = simplified(function);
    let rest = path.strip_prefix("tokio::")?;
    let rest = rest.strip_prefix("runtime::").unwrap_or(rest);
    let own = rest.rsplit("::").next()?;
    if rest.starts_with("time::driver")
        || (rest.starts_with("time::") && own.starts_with("process_at"))
    {
        Some(Trigger::Timer)
    } else if rest.starts_with("io::driver")
        || (rest.starts_with("io::") && matches!(own, "turn" | "dispatch"))
    {
        Some(Trigger::Descriptor)
    } else if rest.starts_with("task::harness") && own == "complete" {
        Some(Trigger::Completion)
    } else if rest.starts_with("task::list") && own.contains("shutdown_all") {
        Some(Trigger::Shutdown)
    } else if rest.starts_with("scheduler::defer") || rest.starts_with("defer::") {
        Some(Trigger::Deferred)
    } else if own == "block_on" || is_poll(function) {
        Some(Trigger::Boundary)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_write_is_told_by_the_method_that_does_it() {
        const METHODS: &str = "tokio::runtime::task::state::{impl#0}";
        let check = |method: &str, expected| {
            let functions = [
                "core::sync::atomic::{impl#26}::compare_exchange".to_owned(),
                format!("{METHODS}::fetch_update_action<{METHODS}::x::{{closure_env#0}}>"),
                format!("{METHODS}::{method}"),
                format!("{METHODS}::transition_to_running"),
            ];
            let functions = functions.iter().map(String::as_str);
            assert_eq!(transition(functions), Some(expected), "{method}");
        };
        check("transition_to_idle", Transition::Idle);
        check("transition_to_notified_by_val", Transition::Notified);
        check("transition_to_notified_and_cancel", Transition::Cancelled);
        check("ref_dec", Transition::Other);
        assert_eq!(transition(["ledger::transition_to_idle"]), None);
    }

    #[test]
    fn drivers_are_told_apart() {
        let check = |function, expected| assert_eq!(trigger(function), expected, "{function}");
        check("tokio::runtime::time::{impl#2}::process_at_time", Some(Trigger::Timer));
        check("tokio::time::driver::{impl#3}::process_at_time", Some(Trigger::Timer));
        check("tokio::runtime::io::driver::{impl#1}::turn", Some(Trigger::Descriptor));
        check("tokio::runtime::io::{impl#1}::dispatch", Some(Trigger::Descriptor));
        check("tokio::runtime::defer::{impl#0}::wake", Some(Trigger::Deferred));
        check(
            "tokio::runtime::task::harness::{impl#3}::complete<a::b::{async_fn_env#0}>",
            Some(Trigger::Completion),
        );
        check("tokio::sync::notify::{impl#4}::notify_one", None);
        check("ledger::time::driver::turn", None);
    }
}
