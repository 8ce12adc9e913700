//! What users and machines see of a run and of a report.
//!
//! All of it is fed by [`crate::runner::event::Event`]s or by one report, and nothing here knows
//! how they came about.
//!
//! - [`screen`]: where lines go, and the line that moves
//! - [`status`]: a line a test, failures with their output, the summary
//! - [`reports`]: reports alone
//! - [`libtest`]: what libtest prints around a test's own output
//! - [`text`]: a report as text
//! - [`html`]: a report as a page
//! - [`graph`]: who waits for whom, for tools that draw
//! - [`story`]: what a task does that is followed
//! - [`run_json`], [`junit`]: files for machines
//! - [`json_lines`]: what happens, for programs that follow it
//! - [`github`]: what GitHub Actions is told

mod github;
mod graph;
mod html;
mod json_lines;
mod junit;
mod libtest;
mod reports;
mod run_json;
mod screen;
mod status;
pub(crate) mod story;
pub(crate) mod text;

use std::io;
use std::time::Duration;

use asynctest_engine::report::Report;

use crate::plan::{Output, Plan, RunOptions};
use crate::runner::event::{Event, TestResult};
use crate::runner::verdict::Verdict;

/// What makes a file of a report.
type Make = fn(&Report) -> io::Result<Vec<u8>>;

/// The files of a report, and what makes each.
pub(crate) const FILES: &[(&str, Make)] = &[
    ("report.txt", |report| Ok(text::full(report).into_bytes())),
    ("report.json", |report| Ok(serde_json::to_vec_pretty(report)?)),
    ("report.html", |report| Ok(html::page(report).into_bytes())),
    ("report.dot", |report| Ok(graph::dot(&report.graph).into_bytes())),
];

/// Whether to use colors.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) enum Color {
    /// On a terminal, unless `NO_COLOR` is set.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// How a run is shown.
#[derive(Clone, Debug)]
pub(crate) struct Options {
    /// Whether stderr gets colors.
    pub(crate) style: text::Style,
    /// Whether a line that moves is kept up to date.
    pub(crate) progress: Progress,
    /// What GitHub Actions is told, when we run there.
    pub(crate) github: Option<github::Job>,
    /// What goes to stdout.
    pub(crate) stdout: Stdout,
}

/// What goes to stdout.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Stdout {
    /// What tests print that print straight to it.
    Tests,
    /// A line of JSON for each thing that happens, and nothing else.
    Json,
}

/// Whether there is a line that moves.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Progress {
    /// On a terminal.
    Shown,
    /// Anywhere else.
    Hidden,
}

impl Options {
    /// As the environment wants it.
    pub(crate) fn detect(color: Color) -> Options {
        let terminal = console::Term::stderr().is_term();
        let set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        let github = github::Job::detect();
        let colored = match color {
            Color::Always => true,
            Color::Never => false,
            Color::Auto => terminal && !set("NO_COLOR") && !is_dumb(),
        };
        Options {
            style: if colored { text::Style::Colored } else { text::Style::Plain },
            progress: if terminal && github.is_none() && !set("CI") && !is_dumb() {
                Progress::Shown
            } else {
                Progress::Hidden
            },
            github,
            stdout: Stdout::Tests,
        }
    }
}

fn is_dumb() -> bool {
    std::env::var_os("TERM").is_some_and(|term| term == "dumb")
}

/// One way to show what happens.
trait Render {
    /// Shows one thing that happened.
    fn show(&mut self, event: &Event<'_>);
}

/// All ways that are in use.
pub(crate) struct Renderers<'plan> {
    all: Vec<Box<dyn Render + 'plan>>,
    progress: Progress,
}

impl<'plan> Renderers<'plan> {
    /// What shows a run of `plan`.
    pub(crate) fn new(
        plan: &'plan Plan,
        options: &'plan RunOptions,
        render: &'plan Options,
    ) -> Renderers<'plan> {
        // A test that prints straight to the terminal would print into the moving line.
        let progress = match options.output {
            Output::Streamed => Progress::Hidden,
            Output::Captured | Output::ShownForAll => render.progress,
        };
        let mut all: Vec<Box<dyn Render>> = Vec::new();
        let screen = screen::Screen::new(progress);
        // First: no command is obeyed from before the first line of a test to behind its last.
        if let Some(job) = &render.github {
            all.push(Box::new(github::GitHub::new(plan, options, job)));
        }
        all.push(Box::new(status::Status::new(plan, options, render, screen)));
        if render.stdout == Stdout::Json {
            all.push(Box::new(json_lines::JsonLines::new(plan)));
        }
        all.push(Box::new(run_json::RunJson::new(plan)));
        all.push(Box::new(junit::JUnit::new(plan)));
        Renderers { all, progress }
    }

    /// What shows the reports of `plan` and nothing else.
    pub(crate) fn reports(
        plan: &'plan Plan,
        options: &'plan RunOptions,
        render: &'plan Options,
    ) -> Renderers<'plan> {
        let progress = Progress::Hidden;
        let status = status::Status::new(plan, options, render, screen::Screen::new(progress));
        Renderers { all: vec![Box::new(reports::Reports::new(status))], progress }
    }

    /// How often something moves.
    pub(crate) fn tick(&self) -> Option<Duration> {
        match self.progress {
            Progress::Shown => Some(Duration::from_millis(100)),
            Progress::Hidden => None,
        }
    }

    /// Shows one thing that happened.
    pub(crate) fn show(&mut self, event: &Event<'_>) {
        for renderer in &mut self.all {
            renderer.show(event);
        }
    }
}

/// The binary's and the test's name.
fn names(plan: &Plan, test: usize) -> (&str, &str) {
    let Some(case) = plan.tests.get(test) else {
        return ("", "");
    };
    (binary(plan, case.binary), &case.name)
}

/// Whether a test is only counted: one of many times that it has passed.
fn is_counted(plan: &Plan, result: &TestResult) -> bool {
    plan.rounds.are_many() && result.verdict == Some(Verdict::Pass)
}

/// A binary's name.
fn binary(plan: &Plan, binary: usize) -> &str {
    plan.binaries.get(binary).map_or("", |binary| binary.id.as_str())
}

/// Says that a file of the run could not be written: the verdicts stand all the same.
fn complain(path: &std::path::Path, why: &str) {
    use std::io::Write;
    let _ = writeln!(std::io::stderr(), "warning: cannot write {}: {why}", path.display());
}
