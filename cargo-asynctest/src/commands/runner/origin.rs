//! Where a test program comes from: its name, its package, its folders. From its path and from the
//! variables that cargo and nextest set.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use super::wrapped::target;

/// What is known of a test program.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Origin {
    /// Its name in every output, as our own runs and nextest have it.
    pub(super) id: String,
    /// The words that make cargo build it.
    pub(super) selection: Vec<String>,
    /// The workspace's folder, as far as it is known.
    pub(super) workspace: Option<PathBuf>,
    /// Folders with the user's own sources.
    pub(super) source_roots: Vec<PathBuf>,
    /// Where reports go.
    pub(super) output: PathBuf,
}

/// The file that cargo puts into each target folder. Source: cargo 1.95, src/cargo/util/cachedir.rs.
const TARGET_MARK: &str = "CACHEDIR.TAG";

impl Origin {
    /// Of the program at `path`, as `variable` tells.
    pub(super) fn find(path: &Path, variable: impl Fn(&str) -> Option<String>) -> Origin {
        let package = variable("CARGO_PKG_NAME");
        let folder = variable("CARGO_MANIFEST_DIR").map(PathBuf::from);
        let guessed = || id(path, package.as_deref(), folder.as_deref());
        let id = variable("NEXTEST_BINARY_ID").unwrap_or_else(guessed);
        let workspace = variable("NEXTEST_WORKSPACE_ROOT").map(PathBuf::from);
        let workspace = workspace.or_else(|| folder.as_deref().map(workspace_of));
        Origin {
            selection: selection(&id, package.as_deref()),
            id,
            source_roots: workspace.iter().chain(&folder).cloned().collect(),
            output: output(path, workspace.as_deref()),
            workspace,
        }
    }
}

/// The name of a program, from its file's and from the package that it is of.
fn id(path: &Path, package: Option<&str>, folder: Option<&Path>) -> String {
    let file = path.file_name().unwrap_or_default().to_string_lossy();
    let target = target(path).unwrap_or(&file);
    let Some(package) = package else { return target.to_owned() };
    let has = |file: &str| folder.is_some_and(|folder| folder.join(file).is_file());
    let is_test = || ["", "/main"].iter().any(|end| has(&format!("tests/{target}{end}.rs")));
    if target == package.replace('-', "_") && has("src/lib.rs") {
        package.to_owned()
    } else if target == package && !is_test() {
        format!("{package}::bin/{target}")
    } else {
        format!("{package}::{target}")
    }
}

/// The words that make cargo build the program with this name.
fn selection(id: &str, package: Option<&str>) -> Vec<String> {
    let Some(package) = package else { return Vec::new() };
    let target = id.strip_prefix(package).and_then(|rest| rest.strip_prefix("::"));
    let target = target.map(|target| match target.split_once('/') {
        Some((kind, name)) => (format!("--{kind}"), name),
        None => ("--test".to_owned(), target),
    });
    let mut words = vec!["-p".to_owned(), package.to_owned()];
    match target {
        Some((flag, name)) => words.extend([flag, name.to_owned()]),
        None => words.push("--lib".to_owned()),
    }
    words
}

/// The workspace that a package is in: the nearest folder around it with a manifest of one, or
/// itself.
fn workspace_of(package: &Path) -> PathBuf {
    let is_workspace = |folder: &&Path| {
        let manifest = fs::read_to_string(folder.join("Cargo.toml")).unwrap_or_default();
        manifest.lines().any(|line| line.trim() == "[workspace]")
    };
    package.ancestors().find(is_workspace).unwrap_or(package).to_owned()
}

/// The profile that a program was built with, from the folder it lies in: `test` where that is
/// `debug`.
///
/// Source: cargo 1.95, src/cargo/core/profiles.rs (`dir-name`).
pub(super) fn profile(path: &Path) -> String {
    let folder = path.parent().filter(|folder| folder.ends_with("deps"));
    let folder = folder.and_then(Path::parent).and_then(Path::file_name);
    match folder.map(OsStr::to_string_lossy) {
        Some(name) if name != "debug" => name.into_owned(),
        Some(_) | None => "test".to_owned(),
    }
}

/// The folder of reports, in the target folder that the program lies in; in the workspace's, for a
/// program that was copied to elsewhere.
fn output(path: &Path, workspace: Option<&Path>) -> PathBuf {
    let mut folders = path.ancestors().skip(1);
    let target = folders.find(|folder| folder.join(TARGET_MARK).is_file()).map(Path::to_owned);
    let usual = || workspace.unwrap_or(Path::new("")).join("target");
    target.unwrap_or_else(usual).join("asynctest")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(id: &str, package: Option<&str>, expected: &str) {
        assert_eq!(selection(id, package).join(" "), expected, "{id}");
    }

    #[test]
    fn a_name_tells_what_cargo_is_to_build() {
        check("bank", Some("bank"), "-p bank --lib");
        check("bank::it", Some("bank"), "-p bank --test it");
        check("bank::bin/serve", Some("bank"), "-p bank --bin serve");
        check("bank::example/demo", Some("bank"), "-p bank --example demo");
        check("it", None, "");
    }

    #[test]
    fn a_program_is_named_after_its_target() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        for file in ["src/lib.rs", "tests/it.rs", "tests/big/main.rs", "tests/my-bank.rs"] {
            let file = root.join(file);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, "").unwrap();
        }
        let check = |file: &str, package: &str, expected: &str| {
            let path = root.join(format!("{file}-be9fa7a54bb55e38"));
            assert_eq!(id(&path, Some(package), Some(root)), expected, "{file}");
        };
        check("my_bank", "my-bank", "my-bank");
        check("it", "my-bank", "my-bank::it");
        check("big", "my-bank", "my-bank::big");
        check("my-bank", "my-bank", "my-bank::my-bank");
        check("your-bank", "your-bank", "your-bank::bin/your-bank");
        assert_eq!(id(Path::new("/x/run"), None, None), "run");
    }

    #[test]
    fn a_workspace_is_found_around_its_package() {
        let folder = tempfile::tempdir().unwrap();
        let package = folder.path().join("crates/bank");
        fs::create_dir_all(&package).unwrap();
        fs::write(package.join("Cargo.toml"), "[package]\n").unwrap();
        assert_eq!(workspace_of(&package), package);
        fs::write(folder.path().join("Cargo.toml"), "[workspace]\nmembers = []\n").unwrap();
        assert_eq!(workspace_of(&package), folder.path());
    }

    #[test]
    fn a_profile_is_told_by_its_folder() {
        let check = |path: &str, expected: &str| assert_eq!(profile(Path::new(path)), expected);
        check("/t/debug/deps/it-be9fa7a54bb55e38", "test");
        check("/t/x86_64-unknown-linux-gnu/release/deps/it-be9fa7a54bb55e38", "release");
        check("/t/ci/deps/it-be9fa7a54bb55e38", "ci");
        check("/elsewhere/it", "test");
    }

    #[test]
    fn reports_go_to_the_target_folder() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(TARGET_MARK), "").unwrap();
        let program = folder.path().join("debug/deps/it-be9fa7a54bb55e38");
        assert_eq!(output(&program, None), folder.path().join("asynctest"));
        let elsewhere = output(Path::new("/it-be9fa7a54bb55e38"), Some(Path::new("/bank")));
        assert_eq!(elsewhere, Path::new("/bank/target/asynctest"));
    }
}
