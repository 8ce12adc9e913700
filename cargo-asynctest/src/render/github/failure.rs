//! What is told of one test that did not pass.

use asynctest_engine::report::{Location, Report};

use crate::plan::{ListFailure, Plan, Unlisted};
use crate::render::text::{self, Style};
use crate::render::{binary, graph, names};
use crate::runner::event::TestResult;
use crate::runner::verdict::Verdict;

/// One test that did not pass.
pub(super) struct Failure {
    /// Its binary's name and its own.
    pub(super) name: String,
    /// What it came to; `None` when it was stopped with the run.
    pub(super) verdict: Option<Verdict>,
    /// What is said of it.
    pub(super) cause: String,
    /// Where it waits.
    pub(super) place: Option<Location>,
    /// Its report as text.
    pub(super) report: Option<String>,
    /// Who waits for whom, in Mermaid's words.
    pub(super) graph: Option<String>,
}

impl Failure {
    /// What is told of a test that has ended; nothing when it has passed.
    pub(super) fn of(plan: &Plan, test: usize, result: &TestResult) -> Option<Failure> {
        if result.verdict.is_some_and(|verdict| !verdict.fails()) {
            return None;
        }
        let (binary, name) = names(plan, test);
        let seen = match result.verdict {
            Some(_) => result.decisive(),
            None => result.examinations.last(),
        };
        let seen = seen.map(|seen| &seen.outcome);
        let report = match seen {
            Some(Ok(examined)) => Some(&examined.report),
            Some(Err(_)) | None => None,
        };
        let cause = match (&report, seen, result.verdict) {
            (Some(report), _, _) => cause(report),
            (None, Some(Err(why)), _) => why.clone(),
            (None, _, Some(_)) => result.exit.to_string(),
            (None, _, None) => "it was running when the run was ended".to_owned(),
        };
        Some(Failure {
            name: format!("{binary}::{name}"),
            verdict: result.verdict,
            cause,
            place: report.and_then(|report| text::place(report)).cloned(),
            report: report.map(|report| text::report(report, Style::Plain, None)),
            graph: report.and_then(|report| graph::mermaid(&report.graph)),
        })
    }

    /// What is told of a binary that did not list its tests.
    pub(super) fn unlisted(plan: &Plan, unlisted: &Unlisted) -> Failure {
        let (verdict, cause) = match &unlisted.why {
            ListFailure::Hung(_) => {
                (Verdict::ListHang, "it had not listed its tests when its time was over".to_owned())
            }
            ListFailure::Failed(how, _) => {
                (Verdict::Fail, format!("it did not list its tests: {how}"))
            }
        };
        Failure {
            name: binary(plan, unlisted.binary).to_owned(),
            verdict: Some(verdict),
            cause,
            place: None,
            report: None,
            graph: None,
        }
    }

    /// The word for what it came to.
    pub(super) fn word(&self) -> &'static str {
        self.verdict.map_or("stopped", Verdict::word)
    }

    /// Whether it hung.
    pub(super) fn is_hang(&self) -> bool {
        self.verdict.is_some_and(Verdict::is_hang)
    }
}

fn cause(report: &Report) -> String {
    format!("{}: {}", report.headline.finding, report.headline.sentence)
}

#[cfg(test)]
pub(super) mod sample {
    use asynctest_engine::evidence::Trust;
    use asynctest_engine::report::{Location, Origin};

    use super::Failure;
    use crate::runner::verdict::Verdict;

    /// One whose words need escaping, without a report.
    pub(in crate::render::github) fn failure(name: &str, verdict: Option<Verdict>) -> Failure {
        Failure {
            name: name.to_owned(),
            verdict,
            cause: "undetermined: 100% stuck,\nit says".to_owned(),
            place: Some(Location {
                file: "src/a,b.rs".to_owned(),
                line: 41,
                text: None,
                origin: Origin::User,
                trust: Trust::Read,
            }),
            report: None,
            graph: None,
        }
    }
}
