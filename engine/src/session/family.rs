//! The processes that a captured one has started: a server that a test runs, for instance.

use std::path::Path;

use super::capture::warm;
use crate::address::ProcessId;
use crate::evidence::Gap;
use crate::limits::Limits;
use crate::process::{self, Process};
use crate::report::Subject;
use crate::symbols::Objects;

/// Most processes that are captured with one.
const MOST: usize = 16;

/// Most processes that are looked into to find those.
const MOST_OPENED: usize = 64;

/// The processes below this one in which Tokio runs, opened, with their symbols read. One that
/// cannot be looked into is a gap: it may be the one that matters.
pub(super) fn of_runtimes(
    parent: ProcessId,
    objects: &Objects,
    limits: &Limits,
    gaps: &mut Vec<Gap>,
) -> Vec<(ProcessId, Process)> {
    let mut found = Vec::new();
    let mut below = process::descendants(parent);
    if below.len() > MOST_OPENED {
        let what = format!("{} of the processes below process {parent}", below.len() - MOST_OPENED);
        gaps.push(Gap::new(what, "there are more of them than the limit"));
        below.truncate(MOST_OPENED);
    }
    for id in below {
        match open(id, objects, limits) {
            Ok(Some(_)) if found.len() >= MOST => {
                let why = "there are more with a runtime than the limit";
                gaps.push(Gap::new(format!("process {id}, a child"), why));
            }
            Ok(Some(process)) => found.push((id, process)),
            Ok(None) => {}
            Err(error) if error.is_ended() => {}
            Err(error) => {
                gaps.push(Gap::new(format!("process {id}, a child"), error.to_string()));
            }
        }
    }
    found
}

/// The process, if a runtime is in it.
fn open(
    id: ProcessId,
    objects: &Objects,
    limits: &Limits,
) -> Result<Option<Process>, super::Error> {
    let mut process = Process::open(id)?;
    let world = warm(&mut process, objects, limits)?;
    let has_runtime = !world.runtimes.is_empty() || !world.tasks.is_empty();
    Ok(has_runtime.then_some(process))
}

/// What reports call a child.
pub(super) fn subject(id: ProcessId, executable: &Path, parent: &Subject) -> Subject {
    let name = executable.file_name().unwrap_or(executable.as_os_str());
    Subject {
        binary: name.to_string_lossy().into_owned(),
        process: id.0,
        source_roots: parent.source_roots.clone(),
        workspace: parent.workspace.clone(),
        ..Subject::default()
    }
}
