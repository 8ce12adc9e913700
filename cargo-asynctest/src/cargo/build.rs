//! Has cargo build the tests, and gathers what it says of them.
//!
//! Cargo's progress and its rendering of errors go to the terminal as they always do.

use std::io::{self, BufReader, Write};
use std::path::PathBuf;
use std::process::{ChildStdout, Stdio};

use cargo_metadata::{Artifact, BuildScript, Message, PackageId, Target};

use super::command::Cargo;
use super::error::Error;
use crate::cli::{BuildArguments, MessageFormat};

/// What a build has made.
#[derive(Clone, Debug, Default)]
pub(crate) struct Built {
    /// The test binaries.
    pub(crate) tests: Vec<Executable>,
    /// The programs, which tests may run.
    pub(crate) programs: Vec<Executable>,
    /// The build scripts that were run, now or earlier.
    pub(crate) scripts: Vec<BuildScript>,
}

/// One executable.
#[derive(Clone, Debug)]
pub(crate) struct Executable {
    /// Its package.
    pub(crate) package: PackageId,
    /// Its target there.
    pub(crate) target: Target,
    /// The file.
    pub(crate) path: PathBuf,
    /// Whether its own code is optimized.
    pub(crate) is_optimized: bool,
}

/// Builds the tests that cargo selects, with these settings over the user's own.
pub(crate) fn build(
    cargo: &Cargo,
    arguments: &BuildArguments,
    settings: &[String],
) -> Result<Built, Error> {
    let format = match arguments.general.message_format {
        None | Some(MessageFormat::Human | MessageFormat::Json) => "json-render-diagnostics",
        Some(MessageFormat::Short) => "json-diagnostic-short",
    };
    let failed = |source| Error::Program { program: cargo.program().display().to_string(), source };
    let mut child = cargo
        .command()
        .args(["test", "--no-run", "--message-format", format])
        .args(arguments.for_build())
        .args(color(arguments))
        .args(settings)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(failed)?;
    let texts = match arguments.general.message_format {
        Some(MessageFormat::Json) => Texts::Stderr,
        None | Some(MessageFormat::Human | MessageFormat::Short) => Texts::Stdout,
    };
    let built = child.stdout.take().map(|stdout| gather(stdout, texts)).unwrap_or_default();
    let status = child.wait().map_err(failed)?;
    if status.success() { Ok(built) } else { Err(Error::Cargo) }
}

/// Cargo decides by its stderr, which is ours: only a choice of the user's is handed on.
fn color(arguments: &BuildArguments) -> Vec<&'static str> {
    arguments.general.color.map_or(Vec::new(), |color| vec!["--color", color.word()])
}

/// Where what a procedural macro prints goes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Texts {
    /// To stdout, as under cargo.
    Stdout,
    /// To stderr: stdout is for JSON.
    Stderr,
}

/// Reads cargo's messages to their end.
fn gather(messages: ChildStdout, texts: Texts) -> Built {
    let mut built = Built::default();
    for message in Message::parse_stream(BufReader::new(messages)).map_while(Result::ok) {
        match message {
            Message::CompilerArtifact(artifact) => built.add(artifact),
            Message::BuildScriptExecuted(script) => built.scripts.push(script),
            // Cargo has printed it, unless the user asked for the short form.
            Message::CompilerMessage(compiler) => {
                let rendered = compiler.message.rendered.unwrap_or_default();
                let _ = write!(io::stderr(), "{rendered}");
            }
            // What a procedural macro has printed.
            Message::TextLine(line) => {
                let _ = match texts {
                    Texts::Stdout => writeln!(io::stdout(), "{line}"),
                    Texts::Stderr => writeln!(io::stderr(), "{line}"),
                };
            }
            _ => (),
        }
    }
    built.sort();
    built
}

impl Built {
    fn add(&mut self, artifact: Artifact) {
        let Some(path) = artifact.executable else {
            return;
        };
        let executable = Executable {
            package: artifact.package_id,
            target: artifact.target,
            path: path.into_std_path_buf(),
            is_optimized: artifact.profile.opt_level != "0",
        };
        if artifact.profile.test {
            self.tests.push(executable);
        } else if executable.target.is_bin() {
            self.programs.push(executable);
        }
    }

    /// Brings the tests from the order in which they were compiled into that in which cargo runs
    /// them.
    fn sort(&mut self) {
        self.tests.sort_by(|first, second| {
            let key = |executable: &Executable| {
                let target = &executable.target;
                (executable.package.clone(), rank(target), target.name.clone())
            };
            key(first).cmp(&key(second))
        });
    }
}

/// Where cargo has targets of this kind among those of a package.
fn rank(target: &Target) -> u8 {
    if target.is_bin() {
        1
    } else if target.is_test() {
        2
    } else if target.is_bench() {
        3
    } else if target.is_example() {
        4
    } else {
        0
    }
}
