//! `run.json`: what a run came to, for programs. Fields are added, never renamed or retyped.

use std::path::PathBuf;
use std::time::Duration;

use serde::Serialize;

use super::{Render, binary, is_counted, names};
use crate::plan::{ListFailure, Plan};
use crate::runner::event::{Event, Examination, TestResult};
use crate::runner::verdict::{Exit, Totals, Verdict, seconds};

/// The version of this format.
pub(super) const VERSION: u32 = 1;

/// Writes `run.json` when the run is over, an interrupted one too.
pub(super) struct RunJson<'plan> {
    plan: &'plan Plan,
    tests: Vec<Entry>,
}

#[derive(Serialize)]
struct File<'run> {
    version: u32,
    tool: &'static str,
    totals: &'run Totals,
    tests: &'run [Entry],
    unlisted: Vec<UnlistedEntry<'run>>,
}

/// What one test came to.
#[derive(Serialize)]
pub(super) struct Entry {
    binary: String,
    test: String,
    /// Absent when the run was interrupted while it ran.
    #[serde(skip_serializing_if = "Option::is_none")]
    verdict: Option<Verdict>,
    #[serde(serialize_with = "seconds")]
    duration: Duration,
    attempt: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    exit_code: Option<i32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    signal: Option<&'static str>,
    /// How it ended, in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    exit: Option<String>,
    leaked: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    stdout: Option<PathBuf>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stderr: Option<PathBuf>,
    reports: Vec<ReportEntry>,
}

/// Where a report is, and what it says first.
#[derive(Serialize)]
pub(super) struct ReportEntry {
    /// The folder with the report's files.
    #[serde(skip_serializing_if = "Option::is_none")]
    folder: Option<PathBuf>,
    #[serde(skip_serializing_if = "Option::is_none")]
    finding: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sentence: Option<String>,
    /// Why there is no report, or why it was not saved.
    #[serde(skip_serializing_if = "Option::is_none")]
    trouble: Option<String>,
}

/// A binary that did not list its tests.
#[derive(Serialize)]
pub(super) struct UnlistedEntry<'run> {
    binary: &'run str,
    #[serde(skip_serializing_if = "Option::is_none")]
    verdict: Option<Verdict>,
    reproduce: &'run str,
}

impl<'plan> RunJson<'plan> {
    /// Writes into the plan's output folder.
    pub(super) fn new(plan: &'plan Plan) -> RunJson<'plan> {
        RunJson { plan, tests: Vec::new() }
    }

    fn skipped(&mut self) {
        for case in &self.plan.skipped {
            self.tests.push(Entry {
                binary: binary(self.plan, case.binary).to_owned(),
                test: case.name.clone(),
                verdict: Some(Verdict::Skip),
                duration: Duration::ZERO,
                attempt: 0,
                exit_code: None,
                signal: None,
                exit: None,
                leaked: false,
                stdout: None,
                stderr: None,
                reports: Vec::new(),
            });
        }
    }

    fn write(&self, totals: &Totals) -> std::io::Result<()> {
        let file = File {
            version: VERSION,
            tool: env!("CARGO_PKG_VERSION"),
            totals,
            tests: &self.tests,
            unlisted: UnlistedEntry::all(self.plan),
        };
        std::fs::create_dir_all(&self.plan.output)?;
        let path = self.plan.output.join("run.json");
        std::fs::write(path, serde_json::to_vec_pretty(&file)?)
    }
}

impl Entry {
    /// What the test of this index came to.
    pub(super) fn of(plan: &Plan, test: usize, result: &TestResult) -> Entry {
        let (binary, name) = names(plan, test);
        let (exit_code, signal) = match &result.exit {
            Exit::Code(code) => (Some(*code), None),
            Exit::Signal(signal) => (None, Some(signal.as_str())),
            Exit::UnnamedSignal | Exit::Lost | Exit::Unkillable | Exit::NotStarted(_) => {
                (None, None)
            }
        };
        Entry {
            binary: binary.to_owned(),
            test: name.to_owned(),
            verdict: result.verdict,
            duration: result.duration,
            attempt: result.attempt,
            exit_code,
            signal,
            exit: (exit_code.is_none()).then(|| result.exit.to_string()),
            leaked: result.leaked,
            stdout: result.stdout_file.clone(),
            stderr: result.stderr_file.clone(),
            reports: result.examinations.iter().map(ReportEntry::of).collect(),
        }
    }
}

impl ReportEntry {
    /// Where the report of a look is.
    pub(super) fn of(examination: &Examination) -> ReportEntry {
        match &examination.outcome {
            Ok(examined) => ReportEntry {
                folder: Some(examined.folder.clone()),
                finding: Some(examined.report.headline.finding.clone()),
                sentence: Some(examined.report.headline.sentence.clone()),
                trouble: examined.unsaved.clone(),
            },
            Err(why) => ReportEntry {
                folder: None,
                finding: None,
                sentence: None,
                trouble: Some(why.clone()),
            },
        }
    }
}

impl<'run> UnlistedEntry<'run> {
    /// The binaries of `plan` that did not list their tests.
    pub(super) fn all(plan: &'run Plan) -> Vec<UnlistedEntry<'run>> {
        let all = plan.unlisted.iter().map(|unlisted| UnlistedEntry {
            binary: binary(plan, unlisted.binary),
            verdict: match unlisted.why {
                ListFailure::Hung(_) => Some(Verdict::ListHang),
                ListFailure::Failed(..) => None,
            },
            reproduce: &unlisted.reproduce,
        });
        all.collect()
    }
}

impl Render for RunJson<'_> {
    fn show(&mut self, event: &Event<'_>) {
        match event {
            Event::Ended { result, .. } if is_counted(self.plan, result) => {}
            Event::Ended { test, result, .. } => {
                self.tests.push(Entry::of(self.plan, *test, result));
            }
            Event::Finished { totals, .. } => {
                self.skipped();
                if let Err(error) = self.write(totals) {
                    super::complain(&self.plan.output.join("run.json"), &error.to_string());
                }
            }
            Event::Begun
            | Event::Slow { .. }
            | Event::Asked { .. }
            | Event::Interrupted { .. }
            | Event::Tick { .. } => {}
        }
    }
}
