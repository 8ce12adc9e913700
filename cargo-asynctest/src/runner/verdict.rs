//! What a test came to, and how its process ended.

use std::fmt;
use std::time::Duration;

use asynctest_engine::diagnosis::FindingKind;
use asynctest_engine::process::Ending;
use asynctest_engine::report::Report;
use nix::sys::signal::Signal;
use serde::Serialize;

/// What the command exits with when there is no test.
pub(crate) const NO_TESTS: u8 = 4;

/// The word for what a test came to: the same in status lines, JSON and JUnit.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize)]
pub(crate) enum Verdict {
    /// It passed.
    #[serde(rename = "PASS")]
    Pass,
    /// It failed by itself.
    #[serde(rename = "FAIL")]
    Fail,
    /// Its deadline passed.
    #[serde(rename = "HANG")]
    Hang,
    /// It is proven that nothing can wake it.
    #[serde(rename = "STUCK")]
    Stuck,
    /// It takes long, and goes on.
    #[serde(rename = "SLOW")]
    Slow,
    /// Its body has returned and its process does not end.
    #[serde(rename = "EXIT-HANG")]
    ExitHang,
    /// Its binary did not list its tests.
    #[serde(rename = "LIST-HANG")]
    ListHang,
    /// A signal ended it.
    #[serde(rename = "CRASH")]
    Crash,
    /// It passed, and left its output open in another process.
    #[serde(rename = "LEAK")]
    Leak,
    /// It was not run.
    #[serde(rename = "SKIP")]
    Skip,
}

impl Verdict {
    /// The word itself.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Verdict::Pass => "PASS",
            Verdict::Fail => "FAIL",
            Verdict::Hang => "HANG",
            Verdict::Stuck => "STUCK",
            Verdict::Slow => "SLOW",
            Verdict::ExitHang => "EXIT-HANG",
            Verdict::ListHang => "LIST-HANG",
            Verdict::Crash => "CRASH",
            Verdict::Leak => "LEAK",
            Verdict::Skip => "SKIP",
        }
    }

    /// Whether it is we who have ended the test for this.
    pub(crate) fn is_ours(self) -> bool {
        match self {
            Verdict::Hang | Verdict::Stuck | Verdict::ExitHang => true,
            Verdict::Pass
            | Verdict::Fail
            | Verdict::Slow
            | Verdict::ListHang
            | Verdict::Crash
            | Verdict::Leak
            | Verdict::Skip => false,
        }
    }

    /// Whether it says that a test hung.
    pub(crate) fn is_hang(self) -> bool {
        match self {
            Verdict::Hang | Verdict::Stuck | Verdict::ExitHang | Verdict::ListHang => true,
            Verdict::Pass
            | Verdict::Fail
            | Verdict::Slow
            | Verdict::Crash
            | Verdict::Leak
            | Verdict::Skip => false,
        }
    }

    /// Whether it makes the run fail.
    pub(crate) fn fails(self) -> bool {
        match self {
            Verdict::Pass | Verdict::Slow | Verdict::Leak | Verdict::Skip => false,
            Verdict::Fail
            | Verdict::Hang
            | Verdict::Stuck
            | Verdict::ExitHang
            | Verdict::ListHang
            | Verdict::Crash => true,
        }
    }
}

/// How a process ended.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Exit {
    /// By itself, with this code.
    Code(i32),
    /// By this signal.
    Signal(Signal),
    /// By a signal without a name, such as a real-time one.
    UnnamedSignal,
    /// It has ended, and how is not known: somebody else has waited for it.
    Lost,
    /// It was killed and had still not ended seconds later: the kernel holds it.
    Unkillable,
    /// It never began.
    NotStarted(String),
}

impl Exit {
    /// What whoever traced a process says of its end.
    pub(crate) fn of(ending: Ending) -> Exit {
        match ending {
            Ending::Code(code) => Exit::Code(code),
            Ending::Signal(signal) => {
                Signal::try_from(signal).map_or(Exit::UnnamedSignal, Exit::Signal)
            }
        }
    }
}

/// Whether a report's first finding is that the test's body has returned.
pub(crate) fn is_exit_hang(report: &Report) -> bool {
    report.headline.finding == FindingKind::ExitHang.slug()
}

/// What the end of a test's process says of the test.
pub(crate) fn of_exit(exit: &Exit) -> Verdict {
    match exit {
        Exit::Code(0) => Verdict::Pass,
        Exit::Signal(_) | Exit::UnnamedSignal => Verdict::Crash,
        Exit::Code(_) | Exit::Lost | Exit::Unkillable | Exit::NotStarted(_) => Verdict::Fail,
    }
}

impl fmt::Display for Exit {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Exit::Code(code) => write!(formatter, "exit code {code}"),
            Exit::Signal(signal) => write!(formatter, "signal {} ({signal})", *signal as i32),
            Exit::UnnamedSignal => write!(formatter, "a real-time signal"),
            Exit::Lost => write!(formatter, "its exit code is not known"),
            Exit::Unkillable => write!(formatter, "killed, and not gone yet"),
            Exit::NotStarted(why) => write!(formatter, "not started: {why}"),
        }
    }
}

/// How many tests came to what.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize)]
pub(crate) struct Totals {
    /// To be run.
    pub(crate) planned: usize,
    /// How often the tests have begun to be run.
    pub(crate) rounds: u32,
    /// Have ended.
    pub(crate) ended: usize,
    /// Passed, leaky ones included.
    pub(crate) passed: usize,
    /// Of these, left their output open.
    pub(crate) leaky: usize,
    /// Of all, were reported as slow.
    pub(crate) slow: usize,
    /// Failed by themselves.
    pub(crate) failed: usize,
    /// Were ended by a signal.
    pub(crate) crashed: usize,
    /// Hung.
    pub(crate) hung: usize,
    /// Were running when the run was interrupted.
    pub(crate) interrupted: usize,
    /// Were not to be run.
    pub(crate) skipped: usize,
    /// Binaries whose tests could not be listed.
    pub(crate) unlisted: usize,
    /// How long the run took.
    #[serde(serialize_with = "seconds")]
    pub(crate) duration: Duration,
    /// Whether a signal ended the run.
    pub(crate) stopped: bool,
    /// Whether its time was over before the tests were.
    pub(crate) timed_out: bool,
}

impl Totals {
    /// Counts one test.
    pub(crate) fn count(&mut self, verdict: Option<Verdict>) {
        self.ended += 1;
        match verdict {
            None => self.interrupted += 1,
            Some(Verdict::Pass | Verdict::Slow) => self.passed += 1,
            Some(Verdict::Leak) => {
                self.passed += 1;
                self.leaky += 1;
            }
            Some(Verdict::Fail) => self.failed += 1,
            Some(Verdict::Crash) => self.crashed += 1,
            Some(Verdict::Hang | Verdict::Stuck | Verdict::ExitHang | Verdict::ListHang) => {
                self.hung += 1;
            }
            Some(Verdict::Skip) => self.skipped += 1,
        }
    }

    /// Whether a test failed in any way.
    pub(crate) fn any_failed(&self) -> bool {
        self.failed + self.crashed + self.hung > 0
    }

    /// What the command exits with.
    pub(crate) fn exit_code(&self) -> u8 {
        if self.stopped {
            130
        } else if self.any_failed() || self.timed_out {
            100
        } else if self.unlisted > 0 {
            104
        } else if self.planned == 0 {
            NO_TESTS
        } else {
            0
        }
    }
}

/// Writes a duration as seconds, to the millisecond.
pub(crate) fn seconds<S: serde::Serializer>(
    duration: &Duration,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64((duration.as_secs_f64() * 1000.0).round() / 1000.0)
}

#[cfg(test)]
mod tests {
    use super::{Totals, Verdict};

    fn exit_code(verdicts: &[Option<Verdict>]) -> u8 {
        let mut totals = Totals { planned: verdicts.len(), ..Totals::default() };
        verdicts.iter().for_each(|verdict| totals.count(*verdict));
        totals.exit_code()
    }

    #[test]
    fn exit_codes_are_the_contracts() {
        assert_eq!(exit_code(&[]), 4);
        assert_eq!(exit_code(&[Some(Verdict::Pass), Some(Verdict::Leak)]), 0);
        assert_eq!(exit_code(&[Some(Verdict::Pass), Some(Verdict::Hang)]), 100);
        assert_eq!(exit_code(&[Some(Verdict::Crash)]), 100);
        let unlisted = Totals { planned: 1, passed: 1, unlisted: 1, ..Totals::default() };
        assert_eq!(unlisted.exit_code(), 104);
        let stopped = Totals { stopped: true, failed: 1, ..unlisted };
        assert_eq!(stopped.exit_code(), 130);
        let timed_out = Totals { timed_out: true, ..Totals::default() };
        assert_eq!(timed_out.exit_code(), 100);
    }

    #[test]
    fn the_word_in_json_is_the_word_on_screen() {
        for verdict in [
            Verdict::Pass,
            Verdict::Fail,
            Verdict::Hang,
            Verdict::Stuck,
            Verdict::Slow,
            Verdict::ExitHang,
            Verdict::ListHang,
            Verdict::Crash,
            Verdict::Leak,
            Verdict::Skip,
        ] {
            assert_eq!(
                serde_json::to_value(verdict).unwrap(),
                serde_json::Value::from(verdict.word())
            );
        }
    }
}
