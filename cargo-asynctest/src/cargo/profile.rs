//! The profile that cargo uses for tests, and what the user has set for it.
//!
//! `cargo test` compiles everything, dependencies too, with the profile `test`, which inherits
//! from `dev`; `--release` and `--profile` replace it: then nothing set for `test` counts (cargo
//! 1.95).

use std::collections::BTreeMap;
use std::env;

use toml::{Table, Value};

use super::config::Config;
use super::manifest::Manifest;
use crate::cli::BuildArguments;

/// How many profiles may inherit from each other.
const INHERITANCE_DEPTH: usize = 32;

/// A profile with what is set for it and for those that it inherits from.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Profile {
    /// Its name.
    pub(crate) name: String,
    /// How much debug info is compiled where nothing else is said.
    pub(crate) debug: Debug,
    /// The same for the packages for which the user has set something, as they were specified; `*`
    /// stands for all that are no members.
    pub(crate) packages: BTreeMap<String, Debug>,
    /// Whether binaries lose their debug info.
    pub(crate) strip: Strip,
    /// Whether it is put into files of its own.
    pub(crate) split: Split,
}

/// How much debug info is compiled.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Debug {
    /// All of it.
    Full,
    /// Less, or it depends on who is asked.
    Less,
    /// Nothing is said of it.
    Unsaid,
}

/// Whether binaries lose their debug info.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Strip {
    /// The user asked for that.
    Asked,
    /// Nobody did: cargo strips only where it compiles no debug info.
    No,
}

/// Whether debug info is put into files of its own.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Split {
    /// The user asked for that.
    Asked,
    /// It is in the binary.
    No,
}

impl Profile {
    /// The profile that these arguments select, in the workspace with this root manifest.
    pub(crate) fn used(
        arguments: &BuildArguments,
        manifest: &Manifest,
        config: &Config,
    ) -> Profile {
        let compilation = &arguments.compilation;
        let name = match (&compilation.profile, compilation.release) {
            (Some(name), _) => name.as_str(),
            (None, true) => "release",
            (None, false) => "test",
        };
        Profile::named(name, manifest.profiles(), config.table("profile"))
    }

    fn named(name: &str, manifest: Option<&Table>, config: Option<&Table>) -> Profile {
        let set = |name: &str, key: &str| {
            // The configuration goes over the manifest.
            [config, manifest]
                .into_iter()
                .flatten()
                .filter_map(|profiles| profiles.get(name)?.get(key).cloned())
                .collect::<Vec<Value>>()
        };
        let mut profile = Profile {
            name: name.to_owned(),
            debug: Debug::Unsaid,
            packages: BTreeMap::new(),
            strip: Strip::No,
            split: Split::No,
        };
        let (mut strip, mut split) = (None, None);
        let mut next = Some(name.to_owned());
        for _ in 0..INHERITANCE_DEPTH {
            let Some(name) = next else { break };
            for packages in set(&name, "package") {
                profile.add_packages(packages.as_table().into_iter().flatten());
            }
            if profile.debug == Debug::Unsaid {
                let values = set(&name, "debug").into_iter().chain(variable(&name));
                let said = values.fold(Debug::Unsaid, |debug, value| debug.and(Some(&value)));
                profile.debug = if said == Debug::Unsaid { preset(&name) } else { said };
            }
            strip = strip.or_else(|| set(&name, "strip").into_iter().next());
            split = split.or_else(|| set(&name, "split-debuginfo").into_iter().next());
            next = match name.as_str() {
                "dev" | "release" => None,
                "test" => Some("dev".to_owned()),
                "bench" => Some("release".to_owned()),
                _ => set(&name, "inherits").first().and_then(Value::as_str).map(str::to_owned),
            };
        }
        profile.strip = match strip {
            None | Some(Value::Boolean(false)) => Strip::No,
            Some(Value::String(word)) if word == "none" => Strip::No,
            Some(_) => Strip::Asked,
        };
        profile.split = match split.as_ref().and_then(Value::as_str) {
            None | Some("off") => Split::No,
            Some(_) => Split::Asked,
        };
        profile
    }

    fn add_packages<'set>(&mut self, packages: impl Iterator<Item = (&'set String, &'set Value)>) {
        for (spec, settings) in packages {
            let known = self.packages.entry(spec.clone()).or_insert(Debug::Unsaid);
            *known = known.and(settings.get("debug"));
        }
    }
}

impl Debug {
    /// This and another setting of the same thing: which of them counts need not be known where
    /// they agree.
    fn and(self, value: Option<&Value>) -> Debug {
        let is_full = match value {
            None => return self,
            Some(Value::Boolean(full)) => *full,
            Some(Value::Integer(level)) => *level == 2,
            Some(Value::String(word)) => matches!(word.as_str(), "full" | "2" | "true"),
            Some(_) => false,
        };
        match self {
            Debug::Unsaid | Debug::Full if is_full => Debug::Full,
            Debug::Unsaid | Debug::Full | Debug::Less => Debug::Less,
        }
    }
}

/// What cargo itself sets.
fn preset(profile: &str) -> Debug {
    match profile {
        "dev" => Debug::Full,
        "release" => Debug::Less,
        _ => Debug::Unsaid,
    }
}

/// What the environment sets a profile's debug info to.
fn variable(profile: &str) -> Option<Value> {
    let profile = profile.to_uppercase().replace('-', "_");
    env::var(format!("CARGO_PROFILE_{profile}_DEBUG")).ok().map(Value::String)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(name: &str, manifest: &str, config: &str, packages: &[&str], strip: Strip) {
        let manifest: Table = manifest.parse().unwrap();
        let config: Table = config.parse().unwrap();
        let profile = Profile::named(name, Some(&manifest), Some(&config));
        let named: Vec<&str> = profile.packages.keys().map(String::as_str).collect();
        assert_eq!((named.as_slice(), profile.strip), (packages, strip));
    }

    #[test]
    fn packages_are_gathered_along_the_inheritance() {
        let manifest = "dev.package.a.debug=1\ntest.package.'b@1'.debug=0\n\
                        release.package.c.opt-level=3\nci.inherits='bench'\ndev.package.'*'.debug=0";
        check("test", manifest, "", &["*", "a", "b@1"], Strip::No);
        check("dev", manifest, "", &["*", "a"], Strip::No);
        check("ci", manifest, "bench.package.d.debug=0", &["c", "d"], Strip::No);
        check("ci", manifest, "ci.inherits='dev'", &["*", "a"], Strip::No);
    }

    #[test]
    fn the_nearest_debug_counts_and_cargos_own_is_the_last() {
        let debug = |name: &str, manifest: &str| {
            let manifest: Table = manifest.parse().unwrap();
            Profile::named(name, Some(&manifest), None).debug
        };
        assert_eq!(debug("test", ""), Debug::Full);
        assert_eq!(debug("release", ""), Debug::Less);
        assert_eq!(debug("bench", "bench.debug=true"), Debug::Full);
        assert_eq!(debug("test", "dev.debug='line-tables-only'"), Debug::Less);
        assert_eq!(debug("test", "dev.debug=0\ntest.debug='full'"), Debug::Full);
        assert_eq!(debug("ci", "ci.inherits='dev'\ndev.debug=1"), Debug::Less);
    }

    #[test]
    fn settings_of_one_package_that_differ_are_less_than_full() {
        let manifest: Table = "dev.package.a.debug=2\ntest.package.a.debug=0".parse().unwrap();
        let profile = Profile::named("test", Some(&manifest), None);
        assert_eq!(profile.packages.get("a"), Some(&Debug::Less));
    }

    #[test]
    fn the_nearest_strip_counts() {
        check("release", "release.strip=true", "", &[], Strip::Asked);
        check("bench", "release.strip='debuginfo'", "", &[], Strip::Asked);
        check("bench", "release.strip=true\nbench.strip='none'", "", &[], Strip::No);
        check("release", "release.strip=true", "release.strip=false", &[], Strip::No);
        check("test", "release.strip=true", "", &[], Strip::No);
    }

    #[test]
    fn debug_info_in_files_of_its_own_is_noticed() {
        let split = |manifest: &str| {
            let manifest: Table = manifest.parse().unwrap();
            Profile::named("test", Some(&manifest), None).split
        };
        assert_eq!(split("dev.split-debuginfo='packed'"), Split::Asked);
        assert_eq!(split("dev.split-debuginfo='off'"), Split::No);
        assert_eq!(split("release.split-debuginfo='packed'"), Split::No);
    }

    #[test]
    fn profiles_that_inherit_from_each_other_end() {
        check("a", "a.inherits='b'\nb.inherits='a'", "", &[], Strip::No);
    }
}
