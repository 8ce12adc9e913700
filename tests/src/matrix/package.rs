//! A package that tests make: manifests are generated, sources are linked to.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::setting::{Profile, Setting, THIN, Tokio, Toolchain, Version};
use crate::Error;
use crate::command::{cargo, executables, run, workspace};
use crate::fixture;

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
    /// What it is built with.
    pub toolchain: Toolchain,
}

impl Package {
    /// The fixtures in this setting, below `target`: a package whose sources are those of
    /// `fixtures` by symbolic links, so that there is one copy of each line.
    pub fn fixtures(target: &Path, setting: Setting) -> Result<Package, Error> {
        let folder = target.join("matrix").join(setting.name());
        let package = Package { folder, toolchain: setting.toolchain };
        package.write("Cargo.toml", &manifest(setting)?)?;
        let sources = workspace().join("fixtures");
        package.link("src", &sources.join("src"))?;
        package.link("tests", &sources.join("tests"))?;
        Ok(package)
    }

    /// An empty package, below `target`.
    pub fn new(target: &Path, name: &str, manifest: &str) -> Result<Package, Error> {
        let folder = target.join("matrix").join(name);
        let package = Package { folder, toolchain: Toolchain::Default };
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
        if let Some(toolchain) = self.toolchain.name() {
            // The variable that says which cargo runs these tests would win over the other.
            command.env("RUSTUP_TOOLCHAIN", toolchain).env_remove("CARGO");
        }
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

/// The manifest of the fixtures in this setting. The features that a fixture may ask for are those
/// that this Tokio is new enough for.
fn manifest(setting: Setting) -> Result<String, Error> {
    let own = workspace().join("fixtures/Cargo.toml");
    let own = fs::read_to_string(&own).map_err(Error::file(&own))?;
    let needed = fixture::needed_versions()?;
    let features: String =
        needed.iter().map(|version| format!("\"{}\" = []\n", version.feature())).collect();
    let on: Vec<String> = needed
        .iter()
        .filter(|version| setting.tokio.has(**version))
        .map(|version| format!("\"{}\"", version.feature()))
        .collect();
    Ok(format!(
        "[package]\nname = \"fixtures\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n\
         [features]\ndefault = [{}]\n{features}\n\
         [dev-dependencies]\n{}tokio = {{ version = \"{}\", features = [{}] }}\n\n\
         [[test]]\nname = \"tokio_main\"\nharness = false\n\n\
         [profile.{THIN}]\ninherits = \"release\"\nlto = \"thin\"\n\n[workspace]\n",
        on.join(", "),
        other_dependencies(&own, setting.tokio),
        setting.tokio.requirement,
        if setting.tokio.has(PAUSED) { "\"full\", \"test-util\"" } else { "\"full\"" },
    ))
}

/// What a fixture's dependencies are called, what is asked of them, and what has to be asked where
/// Tokio is older than [`ANY`]: their later versions say that they need less than they do.
const WITH_OLD: [(&str, &str, &str); 2] = [
    ("tokio-stream =", "\"0.1\"", "\">=0.1, <0.1.18\""),
    ("tokio-util =", "\"0.7\"", "\">=0.7, <0.7.14\""),
];

/// The least Tokio with which all dependencies are what cargo takes them for.
const ANY: Version = Version(47);

/// The least version of Tokio that is built with a clock that can be paused.
const PAUSED: Version = Version(51);

/// What a manifest says of its dependencies for tests, but for Tokio.
fn other_dependencies(manifest: &str, tokio: Tokio) -> String {
    let lines = manifest.lines().skip_while(|line| *line != "[dev-dependencies]").skip(1);
    let own = |line: &str| {
        let mut olds = WITH_OLD.iter().filter(|(name, ..)| line.starts_with(name));
        match olds.next().filter(|_| !tokio.has(ANY)) {
            Some((_, any, old)) => line.replace(any, old),
            None => line.to_owned(),
        }
    };
    lines
        .take_while(|line| !line.is_empty())
        .filter(|line| !line.starts_with("tokio ="))
        .map(|line| format!("{}\n", own(line)))
        .collect()
}
