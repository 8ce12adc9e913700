//! What happens in a run, a line of JSON each, on stdout: for programs that follow it. The lines are
//! described by `run.schema.json` beside this file; fields are added, never renamed or retyped.

use std::io::{self, Write};
use std::time::Duration;

use serde::Serialize;

use super::run_json::{Entry, ReportEntry, UnlistedEntry, VERSION};
use super::{Render, names};
use crate::plan::Plan;
use crate::runner::event::{Event, Examination};
use crate::runner::verdict::{Totals, seconds};

/// Writes for programs.
pub(super) struct JsonLines<'plan> {
    plan: &'plan Plan,
}

/// One line.
#[derive(Serialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
enum Line<'run> {
    /// The run begins.
    RunBegun {
        version: u32,
        tool: &'static str,
        binaries: Vec<&'run str>,
        tests: usize,
        skipped: usize,
    },
    /// A test was looked at and goes on.
    TestSlow(Running<'run>),
    /// The user asked where a test stands; it goes on.
    TestAsked(Running<'run>),
    /// A test has ended.
    TestEnded(Entry),
    /// The run is to end before its tests have.
    RunInterrupted { why: &'run str, running: Vec<Running<'run>> },
    /// The run is over.
    RunFinished { totals: &'run Totals, unlisted: Vec<UnlistedEntry<'run>> },
}

/// A test that runs.
#[derive(Serialize)]
struct Running<'run> {
    binary: &'run str,
    test: &'run str,
    #[serde(serialize_with = "seconds")]
    elapsed: Duration,
    #[serde(skip_serializing_if = "Option::is_none")]
    report: Option<ReportEntry>,
}

impl<'plan> JsonLines<'plan> {
    /// Writes to stdout.
    pub(super) fn new(plan: &'plan Plan) -> JsonLines<'plan> {
        JsonLines { plan }
    }

    fn line<'run>(&'run self, event: &'run Event<'run>) -> Option<Line<'run>> {
        Some(match event {
            Event::Begun => Line::RunBegun {
                version: VERSION,
                tool: env!("CARGO_PKG_VERSION"),
                binaries: self.plan.binaries.iter().map(|binary| binary.id.as_str()).collect(),
                tests: self.plan.tests.len(),
                skipped: self.plan.skipped.len(),
            },
            Event::Slow { test, elapsed, examination } => {
                Line::TestSlow(self.running(*test, *elapsed, Some(examination)))
            }
            Event::Asked { test, elapsed, examination } => {
                Line::TestAsked(self.running(*test, *elapsed, Some(examination)))
            }
            Event::Ended { test, result, .. } => {
                Line::TestEnded(Entry::of(self.plan, *test, result))
            }
            Event::Interrupted { why, running } => Line::RunInterrupted {
                why,
                running: running
                    .iter()
                    .map(|(test, elapsed)| self.running(*test, *elapsed, None))
                    .collect(),
            },
            Event::Finished { totals, .. } => {
                Line::RunFinished { totals, unlisted: UnlistedEntry::all(self.plan) }
            }
            Event::Tick { .. } => return None,
        })
    }

    fn running(
        &self,
        test: usize,
        elapsed: Duration,
        examination: Option<&Examination>,
    ) -> Running<'_> {
        let (binary, test) = names(self.plan, test);
        Running { binary, test, elapsed, report: examination.map(ReportEntry::of) }
    }
}

impl Render for JsonLines<'_> {
    fn show(&mut self, event: &Event<'_>) {
        if let Some(line) = self.line(event)
            && let Ok(json) = serde_json::to_string(&line)
        {
            // That nobody reads any more is no error.
            let _ = io::stdout().write_all(format!("{json}\n").as_bytes());
        }
    }
}
