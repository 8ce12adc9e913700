//! Where a case plays: the fixtures against the newest Tokio, and a folder of its own.

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use asynctest_tests::Error;
use asynctest_tests::command::asynctest;
use asynctest_tests::matrix::{Package, Profile, Setting};
use serde_json::Value;
use tempfile::TempDir;

/// How long anything may take that is waited for. It is no measure: far more than it takes.
const PATIENCE: Duration = Duration::from_secs(300);

/// The test that ends when it is told to.
pub(crate) const TOLD: &str = "passes_when_told";

/// Where a case plays.
pub(crate) struct Scene {
    /// The package with the fixtures.
    pub(crate) package: Package,
    folder: TempDir,
}

impl Scene {
    /// A new one.
    pub(crate) fn new() -> Result<Scene, Error> {
        let temporary = Path::new(env!("CARGO_TARGET_TMPDIR"));
        let package = Package::fixtures(temporary.parent().unwrap_or(temporary), Setting::NEWEST)?;
        let folder = tempfile::tempdir().map_err(Error::file(temporary))?;
        Ok(Scene { package, folder })
    }

    /// `cargo asynctest`, in the package. Tests that are to be told so wait for [`Scene::tell`].
    pub(crate) fn command(&self) -> Result<Command, Error> {
        let mut command = asynctest(Profile::Dev)?;
        self.package.of(&mut command, Profile::Dev).env("FIXTURE_FOLDER", self.folder.path());
        Ok(command)
    }

    /// A file in the folder of this case alone.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The process id of the test that waits to be told, once it waits.
    pub(crate) fn begun(&self) -> Result<i32, Error> {
        let file = self.file("begun");
        wait_for("a test that begins", || fs::read_to_string(&file).ok()?.parse().ok())
    }

    /// Tells that test to end.
    pub(crate) fn tell(&self) -> Result<(), Error> {
        let file = self.file("open");
        fs::write(&file, "").map_err(Error::file(&file))
    }

    /// The folder of the run's files.
    pub(crate) fn output(&self) -> PathBuf {
        self.package.target().join("asynctest")
    }

    /// `run.json` of the last run.
    pub(crate) fn run_json(&self) -> Result<Value, Error> {
        let path = self.output().join("run.json");
        let text = fs::read_to_string(&path).map_err(Error::file(&path))?;
        serde_json::from_str(&text)
            .map_err(|source| Error::Json { what: path.display().to_string(), source })
    }
}

/// A command that runs while the case goes on. Killed when dropped.
pub(crate) struct Started {
    /// Its process.
    pub(crate) child: Child,
    stderr: BufReader<ChildStderr>,
    /// What was read of its stderr.
    pub(crate) said: String,
}

impl Started {
    /// Starts `command`.
    pub(crate) fn new(command: &mut Command) -> Result<Started, Error> {
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        let program = format!("{command:?}");
        let mut child = command.spawn().map_err(|source| Error::Start { program, source })?;
        let stderr = child.stderr.take().ok_or_else(|| Error::Missing("its stderr".into()))?;
        Ok(Started { child, stderr: BufReader::new(stderr), said: String::new() })
    }

    /// Reads its stderr up to a line that `is_it`.
    pub(crate) fn read_to(&mut self, is_it: impl Fn(&str) -> bool) -> Result<(), Error> {
        loop {
            let start = self.said.len();
            let count = self.stderr.read_line(&mut self.said);
            let line = self.said.get(start..).unwrap_or_default();
            if count.is_ok_and(|count| count > 0) {
                if is_it(line) {
                    return Ok(());
                }
            } else {
                return Err(Error::Missing(format!("a line of it:\n{}", self.said)));
            }
        }
    }

    /// Its exit code, when it has ended and its stderr has been read.
    pub(crate) fn end(&mut self) -> Result<Option<i32>, Error> {
        let rest = self.stderr.read_to_string(&mut self.said);
        rest.map_err(|source| Error::Start { program: "its stderr".into(), source })?;
        let status = self.child.wait();
        status
            .map(|status| status.code())
            .map_err(|source| Error::Start { program: "its end".into(), source })
    }
}

impl Drop for Started {
    fn drop(&mut self) {
        // It may have ended by itself, and then there is nothing to do.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What `look` finds, as soon as it finds it.
pub(crate) fn wait_for<T>(what: &str, look: impl Fn() -> Option<T>) -> Result<T, Error> {
    let start = Instant::now();
    loop {
        if let Some(found) = look() {
            return Ok(found);
        }
        if start.elapsed() > PATIENCE {
            return Err(Error::Missing(what.into()));
        }
        thread::sleep(Duration::from_millis(20));
    }
}

/// A line of `/proc/PID/status`: `State`, `TracerPid`. Absent when the process is gone.
pub(crate) fn status(process: i32, key: &str) -> Option<String> {
    let text = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(':'));
    line.map(|value| value.trim().to_owned())
}

/// Whether a process is there and no zombie.
pub(crate) fn is_alive(process: i32) -> bool {
    status(process, "State").is_some_and(|state| !state.starts_with('Z'))
}
