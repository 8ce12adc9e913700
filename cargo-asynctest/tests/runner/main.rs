//! The runner with real processes: this program is the driver of the tests, and also the tool that
//! they start, sentinel and all. Its tests are shell scripts, its captures are made up.

#![expect(dead_code, unused_imports, reason = "the command uses the rest")]
#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "all of this is a test"
)]

#[path = "../../src/causes.rs"]
mod causes;
#[path = "../../src/plan.rs"]
mod plan;
#[path = "../../src/render/mod.rs"]
mod render;
#[path = "../../src/runner/mod.rs"]
mod runner;
#[path = "../../src/shell.rs"]
mod shell;

mod captures;
mod cases;
mod measure;
mod scenario;

use std::process::ExitCode;

use runner::sentinel::{Role, enter};

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args_os().collect();
    match arguments.get(1).and_then(|argument| argument.to_str()) {
        Some("measure") => return measure::print(),
        Some("spawn-bare") => return measure::spawn_bare(),
        _ => {}
    }
    let is_tool = |argument: &std::ffi::OsString| argument == scenario::MARK;
    if !arguments.iter().any(is_tool) {
        let arguments = libtest_mimic::Arguments::from_args();
        return libtest_mimic::run(&arguments, cases::all()).exit_code();
    }
    match enter(arguments, plan::Host::Own) {
        Ok(Role::Sentinel(end)) => end.exit_code(),
        Ok(Role::Tool(arguments)) => scenario::tool(&arguments),
        Err(error) => {
            eprintln!("{error}");
            ExitCode::from(99)
        }
    }
}
