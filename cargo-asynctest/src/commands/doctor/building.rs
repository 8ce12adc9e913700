//! What debug info the tests of this workspace will have.

use super::{Check, State};
use crate::cargo::debug_info::Scope;
use crate::cargo::profile::{Debug, Profile, Split, Strip};
use crate::commands::test::compile::{INCOMPLETE, Workspace};
use crate::config::{self, Config};

/// Most packages that are named.
const NAMED: usize = 8;

/// Looks at profiles, flags and dependencies. Nothing is built.
pub(super) fn checks(workspace: &Workspace) -> Vec<Check> {
    let mut checks = vec![tokio(workspace), debug_info(workspace)];
    checks.extend(overridden(workspace.profile()));
    checks.extend(configuration(workspace));
    checks
}

fn tokio(workspace: &Workspace) -> Check {
    match workspace.versions("tokio").as_slice() {
        [] => Check::new(
            "tokio",
            State::Limit,
            "no package here depends on it: a report shows threads and locks alone",
        ),
        versions => Check::new("tokio", State::Fine, versions.join(", ")),
    }
}

fn debug_info(workspace: &Workspace) -> Check {
    if let Some(taken) = workspace.taken() {
        return Check::new("debug info", State::Problem, format!("{INCOMPLETE}: {taken}"));
    }
    let name = &workspace.profile().name;
    let own = match workspace.profile().debug {
        Debug::Full => "`debug = 2`",
        Debug::Less => "less than `debug = 2`",
        Debug::Unsaid => "no `debug`",
    };
    let text = match workspace.scope() {
        Scope::Nothing => format!("profile `{name}` has {own}; a run asks for no more"),
        Scope::Profile => format!(
            "profile `{name}` has {own}; which packages need it cannot be told offline, so a run \
             asks for `debug = 2` for all"
        ),
        scope @ Scope::Packages(_) => match scope.lacking().as_slice() {
            [] => format!("profile `{name}` has {own} wherever it is needed"),
            lacking => format!(
                "profile `{name}` has {own}; a run asks for `debug = 2` for {}, beside what \
                 `cargo test` has built",
                listed(lacking)
            ),
        },
    };
    Check::new("debug info", State::Fine, text)
}

/// What the profile says that a run says otherwise.
fn overridden(profile: &Profile) -> Option<Check> {
    let words = match (profile.strip, profile.split) {
        (Strip::No, Split::No) => return None,
        (Strip::Asked, Split::No) => "`strip`",
        (Strip::No, Split::Asked) => "`split-debuginfo`",
        (Strip::Asked, Split::Asked) => "`strip` and `split-debuginfo`",
    };
    let name = &profile.name;
    let text = format!("profile `{name}` sets {words}, which a run turns off where types are read");
    Some(Check::new("debug info", State::Fine, text))
}

/// What is wrong with the configuration of this command, or that there is one.
fn configuration(workspace: &Workspace) -> Option<Check> {
    match Config::read(workspace.root(), None, None) {
        Err(error) => Some(Check::new("config", State::Problem, error.to_string())),
        Ok(_) if !workspace.root().join(config::PATH).exists() => None,
        Ok(_) => Some(Check::new("config", State::Fine, format!("{} is understood", config::PATH))),
    }
}

/// A few names, and how many more there are.
fn listed(names: &[&str]) -> String {
    let shown = names.iter().take(NAMED).copied().collect::<Vec<_>>().join(", ");
    match names.len().checked_sub(NAMED) {
        None | Some(0) => shown,
        Some(more) => format!("{shown} and {more} more"),
    }
}
