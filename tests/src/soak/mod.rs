//! Healthy suites, over and over, under all that can make a machine slow: whatever of them is called
//! stuck is so wrongly.

mod condition;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

pub use condition::{ALL, Condition, Disturbance};

use crate::Error;
use crate::command::{asynctest, run};
use crate::matrix::{Package, Profile, Setting};

/// The fixtures that rest for seconds and pass.
const PATIENT: &str = "patient";

/// A suite that passes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Suite {
    /// What it is called.
    pub name: String,
    folder: PathBuf,
    /// Its package's target folder, if it is not where cargo has it.
    target: Option<PathBuf>,
    arguments: Vec<String>,
}

/// What came of one run of a suite.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Round {
    /// How many tests ended.
    pub executions: u64,
    /// Of these, how many passed.
    pub passed: u64,
    /// Those that were called stuck, with the folders of their reports.
    pub stuck: Vec<String>,
}

impl Suite {
    /// The fixtures that rest, built below `target`.
    ///
    /// # Errors
    ///
    /// Their package cannot be written.
    pub fn patient(target: &Path) -> Result<Suite, Error> {
        let package = Package::fixtures(target, Setting::NEWEST)?;
        let arguments = ["--test", PATIENT, "--test-threads", "16"].map(str::to_owned).to_vec();
        let target = Some(package.target());
        Ok(Suite { name: PATIENT.to_owned(), folder: package.folder, target, arguments })
    }

    /// The tests of the package in `folder`, with these arguments of `cargo test`.
    pub fn of(folder: &Path, arguments: &[String]) -> Suite {
        let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
        Suite { name, folder: folder.to_owned(), target: None, arguments: arguments.to_vec() }
    }

    /// Runs it once under `condition`, with these arguments of the command beside its own.
    ///
    /// # Errors
    ///
    /// The command did not begin, or left nothing that can be read.
    pub fn round(&self, condition: Condition, more: &[String]) -> Result<Round, Error> {
        let plain = asynctest(Profile::Dev)?;
        let mut command = match condition.prefix() {
            [] => plain,
            [program, arguments @ ..] => {
                let mut outer = Command::new(program);
                outer.args(arguments).arg(plain.get_program()).args(plain.get_args());
                outer.env("NO_COLOR", "1").env_remove("CI").env_remove("GITHUB_ACTIONS");
                outer
            }
        };
        command.current_dir(&self.folder).args(&self.arguments).args(more);
        if let Some(target) = &self.target {
            command.env("CARGO_TARGET_DIR", target);
        }
        let target = self.target.clone().unwrap_or_else(|| self.folder.join("target"));
        let path = target.join("asynctest/run.json");
        // That of an earlier run must not be taken for this one's.
        let _ = fs::remove_file(&path);
        let disturbance = Disturbance::begin(condition);
        let ended = run(&mut command)?;
        drop(disturbance);
        let text = fs::read_to_string(&path)
            .map_err(|error| Error::Missing(format!("{}: {error}\n{ended}", path.display())))?;
        let what = path.display().to_string();
        let json = serde_json::from_str(&text).map_err(|source| Error::Json { what, source })?;
        Ok(counted(&json))
    }
}

/// What `run.json` says.
fn counted(json: &Value) -> Round {
    let total = |name: &str| json.pointer(&format!("/totals/{name}")).and_then(Value::as_u64);
    let tests = json.get("tests").and_then(Value::as_array).into_iter().flatten();
    let is_stuck = |test: &&Value| test.get("verdict").is_some_and(|verdict| verdict == "STUCK");
    let words = |test: &Value| {
        let word = |name: &str| test.get(name).and_then(Value::as_str).unwrap_or_default();
        let reports = test.get("reports").map(Value::to_string).unwrap_or_default();
        format!("{}::{} {reports}", word("binary"), word("test"))
    };
    Round {
        executions: total("ended").unwrap_or_default(),
        passed: total("passed").unwrap_or_default(),
        stuck: tests.filter(is_stuck).map(words).collect(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Round, counted};

    #[test]
    fn only_what_is_stuck_is_named() {
        let json = json!({
            "totals": { "ended": 3, "passed": 1 },
            "tests": [
                { "binary": "a", "test": "b", "verdict": "PASS" },
                { "binary": "a", "test": "c", "verdict": "STUCK", "reports": ["d"] },
                { "binary": "a", "test": "e", "verdict": "HANG" },
            ],
        });
        let stuck = vec!["a::c [\"d\"]".to_owned()];
        assert_eq!(counted(&json), Round { executions: 3, passed: 1, stuck });
        assert_eq!(counted(&json!({})), Round::default());
    }
}
