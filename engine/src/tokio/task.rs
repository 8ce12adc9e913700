//! One spawned task: its header, its state bits, its id and its future.
//!
//! Source: tokio 1.20 to 1.54 `runtime/task/{core,state}.rs`. The state word's bits are the same in
//! all of them.

use std::rc::Rc;

use super::vtable::{BLOCKING, TaskType, Vtables};
use crate::address::Address;
use crate::model::TaskState;
use crate::value::{Place, search};

const RUNNING: u64 = 1;
const COMPLETE: u64 = 1 << 1;
const NOTIFIED: u64 = 1 << 2;
const JOIN_INTEREST: u64 = 1 << 3;
const CANCELLED: u64 = 1 << 5;
/// Where the count of references begins.
const REFERENCES: u32 = 6;

/// The bits of a task's state word.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TaskBits(pub u64);

impl TaskBits {
    /// Whether a thread polls it.
    pub fn is_running(self) -> bool {
        self.0 & RUNNING != 0
    }

    /// Whether it has ended.
    pub fn is_complete(self) -> bool {
        self.0 & COMPLETE != 0
    }

    /// Whether it was woken and not polled since.
    pub fn is_notified(self) -> bool {
        self.0 & NOTIFIED != 0
    }

    /// Whether it was aborted.
    pub fn is_cancelled(self) -> bool {
        self.0 & CANCELLED != 0
    }
}

/// A task in memory.
pub(super) struct Task<'program> {
    /// Where its header lies.
    pub(super) header: Address,
    /// What its state word says.
    pub(super) state: TaskState,
    /// Whether it was aborted.
    pub(super) is_aborted: bool,
    /// Its id; Tokio has them from 1.18 on.
    pub(super) id: Option<u64>,
    /// Its types, or why they are not known.
    pub(super) types: Result<Rc<TaskType>, String>,
    /// Its future, while it has not ended.
    pub(super) future: Option<Place<'program>>,
    /// The number of the list that owns it.
    pub(super) owner: Option<u64>,
    /// How many handles refer to it.
    pub(super) references: u64,
    /// Whether its `JoinHandle` is there, which is one of these.
    has_join_handle: bool,
    /// What schedules it.
    pub(super) scheduler: Option<Place<'program>>,
}

impl<'program> Task<'program> {
    /// Whether it is a closure on the blocking pool.
    pub(super) fn is_blocking(&self) -> bool {
        self.types.as_ref().is_ok_and(|types| types.future.is(BLOCKING))
    }

    /// How many wakers of it there can be at most, if it is on its owner's list: that list has one of
    /// the references, its `JoinHandle` one, and whoever polls it or has queued it one. The rest are
    /// wakers and abort handles.
    pub(super) fn most_wakers(&self) -> Option<u64> {
        let others = match self.state {
            TaskState::Idle => 1,
            TaskState::Scheduled | TaskState::Running => 2,
            TaskState::Complete => return None,
        };
        self.references.checked_sub(others + u64::from(self.has_join_handle))
    }

    /// The task with this header; `None` when its state word cannot be read.
    pub(super) fn read(
        header: &Place<'program>,
        vtables: &Vtables<'program>,
    ) -> Option<Task<'program>> {
        let bits = header.field("state")?.unsigned()?;
        let types = vtables.task_type(header);
        let cell = types
            .as_ref()
            .ok()
            .and_then(|types| Place::new(header.program, types.image, header.address, types.cell));
        let core = cell.as_ref().and_then(|cell| cell.field("core"));
        Some(Task {
            header: header.address,
            state: state(bits),
            is_aborted: bits & CANCELLED != 0 && bits & COMPLETE == 0,
            id: core.as_ref().and_then(|core| core.field("task_id")?.unsigned()),
            types,
            future: core.as_ref().and_then(future),
            owner: owner(header),
            references: bits >> REFERENCES,
            has_join_handle: bits & JOIN_INTEREST != 0,
            scheduler: core.as_ref().and_then(|core| core.field("scheduler")),
        })
    }
}

/// The header's `owner_id`: a number, or from 1.30 on an optional one that is not zero.
fn owner(header: &Place<'_>) -> Option<u64> {
    let owner = header.field("owner_id")?;
    header.program.read_unsigned(owner.address, owner.type_.size).ok().filter(|id| *id != 0)
}

fn state(bits: u64) -> TaskState {
    if bits & COMPLETE != 0 {
        TaskState::Complete
    } else if bits & RUNNING != 0 {
        TaskState::Running
    } else if bits & NOTIFIED != 0 {
        TaskState::Scheduled
    } else {
        TaskState::Idle
    }
}

fn future<'program>(core: &Place<'program>) -> Option<Place<'program>> {
    let stage =
        search(&core.field("stage")?, 6, &|type_| type_.is("tokio::runtime::task::core::Stage"));
    let (_, variant) = stage.first()?.active_variant()?;
    (variant.type_.own_name.split('<').next() == Some("Running")).then(|| variant.field("__0"))?
}

/// What a task has ended with, while it is kept: `Result<T::Output, JoinError>`.
pub(super) fn output<'program>(core: &Place<'program>) -> Option<Place<'program>> {
    let stage =
        search(&core.field("stage")?, 6, &|type_| type_.is("tokio::runtime::task::core::Stage"));
    let (_, variant) = stage.first()?.active_variant()?;
    (variant.type_.own_name.split('<').next() == Some("Finished")).then(|| variant.field("__0"))?
}
