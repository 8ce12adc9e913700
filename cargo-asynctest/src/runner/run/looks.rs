//! What is due while tests run: looks at those that take long, and what comes of them.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use asynctest_engine::address::ProcessId;
use asynctest_engine::limits::Limits;
use asynctest_engine::report::Subject;
use asynctest_engine::session::Request;

use super::Run;
use crate::runner::again::{again, again_by_name};
use crate::runner::event::{Event, Examination, Examined, Purpose, Test};
use crate::runner::examine::{Naming, Order};
use crate::runner::inside::Inner;
use crate::runner::processes;
use crate::runner::running::{Ending, State};
use crate::runner::timing;
use crate::runner::verdict::{self, Exit, Verdict};

/// How long a test may wait for a timer after its first deadline where nobody has asked for one.
const AS_BY_DEFAULT: Duration = Duration::from_secs(540);

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
                running.follow(self.plan.options(running.test, self.options), now);
                if let Some((at, purpose)) = running.timing.next()
                    && at <= now
                {
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
        let thread = running.inside.as_ref().and_then(Inner::oldest);
        running.state = State::Examined { purpose, gone: None, thread };
        let names = running.inside.as_ref().map_or(&[][..], Inner::names).to_vec();
        let (test, process) = (running.test, ProcessId(running.process.id()));
        let attempt = running.attempt;
        let order = Order {
            purpose,
            request: self.request(test, process, purpose.verdict()),
            folder: self.folder(test),
            inside: self.naming(test, names),
            attempt,
            patience: self.patience(test),
        };
        match self.running.get(&serial).and_then(|running| running.process.attendant()) {
            Some(attendant) => {
                self.examiner.expect(serial, &order);
                attendant.submit(serial, order);
            }
            None => self.examiner.submit(serial, order),
        }
    }

    /// How soon the timer fires that a test waits for which does not hang.
    fn patience(&self, test: Test) -> Duration {
        match self.interrupted {
            // Who has interrupted the run may have had another reason than this test's time.
            Some(_) => AS_BY_DEFAULT,
            None => timing::patience(self.plan.options(test, self.options)),
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
            limits: Limits { values: self.options.values, ..Limits::default() },
        }
    }

    /// How the tests in a program are named that runs whole.
    fn naming(&self, test: Test, names: Vec<String>) -> Option<Naming> {
        let (binary, _) = self.case(test).filter(|_| !names.is_empty())?;
        let (plan, binary) = (self.plan.clone(), binary.clone());
        let again = Box::new(move |test: &str| again_by_name(&plan, &binary, test));
        Some(Naming { names, again })
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
        let State::Examined { purpose, gone, thread } = &running.state else {
            return;
        };
        if gone.is_some() {
            // It ended by itself: what it came to is its own.
            forget(&outcome);
            self.process_over(serial);
            return;
        }
        let (purpose, thread) = (*purpose, *thread);
        if is_timed(purpose) && self.has_ended_meanwhile(serial, thread, now) {
            forget(&outcome);
            return;
        }
        let Some(running) = self.running.get_mut(&serial) else {
            return;
        };
        let patience = timing::patience(self.plan.options(running.test, self.options));
        let moves = outcome.as_ref().is_ok_and(|seen| timing::moves(&seen.report.looks, patience));
        if purpose == Purpose::Stuck && !is_proof(&outcome) {
            running.unproven += 1;
            running.state = State::Runs;
            self.look_again_if_interrupted(serial);
            return;
        }
        let after = self.plan.options(running.test, self.options).stall_after;
        if purpose == Purpose::Stall
            && (outcome.is_err() || after.is_some_and(|after| running.has_gone_on(after, now)))
        {
            // It is looked at again when it has done nothing for as long once more.
            running.state = State::Runs;
            forget(&outcome);
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

    /// Whether the test whose time made us look has ended by itself, where the program that it ran in
    /// goes on with others.
    fn has_ended_meanwhile(&mut self, serial: u64, thread: Option<i32>, now: Instant) -> bool {
        let Some(running) = self.running.get_mut(&serial) else {
            return false;
        };
        if thread.is_none() || self.interrupted.is_some() {
            return false;
        }
        running.follow(self.plan.options(running.test, self.options), now);
        let has_ended = running.inside.as_ref().and_then(Inner::oldest) != thread;
        if has_ended {
            running.state = State::Runs;
        }
        has_ended
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

/// Takes away the files of a look that is of no use.
fn forget(outcome: &Result<Examined, String>) {
    if let Ok(examined) = outcome {
        let _ = std::fs::remove_dir_all(&examined.folder);
    }
}

/// Whether it is a test's time that makes us look.
fn is_timed(purpose: Purpose) -> bool {
    match purpose {
        Purpose::Soft | Purpose::Deadline => true,
        Purpose::Slow
        | Purpose::Asked
        | Purpose::Stuck
        | Purpose::Stall
        | Purpose::FirstPanic
        | Purpose::Panic
        | Purpose::Crash => false,
    }
}

/// Whether a look proved that the test is stuck.
fn is_proof(outcome: &Result<Examined, String>) -> bool {
    outcome.as_ref().is_ok_and(|examined| examined.report.looks.is_stuck())
}
