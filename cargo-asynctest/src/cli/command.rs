//! Which command was asked for.

use std::env;
use std::ffi::OsString;
use std::iter::Peekable;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{CommandFactory as _, Parser, ValueEnum};

use super::build::BuildArguments;
use super::duration::duration;
use super::runner::RunnerArguments;
use super::test::{TestArguments, clap_style};
use super::values::Values;

/// The word for [`Command::Runner`].
const RUNNER: &str = "runner";

/// What was asked for.
#[derive(Clone, Debug)]
pub(crate) enum Command {
    /// Build and run tests.
    Test(Box<TestArguments>),
    /// Report where a running process stands.
    Attach(AttachArguments),
    /// Report a saved capture again.
    Report(ReportArguments),
    /// Say what a finding means.
    Explain(ExplainArguments),
    /// Say what would keep it from working.
    Doctor(Box<DoctorArguments>),
    /// Print a script for a shell.
    Completions(CompletionsArguments),
    /// Run a program that cargo or nextest starts.
    Runner(RunnerArguments),
}

/// Reports where every Tokio task of a running process stands, and lets it go on.
///
/// The process is stopped twice for a few milliseconds.
#[derive(Parser, Clone, Debug)]
#[command(name = "attach", bin_name = "cargo asynctest attach", styles = clap_style())]
pub(crate) struct AttachArguments {
    /// The process
    #[arg(value_name = "PID")]
    pub(crate) process: i32,
    /// How long it may run between the two looks [default: 1s]
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub(crate) apart: Option<Duration>,
    /// How much of variables is printed: none, short, full [default: short]
    #[arg(
        long,
        value_name = "HOW_MUCH",
        env = "ASYNCTEST_VALUES",
        hide_env_values = true,
        hide_possible_values = true
    )]
    pub(crate) values: Option<Values>,
    /// Keep the capture in this file, for `cargo asynctest report`
    #[arg(long, value_name = "FILE")]
    pub(crate) save: Option<PathBuf>,
    /// How the report looks: human; json, as in a run's report.json [default: human]
    #[arg(long, value_name = "FMT", hide_possible_values = true)]
    pub(crate) message_format: Option<ReportFormat>,
}

/// How a report is printed that was asked for.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(crate) enum ReportFormat {
    /// As text.
    Human,
    /// As JSON.
    Json,
}

/// Prints the report of a saved capture again.
#[derive(Parser, Clone, Debug)]
#[command(name = "report", bin_name = "cargo asynctest report", styles = clap_style())]
pub(crate) struct ReportArguments {
    /// A capture, or a folder of target/asynctest that holds captures
    #[arg(value_name = "PATH")]
    pub(crate) path: PathBuf,
}

/// Says what a finding means, with an example, and how such bugs are mended.
#[derive(Parser, Clone, Debug)]
#[command(name = "explain", bin_name = "cargo asynctest explain", styles = clap_style())]
pub(crate) struct ExplainArguments {
    /// The finding's code, as in `deadlock`; without it, all are listed
    #[arg(value_name = "FINDING")]
    pub(crate) finding: Option<String>,
}

/// Says what on this machine and in this workspace would keep hangs from being reported, and the mend
/// of each.
///
/// Nothing is built. The exit code is 0 unless there is a problem, and 1 then.
#[derive(Parser, Clone, Debug)]
#[command(
    name = "doctor",
    bin_name = "cargo asynctest doctor",
    styles = clap_style(),
    override_usage = "cargo asynctest doctor [the flags of the run that is asked about]"
)]
pub(crate) struct DoctorArguments {
    /// Cargo's flags, of the run that is asked about.
    #[command(flatten)]
    pub(crate) build: BuildArguments,
}

/// Prints a script that makes a shell complete `cargo-asynctest`'s words.
///
/// For bash: `cargo asynctest completions bash > ~/.local/share/bash-completion/completions/cargo-asynctest`.
#[derive(Parser, Clone, Debug)]
#[command(name = "completions", bin_name = "cargo asynctest completions", styles = clap_style())]
pub(crate) struct CompletionsArguments {
    /// The shell
    #[arg(value_name = "SHELL")]
    pub(crate) shell: clap_complete::Shell,
}

/// The name of the program.
pub(crate) const PROGRAM: &str = "cargo-asynctest";

/// The whole command line as one command, for scripts that complete it.
pub(crate) fn whole() -> clap::Command {
    let commands = [
        AttachArguments::command(),
        ReportArguments::command(),
        ExplainArguments::command(),
        DoctorArguments::command(),
        CompletionsArguments::command(),
    ];
    let commands = commands.map(|command| {
        let name = format!("{PROGRAM} {}", command.get_name());
        command.bin_name(name)
    });
    TestArguments::command().name(PROGRAM).bin_name(PROGRAM).subcommands(commands)
}

/// Reads the words of the command line, the program's name first.
///
/// Cargo calls us as `cargo-asynctest asynctest ARGS`.
pub(crate) fn parse(words: impl IntoIterator<Item = OsString>) -> Result<Command, clap::Error> {
    let mut words = after_the_name(words);
    match words.peek().and_then(|word| word.to_str()) {
        Some("attach") => AttachArguments::try_parse_from(words).map(Command::Attach),
        Some("report") => ReportArguments::try_parse_from(words).map(Command::Report),
        Some("doctor") => {
            DoctorArguments::try_parse_from(words).map(|doctor| Command::Doctor(Box::new(doctor)))
        }
        Some("completions") => {
            CompletionsArguments::try_parse_from(words).map(Command::Completions)
        }
        Some("explain") => ExplainArguments::try_parse_from(words).map(Command::Explain),
        Some(RUNNER) => RunnerArguments::try_parse_from(words)
            .and_then(|arguments| arguments.with_variables(|name| env::var_os(name)))
            .map(Command::Runner),
        _ => {
            let words = std::iter::once(OsString::from("asynctest")).chain(words);
            let test = TestArguments::try_parse_from(words)?;
            Ok(Command::Test(Box::new(test)))
        }
    }
}

/// Whether these words ask for [`Command::Runner`].
pub(crate) fn is_runner(words: &[OsString]) -> bool {
    after_the_name(words.iter().cloned()).next().is_some_and(|word| word == RUNNER)
}

/// Whether this command line calls a runner of ours.
pub(crate) fn calls_runner(words: &[OsString]) -> bool {
    let program = words.first().and_then(|word| Path::new(word).file_name());
    program.is_some_and(|name| name == "cargo-asynctest" || name == "cargo") && is_runner(words)
}

/// What follows the program's name, and cargo's own word for it.
fn after_the_name(
    words: impl IntoIterator<Item = OsString>,
) -> Peekable<impl Iterator<Item = OsString>> {
    let mut words = words.into_iter().skip(1).peekable();
    words.next_if(|word| word == "asynctest");
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Vec<OsString> {
        line.split(' ').map(OsString::from).collect()
    }

    fn test(line: &str) -> TestArguments {
        match parse(words(line)).unwrap() {
            Command::Test(test) => *test,
            other => panic!("{other:?}"),
        }
    }

    #[track_caller]
    fn check_for_build(line: &str, expected: &str) {
        let arguments = test(line).build.for_build();
        let arguments: Vec<_> = arguments.iter().map(|word| word.to_str().unwrap()).collect();
        assert_eq!(arguments.join(" "), expected, "{line}");
    }

    #[test]
    fn command_words_win_in_first_place_only() {
        assert!(matches!(
            parse(words("cargo-asynctest asynctest attach 17")),
            Ok(Command::Attach(AttachArguments { process: 17, .. }))
        ));
        assert!(matches!(
            parse(words("cargo-asynctest asynctest report target/x")),
            Ok(Command::Report(_))
        ));
        assert!(matches!(
            parse(words("cargo-asynctest asynctest explain deadlock")),
            Ok(Command::Explain(_))
        ));
        let later = test("cargo-asynctest asynctest --lib attach");
        assert_eq!(later.filter.as_deref(), Some("attach"));
        let after = test("cargo-asynctest asynctest -- attach");
        assert_eq!(after.arguments, ["attach"]);
    }

    #[test]
    fn cargos_flags_are_handed_on_as_they_are() {
        let start = "cargo-asynctest asynctest";
        check_for_build(start, "");
        check_for_build(
            &format!("{start} -p a -p b@1 --exclude c --all"),
            "--package a --package b@1 --workspace --exclude c",
        );
        check_for_build(
            &format!("{start} --lib --bin x --test it* --bench=b --example e --tests"),
            "--lib --bin x --example e --tests --test it* --bench b",
        );
        check_for_build(
            &format!("{start} -F a,b --features c/d --no-default-features -r"),
            "--features a,b --features c/d --no-default-features --release",
        );
        check_for_build(
            &format!("{start} -j 3 --profile ci --target t --target-dir /x --manifest-path m"),
            "--jobs 3 --profile ci --target t --target-dir /x --manifest-path m",
        );
        check_for_build(
            &format!("{start} --frozen --config a.b=1 -Z x -vv --ignore-rust-version"),
            "--verbose --verbose --frozen --ignore-rust-version --config a.b=1 -Z x",
        );
    }

    #[test]
    fn our_own_flags_are_not_cargos() {
        let line = "cargo-asynctest asynctest --timeout 5s --slow-after 2 --test-threads 3 name";
        let arguments = test(line);
        assert_eq!(arguments.timeout, Some(Duration::from_secs(5)));
        assert_eq!(arguments.slow_after, Some(Duration::from_secs(2)));
        assert_eq!(arguments.test_threads.map(|threads| threads.get()), Some(3));
        assert_eq!(arguments.filter.as_deref(), Some("name"));
        check_for_build(line, "");
    }

    #[test]
    fn nextests_spelling_is_understood_where_it_differs() {
        let start = "cargo-asynctest asynctest";
        check_for_build(
            &format!("{start} --cargo-profile ci --build-jobs 3"),
            "--jobs 3 --profile ci",
        );
        assert!(test(&format!("{start} --no-capture")).no_capture);
        assert!(test(&format!("{start} --nocapture")).no_capture);
        let own = test(&format!("{start} -P ci --partition count:1/2 --test-threads 2"));
        assert_eq!(own.run_profile.as_deref(), Some("ci"));
        assert!(own.partition.is_some() && own.test_threads.is_some());
    }

    #[test]
    fn bad_usage_is_refused() {
        for line in [
            "cargo-asynctest asynctest --nonsense",
            "cargo-asynctest asynctest a b",
            "cargo-asynctest asynctest --timeout soon",
            "cargo-asynctest asynctest --fail-fast --no-fail-fast",
            "cargo-asynctest asynctest --release --profile dev",
            "cargo-asynctest asynctest attach nobody",
            "cargo-asynctest asynctest report",
        ] {
            assert_eq!(parse(words(line)).unwrap_err().exit_code(), 2, "{line}");
        }
    }
}
