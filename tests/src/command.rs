//! The command under test, built from this workspace, and other programs, run to their end.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::{env, fmt};

use serde_json::Value;

use crate::Error;
use crate::matrix::Profile;

/// What a program that has ended left behind.
#[derive(Clone, Debug)]
pub struct Ended {
    /// The program with its arguments.
    pub program: String,
    /// Its exit code; absent when a signal ended it.
    pub code: Option<i32>,
    /// What it wrote to stdout.
    pub stdout: String,
    /// What it wrote to stderr.
    pub stderr: String,
}

impl Ended {
    /// Itself, if it ended with `code`.
    pub fn expect_code(self, code: i32) -> Result<Ended, Error> {
        if self.code == Some(code) {
            return Ok(self);
        }
        Err(Error::Failed {
            program: self.program.clone(),
            status: self.code.map_or("by a signal".into(), |code| format!("code {code}")),
            output: self.to_string(),
        })
    }
}

impl fmt::Display for Ended {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "--- stdout\n{}--- stderr\n{}", self.stdout, self.stderr)
    }
}

/// Runs `command` to its end, without input.
pub fn run(command: &mut Command) -> Result<Ended, Error> {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    let words: Vec<_> = words.map(|word| word.to_string_lossy().into_owned()).collect();
    let program = words.join(" ");
    let output = command
        .stdin(Stdio::null())
        .output()
        .map_err(|source| Error::Start { program: program.clone(), source })?;
    Ok(Ended {
        program,
        code: output.status.code(),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    })
}

/// The root of this workspace.
pub fn workspace() -> &'static Path {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    package.parent().unwrap_or(package)
}

/// The cargo that runs these tests.
pub fn cargo() -> Command {
    let program = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(program);
    // These settings are for the workspace, not for what the tests build.
    for name in ["CARGO_TARGET_DIR", "RUSTFLAGS", "CARGO_ENCODED_RUSTFLAGS"] {
        command.env_remove(name);
    }
    command
}

/// The command under test: `cargo asynctest`, plain and without colors, not as on GitHub.
pub fn asynctest(profile: Profile) -> Result<Command, Error> {
    static DEV: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    static RELEASE: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    let once = match profile {
        Profile::Dev => &DEV,
        Profile::Release | Profile::ThinLto => &RELEASE,
    };
    let built = once.get_or_init(|| build(profile).map_err(|error| error.to_string()));
    let mut command = Command::new(built.as_ref().map_err(|why| Error::Missing(why.clone()))?);
    command.arg("asynctest").env("NO_COLOR", "1");
    for name in ["CARGO_TARGET_DIR", "GITHUB_ACTIONS", "GITHUB_STEP_SUMMARY", "CI"] {
        command.env_remove(name);
    }
    Ok(command)
}

/// Builds the command.
fn build(profile: Profile) -> Result<PathBuf, Error> {
    let mut command = cargo();
    command.current_dir(workspace()).args(["build", "--package", "cargo-asynctest"]);
    command.arg("--message-format=json").args(profile.arguments());
    if let Some(folder) = env::var_os("CARGO_TARGET_DIR") {
        command.env("CARGO_TARGET_DIR", folder);
    }
    let built = run(&mut command)?.expect_code(0)?;
    let executable = executables(&built.stdout)?.into_iter().next_back();
    executable.map(|(_, path)| path).ok_or_else(|| Error::Missing("the command".into()))
}

/// The executables that cargo says it built, with the names of their targets.
pub fn executables(messages: &str) -> Result<Vec<(String, PathBuf)>, Error> {
    let mut found = Vec::new();
    for line in messages.lines().filter(|line| line.starts_with('{')) {
        let message: Value = serde_json::from_str(line)
            .map_err(|source| Error::Json { what: "cargo's message".into(), source })?;
        let name = message.pointer("/target/name").and_then(Value::as_str);
        let path = message.get("executable").and_then(Value::as_str);
        if let (Some(name), Some(path)) = (name, path) {
            found.push((name.to_owned(), path.into()));
        }
    }
    Ok(found)
}
