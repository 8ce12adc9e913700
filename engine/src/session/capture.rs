//! Two looks at a process.

use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::{Duration, SystemTime};

use super::error::Error;
use super::family;
use super::links::{self, Side};
use super::look::{self, Look};
use super::stops::Stops;
use super::variables::Told;
use crate::address::ProcessId;
use crate::evidence::Gap;
use crate::limits::Limits;
use crate::model::World;
use crate::process::{Process, Stopped};
use crate::report::{self, Report, Subject};
use crate::snapshot::{Moment, Snapshot};
use crate::sources::Sources;
use crate::symbols::Objects;

/// What a capture is asked for.
#[derive(Clone, Debug)]
pub struct Request {
    /// The process.
    pub process: ProcessId,
    /// What the report calls it.
    pub subject: Subject,
    /// How long the process may run between the two looks.
    pub apart: Duration,
    /// Bounds on what is read.
    pub limits: Limits,
}

/// Two looks at one process, or one where it was stopped at what ends it, from which its report is
/// made.
pub struct Capture {
    /// What the report calls it.
    pub subject: Subject,
    pub(super) first: Option<Look>,
    pub(super) second: Look,
    pub(super) objects: Rc<Objects>,
    pub(super) executable: PathBuf,
    pub(super) sources: Sources,
    /// When the binary was built; source files that are newer are not shown.
    pub(super) built: Option<SystemTime>,
    pub(super) limits: Limits,
    /// The processes that it has started and that Tokio runs in.
    pub(super) children: Vec<Capture>,
    /// Which of these could not be captured, and why.
    pub(super) gaps: Vec<Gap>,
}

impl Capture {
    /// Stops the process three times, for a few milliseconds each: once to learn which symbols will
    /// be needed, which are then read while it runs, and twice to look. It runs on afterwards.
    /// Processes that it has started and that Tokio runs in are captured with it.
    ///
    /// Blocks for `request.apart` and the time that reading debug info takes.
    ///
    /// # Errors
    ///
    /// The process has ended, or the system does not let us look into it.
    pub fn take(request: &Request) -> Result<Capture, Error> {
        let mut process = Process::open(request.process)?;
        Capture::take_of(&mut process, request, Rc::default())
    }

    /// The same of a process that is stopped in some way.
    pub(super) fn take_of(
        process: &mut impl Stops,
        request: &Request,
        objects: Rc<Objects>,
    ) -> Result<Capture, Error> {
        drop(warm(process, &objects, &request.limits)?);
        let mut gaps = Vec::new();
        let children = family::of_runtimes(request.process, &objects, &request.limits, &mut gaps);
        let mut capture = Capture::looks(process, &children, request, objects)?;
        capture.gaps = gaps;
        Ok(capture)
    }

    /// One look at a process that was stopped at `moment`. It stays stopped while symbols are read:
    /// what comes next is not what is asked about.
    pub(super) fn take_at(
        process: &mut impl Stops,
        moment: Moment,
        request: &Request,
        objects: Rc<Objects>,
    ) -> Result<Capture, Error> {
        let subject = Subject { process: request.process.0, ..request.subject.clone() };
        let told = Told { subject: &subject, first: None };
        let look = look(&process.stop()?, &objects, &request.limits, Some(moment), Some(&told))?;
        Ok(Capture::of(request.process, subject, None, look, &objects, &request.limits))
    }

    /// The same of this one process, with the symbols that earlier captures have read, for many
    /// captures of one program: stops the process twice only, and keeps it stopped while it reads
    /// what is missing.
    ///
    /// # Errors
    ///
    /// As [`Capture::take`].
    pub fn take_with(request: &Request, objects: Rc<Objects>) -> Result<Capture, Error> {
        Capture::looks(&mut Process::open(request.process)?, &[], request, objects)
    }

    /// The two looks at a process, and at its children at about the same moments.
    fn looks(
        process: &mut impl Stops,
        children: &[(ProcessId, Process)],
        request: &Request,
        objects: Rc<Objects>,
    ) -> Result<Capture, Error> {
        let limits = &request.limits;
        let subject = Subject { process: request.process.0, ..request.subject.clone() };
        let first = look(&process.stop()?, &objects, limits, None, None)?;
        let of_child = |child: &Process, told: Option<&Told<'_>>| {
            look(&child.stop()?, &objects, limits, None, told)
        };
        // A child that has ended meanwhile was not what is waited for.
        let alive: Vec<_> = children
            .iter()
            .filter_map(|(id, child)| Some((*id, child, of_child(child, None).ok()?)))
            .collect();
        process.run_for(request.apart)?;
        let world = first.world(&objects, limits, None);
        let told = Told { subject: &subject, first: Some(world) };
        let second = look(&process.stop()?, &objects, limits, None, Some(&told))?;
        let children = alive.into_iter().filter_map(|(id, child, first)| {
            let subject = family::subject(id, &first.snapshot.facts.executable, &request.subject);
            let world = first.world(&objects, limits, None);
            let told = Told { subject: &subject, first: Some(world) };
            let second = of_child(child, Some(&told)).ok()?;
            Some(Capture::of(id, subject, Some(first), second, &objects, limits))
        });
        let children = children.collect();
        let capture = Capture::of(request.process, subject, Some(first), second, &objects, limits);
        Ok(Capture { children, ..capture })
    }

    fn of(
        process: ProcessId,
        subject: Subject,
        first: Option<Look>,
        second: Look,
        objects: &Rc<Objects>,
        limits: &Limits,
    ) -> Capture {
        let file = running_executable(process);
        Capture {
            subject,
            executable: second.snapshot.facts.executable.clone(),
            first,
            second,
            objects: Rc::clone(objects),
            sources: Sources::new(),
            built: std::fs::metadata(&file).and_then(|metadata| metadata.modified()).ok(),
            limits: limits.clone(),
            children: Vec::new(),
            gaps: Vec::new(),
        }
    }

    /// The report. The same capture gives the same report, also after [`Capture::save`] and
    /// [`Capture::open`].
    pub fn report(&self) -> Report {
        let mut sides: Vec<Side<'_>> =
            std::iter::once(self).chain(&self.children).map(Capture::side).collect();
        links::link(&mut sides);
        let mut sides = sides.into_iter();
        let own = sides.next().map(|side| side.world).unwrap_or_default();
        let mut report = self.compose(&own);
        let children = self.children.iter().zip(sides);
        report.children = children.map(|(child, side)| child.compose(&side.world)).collect();
        report.counts.gaps += self.gaps.len() as u64;
        report.gaps.extend(self.gaps.iter().cloned());
        report
    }

    /// What the second look found.
    fn side(&self) -> Side<'_> {
        Side {
            name: format!("process {} {}", self.subject.process, self.subject.binary),
            facts: &self.second.snapshot.facts,
            world: self.last().clone(),
        }
    }

    /// What the first look found, if there were two.
    fn before(&self) -> Option<&World> {
        Some(self.first.as_ref()?.world(&self.objects, &self.limits, None))
    }

    /// What the last look found.
    fn last(&self) -> &World {
        let told = Told { subject: &self.subject, first: self.before() };
        self.second.world(&self.objects, &self.limits, Some(&told))
    }

    /// The report on this process alone, whose second look found `second`.
    fn compose(&self, second: &World) -> Report {
        let now = self.second.snapshot.facts.clock.monotonic;
        let from = self.first.as_ref().map_or(now, |first| first.snapshot.facts.clock.monotonic);
        let apart = now.saturating_sub(from);
        let text = |path: &Path, line: u32| self.sources.line(path, line, self.built);
        report::compose(&self.subject, self.before(), second, apart / 1_000_000, &text)
    }

    /// The file that the process ran, as it named it.
    pub fn executable(&self) -> &Path {
        &self.executable
    }
}

/// A look that is thrown away: it learns which symbols are needed.
pub(super) fn warm(
    process: &mut impl Stops,
    objects: &Objects,
    limits: &Limits,
) -> Result<World, Error> {
    let threads = process.stop()?.into_threads();
    let snapshot = Snapshot::live(process.process(), threads, limits)?;
    let file_of = |path: &Path| running_file(snapshot.facts.process, path);
    Ok(look::world(&snapshot, objects, &file_of, limits))
}

/// One look: everything that a report needs is read while the process stands still.
fn look(
    stop: &Stopped<'_>,
    objects: &Objects,
    limits: &Limits,
    moment: Option<Moment>,
    told: Option<&Told<'_>>,
) -> Result<Look, Error> {
    let mut snapshot = Snapshot::take(stop, limits)?;
    snapshot.facts.moment = moment;
    let file_of = |path: &Path| running_file(snapshot.facts.process, path);
    let world = look::read(&snapshot, objects, &file_of, limits, told);
    snapshot.seal();
    Ok(Look::of(snapshot, world))
}

/// Where to read a file that a process has mapped: as the process sees it, which need not be as we
/// do, and also when it was deleted, if it is the program itself.
fn running_file(process: ProcessId, path: &Path) -> PathBuf {
    let executable = running_executable(process);
    if std::fs::read_link(&executable).is_ok_and(|target| is_same(&target, path)) {
        return executable;
    }
    let relative = path.strip_prefix("/").unwrap_or(path);
    let inside = PathBuf::from(format!("/proc/{process}/root")).join(relative);
    if inside.exists() { inside } else { path.to_owned() }
}

fn running_executable(process: ProcessId) -> PathBuf {
    PathBuf::from(format!("/proc/{process}/exe"))
}

fn is_same(target: &Path, path: &Path) -> bool {
    target.to_string_lossy().trim_end_matches(" (deleted)") == path.to_string_lossy()
}
