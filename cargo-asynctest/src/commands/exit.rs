//! How the command can end.

use std::process::ExitCode;

/// How the command ended; each has an exit code of its own, which are nextest's.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Exit {
    /// All is well.
    Success,
    /// The command line makes no sense.
    Usage,
    /// A capture could not be taken or read.
    Failed,
    /// A binary did not list its tests.
    ListFailed,
    /// The build failed.
    BuildFailed,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> ExitCode {
        ExitCode::from(match exit {
            Exit::Success => 0,
            Exit::Failed => 1,
            Exit::Usage => 2,
            Exit::BuildFailed => 101,
            Exit::ListFailed => 104,
        })
    }
}
