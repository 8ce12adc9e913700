//! Calling cargo.

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::error::Error;

/// Variables that an outer cargo sets for the programs it runs and builds, and that a fresh one
/// does not overwrite for each test. `cargo run` and `cargo test` set them for us when they start
/// us; a test must not see them.
const LEAKED: &[&str] = &[
    "CARGO_BIN_NAME",
    "CARGO_CRATE_NAME",
    "CARGO_MANIFEST_LINKS",
    "CARGO_PRIMARY_PACKAGE",
    "CARGO_TARGET_TMPDIR",
    "OUT_DIR",
];

/// The cargo that was asked to run us, or else the one in `PATH`.
#[derive(Clone, Debug)]
pub(crate) struct Cargo {
    program: PathBuf,
}

impl Cargo {
    /// Finds it.
    pub(crate) fn find() -> Cargo {
        let program = env::var_os("CARGO").map_or_else(|| PathBuf::from("cargo"), PathBuf::from);
        Cargo { program: in_path(&program).unwrap_or(program) }
    }

    /// Its path.
    pub(crate) fn program(&self) -> &Path {
        &self.program
    }

    /// What it says of itself.
    pub(crate) fn version(&self) -> Result<String, Error> {
        let program = || self.program.display().to_string();
        let output = self.command().arg("--version").output();
        let output = output.map_err(|source| Error::Program { program: program(), source })?;
        if !output.status.success() {
            return Err(Error::Cargo);
        }
        String::from_utf8(output.stdout)
            .map(|version| version.trim().to_owned())
            .map_err(|error| Error::Answer { program: program(), what: error.to_string() })
    }

    /// A call of it, without what an outer cargo left in our environment.
    pub(crate) fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        for variable in leaked() {
            command.env_remove(variable);
        }
        command
    }
}

/// The variables of our environment that an outer cargo left there.
pub(crate) fn leaked() -> Vec<OsString> {
    if env::var_os("CARGO_MANIFEST_DIR").is_none() {
        return Vec::new();
    }
    env::vars_os()
        .map(|(name, _)| name)
        .filter(|name| {
            name.to_str()
                .is_some_and(|name| LEAKED.contains(&name) || name.starts_with("CARGO_BIN_EXE_"))
        })
        .collect()
}

/// The file that a bare program name means.
fn in_path(program: &Path) -> Option<PathBuf> {
    if program.components().count() > 1 {
        return None;
    }
    env::split_paths(&env::var_os("PATH")?)
        .map(|folder| folder.join(program))
        .find(|file| file.is_file())
}
