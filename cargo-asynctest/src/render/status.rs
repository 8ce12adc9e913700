//! What a person sees of a run: a line a test, the output of failures, reports, the summary.

use std::path::Path;
use std::time::Duration;

use super::screen::Screen;
use super::text::{self, Style};
use super::{Options, Render, binary, github, libtest, names};
use crate::plan::{Harness, ListFailure, Output, Plan, RunOptions, StatusLevel, Trace, Unlisted};
use crate::runner::again::again;
use crate::runner::event::{Event, Examination, Purpose, Test, TestResult};
use crate::runner::output::Excerpt;
use crate::runner::verdict::{Exit, Totals, Verdict};

/// Most bytes shown of each end of a failed test's output; its files have all of it.
const SHOWN: usize = 512 << 10;

/// What libtest exits with when a test failed.
const LIBTEST_FAILED: i32 = 101;

/// Writes for people.
pub(super) struct Status<'plan> {
    plan: &'plan Plan,
    options: &'plan RunOptions,
    style: Style,
    screen: Screen,
    folding: Folding,
    /// What did not pass, to be repeated at the end.
    notable: Vec<String>,
}

/// Whether the tests' output is folded away.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Folding {
    /// It is not.
    No,
    /// Into groups of a job's log.
    Groups,
}

impl<'plan> Status<'plan> {
    /// Writes to `screen`.
    pub(super) fn new(
        plan: &'plan Plan,
        options: &'plan RunOptions,
        render: &Options,
        screen: Screen,
    ) -> Status<'plan> {
        let folding = if render.github.is_some() { Folding::Groups } else { Folding::No };
        Status { plan, options, style: render.style, screen, folding, notable: Vec::new() }
    }

    fn line(&mut self, line: &str) {
        self.screen.write(format!("{line}\n").as_bytes());
    }

    fn begun(&mut self) {
        let count = self.plan.tests.len();
        if self.options.status > StatusLevel::Failures {
            let binaries = self.plan.binaries.len();
            let head = self.style.bold_green("    Starting");
            self.line(&format!(
                "{head} {} across {}{}",
                counted(count, "test"),
                counted_as(binaries, "binary", "binaries"),
                match self.plan.skipped.len() {
                    0 => String::new(),
                    skipped => format!(" ({skipped} skipped)"),
                }
            ));
        }
        if self.options.status == StatusLevel::Skipped {
            for case in &self.plan.skipped {
                let head = self.style.verdict(Verdict::Skip, "        SKIP");
                let line =
                    format!("{head} [         ] {} {}", binary(self.plan, case.binary), case.name);
                self.line(&line);
            }
        }
        for unlisted in &self.plan.unlisted {
            self.unlisted(unlisted);
        }
    }

    fn unlisted(&mut self, unlisted: &Unlisted) {
        let name = binary(self.plan, unlisted.binary);
        let (head, said) = match &unlisted.why {
            ListFailure::Hung(said) => (
                format!("LIST-HANG  {name}  it had not listed its tests when its time was over"),
                said,
            ),
            ListFailure::Failed(how, said) => {
                (format!("FAIL  {name}  it did not list its tests: {how}"), said)
            }
        };
        self.notable.push(head.clone());
        let head = self.style.verdict(Verdict::ListHang, &head);
        let said = said.trim_end();
        let said = if said.is_empty() { String::new() } else { format!("\n{said}") };
        self.line(&format!("{head}{said}\n  repro command: {}", unlisted.reproduce));
    }

    fn slow(&mut self, test: Test, elapsed: Duration, examination: &Examination) {
        let line = self.status_line(Some(Verdict::Slow), elapsed, None, test);
        self.line(&line);
        self.notable.push(self.status_line(Some(Verdict::Slow), elapsed, None, test));
        self.examination(test, examination);
    }

    fn asked(&mut self, test: Test, elapsed: Duration, examination: &Examination) {
        self.screen.clear_moving();
        let (binary, name) = names(self.plan, test);
        self.line(&format!("     running {} {binary} {name}", clock(elapsed)));
        self.examination(test, examination);
    }

    fn ended(&mut self, test: Test, result: &TestResult, totals: &Totals) {
        let quiet = self.options.status == StatusLevel::Failures;
        let passed = matches!(result.verdict, Some(Verdict::Pass));
        let fails = result.verdict.is_none_or(Verdict::fails);
        let is_counted = passed && !self.shows_again();
        if fails || !(quiet || is_counted) {
            let progress = Some((totals.ended, totals.planned));
            let mut line = self.status_line(result.verdict, result.duration, progress, test);
            if self.plan.rounds.are_many() {
                line.push_str(&format!(" (try {})", result.attempt));
            }
            if fails && !matches!(result.verdict, Some(Verdict::Hang | Verdict::Stuck) | None) {
                line.push_str(&format!(" ({})", result.exit));
            }
            let stalled = result.decisive().filter(|seen| seen.purpose == Purpose::Stall);
            let after = self.plan.options(test, self.options).stall_after;
            if let Some(after) = after.filter(|_| stalled.is_some()) {
                line.push_str(&format!(" (no output and no CPU for {} s)", after.as_secs_f32()));
            }
            self.line(&line);
        }
        if !passed {
            let line = self.status_line(result.verdict, result.duration, None, test);
            self.notable.push(line);
        }
        if result.verdict == Some(Verdict::Crash) && self.options.trace == Trace::Never {
            self.line("      note: `--trace always` shows where all tasks stood at that signal");
        }
        if fails {
            result
                .blows_before()
                .chain(result.decisive())
                .for_each(|seen| self.examination(test, seen));
        }
        if result.verdict.is_some_and(Verdict::fails) || self.options.output == Output::ShownForAll
        {
            self.output(test, result);
        }
    }

    /// Whether a line is printed of each test that passes.
    fn shows_again(&self) -> bool {
        !self.plan.rounds.are_many() || self.options.status == StatusLevel::Skipped
    }

    /// The report, or why there is none.
    pub(super) fn examination(&mut self, test: Test, examination: &Examination) {
        let block = match &examination.outcome {
            Ok(examined) => {
                let unsaved = examined.unsaved.as_ref();
                let note = unsaved.map(|why| format!("  not saved: {why}\n"));
                text::report(&examined.report, self.style, Some(&examined.folder))
                    + &beside(&examined.tests)
                    + &note.unwrap_or_default()
            }
            Err(why) => {
                let (binary, name) = names(self.plan, test);
                let word = match examination.purpose.verdict() {
                    Some(verdict) => format!("{}  ", self.style.verdict(verdict, verdict.word())),
                    None => String::new(),
                };
                let again = self.again(test);
                let name = if name.is_empty() { String::new() } else { format!("::{name}") };
                format!(
                    "{word}{binary}{name}  undetermined: where it stands could not be read\n  \
                     {why}\n  again: {again}\n"
                )
            }
        };
        self.screen.write(format!("\n{block}\n").as_bytes());
    }

    fn again(&self, test: Test) -> String {
        let case = self.plan.tests.get(test);
        case.and_then(|case| Some(again(self.plan, self.plan.binaries.get(case.binary)?, case)))
            .unwrap_or_default()
    }

    fn output(&mut self, test: Test, result: &TestResult) {
        let mut stdout = result.stdout.excerpt(SHOWN);
        // What libtest prints before a test makes a whole with what it prints behind one. It says
        // nothing where libtest did not get so far: where the test hung, crashed or exited.
        let is_whole = matches!(result.exit, Exit::Code(0 | LIBTEST_FAILED));
        if !is_whole && self.is_libtest(test) {
            let (_, name) = names(self.plan, test);
            stdout.head = libtest::without_heading(&stdout.head, name).to_vec();
        }
        let stderr = result.stderr.excerpt(SHOWN);
        self.stream("stdout", test, &stdout, result.stdout_file.as_deref());
        self.stream("stderr", test, &stderr, result.stderr_file.as_deref());
    }

    fn is_libtest(&self, test: Test) -> bool {
        let case = self.plan.tests.get(test);
        let binary = case.and_then(|case| self.plan.binaries.get(case.binary));
        binary.is_some_and(|binary| binary.harness == Harness::Libtest)
    }

    fn stream(&mut self, name: &str, test: Test, excerpt: &Excerpt, file: Option<&Path>) {
        if excerpt.head.is_empty() && excerpt.tail.is_empty() {
            return;
        }
        let (binary, test) = names(self.plan, test);
        let (head, tail) = self.heading(&format!("{name} of {binary} {test}"));
        let mut bytes = head.into_bytes();
        bytes.extend_from_slice(&excerpt.bytes());
        if !bytes.ends_with(b"\n") {
            bytes.push(b'\n');
        }
        if excerpt.left_out > 0
            && let Some(file) = file
        {
            bytes.extend_from_slice(format!("[all of it: {}]\n", file.display()).as_bytes());
        }
        bytes.extend_from_slice(tail.as_bytes());
        self.screen.write(&bytes);
    }

    /// What goes before an output and behind it: in a job's log it is folded away.
    fn heading(&self, title: &str) -> (String, &'static str) {
        match self.folding {
            Folding::No => (self.style.dim(&format!("--- {title} ---")) + "\n", "\n"),
            Folding::Groups => (github::Job::group(title), github::Job::group_end()),
        }
    }

    fn status_line(
        &self,
        verdict: Option<Verdict>,
        duration: Duration,
        progress: Option<(usize, usize)>,
        test: Test,
    ) -> String {
        let (binary, name) = names(self.plan, test);
        let head = match verdict {
            Some(verdict) => self.style.verdict(verdict, &format!("{:>12}", verdict.word())),
            None => self.style.dim("     stopped"),
        };
        let progress = progress.map_or_else(String::new, |(ended, planned)| {
            let width = planned.to_string().len();
            format!(" ({ended:>width$}/{planned})")
        });
        let name = self.style.bold(name);
        format!("{head} {}{progress} {} {name}", clock(duration), self.style.magenta(binary))
    }

    fn interrupted(&mut self, why: &str, running: &[(Test, Duration)]) {
        self.screen.clear_moving();
        let count = counted(running.len(), "test");
        let line = format!("    Stopping after {why}: {count} running; once more kills at once");
        self.line(&line);
        for (test, elapsed) in running {
            let (binary, name) = names(self.plan, *test);
            let line = format!("     running {} {binary} {name}", clock(*elapsed));
            self.line(&line);
        }
    }

    fn moving(&mut self, running: &[(Test, Duration)], totals: &Totals) {
        let oldest = running.iter().max_by_key(|(_, elapsed)| *elapsed);
        let oldest = oldest.map_or_else(String::new, |(test, elapsed)| {
            let (binary, name) = names(self.plan, *test);
            format!(": {binary} {name} {} s", elapsed.as_secs())
        });
        let failed = match totals.failed + totals.crashed + totals.hung {
            0 => String::new(),
            failed => format!(", {failed} failed"),
        };
        let line = format!(
            "     Running {}/{}{failed}, {} running{oldest}",
            totals.ended,
            totals.planned,
            running.len()
        );
        self.screen.set_moving(&line);
    }

    /// Names the processes that could not be killed.
    pub(super) fn survivors(&mut self, survivors: &[i32]) {
        for id in survivors {
            self.line(&format!("warning: process {id} was killed and has not ended"));
        }
    }

    fn finished(&mut self, totals: &Totals, survivors: &[i32]) {
        self.screen.clear_moving();
        self.survivors(survivors);
        if self.plan.tests.is_empty() && self.plan.unlisted.is_empty() {
            self.line("no tests to run");
            return;
        }
        let rule = self.style.dim("------------");
        self.line(&rule);
        let line = summary(totals, self.style);
        self.line(&line);
        for line in std::mem::take(&mut self.notable) {
            self.line(&line);
        }
    }
}

impl Render for Status<'_> {
    fn show(&mut self, event: &Event<'_>) {
        match event {
            Event::Begun => self.begun(),
            Event::Slow { test, elapsed, examination } => self.slow(*test, *elapsed, examination),
            Event::Asked { test, elapsed, examination } => self.asked(*test, *elapsed, examination),
            Event::Ended { test, result, totals } => self.ended(*test, result, totals),
            Event::Interrupted { why, running } => self.interrupted(why, running),
            Event::Tick { running, totals } => self.moving(running, totals),
            Event::Finished { totals, survivors } => self.finished(totals, survivors),
        }
    }
}

/// Which tests of a program had not ended, where it has several.
fn beside(tests: &[String]) -> String {
    match tests {
        [] | [_] => String::new(),
        several => format!("  not ended: {}\n", several.join(", ")),
    }
}

/// `[   1.234s]`.
fn clock(duration: Duration) -> String {
    format!("[{:>8.3}s]", duration.as_secs_f64())
}

/// The line of numbers.
fn summary(totals: &Totals, style: Style) -> String {
    let head = if totals.any_failed() || totals.stopped || totals.timed_out || totals.unlisted > 0 {
        style.bold_red("     Summary")
    } else {
        style.bold_green("     Summary")
    };
    let mut passed = format!("{} passed", totals.passed);
    let notes: Vec<String> = [(totals.slow, "slow"), (totals.leaky, "leaky")]
        .iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, word)| format!("{count} {word}"))
        .collect();
    if !notes.is_empty() {
        passed.push_str(&format!(" ({})", notes.join(", ")));
    }
    let mut parts = vec![passed];
    let more = [
        (totals.failed, "failed"),
        (totals.crashed, "crashed"),
        (totals.hung, "hung"),
        (totals.interrupted, "stopped"),
        (totals.skipped, "skipped"),
        (totals.unlisted, "not listed"),
    ];
    parts.extend(
        more.iter().filter(|(count, _)| *count > 0).map(|(count, word)| format!("{count} {word}")),
    );
    let run = match totals.planned == totals.ended {
        true => counted(totals.planned, "test"),
        false => format!("{} of {}", totals.ended, counted(totals.planned, "test")),
    };
    let rounds = match totals.rounds {
        0 | 1 => String::new(),
        rounds => format!(" in {rounds} rounds"),
    };
    format!("{head} {} {run} run{rounds}: {}", clock(totals.duration), parts.join(", "))
}

fn counted(count: usize, noun: &str) -> String {
    counted_as(count, noun, &format!("{noun}s"))
}

fn counted_as(count: usize, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}
