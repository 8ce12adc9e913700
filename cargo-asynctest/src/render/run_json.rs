//! `run.json`: what a run came to, for programs. Fields are added, never renamed or retyped.

use std::path::PathBuf;
use std::time::Duration;

use serde::Serialize;

use super::{Render, binary, names};
use crate::plan::{ListFailure, Plan};
use crate::runner::event::{Event, Examination, TestResult};
use crate::runner::verdict::{Exit, Totals, Verdict, seconds};

/// The version of this format.
const VERSION: u32 = 1;

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

#[derive(Serialize)]
struct Entry {
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

#[derive(Serialize)]
struct ReportEntry {
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

#[derive(Serialize)]
struct UnlistedEntry<'run> {
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

    fn entry(&self, test: usize, result: &TestResult) -> Entry {
        let (binary, name) = names(self.plan, test);
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
            reports: result.examinations.iter().map(report).collect(),
        }
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
        let unlisted = self.plan.unlisted.iter().map(|unlisted| UnlistedEntry {
            binary: binary(self.plan, unlisted.binary),
            verdict: match unlisted.why {
                ListFailure::Hung(_) => Some(Verdict::ListHang),
                ListFailure::Failed(..) => None,
            },
            reproduce: &unlisted.reproduce,
        });
        let file = File {
            version: VERSION,
            tool: env!("CARGO_PKG_VERSION"),
            totals,
            tests: &self.tests,
            unlisted: unlisted.collect(),
        };
        std::fs::create_dir_all(&self.plan.output)?;
        let path = self.plan.output.join("run.json");
        std::fs::write(path, serde_json::to_vec_pretty(&file)?)
    }
}

fn report(examination: &Examination) -> ReportEntry {
    match &examination.outcome {
        Ok(examined) => ReportEntry {
            folder: Some(examined.folder.clone()),
            finding: Some(examined.report.headline.finding.clone()),
            sentence: Some(examined.report.headline.sentence.clone()),
            trouble: examined.unsaved.clone(),
        },
        Err(why) => {
            ReportEntry { folder: None, finding: None, sentence: None, trouble: Some(why.clone()) }
        }
    }
}

impl Render for RunJson<'_> {
    fn show(&mut self, event: &Event<'_>) {
        match event {
            Event::Ended { test, result, .. } => {
                let entry = self.entry(*test, result);
                self.tests.push(entry);
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
