//! Which of the listed tests run, by libtest's rules.

use crate::cli::{Benchmarks, Ignored, LibtestArguments};

use super::list::{Kind, Listed};

/// What becomes of a listed test.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Choice {
    /// It runs.
    Run,
    /// It does not.
    Skip,
}

/// The user's choice.
#[derive(Clone, Debug, Default)]
pub(crate) struct Filter {
    /// Names of which one must match; none: all do.
    pub(crate) names: Vec<String>,
    /// Names none of which may match.
    pub(crate) skip: Vec<String>,
    /// How names match.
    pub(crate) matching: Matching,
    /// What to do with ignored tests.
    pub(crate) ignored: Ignored,
    /// What to do with benchmarks.
    pub(crate) benchmarks: Benchmarks,
}

/// How names match.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) enum Matching {
    /// A part is enough.
    #[default]
    Part,
    /// Only the whole name does.
    Whole,
}

impl Filter {
    /// The filter that these words mean: one before `--`, and libtest's after it.
    pub(crate) fn new(name: Option<&str>, arguments: &LibtestArguments) -> Filter {
        let names = name.map(str::to_owned).into_iter();
        Filter {
            names: names.chain(arguments.filters.iter().cloned()).collect(),
            skip: arguments.skip.clone(),
            matching: if arguments.exact { Matching::Whole } else { Matching::Part },
            ignored: arguments.ignored(),
            benchmarks: arguments.benchmarks(),
        }
    }

    /// Whether this test runs.
    pub(crate) fn choice(&self, test: &Listed) -> Choice {
        let named = self.names.is_empty() || self.any(&self.names, &test.name);
        let wanted = match self.ignored {
            Ignored::Skip => !test.ignored,
            Ignored::Only => test.ignored,
            Ignored::Include => true,
        };
        let meant = match (self.benchmarks, test.kind) {
            (Benchmarks::Alone, Kind::Test) => false,
            (Benchmarks::Alone | Benchmarks::Once | Benchmarks::Measured, _) => true,
        };
        if named && wanted && meant && !self.any(&self.skip, &test.name) {
            Choice::Run
        } else {
            Choice::Skip
        }
    }

    fn any(&self, patterns: &[String], name: &str) -> bool {
        patterns.iter().any(|pattern| match self.matching {
            Matching::Part => name.contains(pattern.as_str()),
            Matching::Whole => name == pattern,
        })
    }
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;

    use super::*;

    fn listed(line: &str) -> Listed {
        let (name, flags) = line.split_once(' ').unwrap_or((line, ""));
        Listed {
            name: name.to_owned(),
            kind: if flags.contains("bench") { Kind::Benchmark } else { Kind::Test },
            ignored: flags.contains("ignored"),
        }
    }

    /// Of these four, the names of those that run.
    #[track_caller]
    fn check(words: &str, expected: &[&str]) {
        let words: Vec<OsString> = words.split_whitespace().map(OsString::from).collect();
        let arguments = LibtestArguments::parse_words(&words).unwrap();
        let filter = Filter::new(None, &arguments);
        let all = ["a::one", "a::one_more", "b::two ignored", "b::speed bench"];
        let all = all.map(listed);
        let chosen: Vec<_> = all
            .iter()
            .filter(|test| filter.choice(test) == Choice::Run)
            .map(|test| test.name.as_str())
            .collect();
        assert_eq!(chosen, expected, "{words:?}");
    }

    #[test]
    fn names_match_in_part_or_whole() {
        check("", &["a::one", "a::one_more", "b::speed"]);
        check("one", &["a::one", "a::one_more"]);
        check("more speed", &["a::one_more", "b::speed"]);
        check("--exact a::one", &["a::one"]);
        check("--exact one", &[]);
    }

    #[test]
    fn skip_matches_as_filters_do() {
        check("--skip more", &["a::one", "b::speed"]);
        check("a --skip more --skip x", &["a::one"]);
        check("--exact --skip a::one", &["a::one_more", "b::speed"]);
    }

    #[test]
    fn ignored_tests_run_when_asked_for() {
        check("--ignored", &["b::two"]);
        check("--include-ignored b", &["b::two", "b::speed"]);
    }

    #[test]
    fn benchmarks_run_alone_when_they_are_measured() {
        check("--bench", &["b::speed"]);
        check("--test", &["a::one", "a::one_more", "b::speed"]);
        check("--test --bench", &["a::one", "a::one_more", "b::speed"]);
    }

    #[test]
    fn the_filter_before_the_dashes_is_one_more() {
        let filter = Filter::new(Some("two"), &LibtestArguments::default());
        assert_eq!(filter.choice(&listed("b::two")), Choice::Run);
        assert_eq!(filter.choice(&listed("a::one")), Choice::Skip);
    }
}
