//! The environment in which `cargo test` would run a test binary.
//!
//! Compared, variable by variable, with cargo's own by `tests/cargo_environment.rs`.

use std::collections::BTreeMap;
use std::env;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use cargo_metadata::{BuildScript, Package};
use toml::Value;

use super::build::{Built, Executable};
use super::command::{self, Cargo};
use super::config::Config;
use super::metadata::Metadata;
use super::rustc::Target;

const LIBRARY_PATH: &str = "LD_LIBRARY_PATH";

/// What all test binaries of a build have in common.
pub(crate) struct Surroundings<'run> {
    /// Cargo.
    pub(crate) cargo: &'run Cargo,
    /// Its configuration.
    pub(crate) config: &'run Config,
    /// The workspace.
    pub(crate) metadata: &'run Metadata,
    /// Where its results go.
    pub(crate) target_directory: &'run Path,
    /// The target.
    pub(crate) target: &'run Target,
    /// What was built.
    pub(crate) built: &'run Built,
}

/// How a test binary's environment differs from ours.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Environment {
    /// What is set.
    pub(crate) set: BTreeMap<OsString, OsString>,
    /// What is removed.
    pub(crate) unset: Vec<OsString>,
}

impl Environment {
    fn set(&mut self, name: impl AsRef<OsStr>, value: impl AsRef<OsStr>) {
        let name = name.as_ref().to_owned();
        self.set.insert(name, value.as_ref().to_owned());
    }
}

impl Surroundings<'_> {
    /// The environment of this test binary, which belongs to this package.
    pub(crate) fn environment(&self, test: &Executable, package: &Package) -> Environment {
        let mut environment = Environment::default();
        let built = build_root(&test.path);
        environment.set(LIBRARY_PATH, self.library_path(built));
        self.add_script(&mut environment, package, built);
        environment.set("CARGO", self.cargo.program());
        add_package(&mut environment, package, self.metadata.rust_version(&package.id));
        if test.target.is_test() || test.target.is_bench() {
            self.add_programs(&mut environment, package);
        }
        self.add_configured(&mut environment);
        environment.unset = command::leaked();
        environment.unset.retain(|name| !environment.set.contains_key(name));
        environment
    }

    /// What the package's build script has set.
    fn add_script(&self, environment: &mut Environment, package: &Package, built: &Path) {
        let scripts = || self.built.scripts.iter().filter(|script| script.package_id == package.id);
        // When cross-compiling, a script may have run for the host too.
        let for_target = scripts().find(|script| script.out_dir.starts_with(built));
        if let Some(script) = for_target.or_else(|| scripts().next()) {
            environment.set("OUT_DIR", script.out_dir.as_std_path());
            for (name, value) in &script.env {
                environment.set(name, value);
            }
        }
    }

    /// The package's programs, which cargo has built for its integration tests.
    fn add_programs(&self, environment: &mut Environment, package: &Package) {
        let programs = self.built.programs.iter();
        for program in programs.filter(|program| program.package == package.id) {
            let name = format!("CARGO_BIN_EXE_{}", program.target.name);
            environment.set(name, &program.path);
        }
    }

    /// The configuration's `[env]`, which goes over nothing that cargo sets itself.
    fn add_configured(&self, environment: &mut Environment) {
        for (name, variable) in self.config.table("env").into_iter().flatten() {
            let value = variable.as_str().or_else(|| variable.get("value")?.as_str());
            let force = variable.get("force").and_then(Value::as_bool) == Some(true);
            let taken = environment.set.contains_key(OsStr::new(name))
                || (!force && env::var_os(name).is_some());
            if let (Some(value), false) = (value, taken) {
                environment.set(name, value);
            }
        }
    }

    fn library_path(&self, built: &Path) -> OsString {
        let root = self.root(built);
        let mut folders = native_folders(&self.built.scripts, &root);
        folders.push(root);
        folders.push(built.join("deps"));
        folders.push(self.target.library.clone());
        let inherited = env::var_os(LIBRARY_PATH).unwrap_or_default();
        let inherited: Vec<PathBuf> = env::split_paths(&inherited).collect();
        if inherited.starts_with(&folders) {
            folders.clear();
        }
        folders.extend(inherited);
        // Only a colon within a name can be wrong here: cargo refuses to build there.
        env::join_paths(folders).unwrap_or_default()
    }

    /// The folder of a profile's results, from that in which they are built: another only where
    /// the user has put all that is intermediate elsewhere (`build.build-dir`).
    fn root(&self, built: &Path) -> PathBuf {
        self.metadata
            .build_directory()
            .and_then(|apart| built.strip_prefix(apart).ok())
            .map_or_else(|| built.to_owned(), |rest| self.target_directory.join(rest))
    }
}

/// The folder in which a profile is built: `target/debug`, with the tests in `deps` or `examples`
/// there.
fn build_root(test: &Path) -> &Path {
    test.ancestors().nth(2).unwrap_or(test)
}

/// The folders in which build scripts had libraries searched for, as far as they lie in the
/// output: cargo leaves out the system's. They are ordered with the kind of search that a script
/// may have put before them.
fn native_folders(scripts: &[BuildScript], root: &Path) -> Vec<PathBuf> {
    let mut searched: Vec<&str> =
        scripts.iter().flat_map(|script| &script.linked_paths).map(|path| path.as_str()).collect();
    searched.sort_by(|first, second| Path::new(first).cmp(Path::new(second)));
    searched.dedup();
    searched
        .into_iter()
        .map(without_kind)
        .filter(|folder| folder.starts_with(root))
        .map(Path::to_owned)
        .collect()
}

/// `native=/folder` is `/folder`.
fn without_kind(searched: &str) -> &Path {
    let kinds = ["native", "crate", "dependency", "framework", "all"];
    match searched.split_once('=') {
        Some((kind, folder)) if kinds.contains(&kind) => Path::new(folder),
        Some(_) | None => Path::new(searched),
    }
}

fn add_package(environment: &mut Environment, package: &Package, rust_version: &str) {
    let folder = package.manifest_path.parent();
    environment.set("CARGO_MANIFEST_DIR", folder.unwrap_or(&package.manifest_path));
    environment.set("CARGO_MANIFEST_PATH", &package.manifest_path);
    let version = &package.version;
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    for (name, value) in [
        ("NAME", package.name.to_string()),
        ("VERSION", version.to_string()),
        ("VERSION_MAJOR", version.major.to_string()),
        ("VERSION_MINOR", version.minor.to_string()),
        ("VERSION_PATCH", version.patch.to_string()),
        ("VERSION_PRE", version.pre.to_string()),
        ("AUTHORS", package.authors.join(":")),
        ("DESCRIPTION", text(&package.description)),
        ("HOMEPAGE", text(&package.homepage)),
        ("REPOSITORY", text(&package.repository)),
        ("LICENSE", text(&package.license)),
        ("LICENSE_FILE", path(&package.license_file)),
        ("README", path(&package.readme)),
        ("RUST_VERSION", rust_version.to_owned()),
    ] {
        environment.set(format!("CARGO_PKG_{name}"), value);
    }
}

fn path(path: &Option<impl ToString>) -> String {
    path.as_ref().map(ToString::to_string).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_of_search_is_taken_off() {
        assert_eq!(without_kind("native=/a"), Path::new("/a"));
        assert_eq!(without_kind("/a=b"), Path::new("/a=b"));
    }

    #[test]
    fn the_output_folder_is_above_deps() {
        assert_eq!(build_root(Path::new("/t/debug/deps/x-1")), Path::new("/t/debug"));
    }
}
