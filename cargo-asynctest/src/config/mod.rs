//! `.config/asynctest.toml`: how tests are run where the command line does not say.
//!
//! ```toml
//! [profile.default]
//! timeout = "2m"
//! stuck-after = "2s"
//!
//! [[profile.default.overrides]]
//! tests = "slow_*"
//! timeout = "10m"
//!
//! [profile.ci]
//! slow-after = "30s"
//! global-timeout = "25m"
//! ```
//!
//! A profile is asked for by name; what it does not say, `default` says. Of the overrides that fit a
//! test, the first that says a thing counts, those of the profile before those of `default`.
//!
//! - [`mod@file`]: what the file may say
//! - [`pattern`]: names of tests
//! - [`error`]: what can be wrong with it

mod error;
mod file;
mod pattern;

use std::fs;
use std::io;
use std::path::Path;

use crate::cli::{RunnerArguments, TestArguments};
use file::{File, Limits, Override, Profile};

pub(crate) use error::Error;

/// Where it is, from the workspace's root.
pub(crate) const PATH: &str = ".config/asynctest.toml";

/// The profile that counts where no other is asked for, and where another says nothing.
const DEFAULT: &str = "default";

/// What the configuration says, the profile chosen.
#[derive(Clone, Debug, Default)]
pub(crate) struct Config {
    /// What is set for all tests.
    profile: Profile,
    /// What is set for some, the first to be preferred.
    overrides: Vec<Override>,
}

impl Config {
    /// Reads the configuration of the workspace at `root`, or the file that was named, and chooses
    /// the profile that was.
    pub(crate) fn read(
        root: &Path,
        file: Option<&Path>,
        profile: Option<&str>,
    ) -> Result<Config, Error> {
        let path = file.map_or_else(|| root.join(PATH), Path::to_owned);
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound && file.is_none() => {
                String::new()
            }
            Err(source) => return Err(Error::Unreadable { path, source }),
        };
        let parsed: File =
            toml::from_str(&text).map_err(|error| Error::malformed(&path, &text, &error))?;
        let name = profile.unwrap_or(DEFAULT);
        Config::chosen(parsed, name).ok_or_else(|| Error::NoProfile {
            path,
            name: name.to_owned(),
            known: toml::from_str::<File>(&text).unwrap_or_default().names(),
        })
    }

    /// The profile of this name over the default one; nothing if there is none.
    fn chosen(mut file: File, name: &str) -> Option<Config> {
        let default = file.profile.remove(DEFAULT).unwrap_or_default();
        let chosen = match name {
            DEFAULT => Profile::default(),
            name => file.profile.remove(name)?,
        };
        let overrides = chosen.overrides.iter().chain(&default.overrides).cloned().collect();
        Some(Config { profile: chosen.or(&default), overrides })
    }

    /// The arguments with what the configuration says where they say nothing.
    pub(crate) fn fill(&self, arguments: &TestArguments) -> TestArguments {
        self.filled(arguments, self.profile.limits())
    }

    /// The same for one test; nothing when it is as for all.
    pub(crate) fn fill_for(
        &self,
        arguments: &TestArguments,
        binary: &str,
        test: &str,
    ) -> Option<TestArguments> {
        let fitting = self.overrides.iter().filter(|one| one.tests.matches(binary, test));
        let limits = fitting.map(Override::limits).reduce(Limits::or)?;
        Some(self.filled(arguments, limits.or(self.profile.limits())))
    }

    /// The same for a program that another runner has us run: one test, or several whose exceptions
    /// cannot be told apart.
    pub(crate) fn fill_wrapped(
        &self,
        arguments: &RunnerArguments,
        binary: &str,
        test: &str,
    ) -> RunnerArguments {
        let fitting = self.overrides.iter().filter(|one| one.tests.matches(binary, test));
        let limits = fitting.map(Override::limits).fold(Limits::default(), Limits::or);
        let limits = limits.or(self.profile.limits());
        RunnerArguments {
            timeout: arguments.timeout.or(limits.timeout()),
            stuck_after: arguments.stuck_after.or(limits.stuck_after()),
            slow_after: arguments.slow_after.or(limits.slow_after()),
            values: arguments.values,
            command: arguments.command.clone(),
        }
    }

    fn filled(&self, arguments: &TestArguments, limits: Limits) -> TestArguments {
        let Profile { global_timeout, test_threads, fail_fast, on_panic, .. } = self.profile;
        let no_fail_fast = arguments.build.general.no_fail_fast;
        TestArguments {
            timeout: arguments.timeout.or(limits.timeout()),
            stuck_after: arguments.stuck_after.or(limits.stuck_after()),
            stall_after: arguments.stall_after.or(limits.stall_after()),
            slow_after: arguments.slow_after.or(limits.slow_after()),
            global_timeout: arguments.global_timeout.or(global_timeout.map(|time| time.0)),
            test_threads: arguments.test_threads.or(test_threads),
            fail_fast: arguments.fail_fast || (fail_fast == Some(true) && !no_fail_fast),
            on_panic: arguments.on_panic || on_panic == Some(true),
            ..arguments.clone()
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const TEXT: &str = "
        [profile.default]
        timeout = '2m'
        test-threads = 3
        [[profile.default.overrides]]
        tests = 'db::*'
        timeout = '10m'
        slow-after = 30
        [profile.ci]
        fail-fast = true
        on-panic = true
        stall-after = '45s'
        global-timeout = '25m'
        [[profile.ci.overrides]]
        tests = ['*::slow', 'it::*']
        timeout = 0
    ";

    fn config(profile: &str) -> Config {
        Config::chosen(toml::from_str(TEXT).unwrap(), profile).unwrap()
    }

    fn seconds(seconds: u64) -> Option<Duration> {
        Some(Duration::from_secs(seconds))
    }

    #[test]
    fn a_profile_goes_over_the_default_one() {
        let default = config("default").fill(&TestArguments::default());
        assert_eq!((default.timeout, default.global_timeout), (seconds(120), None));
        assert!(!default.fail_fast && !default.on_panic);
        let ci = config("ci").fill(&TestArguments::default());
        assert_eq!((ci.timeout, ci.global_timeout), (seconds(120), seconds(1500)));
        assert_eq!(ci.test_threads.map(|count| count.get()), Some(3));
        assert!(ci.fail_fast && ci.on_panic);
        assert_eq!((default.stall_after, ci.stall_after), (None, seconds(45)));
        assert!(Config::chosen(File::default(), "ci").is_none());
        assert!(Config::chosen(File::default(), "default").is_some());
    }

    #[test]
    fn flags_go_over_everything() {
        let mut arguments = TestArguments { timeout: seconds(5), ..TestArguments::default() };
        arguments.build.general.no_fail_fast = true;
        let filled = config("ci").fill(&arguments);
        assert_eq!(filled.timeout, seconds(5));
        assert!(!filled.fail_fast);
        let own = config("ci").fill_for(&arguments, "app::it", "db::reads").unwrap();
        assert_eq!((own.timeout, own.slow_after), (seconds(5), seconds(30)));
    }

    #[test]
    fn the_first_override_that_says_a_thing_counts() {
        let check = |profile: &str, binary: &str, test: &str, expected: Option<(u64, u64)>| {
            let filled = config(profile).fill_for(&TestArguments::default(), binary, test);
            let found = filled.map(|filled| {
                let seconds = |time: Option<Duration>| time.map_or(u64::MAX, |time| time.as_secs());
                (seconds(filled.timeout), seconds(filled.slow_after))
            });
            assert_eq!(found, expected, "{profile} {binary} {test}");
        };
        check("default", "app", "db::reads", Some((600, 30)));
        check("default", "app", "web::slow", None);
        check("ci", "app", "web::slow", Some((0, u64::MAX)));
        check("ci", "app", "db::slow", Some((0, 30)));
        check("ci", "it", "anything", Some((0, u64::MAX)));
        check("ci", "app", "db", None);
    }
}
