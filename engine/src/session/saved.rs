//! A capture in a file.

use std::fs;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use serde::{Deserialize, Serialize};

use super::capture::Capture;
use super::error::Error;
use super::look::Look;
use crate::evidence::Gap;
use crate::limits::{Limits, Values};
use crate::report::Subject;
use crate::snapshot::archive;
use crate::sources::{SourceLine, Sources};
use crate::symbols::{Object, Objects};

/// Whether an archive carries the binary itself.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Bundle {
    /// A hard link beside the archive, or nothing when that cannot be made.
    Link,
    /// A copy.
    Copy,
}

/// Most children of a capture that are read back.
const MOST_CHILDREN: usize = 64;

/// What an archive holds beside its snapshots.
#[derive(Serialize, Deserialize)]
struct Payload {
    subject: Subject,
    /// The build id of the binary, in hexadecimal.
    build_id: Option<String>,
    lines: Vec<SourceLine>,
    /// How many captures of children are beside this one.
    children: usize,
    gaps: Vec<Gap>,
    /// Whether there was one look alone, which is there twice.
    #[serde(default)]
    is_one_look: bool,
    /// How much of values the report tells.
    #[serde(default)]
    values: Values,
}

impl Capture {
    /// Writes the capture to the file `path`, with the binary beside it.
    ///
    /// # Errors
    ///
    /// The file cannot be written, or with [`Bundle::Copy`] the binary cannot be copied.
    pub fn save(&self, path: &Path, bundle: Bundle) -> Result<(), Error> {
        // The lines that the report shows are those that have to be kept.
        drop(self.report());
        let payload = Payload {
            subject: self.subject.clone(),
            build_id: self.build_id(),
            lines: self.sources.shown(),
            children: self.children.len(),
            gaps: self.gaps.clone(),
            is_one_look: self.first.is_none(),
            values: self.limits.values,
        };
        let first = self.first.as_ref().unwrap_or(&self.second);
        archive::write(path, &first.snapshot, &self.second.snapshot, &payload)?;
        let folder = path.parent().unwrap_or(Path::new("."));
        match bundle {
            Bundle::Copy => drop(archive::copy_binary(&self.executable, folder)?),
            // Between two file systems there is no link; the report then needs the binary where it
            // was built.
            Bundle::Link => drop(archive::link_binary(&self.executable, folder)),
        }
        for (number, child) in self.children.iter().enumerate() {
            let beside = child_file(path, number);
            let folder = beside.parent().unwrap_or(Path::new("."));
            fs::create_dir_all(folder).map_err(|error| Error::folder(folder, error))?;
            child.save(&beside, bundle)?;
        }
        Ok(())
    }

    /// Reads a saved capture back.
    ///
    /// # Errors
    ///
    /// The file cannot be read or is damaged, or the binary is gone or another build.
    pub fn open(path: &Path) -> Result<Capture, Error> {
        let limits = Limits::default();
        let archive = archive::read::<Payload>(path, &limits)?;
        let payload = archive.payload;
        let executable = archive.second.facts.executable.clone();
        let objects = Objects::default();
        let binary = binary(path, &executable, payload.build_id.as_deref())?;
        objects.insert(binary);
        let numbers = 0..payload.children.min(MOST_CHILDREN);
        let children = numbers.map(|number| Capture::open(&child_file(path, number)));
        Ok(Capture {
            children: children.collect::<Result<_, _>>()?,
            gaps: payload.gaps,
            subject: payload.subject,
            first: (!payload.is_one_look).then(|| Look::unread(archive.first)),
            second: Look::unread(archive.second),
            objects: Rc::new(objects),
            executable,
            sources: Sources::kept(payload.lines),
            built: None,
            limits: Limits { values: payload.values, ..limits },
        })
    }

    fn build_id(&self) -> Option<String> {
        let (program, _) =
            crate::program::Program::new(&self.second.snapshot, &self.objects, &Path::to_owned);
        let (_, image) = program.executable()?;
        Some(image.object.build_id()?.to_string())
    }
}

/// Where the capture of a child is kept, beside its parent's: a folder of its own, for its binary.
fn child_file(parent: &Path, number: usize) -> PathBuf {
    let folder = parent.with_extension(format!("child-{}", number.saturating_add(1)));
    folder.join("capture.asynctest")
}

/// The binary of a capture: beside the archive, or where it was built.
fn binary(archive: &Path, executable: &Path, build_id: Option<&str>) -> Result<Object, Error> {
    let beside = archive.with_file_name("binary");
    let places: [PathBuf; 2] = [beside, executable.to_owned()];
    let mut other_build = false;
    for place in places.iter().filter(|place| place.exists()) {
        let object = Object::open(place)?;
        let found = object.build_id().map(ToString::to_string);
        if found.as_deref() == build_id {
            return Ok(object);
        }
        other_build = true;
    }
    let executable = executable.to_owned();
    Err(if other_build { Error::OtherBuild(executable) } else { Error::NoBinary(executable) })
}
