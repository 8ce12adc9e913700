//! The ends of tests: by themselves or by us.

use std::path::Path;
use std::time::Instant;

use super::Run;
use crate::plan::FailFast;
use crate::runner::attended::Attendant;
use crate::runner::event::{Event, Examination, Purpose, Test, TestResult};
use crate::runner::running::State;
use crate::runner::verdict;
use crate::runner::verdict::Verdict;

impl Run<'_> {
    /// The process of a test has ended.
    pub(super) fn process_over(&mut self, serial: u64) {
        let now = Instant::now();
        let Some(running) = self.running.get_mut(&serial) else {
            return;
        };
        if let State::Examined { gone: gone @ None, .. } = &mut running.state
            && !self.examiner.withdraw(serial)
        {
            *gone = Some(running.timing.elapsed(now));
            let _ = self.reactor.remove(running.process.ending());
            return;
        }
        if running.note_exit(now) {
            // What it wrote last is in the pipes already.
            running.read_stdout(&mut self.buffer, &self.plan.output);
            running.read_stderr(&mut self.buffer, &self.plan.output);
            self.finish_if_over(serial);
            if let Some(running) = self.running.get(&serial) {
                let _ = self.reactor.remove(running.process.ending());
            }
        }
    }

    pub(super) fn finish_if_over(&mut self, serial: u64) {
        let over = self.running.get(&serial).is_some_and(|running| {
            matches!(running.state, State::Ended { .. }) && !running.output_open()
        });
        if over {
            self.finish(serial);
        }
    }

    pub(super) fn finish(&mut self, serial: u64) {
        let Some(running) = self.running.remove(&serial) else {
            return;
        };
        let leaked = running.output_open() && running.ended_for.is_none();
        let State::Ended { exit, duration, .. } = running.state else {
            return;
        };
        let verdict = match running.ended_for {
            Some(ending) => ending.verdict(),
            None => Some(match verdict::of_exit(&exit) {
                Verdict::Pass if leaked => Verdict::Leak,
                verdict => verdict,
            }),
        };
        let seen = running.process.attendant().map(Attendant::take_seen).unwrap_or_default();
        let mut result = TestResult {
            verdict,
            duration,
            exit,
            attempt: running.attempt,
            stdout: running.stdout,
            stderr: running.stderr,
            stdout_file: None,
            stderr_file: None,
            examinations: in_order(seen, running.examinations),
            leaked,
        };
        if verdict != Some(Verdict::Pass) {
            save_output(&mut result, &running.folder);
        }
        self.end(running.test, result);
    }

    pub(super) fn end(&mut self, test: Test, result: TestResult) {
        self.totals.count(result.verdict);
        self.totals.duration = self.begun.elapsed();
        let fails_fast = self.options.fail_fast == FailFast::Yes && self.totals.any_failed();
        if fails_fast || self.is_caught(result.verdict) {
            self.start_no_more();
        }
        (self.show)(Event::Ended { test, result: &result, totals: &self.totals });
    }
}

/// What was seen of a test: what ended it last. A panic that did not was before the end by us.
fn in_order(seen: Vec<Examination>, examinations: Vec<Examination>) -> Vec<Examination> {
    let is_end = |one: &&Examination| {
        matches!(one.purpose, Purpose::Stuck | Purpose::Stall | Purpose::Soft | Purpose::Deadline)
    };
    match examinations.last().filter(is_end) {
        Some(_) => seen.into_iter().chain(examinations).collect(),
        None => examinations.into_iter().chain(seen).collect(),
    }
}

/// Puts what a test printed beside its reports. What cannot be written is still shown.
fn save_output(result: &mut TestResult, folder: &Path) {
    if result.stdout.is_empty() && result.stderr.is_empty() {
        return;
    }
    if std::fs::create_dir_all(folder).is_err() {
        return;
    }
    let attempt = result.attempt;
    if !result.stdout.is_empty() {
        result.stdout_file = result.stdout.save(&folder.join(format!("{attempt}-stdout.txt"))).ok();
    }
    if !result.stderr.is_empty() {
        result.stderr_file = result.stderr.save(&folder.join(format!("{attempt}-stderr.txt"))).ok();
    }
}
