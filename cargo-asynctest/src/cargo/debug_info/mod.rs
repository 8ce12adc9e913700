//! Where full debug info is needed, and how cargo is made to compile it.
//!
//! The layouts of tasks and futures stand in the debug info only at `debug = 2`, and in that of
//! every crate that names them: Tokio, the workspace's members and all between them in the graph.
//! A setting for single packages leaves the others as they were built, and cargo keeps both builds
//! of those it concerns: going back and forth to `cargo test` compiles nothing again.

mod verify;

pub(crate) use verify::{Crates, Verdict, lacks_types, verify};

use std::collections::BTreeSet;

use cargo_metadata::{Package, PackageId};

use super::metadata::{Graph, Metadata};
use super::profile::{Debug, Profile, Split, Strip};
use super::spec::Spec;

/// The spec that stands for all packages but members.
const OTHERS: &str = "*";

/// The packages that need it besides: what they keep for each thread is read, and nothing of theirs
/// is in the types of those that use them.
const READ: [&str; 1] = ["parking_lot_core"];

/// How full debug info is asked for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Scope {
    /// Tokio is not used: not at all.
    Nothing,
    /// For the packages that need it.
    Packages(Packages),
    /// For all.
    Profile,
}

/// The packages that need full debug info.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Packages {
    /// Those that would get less, as cargo is told of them.
    specs: BTreeSet<String>,
    /// Their crates.
    crates: Crates,
}

impl Scope {
    /// What these packages need.
    pub(crate) fn needed(metadata: &Metadata, profile: &Profile) -> Scope {
        if metadata.graph() == Graph::Unknown {
            return Scope::Profile;
        }
        let reaching = metadata.reaching("tokio");
        if reaching.is_empty() {
            return Scope::Nothing;
        }
        let packages: Vec<&Package> = reaching.into_iter().chain(metadata.members()).collect();
        let members: BTreeSet<&PackageId> = metadata.members().map(|package| &package.id).collect();
        let read: Vec<&Package> = READ.iter().flat_map(|name| metadata.named(name)).collect();
        let lacking = packages.iter().chain(&read).filter(|package| {
            let is_member = members.contains(&package.id);
            profile.strip == Strip::Asked
                || profile.split == Split::Asked
                || debug(package, profile, is_member) != Debug::Full
        });
        let specs = lacking.map(|package| spec_for(package, profile));
        let targets = packages.iter().flat_map(|package| &package.targets);
        Scope::Packages(Packages {
            specs: specs.collect(),
            crates: targets
                .map(|target| (target.src_path.as_std_path().to_owned(), target.name.clone()))
                .collect(),
        })
    }

    /// The packages for which more debug info is asked for than they would get.
    pub(crate) fn lacking(&self) -> Vec<&str> {
        match self {
            Scope::Nothing | Scope::Profile => Vec::new(),
            Scope::Packages(packages) => packages.specs.iter().map(String::as_str).collect(),
        }
    }

    /// The crates whose types will be asked for.
    pub(crate) fn crates(&self) -> Crates {
        match self {
            Scope::Nothing | Scope::Profile => Crates::new(),
            Scope::Packages(packages) => packages.crates.clone(),
        }
    }

    /// The words that tell cargo, to go after the user's own.
    pub(crate) fn words(&self, profile: &Profile) -> Vec<String> {
        let settings: Vec<String> = match self {
            Scope::Nothing => Vec::new(),
            Scope::Packages(packages) => packages
                .specs
                .iter()
                .flat_map(|spec| settings(&format!(".package.{}", quoted(spec)), profile))
                .collect(),
            Scope::Profile => settings("", profile),
        };
        settings.into_iter().flat_map(|setting| ["--config".to_owned(), setting]).collect()
    }
}

/// The settings for one part of a profile: the whole of it or one package.
fn settings(part: &str, profile: &Profile) -> Vec<String> {
    let start = format!("profile.{}{part}", quoted(&profile.name));
    let strip = match profile.strip {
        Strip::Asked => Some(format!("{start}.strip=\"none\"")),
        Strip::No => None,
    };
    let split = match profile.split {
        Split::Asked => Some(format!("{start}.split-debuginfo=\"off\"")),
        Split::No => None,
    };
    let debug = format!("{start}.debug=2");
    std::iter::once(debug).chain(strip).chain(split).collect()
}

/// A key of TOML.
fn quoted(key: &str) -> String {
    toml::Value::from(key).to_string()
}

/// The spec for a package: the user's own when there is one, for two that match one package are an
/// error.
fn spec_for(package: &Package, profile: &Profile) -> String {
    match own(package, profile) {
        Some((spec, _)) => spec.clone(),
        None => format!("{}@{}", package.name, package.version),
    }
}

/// How much debug info cargo would compile of a package.
fn debug(package: &Package, profile: &Profile, is_member: bool) -> Debug {
    let of_others = if is_member { None } else { profile.packages.get(OTHERS).copied() };
    let said = [own(package, profile).map(|(_, debug)| *debug), of_others];
    let mut said = said.into_iter().flatten().filter(|debug| *debug != Debug::Unsaid);
    said.next().unwrap_or(profile.debug)
}

/// What the user has set for just this package.
fn own<'profile>(
    package: &Package,
    profile: &'profile Profile,
) -> Option<(&'profile String, &'profile Debug)> {
    let mut specs = profile.packages.iter().filter(|(spec, _)| *spec != OTHERS);
    specs.find(|(spec, _)| Spec::parse(spec).matches(package))
}
