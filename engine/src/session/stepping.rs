//! The story of tasks, with the source of its lines.

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::error::Error;
use crate::address::ProcessId;
use crate::process::Traced;
use crate::sources::Sources;
use crate::step::{self, Outcome, Place, Request, Told, Wish};
use crate::symbols::Objects;

/// What a story is told with.
#[derive(Clone, Debug)]
pub struct Telling {
    /// The folder that files are named from.
    pub workspace: Option<PathBuf>,
    /// The file that the process will run; source files that are newer are not shown.
    pub executable: PathBuf,
}

/// A process that is traced and waits for its first program.
///
/// Everything else is to be asked for by the thread that made it: it is the tracer, and the process
/// is killed when that thread ends.
pub struct Stepping(Traced);

impl Stepping {
    /// Begins to trace a process of one thread that is about to run the test by `exec`.
    ///
    /// # Errors
    ///
    /// The process is gone, or the system does not let us.
    pub fn seize(process: ProcessId) -> Result<Stepping, Error> {
        Ok(Stepping(Traced::seize(process)?))
    }

    /// Follows tasks to the end of the process, and tells what happens. `wish` is asked whenever
    /// something happens to the process: any signal to it makes that so.
    ///
    /// # Errors
    ///
    /// No task can have a name, or the process cannot be read.
    pub fn follow(
        self,
        request: Request,
        telling: &Telling,
        wish: &dyn Fn() -> Wish,
        tell: &mut dyn FnMut(Told),
    ) -> Result<Outcome, step::Error> {
        let sources = Sources::new();
        let metadata = std::fs::metadata(&telling.executable);
        let built = metadata.and_then(|metadata| metadata.modified()).ok();
        let mut tell = |mut told: Told| {
            for place in told.event.places() {
                show(place, telling, &sources, built);
            }
            tell(told);
        };
        step::follow(self.0, request, &Objects::default(), wish, &mut tell)
    }
}

/// Gives a place its source line, and its file the name that the user knows.
fn show(place: &mut Place, telling: &Telling, sources: &Sources, built: Option<SystemTime>) {
    let text = sources.line(Path::new(&place.file), place.line, built);
    place.text = text.map(|text| text.trim().to_owned());
    let Some(workspace) = &telling.workspace else { return };
    if let Ok(relative) = Path::new(&place.file).strip_prefix(workspace) {
        place.file = relative.to_string_lossy().into_owned();
    }
}
