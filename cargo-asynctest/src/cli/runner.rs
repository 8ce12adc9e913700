//! `cargo asynctest runner`: what it wraps, and how that is watched.

use std::ffi::OsString;
use std::time::Duration;

use clap::error::ErrorKind;
use clap::{CommandFactory as _, Parser};

use super::duration::duration;
use super::test::clap_style;
use super::values::Values;

/// Runs a test program as cargo's runner or as nextest's run-wrapper, and says why it hangs.
#[derive(Parser, Clone, Debug, Default)]
#[command(
    name = "runner",
    bin_name = "cargo asynctest runner",
    styles = clap_style(),
    about = ABOUT,
    after_help = AFTER_HELP,
)]
pub(crate) struct RunnerArguments {
    /// When a test counts as hung: `30s`, `2m`, a bare number of seconds, 0 for never [default:
    /// under nextest its own slow-timeout alone; else 60s, and up to 10m for a test that still
    /// moves; env: ASYNCTEST_TIMEOUT]
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub(crate) timeout: Option<Duration>,
    /// End a program as STUCK when nothing in it has run for so long and it is proven that nothing
    /// can ever wake it; 0 for never [default: 2s; env: ASYNCTEST_STUCK_AFTER]
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub(crate) stuck_after: Option<Duration>,
    /// Report a test that runs this long, once, and let it go on [env: ASYNCTEST_SLOW_AFTER]
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub(crate) slow_after: Option<Duration>,
    /// How much of variables is printed in reports: none, short, full [default: short]
    #[arg(
        long,
        value_name = "HOW_MUCH",
        env = "ASYNCTEST_VALUES",
        hide_env_values = true,
        hide_possible_values = true
    )]
    pub(crate) values: Option<Values>,
    /// The program and its arguments, which are handed on as they are
    #[arg(value_name = "PROGRAM", required = true, trailing_var_arg = true)]
    pub(crate) command: Vec<OsString>,
}

const ABOUT: &str = "\
Runs a test program as cargo's runner or as nextest's run-wrapper, and says why it hangs.

Under nextest each test is a process. When nextest's slow-timeout ends it, it is looked at first, and
the report stands under the TIMEOUT; one that is proven to be stuck ends at once.

Under `cargo test` each test program runs once, whole, so that its output and its counts are
libtest's own. Each test in it has a deadline of its own all the same, which counts from the begin of
the test's thread; when one hangs the report says where all of them stand, and the program ends.

What neither flags nor variables say, `.config/asynctest.toml` says; what it says of single tests
counts under nextest.

Anything else is run as if there were no runner: `cargo run`, benches, doctests, `--list`.";

const AFTER_HELP: &str = "\
As cargo's runner:
  CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_RUNNER='cargo-asynctest asynctest runner' cargo test

As nextest's run-wrapper, in .config/nextest.toml:
  experimental = [\"wrapper-scripts\"]
  [scripts.wrapper.asynctest]
  command = 'cargo-asynctest asynctest runner'
  [[profile.default.scripts]]
  filter = 'all()'
  run-wrapper = 'asynctest'

Exit status:
  what the program ends with, a signal too; 101 when it is ended because it hangs";

/// The variables that give what flags do not.
const TIMEOUT: &str = "ASYNCTEST_TIMEOUT";
const STUCK_AFTER: &str = "ASYNCTEST_STUCK_AFTER";
const SLOW_AFTER: &str = "ASYNCTEST_SLOW_AFTER";

impl RunnerArguments {
    /// Takes from variables what no flag gives. An empty one is none.
    pub(super) fn with_variables(
        mut self,
        variable: impl Fn(&str) -> Option<OsString>,
    ) -> Result<RunnerArguments, clap::Error> {
        let wanted = [
            (TIMEOUT, &mut self.timeout),
            (STUCK_AFTER, &mut self.stuck_after),
            (SLOW_AFTER, &mut self.slow_after),
        ];
        for (name, value) in wanted {
            let given = variable(name).filter(|text| !text.is_empty());
            if let (None, Some(text)) = (&value, given) {
                *value = Some(read(name, &text)?);
            }
        }
        Ok(self)
    }
}

fn read(name: &str, text: &OsString) -> Result<Duration, clap::Error> {
    let text = text.to_string_lossy();
    duration(&text).map_err(|why| {
        let why = format!("invalid value '{text}' of the variable {name}: {why}");
        RunnerArguments::command().error(ErrorKind::ValueValidation, why)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<RunnerArguments, clap::Error> {
        RunnerArguments::try_parse_from(line.split(' '))
    }

    #[test]
    fn what_follows_the_program_is_its_own() {
        let check = |line: &str, expected: &[&str]| {
            assert_eq!(parse(line).unwrap().command, expected, "{line}");
        };
        check("runner /t/it --exact a --nocapture", &["/t/it", "--exact", "a", "--nocapture"]);
        check("runner --timeout 5s -- /t/it --help", &["/t/it", "--help"]);
        check("runner /t/it -- --timeout 5s", &["/t/it", "--", "--timeout", "5s"]);
        check("runner /t/it --timeout 5s", &["/t/it", "--timeout", "5s"]);
    }

    #[test]
    fn a_program_is_needed_and_flags_are_known() {
        for line in ["runner", "runner --timeout 5s", "runner --nonsense /t/it", "runner --"] {
            assert_eq!(parse(line).unwrap_err().exit_code(), 2, "{line}");
        }
    }

    #[test]
    fn variables_give_what_flags_do_not() {
        let variable = |name: &str| match name {
            TIMEOUT => Some("7s".into()),
            SLOW_AFTER => Some("".into()),
            _ => None,
        };
        let given = parse("runner it").unwrap().with_variables(variable).unwrap();
        assert_eq!(given.timeout, Some(Duration::from_secs(7)));
        assert_eq!((given.stuck_after, given.slow_after), (None, None));
        let flag = parse("runner --timeout 1 it").unwrap().with_variables(variable).unwrap();
        assert_eq!(flag.timeout, Some(Duration::from_secs(1)));
    }

    #[test]
    fn a_variable_that_is_no_duration_is_named() {
        let variable = |name: &str| (name == STUCK_AFTER).then(|| "soon".into());
        let error = parse("runner it").unwrap().with_variables(variable).unwrap_err();
        assert_eq!(error.exit_code(), 2);
        assert!(error.to_string().contains("ASYNCTEST_STUCK_AFTER"), "{error}");
    }
}
