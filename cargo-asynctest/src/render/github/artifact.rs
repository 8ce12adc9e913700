//! The reports in one folder, to be uploaded with the job.
//!
//! Captures stay where they are: they hold the test's memory. A report holds names, places and
//! source lines; where one of them contains the value of a variable of the job that is called a
//! secret, the value is masked, as the runner masks it in the log alone.

use std::env;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// The name of the folder, beside those of the binaries: with the dot it is no package's.
const FOLDER: &str = "github.reports";

/// The files of a report that are uploaded.
const FILES: [&str; 3] = ["report.txt", "report.json", "report.html"];

/// Parts of the names of variables that hold secrets.
const SECRET: [&str; 5] = ["SECRET", "TOKEN", "PASSWORD", "CREDENTIAL", "_KEY"];

/// Values that are shorter are parts of ordinary words.
const SHORTEST: usize = 8;

/// What stands for a value.
const MASK: &str = "***";

/// The folder to be uploaded.
pub(super) struct Artifact {
    folder: PathBuf,
    secrets: Vec<String>,
}

impl Artifact {
    /// A folder below that of the run's files.
    pub(super) fn new(output: &Path) -> Artifact {
        let folder = output.join(FOLDER);
        Artifact { folder, secrets: secrets(env::vars_os().filter_map(of_text)) }
    }

    /// Where it is.
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Takes away what an earlier run has left.
    pub(super) fn clear(&self) -> io::Result<()> {
        match fs::remove_dir_all(&self.folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            done => done,
        }
    }

    /// Takes the report that lies in `report`, a folder below `output`.
    pub(super) fn take(&self, output: &Path, report: &Path) -> io::Result<()> {
        let Ok(inside) = report.strip_prefix(output) else {
            return Ok(());
        };
        let folder = self.folder.join(inside);
        fs::create_dir_all(&folder)?;
        for name in FILES {
            // What could not be saved has been said.
            if let Ok(text) = fs::read_to_string(report.join(name)) {
                fs::write(folder.join(name), self.masked(text))?;
            }
        }
        Ok(())
    }

    fn masked(&self, mut text: String) -> String {
        for secret in &self.secrets {
            if text.contains(secret.as_str()) {
                text = text.replace(secret.as_str(), MASK);
            }
        }
        text
    }
}

fn of_text((name, value): (std::ffi::OsString, std::ffi::OsString)) -> Option<(String, String)> {
    Some((name.into_string().ok()?, value.into_string().ok()?))
}

/// The values to be masked, the longest first, as they stand in text and in JSON.
fn secrets(variables: impl Iterator<Item = (String, String)>) -> Vec<String> {
    let is_secret = |name: &str| {
        let name = name.to_uppercase();
        SECRET.iter().any(|part| name.contains(part))
    };
    let mut secrets: Vec<String> = variables
        .filter(|(name, value)| is_secret(name) && value.len() >= SHORTEST)
        .flat_map(|(_, value)| [serde_json::Value::from(value.as_str()).to_string(), value])
        .map(|value| value.trim_matches('"').to_owned())
        .collect();
    secrets.sort_by_key(|value| std::cmp::Reverse(value.len()));
    secrets.dedup();
    secrets
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::{Artifact, secrets};

    #[test]
    fn what_is_called_a_secret_is_one() {
        let variables = [
            ("API_TOKEN", "0123456789"),
            ("db_password", "long\"enough"),
            ("PATH", "/usr/bin:/bin"),
            ("MY_SECRET", "short"),
        ];
        let owned = variables.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let found = secrets(owned.into_iter());
        assert_eq!(found, ["long\\\"enough", "long\"enough", "0123456789"]);
    }

    #[test]
    fn reports_are_taken_masked_and_captures_are_not() {
        let output = tempfile::tempdir().unwrap();
        let report = output.path().join("it/t/1-stuck");
        fs::create_dir_all(&report).unwrap();
        fs::write(report.join("report.txt"), "waits for s3cr3t-value").unwrap();
        fs::write(report.join("capture.asynctest"), "memory").unwrap();
        let artifact = Artifact {
            folder: output.path().join("github"),
            secrets: vec!["s3cr3t-value".to_owned()],
        };
        artifact.take(output.path(), &report).unwrap();
        let taken = artifact.folder().join("it/t/1-stuck");
        assert_eq!(fs::read_to_string(taken.join("report.txt")).unwrap(), "waits for ***");
        assert_eq!(fs::read_dir(taken).unwrap().count(), 1);
        artifact.clear().unwrap();
        artifact.clear().unwrap();
        assert!(!artifact.folder().exists());
    }
}
