//! What `cargo metadata` does not tell, read from a `Cargo.toml` itself.

use std::fs;
use std::path::Path;

use cargo_metadata::{Target, TargetKind};
use toml::{Table, Value};

use super::error::Error;

/// A manifest.
#[derive(Clone, Debug, Default)]
pub(crate) struct Manifest {
    table: Table,
}

/// Who wrote a test target's `main`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum MainFunction {
    /// rustc did: the target has libtest's.
    Generated,
    /// The user did (`harness = false`).
    Written,
}

impl Manifest {
    /// Reads the manifest at `path`.
    pub(crate) fn read(path: &Path) -> Result<Manifest, Error> {
        let text = fs::read_to_string(path)
            .map_err(|source| Error::File { path: path.to_owned(), source })?;
        Manifest::parse(&text)
            .map_err(|what| Error::Toml { place: path.display().to_string(), what })
    }

    fn parse(text: &str) -> Result<Manifest, String> {
        match text.parse::<Table>() {
            Ok(table) => Ok(Manifest { table }),
            Err(error) => Err(error.message().to_owned()),
        }
    }

    /// Its profiles.
    pub(crate) fn profiles(&self) -> Option<&Table> {
        self.table.get("profile")?.as_table()
    }

    /// Who writes the `main` of this target of it.
    pub(crate) fn main_function(&self, target: &Target) -> MainFunction {
        match self.entry(target).and_then(|entry| entry.get("harness")) {
            Some(Value::Boolean(false)) => MainFunction::Written,
            Some(_) | None => MainFunction::Generated,
        }
    }

    /// The manifest's section for a target; cargo finds most targets without one.
    fn entry(&self, target: &Target) -> Option<&Value> {
        let section = match target.kind.first()? {
            TargetKind::Bin => "bin",
            TargetKind::Test => "test",
            TargetKind::Bench => "bench",
            TargetKind::Example => "example",
            _ => return self.table.get("lib"),
        };
        let entries = self.table.get(section)?.as_array()?;
        entries.iter().find(|entry| entry.get("name").and_then(Value::as_str) == Some(&target.name))
    }
}

impl From<Table> for Manifest {
    fn from(table: Table) -> Manifest {
        Manifest { table }
    }
}
