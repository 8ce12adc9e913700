//! The job we run in, as its environment tells.

use std::env;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::path::PathBuf;

/// The job we run in.
#[derive(Clone, Debug)]
pub(crate) struct Job {
    /// The file of the step's summary.
    pub(super) summary: Option<PathBuf>,
    /// The file of the step's outputs.
    pub(super) output: Option<PathBuf>,
    /// The folder that annotated files are relative to.
    pub(super) root: Option<PathBuf>,
    /// What ends the time without commands. No test can know it.
    token: String,
}

impl Job {
    /// The job, if this is one.
    pub(in crate::render) fn detect() -> Option<Job> {
        let set = |name: &str| env::var_os(name).filter(|value| !value.is_empty());
        let path = |name: &str| set(name).map(PathBuf::from);
        let is_job = set("GITHUB_ACTIONS").is_some_and(|value| value == "true");
        // Two of std's hashers: each is seeded at random.
        let random = || RandomState::new().build_hasher().finish();
        is_job.then(|| Job {
            summary: path("GITHUB_STEP_SUMMARY"),
            output: path("GITHUB_OUTPUT"),
            root: path("GITHUB_WORKSPACE"),
            token: format!("asynctest-{:016x}{:016x}", random(), random()),
        })
    }

    /// From here on nothing that is printed is a command.
    pub(super) fn stop(&self) -> String {
        format!("::stop-commands::{}\n", self.token)
    }

    /// Commands are obeyed again.
    pub(super) fn resume(&self) -> String {
        format!("::{}::\n", self.token)
    }

    /// The line that opens a group. It is what the runner makes of `::group::`, and no command of
    /// its own, so it is understood while there are none.
    pub(in crate::render) fn group(title: &str) -> String {
        format!("##[group]{title}\n")
    }

    /// The line that closes a group.
    pub(in crate::render) fn group_end() -> &'static str {
        "##[endgroup]\n"
    }
}
