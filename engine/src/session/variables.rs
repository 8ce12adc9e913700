//! The variables at each `.await` of the tasks that matter, added to what the last look found.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use crate::address::Address;
use crate::futures;
use crate::limits::{Limits, Values};
use crate::model::{Future, TaskKey, World};
use crate::program::Program;
use crate::report::{self, Subject};
use crate::snapshot::Snapshot;
use crate::symbols::{Objects, UserCrates};
use crate::tokio;
use crate::value::{Structures, ValueLimits};

/// Of how many tasks the variables are read.
const MOST_TASKS: usize = 64;

/// Most futures of one task whose variables are read.
const MOST_FUTURES: usize = 64;

/// What the last look is compared with, and what it is of.
pub(super) struct Told<'look> {
    pub(super) subject: &'look Subject,
    pub(super) first: Option<&'look World>,
}

/// Adds the variables of the tasks that have to do with what is wrong, or of all if there are few, to
/// what was found in `snapshot`.
pub(super) fn add(
    world: &mut World,
    told: &Told<'_>,
    snapshot: &Snapshot,
    objects: &Objects,
    file_of: &dyn Fn(&Path) -> PathBuf,
    limits: &Limits,
) {
    if limits.values == Values::None {
        return;
    }
    let (program, _) = Program::new(snapshot, objects, file_of);
    let Some((_, executable)) = program.executable() else { return };
    let roots: Vec<PathBuf> = told.subject.source_roots.iter().map(PathBuf::from).collect();
    let users = UserCrates::find(&executable.object, &roots);
    let bounds = bounds(limits.values, &users);
    let mut wanted: BTreeSet<TaskKey> = BTreeSet::new();
    if world.tasks.len() > MOST_TASKS {
        for key in report::involved(told.subject, told.first, world) {
            if wanted.len() < MOST_TASKS {
                wanted.insert(key);
            }
        }
    } else {
        wanted.extend(world.tasks.iter().map(|task| task.key));
    }
    for task in world.tasks.iter_mut().filter(|task| wanted.contains(&task.key)) {
        let mut left: Vec<&mut Future> = task.future.iter_mut().collect();
        for _ in 0..MOST_FUTURES {
            let Some(future) = left.pop() else { break };
            if let Some(described) = future.described {
                let address: Address = future.address;
                future.variables =
                    futures::variables(&program, address, described, &tokio::LEAVES, &bounds);
            }
            left.extend(future.children.iter_mut().rev());
        }
    }
}

/// Bounds on the values: in the short form several of them stand in one line.
fn bounds(values: Values, users: &UserCrates) -> ValueLimits {
    match values {
        Values::Full => ValueLimits { output: 4096, ..ValueLimits::default() },
        Values::None | Values::Short => ValueLimits {
            elements: 4,
            depth: 4,
            text: 48,
            output: 96,
            structures: Structures::Of(Rc::clone(&users.names())),
            ..ValueLimits::default()
        },
    }
}
