//! What the file may say, key by key.

use std::collections::BTreeMap;
use std::fmt;
use std::num::NonZeroUsize;
use std::time::Duration;

use serde::Deserialize;
use serde::de::{Deserializer, Error as _, Visitor};

use super::pattern::Patterns;
use crate::cli;

/// The whole file.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct File {
    /// The profiles by name.
    #[serde(default)]
    pub(super) profile: BTreeMap<String, Profile>,
}

/// One profile.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Profile {
    timeout: Option<Time>,
    stuck_after: Option<Time>,
    stall_after: Option<Time>,
    slow_after: Option<Time>,
    /// `--global-timeout`.
    pub(super) global_timeout: Option<Time>,
    /// `--test-threads`.
    pub(super) test_threads: Option<NonZeroUsize>,
    /// `--fail-fast`.
    pub(super) fail_fast: Option<bool>,
    /// `--on-panic`.
    pub(super) on_panic: Option<bool>,
    /// What is otherwise for some tests.
    #[serde(default)]
    pub(super) overrides: Vec<Override>,
}

/// What is otherwise for some tests.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Override {
    /// Which.
    pub(super) tests: Patterns,
    timeout: Option<Time>,
    stuck_after: Option<Time>,
    stall_after: Option<Time>,
    slow_after: Option<Time>,
}

/// The times that a single test may have of its own.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Limits {
    timeout: Option<Time>,
    stuck_after: Option<Time>,
    stall_after: Option<Time>,
    slow_after: Option<Time>,
}

/// How long something may take: `"30s"`, or a number of seconds; 0 for no end.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Time(pub(super) Duration);

impl File {
    /// The names of its profiles, the one that is always there among them.
    pub(super) fn names(&self) -> Vec<String> {
        let mut names = vec![super::DEFAULT.to_owned()];
        names.extend(self.profile.keys().filter(|name| *name != super::DEFAULT).cloned());
        names
    }
}

impl Profile {
    /// The times for all tests.
    pub(super) fn limits(&self) -> Limits {
        let Profile { timeout, stuck_after, stall_after, slow_after, .. } = *self;
        Limits { timeout, stuck_after, stall_after, slow_after }
    }

    /// What this says, and `other` where it says nothing; the overrides are its own.
    pub(super) fn or(self, other: &Profile) -> Profile {
        let Limits { timeout, stuck_after, stall_after, slow_after } =
            self.limits().or(other.limits());
        Profile {
            timeout,
            stuck_after,
            stall_after,
            slow_after,
            global_timeout: self.global_timeout.or(other.global_timeout),
            test_threads: self.test_threads.or(other.test_threads),
            fail_fast: self.fail_fast.or(other.fail_fast),
            on_panic: self.on_panic.or(other.on_panic),
            overrides: self.overrides,
        }
    }
}

impl Override {
    /// The times for the tests it fits.
    pub(super) fn limits(&self) -> Limits {
        let Override { timeout, stuck_after, stall_after, slow_after, .. } = *self;
        Limits { timeout, stuck_after, stall_after, slow_after }
    }
}

impl Limits {
    /// What this says, and `other` where it says nothing.
    pub(super) fn or(self, other: Limits) -> Limits {
        Limits {
            timeout: self.timeout.or(other.timeout),
            stuck_after: self.stuck_after.or(other.stuck_after),
            stall_after: self.stall_after.or(other.stall_after),
            slow_after: self.slow_after.or(other.slow_after),
        }
    }

    /// `--timeout`.
    pub(super) fn timeout(&self) -> Option<Duration> {
        self.timeout.map(|time| time.0)
    }

    /// `--stuck-after`.
    pub(super) fn stuck_after(&self) -> Option<Duration> {
        self.stuck_after.map(|time| time.0)
    }

    /// `--stall-after`.
    pub(super) fn stall_after(&self) -> Option<Duration> {
        self.stall_after.map(|time| time.0)
    }

    /// `--slow-after`.
    pub(super) fn slow_after(&self) -> Option<Duration> {
        self.slow_after.map(|time| time.0)
    }
}

impl<'de> Deserialize<'de> for Time {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Time, D::Error> {
        // Asked for as anything, so that an error keeps its place.
        deserializer.deserialize_any(OfTime)
    }
}

struct OfTime;

impl Visitor<'_> for OfTime {
    type Value = Time;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a duration, such as \"30s\", or a number of seconds")
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Time, E> {
        cli::duration(text).map(Time).map_err(E::custom)
    }

    fn visit_i64<E: serde::de::Error>(self, seconds: i64) -> Result<Time, E> {
        self.visit_str(&seconds.to_string())
    }

    fn visit_f64<E: serde::de::Error>(self, seconds: f64) -> Result<Time, E> {
        self.visit_str(&seconds.to_string())
    }
}

impl<'de> Deserialize<'de> for Patterns {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Patterns, D::Error> {
        deserializer.deserialize_any(OfPatterns)
    }
}

struct OfPatterns;

impl<'de> Visitor<'de> for OfPatterns {
    type Value = Patterns;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a name of tests, such as \"db::*\", or an array of such")
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Patterns, E> {
        Ok(Patterns::new([text.to_owned()]))
    }

    fn visit_seq<A: serde::de::SeqAccess<'de>>(self, mut all: A) -> Result<Patterns, A::Error> {
        let mut names = Vec::new();
        while let Some(name) = all.next_element::<String>()? {
            names.push(name);
        }
        match names.is_empty() {
            true => Err(A::Error::invalid_length(0, &self)),
            false => Ok(Patterns::new(names)),
        }
    }
}
