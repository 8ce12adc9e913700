//! `cargo asynctest doctor`: what on this machine and in this workspace would keep it from working,
//! and the mend. Where a run meets the same, it says the same: the words are those of the engine's
//! errors and of `cargo`.
//!
//! - [`tracing`]: what the system lets us do to a process
//! - [`building`]: what debug info there will be
//! - [`versions`]: what all of this is

mod building;
mod tracing;
mod versions;

use std::io::{self, Write};

use console::Style;

use super::exit::Exit;
use crate::cargo::Error;
use crate::cli::{Color, DoctorArguments};
use crate::commands::test::compile::Workspace;

/// What was found of one thing.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Check {
    /// What was looked at.
    about: &'static str,
    /// How it stands.
    state: State,
    /// What was found, with the mend where one is needed.
    text: String,
}

/// How a thing stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum State {
    /// As it should.
    Fine,
    /// Something beside the reports of hangs does not work here.
    Limit,
    /// Hangs are not reported, or not in full.
    Problem,
}

impl Check {
    fn new(about: &'static str, state: State, text: impl Into<String>) -> Check {
        Check { about, state, text: text.into() }
    }
}

/// Looks at everything and says what was found.
pub(crate) fn doctor(arguments: &DoctorArguments) -> Exit {
    match arguments.build.general.color {
        Some(Color::Always) => console::set_colors_enabled(true),
        Some(Color::Never) => console::set_colors_enabled(false),
        None | Some(Color::Auto) => {}
    }
    let mut checks = tracing::checks();
    let workspace = Workspace::read(&arguments.build);
    checks.extend(match &workspace {
        Ok(workspace) => building::checks(workspace),
        Err(error) => vec![no_workspace(error)],
    });
    checks.push(versions::check(workspace.as_ref().ok()));
    // Whoever reads it may have read enough: `| head`.
    let _ = io::stdout().write_all(text(&checks).as_bytes());
    match checks.iter().any(|check| check.state == State::Problem) {
        true => Exit::Failed,
        false => Exit::Success,
    }
}

fn no_workspace(error: &Error) -> Check {
    let text = error.unsaid().unwrap_or_else(|| {
        "cargo cannot read it, and has said why: nothing can be built here".to_owned()
    });
    Check::new("workspace", State::Problem, text)
}

/// A line for each check, and one for all.
fn text(checks: &[Check]) -> String {
    let lines = checks.iter().map(line);
    let count = |state: State| checks.iter().filter(|check| check.state == state).count();
    let last = match (count(State::Problem), count(State::Limit)) {
        (0, 0) => "hangs will be reported, and everything else works here".to_owned(),
        (0, _) => "hangs will be reported; what else is limited is said above".to_owned(),
        (1, _) => "1 problem keeps hangs from being reported in full".to_owned(),
        (problems, _) => format!("{problems} problems keep hangs from being reported in full"),
    };
    lines.chain([last + "\n"]).collect()
}

fn line(check: &Check) -> String {
    let (style, word) = match check.state {
        State::Fine => (Style::new().green().bold(), "     ok"),
        State::Limit => (Style::new().yellow().bold(), "  limit"),
        State::Problem => (Style::new().red().bold(), "problem"),
    };
    format!("{} {:<12} {}\n", style.apply_to(word), check.about, check.text)
}

#[cfg(test)]
mod tests {
    use super::{Check, State, text};

    #[test]
    fn the_last_line_tells_what_all_comes_to() {
        let last = |states: &[State]| {
            let checks: Vec<Check> =
                states.iter().map(|state| Check::new("x", *state, "y")).collect();
            let text = text(&checks);
            assert_eq!(text.lines().count(), states.len() + 1);
            text.lines().last().unwrap_or_default().to_owned()
        };
        assert!(last(&[State::Fine]).ends_with("everything else works here"));
        assert!(last(&[State::Fine, State::Limit]).contains("is limited"));
        assert!(last(&[State::Limit, State::Problem]).starts_with("1 problem keeps"));
        assert!(last(&[State::Problem, State::Problem]).starts_with("2 problems keep"));
    }
}
