//! The fixtures against one version of Tokio: a package of its own under the target folder, whose
//! sources are those of `fixtures` by symbolic links, so that there is one copy of each line.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::Error;
use crate::command::{cargo, executables, run, workspace};

/// A version of Tokio.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Tokio {
    /// What tests call it.
    pub name: &'static str,
    /// As Cargo.toml asks for it.
    pub requirement: &'static str,
}

/// The versions that all fixtures are tried on.
pub const TOKIOS: [Tokio; 2] = [
    Tokio { name: "tokio-1.38", requirement: "~1.38" },
    Tokio { name: "tokio-newest", requirement: "1" },
];

/// How something is compiled.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Profile {
    /// Without optimization.
    Dev,
    /// With it, and with debug info.
    Release,
}

impl Profile {
    /// What tests call it.
    pub fn name(self) -> &'static str {
        match self {
            Profile::Dev => "dev",
            Profile::Release => "release",
        }
    }

    /// Cargo's arguments for it.
    pub fn arguments(self) -> &'static [&'static str] {
        match self {
            Profile::Dev => &[],
            Profile::Release => &["--release"],
        }
    }
}

/// What of a package is built.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Targets {
    /// Its tests.
    Tests,
    /// Its binaries.
    Binaries,
}

/// A package of generated manifests and linked sources.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Package {
    /// Its folder.
    pub folder: PathBuf,
}

impl Package {
    /// The fixtures against `tokio`, below `target`.
    pub fn fixtures(target: &Path, tokio: Tokio) -> Result<Package, Error> {
        let package = Package { folder: target.join("matrix").join(tokio.name) };
        let manifest = format!(
            "[package]\nname = \"fixtures\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n\
             [dev-dependencies]\nfutures-util = \"0.3\"\ntokio = {{ version = \"{}\", features = [\"full\"] }}\n\n\
             [[test]]\nname = \"tokio_main\"\nharness = false\n\n[workspace]\n",
            tokio.requirement
        );
        package.write("Cargo.toml", &manifest)?;
        let sources = workspace().join("fixtures");
        package.link("src", &sources.join("src"))?;
        package.link("tests", &sources.join("tests"))?;
        Ok(package)
    }

    /// An empty package, below `target`.
    pub fn new(target: &Path, name: &str, manifest: &str) -> Result<Package, Error> {
        let package = Package { folder: target.join("matrix").join(name) };
        package.write("Cargo.toml", manifest)?;
        Ok(package)
    }

    /// Writes a file of the package, unless it has that content already: cargo goes by dates.
    pub fn write(&self, name: &str, content: &str) -> Result<(), Error> {
        let path = self.folder.join(name);
        if fs::read_to_string(&path).is_ok_and(|old| old == content) {
            return Ok(());
        }
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).map_err(Error::file(parent))?;
        }
        fs::write(&path, content).map_err(Error::file(&path))
    }

    /// Makes `name` in the package a link to `target`.
    pub fn link(&self, name: &str, target: &Path) -> Result<(), Error> {
        let path = self.folder.join(name);
        if fs::read_link(&path).is_ok_and(|old| old == target) {
            return Ok(());
        }
        if fs::symlink_metadata(&path).is_ok() {
            fs::remove_file(&path).map_err(Error::file(&path))?;
        }
        symlink(target, &path).map_err(Error::file(&path))
    }

    /// Its target folder.
    pub fn target(&self) -> PathBuf {
        self.folder.join("target")
    }

    /// Makes `command` one that concerns this package, in `profile`.
    pub fn of<'command>(
        &self,
        command: &'command mut Command,
        profile: Profile,
    ) -> &'command mut Command {
        command
            .current_dir(&self.folder)
            .env("CARGO_TARGET_DIR", self.target())
            .args(profile.arguments())
    }

    /// Builds its `targets`, with full debug info: the executables by the names of their targets.
    pub fn build(
        &self,
        targets: Targets,
        profile: Profile,
    ) -> Result<BTreeMap<String, PathBuf>, Error> {
        let mut command = cargo();
        match targets {
            Targets::Tests => command.args(["test", "--no-run"]),
            Targets::Binaries => command.arg("build"),
        };
        command.args(["--message-format=json", "--config", "profile.release.debug=2"]);
        let built = run(self.of(&mut command, profile))?.expect_code(0)?;
        Ok(executables(&built.stdout)?.into_iter().collect())
    }
}
