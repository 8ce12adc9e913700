//! From the command line to binaries that can be run and understood.

use std::collections::BTreeSet;
use std::env;
use std::path::{Path, PathBuf};

use super::from_here;
use crate::cargo::build::{self, Built};
use crate::cargo::command::Cargo;
use crate::cargo::config::Config;
use crate::cargo::debug_info::{Crates, Scope, Verdict, verify};
use crate::cargo::environment::Surroundings;
use crate::cargo::manifest::{MainFunction, Manifest};
use crate::cargo::metadata::Metadata;
use crate::cargo::profile::Profile;
use crate::cargo::rustc::{self, Target};
use crate::cargo::{Error, doctests, rustflags, target_runner};
use crate::cli::BuildArguments;
use crate::commands::notice;
use crate::select::binary::{Binary, binaries};
use crate::select::harness;

/// What it means when types are missing.
pub(in crate::commands) const INCOMPLETE: &str = "reports will be incomplete";

/// What a run needs of a build.
pub(super) struct Compiled {
    /// The test binaries.
    pub(super) binaries: Vec<Binary>,
    /// Where the run's files go.
    pub(super) output: PathBuf,
    /// Folders whose sources are the user's own.
    pub(super) source_roots: Vec<PathBuf>,
    /// The workspace's folder.
    pub(super) workspace: PathBuf,
    /// The command that runs the doctests that were selected too.
    pub(super) doctests: Option<String>,
}

/// What is known before anything is built.
pub(in crate::commands) struct Workspace {
    cargo: Cargo,
    config: Config,
    target: Target,
    metadata: Metadata,
    profile: Profile,
}

impl Workspace {
    /// Asks cargo, and reads its configuration.
    pub(in crate::commands) fn read(arguments: &BuildArguments) -> Result<Workspace, Error> {
        let cargo = Cargo::find();
        let here = env::current_dir()
            .map_err(|source| Error::File { path: PathBuf::from("."), source })?;
        let config = Config::read(&here, &arguments.general.config)?;
        let triple = triple(arguments, &config);
        let target = Target::find(&config, triple.as_deref())?;
        let metadata = Metadata::read(&cargo, arguments, &target.triple)?;
        let manifest = Manifest::read(&metadata.workspace_root().join("Cargo.toml"))?;
        let profile = Profile::used(arguments, &manifest, &config);
        Ok(Workspace { cargo, config, target, metadata, profile })
    }

    /// Who wrote the `main` of the binaries that will be built: the user, as soon as that is so for
    /// one of them.
    pub(super) fn main_function(&self, arguments: &BuildArguments) -> Result<MainFunction, Error> {
        harness::expected(&self.metadata, arguments)
    }

    /// Builds the tests with the debug info that is needed.
    pub(super) fn compile(&self, arguments: &BuildArguments) -> Result<Compiled, Error> {
        let built = self.build(arguments)?;
        let target_directory = self.target_directory(arguments);
        let surroundings = Surroundings {
            cargo: &self.cargo,
            config: &self.config,
            metadata: &self.metadata,
            target_directory: &target_directory,
            target: &self.target,
            built: &built,
        };
        let runner = target_runner::target_runner(&self.config, &self.target.triple)?;
        Ok(Compiled {
            binaries: binaries(&surroundings, &runner)?,
            output: target_directory.join("asynctest"),
            source_roots: self.source_roots(),
            workspace: self.metadata.workspace_root().to_owned(),
            doctests: doctests::command(arguments, &self.metadata, &built),
        })
    }

    /// The user's own flag that takes debug info away, whatever is asked for.
    pub(in crate::commands) fn taken(&self) -> Option<rustflags::Taken> {
        rustflags::taken(&self.config, &self.target.triple)
    }

    /// What a run would ask cargo for.
    pub(in crate::commands) fn scope(&self) -> Scope {
        Scope::needed(&self.metadata, &self.profile)
    }

    /// Its root folder.
    pub(in crate::commands) fn root(&self) -> &Path {
        self.metadata.workspace_root()
    }

    /// The profile that tests are built with.
    pub(in crate::commands) fn profile(&self) -> &Profile {
        &self.profile
    }

    /// The versions of the packages of this name.
    pub(in crate::commands) fn versions(&self, name: &str) -> Vec<String> {
        self.metadata.named(name).map(|package| package.version.to_string()).collect()
    }

    /// What cargo and the compiler say of themselves.
    pub(in crate::commands) fn tools(&self) -> Result<[String; 2], Error> {
        Ok([self.cargo.version()?, rustc::version(&self.config)?])
    }

    /// Builds; and again, with full debug info for everything, when what is needed is missing.
    fn build(&self, arguments: &BuildArguments) -> Result<Built, Error> {
        let scope = self.scope();
        let crates = scope.crates();
        let built = build::build(&self.cargo, arguments, &scope.words(&self.profile))?;
        if crates.is_empty() {
            return Ok(built);
        }
        let lacking = match self.verdict(&built, &crates) {
            Verdict::Complete => return Ok(built),
            Verdict::Incomplete(lacking) => listed(&lacking),
        };
        if let Some(taken) = self.taken() {
            notice::warning(format_args!("{INCOMPLETE}: there are no types of {lacking}; {taken}"));
            return Ok(built);
        }
        let name = &self.profile.name;
        notice::note(format_args!(
            "types of {lacking} are missing: building all of profile `{name}` with `debug = 2`"
        ));
        let built = build::build(&self.cargo, arguments, &Scope::Profile.words(&self.profile))?;
        if let Verdict::Incomplete(lacking) = self.verdict(&built, &crates) {
            let lacking = listed(&lacking);
            notice::warning(format_args!("{INCOMPLETE}: there are no types of {lacking}"));
        }
        Ok(built)
    }

    fn verdict(&self, built: &Built, crates: &Crates) -> Verdict {
        verify(built.tests.iter().map(|test| test.path.as_path()), crates)
    }

    /// Where cargo puts what it builds: `cargo metadata` does not take `--target-dir`.
    fn target_directory(&self, arguments: &BuildArguments) -> PathBuf {
        match &arguments.compilation.target_dir {
            Some(folder) => from_here(folder),
            None => self.metadata.target_directory().to_owned(),
        }
    }

    fn source_roots(&self) -> Vec<PathBuf> {
        let folders = self.metadata.local().filter_map(|package| package.manifest_path.parent());
        let folders: BTreeSet<PathBuf> =
            folders.map(|folder| folder.as_std_path().into()).collect();
        folders.into_iter().collect()
    }
}

/// The triple that the user asked for, if any.
fn triple(arguments: &BuildArguments, config: &Config) -> Option<String> {
    let configured = || {
        let target = config.value("build.target")?;
        let first = || target.as_array()?.first();
        Some(target.as_str().or_else(|| first()?.as_str())?.to_owned())
    };
    arguments
        .compilation
        .target
        .first()
        .cloned()
        .or_else(|| env::var("CARGO_BUILD_TARGET").ok())
        .or_else(configured)
}

/// A few names for a sentence.
fn listed(names: &BTreeSet<String>) -> String {
    const SHOWN: usize = 3;
    let shown: Vec<String> = names.iter().take(SHOWN).map(|name| format!("`{name}`")).collect();
    match names.len().checked_sub(SHOWN) {
        None | Some(0) => shown.join(", "),
        Some(more) => format!("{} and {more} more", shown.join(", ")),
    }
}
