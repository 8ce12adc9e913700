//! `junit.xml`, as CI servers read it.

use std::collections::BTreeMap;

use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};

use super::text::{self, Style};
use super::{Render, binary, is_counted, names};
use crate::plan::{ListFailure, Plan};
use crate::runner::event::{Event, TestResult};
use crate::runner::output::Kept;
use crate::runner::verdict::{Totals, Verdict};

/// Most bytes of each end of an output that go into the file: readers load all of it.
const SHOWN: usize = 64 << 10;

/// Writes `junit.xml` when the run is over, an interrupted one too.
pub(super) struct JUnit<'plan> {
    plan: &'plan Plan,
    /// By binary, in the plan's order.
    suites: BTreeMap<usize, TestSuite>,
}

impl<'plan> JUnit<'plan> {
    /// Writes into the plan's output folder.
    pub(super) fn new(plan: &'plan Plan) -> JUnit<'plan> {
        JUnit { plan, suites: BTreeMap::new() }
    }

    fn add(&mut self, of_binary: usize, case: TestCase) {
        let name = binary(self.plan, of_binary);
        let suite = self.suites.entry(of_binary);
        let suite = suite.or_insert_with(|| TestSuite::new(name));
        suite.add_test_case(case);
    }

    fn ended(&mut self, test: usize, result: &TestResult) {
        let (binary, name) = names(self.plan, test);
        let mut case = TestCase::new(name, status(result));
        case.set_classname(binary).set_time(result.duration);
        if result.verdict != Some(Verdict::Pass) {
            if let Some(output) = output(&result.stdout) {
                case.set_system_out(output);
            }
            if let Some(output) = output(&result.stderr) {
                case.set_system_err(output);
            }
        }
        let of_binary = self.plan.tests.get(test).map_or(0, |case| case.binary);
        self.add(of_binary, case);
    }

    fn rest(&mut self) {
        for case in &self.plan.skipped {
            let mut entry = TestCase::new(case.name.as_str(), TestCaseStatus::skipped());
            entry.set_classname(binary(self.plan, case.binary));
            self.add(case.binary, entry);
        }
        for unlisted in &self.plan.unlisted {
            let mut status = TestCaseStatus::non_success(NonSuccessKind::Error);
            let (word, said) = match &unlisted.why {
                ListFailure::Hung(said) => (Verdict::ListHang.word(), said),
                ListFailure::Failed(_, said) => (Verdict::Fail.word(), said),
            };
            status
                .set_type(word)
                .set_message(format!("it did not list its tests: {}", unlisted.reproduce))
                .set_description(plain(said.as_bytes()));
            self.add(unlisted.binary, TestCase::new("(list)", status));
        }
    }

    fn write(&mut self, totals: &Totals) -> Result<(), String> {
        let mut report = Report::new("cargo-asynctest");
        report.set_time(totals.duration);
        report.add_test_suites(std::mem::take(&mut self.suites).into_values());
        let text = report.to_string().map_err(|error| error.to_string())?;
        std::fs::create_dir_all(&self.plan.output).map_err(|error| error.to_string())?;
        let path = self.plan.output.join("junit.xml");
        std::fs::write(path, text).map_err(|error| error.to_string())
    }
}

fn status(result: &TestResult) -> TestCaseStatus {
    let Some(verdict) = result.verdict else {
        let mut status = TestCaseStatus::non_success(NonSuccessKind::Error);
        status.set_message("the run was interrupted while it ran");
        return status;
    };
    if !verdict.fails() {
        return TestCaseStatus::success();
    }
    let kind =
        if verdict == Verdict::Crash { NonSuccessKind::Error } else { NonSuccessKind::Failure };
    let mut status = TestCaseStatus::non_success(kind);
    status.set_type(verdict.word());
    match result.decisive().map(|seen| &seen.outcome) {
        Some(Ok(examined)) => {
            let report = text::report(&examined.report, Style::Plain, Some(&examined.folder));
            status.set_message(report.lines().next().unwrap_or_default());
            status.set_description(report);
        }
        Some(Err(why)) => {
            status.set_message(format!("{}: {why}", verdict.word()));
        }
        None => {
            status.set_message(format!("{}: {}", verdict.word(), result.exit));
        }
    }
    status
}

/// An output as text, cut; `None` when there was none.
fn output(kept: &Kept) -> Option<String> {
    (!kept.is_empty()).then(|| plain(&kept.excerpt(SHOWN).bytes()))
}

/// Text without colors. What XML cannot hold is left out by the writer.
fn plain(bytes: &[u8]) -> String {
    console::strip_ansi_codes(&String::from_utf8_lossy(bytes)).into_owned()
}

impl Render for JUnit<'_> {
    fn show(&mut self, event: &Event<'_>) {
        match event {
            Event::Ended { result, .. } if is_counted(self.plan, result) => {}
            Event::Ended { test, result, .. } => self.ended(*test, result),
            Event::Finished { totals, .. } => {
                self.rest();
                if let Err(why) = self.write(totals) {
                    super::complain(&self.plan.output.join("junit.xml"), &why);
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
