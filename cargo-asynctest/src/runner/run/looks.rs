//! What is due while tests run: looks at those that take long, and what comes of them.

use std::collections::BTreeSet;
use std::time::Instant;

use asynctest_engine::address::ProcessId;
use asynctest_engine::limits::Limits;
use asynctest_engine::report::Subject;
use asynctest_engine::session::Request;

use super::Run;
use crate::runner::again::again;
use crate::runner::event::{Event, Examination, Examined, Purpose, Test};
use crate::runner::examine::Order;
use crate::runner::processes;
use crate::runner::running::{Ending, State};
use crate::runner::timing;
use crate::runner::verdict::{self, Exit, Verdict};

impl Run<'_> {
    pub(super) fn do_what_is_due(&mut self, now: Instant) {
        let due: Vec<u64> = self
            .running
            .iter()
            .filter(|(_, running)| running.next().is_some_and(|at| at <= now))
            .map(|(serial, _)| *serial)
            .collect();
        for serial in due {
            self.due(serial, now);
        }
        if self.examiner.next().is_some_and(|at| at <= now) {
            self.take_examinations();
        }
        if self.ends_at.is_some_and(|at| at <= now) {
            self.time_out(now);
        }
        if self.last_looks.is_some_and(|at| at <= now) {
            self.ask_all_to_end(now);
        }
        if self.next_sweep().is_some_and(|at| at <= now) {
            self.sweep(now);
        }
        if self.next_tick.is_some_and(|at| at <= now) {
            self.tick(now);
        }
        if self.orphans.is_some_and(|at| at <= now) {
            self.orphans = None;
            let known: BTreeSet<i32> = self.running.values().map(|one| one.process.id()).collect();
            processes::reap_orphans(&known);
        }
    }

    pub(super) fn due(&mut self, serial: u64, now: Instant) {
        let Some(running) = self.running.get_mut(&serial) else {
            return;
        };
        match &running.state {
            State::Runs => {
                if let Some((_, purpose)) = running.timing.next() {
                    self.examine(serial, purpose);
                }
            }
            State::Examined { .. } => {}
            State::Asked { .. } => running.kill(Ending::Interrupt, now),
            State::Killed { .. } => {
                let duration = running.timing.elapsed(now);
                running.ended(Exit::Unkillable, duration, now);
                self.finish(serial);
            }
            State::Ended { .. } => self.finish(serial),
        }
    }

    pub(super) fn examine(&mut self, serial: u64, purpose: Purpose) {
        let Some(running) = self.running.get_mut(&serial) else {
            return;
        };
        running.timing.done(purpose);
        running.state = State::Examined { purpose, gone: None };
        let (test, process) = (running.test, ProcessId(running.process.id()));
        let order = Order {
            purpose,
            request: self.request(test, process, purpose.verdict()),
            folder: self.folder(test),
            attempt: 1,
            patience: timing::patience(self.plan.options(test, self.options)),
        };
        match self.running.get(&serial).and_then(|running| running.process.attendant()) {
            Some(attendant) => {
                self.examiner.expect(serial, &order);
                attendant.submit(serial, order);
            }
            None => self.examiner.submit(serial, order),
        }
    }

    /// What the engine is asked for of a test's process.
    pub(super) fn request(
        &self,
        test: Test,
        process: ProcessId,
        verdict: Option<Verdict>,
    ) -> Request {
        Request {
            process,
            subject: self.subject(test, process, verdict),
            apart: self.options.apart,
            limits: Limits::default(),
        }
    }

    fn subject(&self, test: Test, process: ProcessId, verdict: Option<Verdict>) -> Subject {
        let (binary, name) = self.names(test);
        Subject {
            verdict: verdict.map_or("", Verdict::word).to_owned(),
            binary: binary.to_owned(),
            test: (!name.is_empty()).then(|| name.to_owned()),
            process: process.0,
            again: self.case(test).map(|(binary, case)| again(self.plan, binary, case)),
            source_roots: self
                .plan
                .source_roots
                .iter()
                .map(|root| root.display().to_string())
                .collect(),
            workspace: self.plan.workspace.as_ref().map(|folder| folder.display().to_string()),
        }
    }

    pub(super) fn take_examinations(&mut self) {
        let now = Instant::now();
        for (serial, outcome) in self.examiner.done(now) {
            self.examined(serial, outcome, now);
        }
        self.ask_idle_to_end(now);
    }

    pub(super) fn examined(
        &mut self,
        serial: u64,
        outcome: Result<Examined, String>,
        now: Instant,
    ) {
        let Some(running) = self.running.get_mut(&serial) else {
            return;
        };
        let State::Examined { purpose, gone } = &running.state else {
            return;
        };
        if gone.is_some() {
            // It ended by itself: what it came to is its own.
            if let Ok(examined) = &outcome {
                let _ = std::fs::remove_dir_all(&examined.folder);
            }
            self.process_over(serial);
            return;
        }
        let purpose = *purpose;
        let patience = timing::patience(self.plan.options(running.test, self.options));
        let moves = outcome.as_ref().is_ok_and(|seen| timing::moves(&seen.report.looks, patience));
        if purpose == Purpose::Stuck && !is_proof(&outcome) {
            running.unproven += 1;
            running.state = State::Runs;
            self.look_again_if_interrupted(serial);
            return;
        }
        let examination = Examination { purpose, outcome };
        let is_last = purpose == Purpose::Soft && self.interrupted.is_some();
        if purpose == Purpose::Asked || is_last {
            running.state = State::Runs;
            let (test, elapsed) = (running.test, running.timing.elapsed(now));
            (self.show)(Event::Asked { test, elapsed, examination: &examination });
            if self.interrupted.is_some() {
                running.examinations.push(examination);
            }
            return;
        }
        if purpose == Purpose::Slow || (purpose == Purpose::Soft && moves) {
            running.state = State::Runs;
            self.report_slow(serial, examination, now);
        } else {
            let seen = examination.outcome.as_ref();
            let ending = match purpose {
                Purpose::Stuck => Ending::Stuck,
                _ if seen.is_ok_and(|seen| verdict::is_exit_hang(&seen.report)) => Ending::ExitHang,
                _ => Ending::Hang,
            };
            running.examinations.push(examination);
            running.kill(ending, now);
            self.finish_if_over(serial);
        }
    }

    /// A slow test is reported once.
    pub(super) fn report_slow(&mut self, serial: u64, examination: Examination, now: Instant) {
        let Some(running) = self.running.get_mut(&serial) else {
            return;
        };
        if running.examinations.is_empty() {
            self.totals.slow += 1;
            (self.show)(Event::Slow {
                test: running.test,
                elapsed: running.timing.elapsed(now),
                examination: &examination,
            });
            running.examinations.push(examination);
        }
    }
}

/// Whether a look proved that the test is stuck.
fn is_proof(outcome: &Result<Examined, String>) -> bool {
    outcome.as_ref().is_ok_and(|examined| examined.report.looks.is_stuck())
}
