//! The `cargo asynctest` command: knows cargo, terminals, GitHub and JUnit; nothing of DWARF, ptrace or Tokio's insides.

mod cargo;
mod causes;
mod cli;
mod commands;
mod config;
mod plan;
mod render;
mod runner;
mod select;
mod shell;

use std::env;
use std::ffi::OsString;
use std::process::ExitCode;

use cli::Command;
use commands::exit::Exit;
use commands::{attach, completions, doctor, explain, notice, report, test};
use plan::Host;
use runner::held;
use runner::sentinel::{self, Role};

fn main() -> ExitCode {
    let words: Vec<OsString> = env::args_os().collect();
    if let Some(error) = held::enter(&words) {
        notice::error(format_args!("cannot start: {error}"));
        return Exit::Failed.into();
    }
    let host = match cli::is_runner(&words) {
        true => Host::Another,
        false => Host::Own,
    };
    if host == Host::Another
        && let Some(exit) = commands::runner::pass_on(&words)
    {
        return exit;
    }
    match sentinel::enter(words, host) {
        Ok(Role::Tool(words)) => tool(words),
        Ok(Role::Sentinel(end)) => match host {
            Host::Own => end.exit_code(),
            Host::Another => end.repeat(),
        },
        Err(error) => {
            notice::error(format_args!("cannot start: {error}"));
            Exit::Failed.into()
        }
    }
}

fn tool(words: Vec<OsString>) -> ExitCode {
    match cli::parse(words) {
        Ok(Command::Test(arguments)) => test::test(&arguments),
        Ok(Command::Attach(arguments)) => attach::attach(&arguments).into(),
        Ok(Command::Completions(arguments)) => completions::completions(&arguments).into(),
        Ok(Command::Doctor(arguments)) => doctor::doctor(&arguments).into(),
        Ok(Command::Explain(arguments)) => explain::explain(&arguments).into(),
        Ok(Command::Report(arguments)) => report::report(&arguments).into(),
        Ok(Command::Runner(arguments)) => commands::runner::runner(&arguments),
        Err(error) => {
            let exit = if error.use_stderr() { Exit::Usage } else { Exit::Success };
            let _ = error.print();
            exit.into()
        }
    }
}
