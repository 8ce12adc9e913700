//! The profile that cargo uses for tests, and what the user has set for it.
//!
//! `cargo test` compiles everything, dependencies too, with the profile `test`, which inherits
//! from `dev`; `--release` and `--profile` replace it: then nothing set for `test` counts (cargo
//! 1.95).

use std::collections::BTreeSet;

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
    /// The packages, as the user specified them, for which something is set.
    pub(crate) packages: BTreeSet<String>,
    /// Whether binaries lose their debug info.
    pub(crate) strip: Strip,
    /// Whether it is put into files of its own.
    pub(crate) split: Split,
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
            packages: BTreeSet::new(),
            strip: Strip::No,
            split: Split::No,
        };
        let (mut strip, mut split) = (None, None);
        let mut next = Some(name.to_owned());
        for _ in 0..INHERITANCE_DEPTH {
            let Some(name) = next else { break };
            for packages in set(&name, "package") {
                let specs = packages.as_table().into_iter().flat_map(Table::keys);
                profile.packages.extend(specs.filter(|spec| *spec != "*").cloned());
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
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(name: &str, manifest: &str, config: &str, packages: &[&str], strip: Strip) {
        let manifest: Table = manifest.parse().unwrap();
        let config: Table = config.parse().unwrap();
        let profile = Profile::named(name, Some(&manifest), Some(&config));
        let expected = packages.iter().map(|spec| (*spec).to_owned()).collect();
        assert_eq!((profile.packages, profile.strip), (expected, strip));
    }

    #[test]
    fn packages_are_gathered_along_the_inheritance() {
        let manifest = "dev.package.a.debug=1\ntest.package.'b@1'.debug=0\n\
                        release.package.c.opt-level=3\nci.inherits='bench'\ndev.package.'*'.debug=0";
        check("test", manifest, "", &["a", "b@1"], Strip::No);
        check("dev", manifest, "", &["a"], Strip::No);
        check("ci", manifest, "bench.package.d.debug=0", &["c", "d"], Strip::No);
        check("ci", manifest, "ci.inherits='dev'", &["a"], Strip::No);
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
