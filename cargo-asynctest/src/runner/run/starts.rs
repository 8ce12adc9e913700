//! Starting tests: as many at once as there are jobs.

use std::io;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use asynctest_engine::address::ProcessId;
use asynctest_engine::session::{Panics, Stall, Watch};
use nix::errno::Errno;

use super::Run;
use crate::plan::{TestBinary, TestCase, Trace};
use crate::runner::attended::Errand;
use crate::runner::event::{Test, TestResult};
use crate::runner::inside::Inner;
use crate::runner::output::Kept;
use crate::runner::running::{Running, State};
use crate::runner::timing::Timing;
use crate::runner::verdict::{Exit, Verdict};
use crate::runner::{folders, isolation};

impl Run<'_> {
    pub(super) fn start_tests(&mut self) {
        while self.start_waiting() && self.begin_round() {}
    }

    /// Starts what waits, while there is room; says `false` when something still waits.
    fn start_waiting(&mut self) -> bool {
        while self.running.len() < self.options.jobs.max(1)
            && let Some(test) = self.waiting.pop_front()
        {
            if !self.start(test) {
                self.waiting.push_front(test);
                return false;
            }
        }
        self.waiting.is_empty()
    }

    /// Starts a test; says `false` when that has to wait for another one's end.
    pub(super) fn start(&mut self, test: Test) -> bool {
        let Some(case) = self.plan.tests.get(test) else {
            return true;
        };
        let serial = self.next_serial;
        self.next_serial += 1;
        let started = isolation::start(self.plan, case, serial, self.options);
        match started.and_then(|process| self.attended(test, process)) {
            Ok(process) => {
                self.admit(serial, test, process);
                true
            }
            Err(error) if is_shortage(&error) && !self.running.is_empty() => false,
            Err(error) => {
                // What cannot be started is not tried again and again.
                self.last_round();
                self.end(test, not_started(&error, self.round));
                true
            }
        }
    }

    /// The process of a test, which is traced from now on if that is wanted.
    fn attended(
        &self,
        test: Test,
        mut process: isolation::Process,
    ) -> io::Result<isolation::Process> {
        let panics = match self.options.trace {
            Trace::Never => return Ok(process),
            Trace::Crashes => Panics::Unmet,
            Trace::Panics => Panics::Met,
        };
        let begun = process.attend(Errand {
            request: self.request(test, ProcessId(process.id()), None),
            panics,
            folder: self.folder(test),
            attempt: self.round,
            files: self.examiner.files(),
            outlet: self.examiner.outlet(),
        });
        if begun.is_err() {
            process.end();
        }
        begun.map(|()| process)
    }

    pub(super) fn admit(&mut self, serial: u64, test: Test, process: isolation::Process) {
        let now = Instant::now();
        let running = Running {
            test,
            attempt: self.round,
            watch: Watch::new(ProcessId(process.id()), now),
            stall: Stall::new(ProcessId(process.id()), now),
            unproven: 0,
            inside: self.plan.inside.clone().map(Inner::new),
            process,
            timing: Timing::new(self.plan.options(test, self.options), now),
            state: State::Runs,
            ended_for: None,
            stdout: Kept::default(),
            stderr: Kept::default(),
            examinations: Vec::new(),
            folder: self.folder(test),
        };
        match running.watch(serial, &self.reactor) {
            Ok(()) => {
                self.running.insert(serial, running);
            }
            Err(error) => {
                running.process.end();
                self.end(test, not_started(&error.into(), self.round));
            }
        }
    }

    pub(super) fn folder(&self, test: Test) -> PathBuf {
        let (binary, name) = self.names(test);
        folders::of_test(&self.plan.output, binary, name)
    }

    pub(super) fn case(&self, test: Test) -> Option<(&TestBinary, &TestCase)> {
        let case = self.plan.tests.get(test)?;
        Some((self.plan.binaries.get(case.binary)?, case))
    }

    pub(super) fn names(&self, test: Test) -> (&str, &str) {
        self.case(test).map_or(("", ""), |(binary, case)| (&binary.id, &case.name))
    }
}

/// Whether a process could not be started because there are too many.
fn is_shortage(error: &io::Error) -> bool {
    [Errno::EAGAIN, Errno::EMFILE, Errno::ENFILE, Errno::ENOMEM]
        .iter()
        .any(|errno| error.raw_os_error() == Some(*errno as i32))
}

fn not_started(error: &io::Error, attempt: u32) -> TestResult {
    TestResult {
        verdict: Some(Verdict::Fail),
        duration: Duration::ZERO,
        exit: Exit::NotStarted(error.to_string()),
        attempt,
        stdout: Kept::default(),
        stderr: Kept::default(),
        stdout_file: None,
        stderr_file: None,
        examinations: Vec::new(),
        leaked: false,
    }
}
