//! libtest's own flags, which stand after `--`.

use std::ffi::OsString;
use std::num::NonZeroUsize;

use clap::builder::StyledStr;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{CommandFactory, Parser, ValueEnum};

use super::build::Color;
use super::test::TestArguments;

/// What was asked of the test binaries, in libtest's words.
#[derive(Parser, Clone, Debug, Default)]
#[command(
    no_binary_name = true,
    name = "libtest",
    override_usage = "cargo asynctest [OPTIONS] -- [FLAGS] [FILTERS]..."
)]
pub(crate) struct LibtestArguments {
    /// Run tests whose name contains one of these
    #[arg(value_name = "FILTERS")]
    pub(crate) filters: Vec<String>,
    /// Match filters against the whole name
    #[arg(long)]
    pub(crate) exact: bool,
    /// Skip tests whose name contains this (may be given several times)
    #[arg(long, value_name = "FILTER")]
    pub(crate) skip: Vec<String>,
    /// Run only ignored tests
    #[arg(long, conflicts_with = "include_ignored")]
    pub(crate) ignored: bool,
    /// Run ignored and not ignored tests
    #[arg(long)]
    pub(crate) include_ignored: bool,
    /// Run tests and not benchmarks' measurements (as without any flag)
    #[arg(long)]
    pub(crate) test: bool,
    /// Measure benchmarks, and run tests only with --test
    #[arg(long)]
    pub(crate) bench: bool,
    /// List all tests and benchmarks
    #[arg(long)]
    pub(crate) list: bool,
    /// Don't keep the tests' output: print it as it comes
    #[arg(long, alias = "no-capture")]
    pub(crate) nocapture: bool,
    /// Show the output of tests that pass too
    #[arg(long)]
    pub(crate) show_output: bool,
    /// How many tests run at once
    #[arg(long, value_name = "N")]
    pub(crate) test_threads: Option<NonZeroUsize>,
    /// Print only what fails
    #[arg(short, long)]
    pub(crate) quiet: bool,
    /// pretty, or terse, which is --quiet
    #[arg(long, value_name = "FORMAT", hide_possible_values = true)]
    pub(crate) format: Option<Format>,
    /// Coloring: auto, always, never
    #[arg(long, value_name = "WHEN", hide_possible_values = true)]
    pub(crate) color: Option<Color>,
}

/// The form of libtest's own lines.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(crate) enum Format {
    /// A line a test.
    Pretty,
    /// Little.
    Terse,
}

/// Which tests run, by their being ignored.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) enum Ignored {
    /// Not the ignored ones.
    #[default]
    Skip,
    /// Only the ignored ones.
    Only,
    /// All.
    Include,
}

/// What becomes of benchmarks.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) enum Benchmarks {
    /// Each is run once, as a test.
    #[default]
    Once,
    /// They are measured, beside the tests (`--test --bench`).
    Measured,
    /// They are measured, and tests are not run (`--bench`).
    Alone,
}

impl LibtestArguments {
    /// Reads the words after `--`.
    pub(crate) fn parse_words(words: &[OsString]) -> Result<LibtestArguments, clap::Error> {
        LibtestArguments::try_parse_from(words).map_err(with_tip)
    }

    /// What to do with ignored tests.
    pub(crate) fn ignored(&self) -> Ignored {
        match (self.ignored, self.include_ignored) {
            (true, _) => Ignored::Only,
            (false, true) => Ignored::Include,
            (false, false) => Ignored::Skip,
        }
    }

    /// What becomes of benchmarks.
    pub(crate) fn benchmarks(&self) -> Benchmarks {
        match (self.bench, self.test) {
            (false, _) => Benchmarks::Once,
            (true, true) => Benchmarks::Measured,
            (true, false) => Benchmarks::Alone,
        }
    }

    /// Whether only failures are printed.
    pub(crate) fn is_quiet(&self) -> bool {
        self.quiet || self.format == Some(Format::Terse)
    }
}

/// A word that is no flag of libtest's may be one of ours in the wrong place; to make it a filter,
/// which clap would propose, helps nobody.
fn with_tip(mut error: clap::Error) -> clap::Error {
    if error.kind() != ErrorKind::UnknownArgument {
        return error;
    }
    error.remove(ContextKind::Suggested);
    let Some(ContextValue::String(word)) = error.get(ContextKind::InvalidArg) else {
        return error;
    };
    let flag = word.split('=').next().unwrap_or(word).trim_start_matches('-').to_owned();
    let command = TestArguments::command();
    if command.get_arguments().any(|argument| argument.get_long() == Some(flag.as_str())) {
        let tip = StyledStr::from(format!("'--{flag}' goes before the '--'"));
        error.insert(ContextKind::Suggested, ContextValue::StyledStrs(vec![tip]));
    }
    error
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<LibtestArguments, clap::Error> {
        let words: Vec<OsString> = line.split_whitespace().map(OsString::from).collect();
        LibtestArguments::parse_words(&words)
    }

    #[test]
    fn several_filters_and_skips_are_taken() {
        let arguments = parse("one two --skip three --exact --skip=four").unwrap();
        assert_eq!(arguments.filters, ["one", "two"]);
        assert_eq!(arguments.skip, ["three", "four"]);
        assert!(arguments.exact);
    }

    #[test]
    fn ignored_and_include_ignored_exclude_each_other() {
        assert_eq!(parse("").unwrap().ignored(), Ignored::Skip);
        assert_eq!(parse("--ignored").unwrap().ignored(), Ignored::Only);
        assert_eq!(parse("--include-ignored").unwrap().ignored(), Ignored::Include);
        assert!(parse("--ignored --include-ignored").is_err());
    }

    #[test]
    fn both_spellings_of_nocapture_are_taken() {
        assert!(parse("--nocapture").unwrap().nocapture);
        assert!(parse("--no-capture").unwrap().nocapture);
    }

    #[test]
    fn benchmarks_are_measured_on_request() {
        assert_eq!(parse("").unwrap().benchmarks(), Benchmarks::Once);
        assert_eq!(parse("--test").unwrap().benchmarks(), Benchmarks::Once);
        assert_eq!(parse("--bench").unwrap().benchmarks(), Benchmarks::Alone);
        assert_eq!(parse("--bench --test").unwrap().benchmarks(), Benchmarks::Measured);
    }

    #[test]
    fn terse_is_quiet() {
        assert!(parse("--format terse").unwrap().is_quiet());
        assert!(parse("-q").unwrap().is_quiet());
        assert!(!parse("--format=pretty").unwrap().is_quiet());
    }

    #[test]
    fn a_flag_of_ours_after_the_dashes_is_told_where_it_goes() {
        let said = parse("--timeout 5s").unwrap_err().to_string();
        assert!(said.contains("'--timeout' goes before the '--'"), "{said}");
        let said = parse("--nonsense").unwrap_err().to_string();
        assert!(!said.contains("tip"), "{said}");
    }

    #[test]
    fn unknown_flags_are_refused() {
        for line in ["--nonsense", "--format json", "--test-threads 0", "--shuffle"] {
            assert!(parse(line).is_err(), "{line}");
        }
    }
}
