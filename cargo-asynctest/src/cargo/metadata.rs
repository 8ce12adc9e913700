//! The workspace and its dependencies, as `cargo metadata` tells them.

use std::collections::{BTreeSet, HashMap};
use std::process::Stdio;

use cargo_metadata::{DependencyKind, MetadataCommand, Package, PackageId};
use serde::Deserialize;

use super::command::Cargo;
use super::error::Error;
use crate::cli::BuildArguments;

/// The workspace and its dependencies.
pub(crate) struct Metadata {
    inner: cargo_metadata::Metadata,
    rust_versions: HashMap<PackageId, String>,
}

/// The one field that [`cargo_metadata`] changes: it fills `1.70` up to `1.70.0`.
#[derive(Deserialize)]
struct Raw {
    packages: Vec<RawPackage>,
}

#[derive(Deserialize)]
struct RawPackage {
    id: PackageId,
    rust_version: Option<String>,
}

impl Metadata {
    /// Asks cargo, with the features and the resolution that the user asked for, as they are on
    /// `triple`.
    ///
    /// Offline, packages of features that are not built may be missing, which keeps the whole graph
    /// from being told: then there is only the workspace.
    pub(crate) fn read(
        cargo: &Cargo,
        arguments: &BuildArguments,
        triple: &str,
    ) -> Result<Metadata, Error> {
        let offline = arguments.manifest.offline || arguments.manifest.frozen;
        let graph = ["--filter-platform", triple];
        let stderr = if offline { Stdio::null() } else { Stdio::inherit() };
        match ask(cargo, arguments, &graph, stderr) {
            Err(Error::Cargo) if offline => ask(cargo, arguments, &["--no-deps"], Stdio::inherit()),
            answer => answer,
        }
    }

    /// Where cargo puts what it builds.
    pub(crate) fn target_directory(&self) -> &std::path::Path {
        self.inner.target_directory.as_std_path()
    }

    /// Where cargo builds, when that is a folder of its own.
    pub(crate) fn build_directory(&self) -> Option<&std::path::Path> {
        let folder = self.inner.build_directory.as_deref();
        folder.filter(|folder| *folder != self.inner.target_directory).map(AsRef::as_ref)
    }

    /// The workspace's root folder.
    pub(crate) fn workspace_root(&self) -> &std::path::Path {
        self.inner.workspace_root.as_std_path()
    }

    /// The package of this id.
    pub(crate) fn package(&self, id: &PackageId) -> Option<&Package> {
        self.inner.packages.iter().find(|package| package.id == *id)
    }

    /// The workspace's members.
    pub(crate) fn members(&self) -> impl Iterator<Item = &Package> {
        self.inner.workspace_packages().into_iter()
    }

    /// What names this package on a command line.
    pub(crate) fn spec(&self, package: &Package) -> String {
        let same = |other: &&Package| other.name == package.name;
        if self.inner.packages.iter().filter(same).count() > 1 {
            format!("{}@{}", package.name, package.version)
        } else {
            package.name.to_string()
        }
    }

    /// The packages that lie in folders of the user's own: members and path dependencies.
    pub(crate) fn local(&self) -> impl Iterator<Item = &Package> {
        self.inner.packages.iter().filter(|package| package.source.is_none())
    }

    /// The `rust-version` of a package as its manifest has it.
    pub(crate) fn rust_version(&self, id: &PackageId) -> &str {
        self.rust_versions.get(id).map_or("", String::as_str)
    }

    /// Whether the dependencies are known.
    pub(crate) fn graph(&self) -> Graph {
        if self.inner.resolve.is_some() { Graph::Known } else { Graph::Unknown }
    }

    /// The packages of this name.
    pub(crate) fn named(&self, name: &str) -> impl Iterator<Item = &Package> {
        self.inner.packages.iter().filter(move |package| package.name.as_str() == name)
    }

    /// The packages of this name, and those that depend on one of them, directly or not, in what is
    /// linked into tests: build scripts' dependencies are not.
    pub(crate) fn reaching(&self, name: &str) -> Vec<&Package> {
        let mut reached: BTreeSet<&PackageId> =
            self.named(name).map(|package| &package.id).collect();
        let dependents = self.dependents();
        let mut pending: Vec<&PackageId> = reached.iter().copied().collect();
        while let Some(id) = pending.pop() {
            for dependent in dependents.get(id).into_iter().flatten() {
                if reached.insert(dependent) {
                    pending.push(dependent);
                }
            }
        }
        let packages = self.inner.packages.iter();
        packages.filter(|package| reached.contains(&package.id)).collect()
    }

    /// Each package with those that depend on it.
    fn dependents(&self) -> HashMap<&PackageId, Vec<&PackageId>> {
        let mut dependents: HashMap<_, Vec<_>> = HashMap::new();
        let nodes = self.inner.resolve.iter().flat_map(|resolve| &resolve.nodes);
        for (node, dependency) in nodes.flat_map(|node| node.deps.iter().map(move |to| (node, to)))
        {
            let mut kinds = dependency.dep_kinds.iter();
            if !kinds.all(|kind| kind.kind == DependencyKind::Build) {
                dependents.entry(&dependency.pkg).or_default().push(&node.id);
            }
        }
        dependents
    }
}

/// Whether the dependencies are known.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Graph {
    /// They are.
    Known,
    /// Only the workspace is.
    Unknown,
}

fn ask(
    cargo: &Cargo,
    arguments: &BuildArguments,
    words: &[&str],
    stderr: Stdio,
) -> Result<Metadata, Error> {
    let output = cargo
        .command()
        .args(["metadata", "--format-version", "1"])
        .args(words)
        .args(arguments.for_metadata())
        .stderr(stderr)
        .output()
        .map_err(|source| Error::Program {
            program: cargo.program().display().to_string(),
            source,
        })?;
    if !output.status.success() {
        return Err(Error::Cargo);
    }
    parse(&String::from_utf8_lossy(&output.stdout))
}

fn parse(text: &str) -> Result<Metadata, Error> {
    let unreadable = |what: String| Error::Answer { program: "cargo metadata".to_owned(), what };
    let inner = MetadataCommand::parse(text).map_err(|error| unreadable(error.to_string()))?;
    let raw: Raw = serde_json::from_str(text).map_err(|error| unreadable(error.to_string()))?;
    let rust_versions = raw
        .packages
        .into_iter()
        .filter_map(|package| Some((package.id, package.rust_version?)))
        .collect();
    Ok(Metadata { inner, rust_versions })
}
