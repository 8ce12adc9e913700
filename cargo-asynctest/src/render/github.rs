//! GitHub Actions: an annotation a hang, and the job summary.
//!
//! While tests print, the runner is told to obey no commands: what a test or a source line says
//! must not steer the job. Annotations follow at the end.

use std::fmt::Write as _;
use std::fs::OpenOptions;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use asynctest_engine::report::{Location, Report};

use super::text::{self, Style};
use super::{Render, graph, names};
use crate::plan::Plan;
use crate::runner::event::{Event, TestResult};
use crate::runner::verdict::Verdict;

/// Errors that GitHub shows of one step; it drops the rest.
const MOST_ANNOTATIONS: usize = 10;

/// A step's summary may have 1 MiB; with more, all of it is refused. Some room is left to others.
const MOST_SUMMARY: usize = (1 << 20) - (64 << 10);

/// The job we run in.
#[derive(Clone, Debug)]
pub(crate) struct Job {
    /// The file of the step's summary.
    summary: Option<PathBuf>,
}

impl Job {
    /// The job, if this is one.
    pub(super) fn detect() -> Option<Job> {
        let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
        let is_job = set("GITHUB_ACTIONS").is_some_and(|value| value == "true");
        is_job.then(|| Job { summary: set("GITHUB_STEP_SUMMARY").map(PathBuf::from) })
    }
}

/// One test that failed.
struct Failure {
    name: String,
    verdict: Verdict,
    cause: String,
    place: Option<Location>,
    report: Option<String>,
    /// Who waits for whom, in Mermaid's words.
    graph: Option<String>,
}

/// Writes for GitHub.
pub(super) struct GitHub<'plan> {
    plan: &'plan Plan,
    job: &'plan Job,
    /// What ends the time without commands. No test can know it.
    token: String,
    failures: Vec<Failure>,
}

impl<'plan> GitHub<'plan> {
    /// Writes to stderr, which the job's runner reads too, and into the summary's file.
    pub(super) fn new(plan: &'plan Plan, job: &'plan Job) -> GitHub<'plan> {
        // Two of std's hashers: each is seeded at random.
        let random = || RandomState::new().build_hasher().finish();
        GitHub {
            plan,
            job,
            token: format!("asynctest-{:016x}{:016x}", random(), random()),
            failures: Vec::new(),
        }
    }

    fn ended(&mut self, test: usize, result: &TestResult) {
        let Some(verdict) = result.verdict.filter(|verdict| verdict.fails()) else {
            return;
        };
        let (binary, name) = names(self.plan, test);
        let seen = result.hang().map(|seen| &seen.outcome);
        let report = match seen {
            Some(Ok(examined)) => Some(&examined.report),
            Some(Err(_)) | None => None,
        };
        let cause = match (&report, seen) {
            (Some(report), _) => cause(report),
            (None, Some(Err(why))) => why.clone(),
            (None, _) => result.exit.to_string(),
        };
        self.failures.push(Failure {
            name: format!("{binary}::{name}"),
            verdict,
            cause,
            place: report.and_then(|report| text::place(report)).cloned(),
            report: report.map(|report| text::report(report, Style::Plain, None)),
            graph: report.and_then(|report| graph::mermaid(&report.graph)),
        });
    }

    fn write_summary(&self) -> io::Result<()> {
        let Some(path) = &self.job.summary else {
            return Ok(());
        };
        if self.failures.is_empty() {
            return Ok(());
        }
        let taken = std::fs::metadata(path).map_or(0, |facts| facts.len());
        let room = MOST_SUMMARY.saturating_sub(usize::try_from(taken).unwrap_or(usize::MAX));
        let mut file = OpenOptions::new().append(true).create(true).open(path)?;
        file.write_all(summary(&self.failures, room).as_bytes())
    }
}

fn cause(report: &Report) -> String {
    format!("{}: {}", report.headline.finding, report.headline.sentence)
}

impl Render for GitHub<'_> {
    fn show(&mut self, event: &Event<'_>) {
        match event {
            Event::Begun => say(&format!("::stop-commands::{}\n", self.token)),
            Event::Ended { test, result, .. } => self.ended(*test, result),
            Event::Finished { .. } => {
                say(&format!("::{}::\n{}", self.token, annotations(&self.failures)));
                if let Err(error) = self.write_summary() {
                    let path = self.job.summary.as_deref().unwrap_or(Path::new(""));
                    super::complain(path, &error.to_string());
                }
            }
            Event::Slow { .. }
            | Event::Asked { .. }
            | Event::Interrupted { .. }
            | Event::Tick { .. } => {}
        }
    }
}

fn say(text: &str) {
    // Nobody may be reading any more.
    let _ = io::stderr().write_all(text.as_bytes());
}

/// One `::error` a hang.
fn annotations(failures: &[Failure]) -> String {
    failures
        .iter()
        .filter(|failure| matches!(failure.verdict, Verdict::Hang | Verdict::Stuck))
        .take(MOST_ANNOTATIONS)
        .map(annotation)
        .collect()
}

fn annotation(failure: &Failure) -> String {
    let title = format!("{}  {}", failure.verdict.word(), failure.name);
    let mut properties = Vec::new();
    if let Some(place) = &failure.place {
        properties.push(format!("file={}", property(&place.file)));
        properties.push(format!("line={}", place.line));
    }
    properties.push(format!("title={}", property(&title)));
    format!("::error {}::{}\n", properties.join(","), data(&failure.cause))
}

/// Escapes a command's text.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// Escapes a command's property.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

/// The table of failures, then the reports, as many as fit whole into `room` bytes.
fn summary(failures: &[Failure], room: usize) -> String {
    // Kept back for the lines that say what is left out.
    let room = room.saturating_sub(200);
    let mut text =
        String::from("### Tests that failed\n\n| test | cause | where |\n|---|---|---|\n");
    let mut rows = 0;
    for failure in failures {
        let row = row(failure);
        if text.len() + row.len() > room {
            break;
        }
        text.push_str(&row);
        rows += 1;
    }
    if text.len() > room {
        return String::new();
    }
    if rows < failures.len() {
        let _ = writeln!(text, "\n{} more tests failed.", failures.len() - rows);
    }
    let mut left_out = 0;
    for failure in failures {
        let Some(report) = &failure.report else {
            continue;
        };
        let graph = failure.graph.as_deref().map(|graph| fenced("mermaid", graph));
        let block = format!("{}{}", graph.unwrap_or_default(), fenced("text", report));
        if text.len() + block.len() > room {
            left_out += 1;
        } else {
            text.push_str(&block);
        }
    }
    if left_out > 0 {
        let _ = writeln!(text, "\n{left_out} reports are left out here: the log has them.");
    }
    text
}

fn row(failure: &Failure) -> String {
    let place = failure
        .place
        .as_ref()
        .map_or_else(String::new, |place| format!("{}:{}", place.file, place.line));
    let cause = format!("{} {}", failure.verdict.word(), failure.cause);
    format!("| {} | {} | {} |\n", cell(&failure.name), cell(&cause), cell(&place))
}

/// Text that Markdown takes for nothing but text, at most 300 letters of it.
fn cell(text: &str) -> String {
    let mut cell = String::new();
    for letter in text.chars().take(300) {
        match letter {
            letter if letter.is_alphanumeric() || " .,-/".contains(letter) => cell.push(letter),
            letter if letter.is_whitespace() || letter.is_control() => cell.push(' '),
            letter => {
                let _ = write!(cell, "&#{};", u32::from(letter));
            }
        }
    }
    cell
}

/// A block of code, whose fence is longer than any in it.
fn fenced(language: &str, text: &str) -> String {
    let longest = text.split(|letter| letter != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest.max(2) + 1);
    format!("\n{fence}{language}\n{}\n{fence}\n", text.trim_end())
}

#[cfg(test)]
mod tests {
    use asynctest_engine::evidence::Trust;
    use asynctest_engine::report::{Location, Origin};

    use super::{Failure, annotations, cell, fenced, summary};
    use crate::runner::verdict::Verdict;

    fn failure(name: &str, report: &str) -> Failure {
        Failure {
            name: name.to_owned(),
            verdict: Verdict::Hang,
            cause: "undetermined: 100% stuck,\nit says".to_owned(),
            place: Some(Location {
                file: "src/a,b.rs".to_owned(),
                line: 41,
                text: None,
                origin: Origin::User,
                trust: Trust::Read,
            }),
            report: Some(report.to_owned()),
            graph: None,
        }
    }

    #[test]
    fn an_annotation_is_one_line_with_everything_escaped() {
        assert_eq!(
            annotations(&[failure("it::x", "")]),
            "::error file=src/a%2Cb.rs,line=41,title=HANG  it%3A%3Ax::undetermined: 100%25 \
             stuck,%0Ait says\n"
        );
    }

    #[test]
    fn there_are_ten_annotations_and_only_of_hangs() {
        let mut failures: Vec<Failure> = (0..12).map(|_| failure("x", "")).collect();
        assert_eq!(annotations(&failures).lines().count(), 10);
        failures.iter_mut().for_each(|failure| failure.verdict = Verdict::Fail);
        assert_eq!(annotations(&failures), "");
    }

    #[test]
    fn no_report_ends_its_own_fence() {
        assert_eq!(fenced("text", "a\n```\nb\n"), "\n````text\na\n```\nb\n````\n");
        assert_eq!(fenced("text", "a"), "\n```text\na\n```\n");
    }

    #[test]
    fn a_cell_is_text_alone() {
        assert_eq!(cell("a|b\n<i>"), "a&#124;b &#60;i&#62;");
    }

    #[test]
    fn a_summary_never_outgrows_its_room() {
        let failures: Vec<Failure> = (0..50)
            .map(|index| failure(&format!("it::t{index}"), &"line\n".repeat(1000)))
            .collect();
        for room in [0, 300, 1_000, 10_000, 100_000, 1_000_000] {
            let text = summary(&failures, room);
            assert!(text.len() <= room, "{} in {room}", text.len());
        }
        assert!(summary(&failures, 100_000).contains("reports are left out"));
        assert!(summary(&failures, 1_000).contains("more tests failed"));
        assert!(!summary(&failures, 1_000_000).contains("left out"));
    }
}
