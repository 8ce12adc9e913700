//! `cargo asynctest attach PID`: where a running process stands.

use std::fs;
use std::path::Path;
use std::time::Duration;

use asynctest_engine::address::ProcessId;
use asynctest_engine::limits::Limits;
use asynctest_engine::report::Subject;
use asynctest_engine::session::{Bundle, Capture, Error, Request};

use super::exit::Exit;
use super::{notice, report};
use crate::causes::chain;
use crate::cli::{AttachArguments, ReportFormat, Values};

/// Captures the process and prints its report; the process goes on.
pub(crate) fn attach(arguments: &AttachArguments) -> Exit {
    match capture(arguments) {
        Ok(capture) => match arguments.message_format {
            Some(ReportFormat::Json) => report::print_json(&capture),
            Some(ReportFormat::Human) | None => {
                report::print(&capture, None);
                Exit::Success
            }
        },
        Err(error) => {
            notice::error(chain(&error));
            Exit::Failed
        }
    }
}

fn capture(arguments: &AttachArguments) -> Result<Capture, Error> {
    let capture = Capture::take(&Request {
        process: ProcessId(arguments.process),
        subject: Subject {
            binary: program(arguments.process),
            process: arguments.process,
            ..Subject::default()
        },
        apart: arguments.apart.unwrap_or(Duration::from_secs(1)),
        limits: Limits { values: Values::wanted(arguments.values), ..Limits::default() },
    })?;
    if let Some(path) = &arguments.save {
        capture.save(path, Bundle::Link)?;
    }
    Ok(capture)
}

/// The name of the program that a process runs.
fn program(process: i32) -> String {
    let link = fs::read_link(format!("/proc/{process}/exe"));
    let name = link.as_deref().ok().and_then(Path::file_name);
    name.map_or_else(|| process.to_string(), |name| name.to_string_lossy().into_owned())
}
