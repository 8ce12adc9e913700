//! What all of this is, for a bug report.

use std::fs;

use super::{Check, State};
use crate::commands::test::compile::Workspace;

/// Names the versions that matter.
pub(super) fn check(workspace: Option<&Workspace>) -> Check {
    let mut versions = vec![format!("cargo-asynctest {}", env!("CARGO_PKG_VERSION"))];
    match workspace.map(Workspace::tools) {
        Some(Ok(tools)) => versions.extend(tools),
        Some(Err(error)) => versions.extend(error.unsaid()),
        None => {}
    }
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease");
    versions.extend(kernel.ok().map(|kernel| format!("Linux {}", kernel.trim())));
    Check::new("versions", State::Fine, versions.join(", "))
}
