//! A package of someone, its test binaries, and the tests in them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::running::{Running, Verdict};
use crate::Error;
use crate::command::{cargo, executables, run};

/// The features to build with, the first that work: some packages have features that exclude each
/// other or need another compiler, and many of them one for all the rest.
const FEATURES: [&[&str]; 3] = [&["--all-features"], &["--features=full"], &[]];

/// Most time that a test may take to count as one that ends.
const LONGEST: Duration = Duration::from_secs(20);

/// A package to look at.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Source {
    /// What it is called: its folder's name, or `name-version`.
    pub name: String,
    folder: PathBuf,
}

/// A package whose tests are built.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Built {
    /// What it is called.
    pub name: String,
    /// Its tests that end, and pass.
    pub tests: Vec<Test>,
}

/// One test.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Test {
    /// The binary that has it.
    pub executable: PathBuf,
    /// Its name there.
    pub name: String,
    /// Where it runs.
    pub folder: PathBuf,
    /// How long it took, alone.
    pub took: Duration,
}

impl Test {
    /// The name of its binary, without cargo's hash.
    pub fn binary(&self) -> String {
        let name = self.executable.file_name().unwrap_or_default().to_string_lossy();
        name.rsplit_once('-').map_or(&*name, |(name, _)| name).to_owned()
    }

    /// `binary::test`.
    pub fn full_name(&self) -> String {
        format!("{}::{}", self.binary(), self.name)
    }

    /// Runs just this test, after everything else that wants to run: most are over in the time that
    /// it takes to look.
    pub fn command(&self) -> Command {
        let mut command = Command::new("nice");
        command
            .args(["-n", "8"])
            .arg(&self.executable)
            .args(["--exact", &self.name, "--test-threads=1"])
            .current_dir(&self.folder);
        command.env("CARGO_MANIFEST_DIR", &self.folder);
        // Many tests panic on purpose, and would spend most of their time on telling where.
        command.env("RUST_BACKTRACE", "0");
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command
    }
}

impl Source {
    /// The package in the folder `name`, or else the version `name@version` of one on crates.io,
    /// which is unpacked below `folder`.
    ///
    /// # Errors
    ///
    /// There is no such folder, and no such package could be had.
    pub fn find(name: &str, folder: &Path) -> Result<Source, Error> {
        let path = Path::new(name);
        if path.join("Cargo.toml").exists() {
            let path = path.canonicalize().map_err(Error::file(path))?;
            let own = path.file_name().unwrap_or_default().to_string_lossy();
            return Ok(Source { name: own.into_owned(), folder: path });
        }
        let Some((package, version)) = name.split_once('@') else {
            return Err(Error::Missing(format!("a package in the folder `{name}`")));
        };
        let full = format!("{package}-{version}");
        let unpacked = folder.join("sources").join(&full);
        if !unpacked.exists() {
            download(package, version, &folder.join("sources"))?;
        }
        Ok(Source { name: full, folder: unpacked })
    }

    /// Builds its tests, with the most features with which any build, and runs each once.
    ///
    /// # Errors
    ///
    /// No tests build.
    pub fn build(&self, folder: &Path) -> Result<Built, Error> {
        let mut built = Vec::new();
        for features in FEATURES {
            if built.is_empty() {
                built = self.compile(features, folder)?;
            }
        }
        let mut tests = Vec::new();
        for (_, executable) in built {
            for name in list(&executable)? {
                let mut test = Test {
                    executable: executable.clone(),
                    name,
                    folder: self.folder.clone(),
                    took: Duration::ZERO,
                };
                if let Some(took) = time(&test)? {
                    test.took = took;
                    tests.push(test);
                }
            }
        }
        Ok(Built { name: self.name.clone(), tests })
    }

    /// The test binaries that can be built: one that cannot does not keep the others from it.
    fn compile(&self, features: &[&str], folder: &Path) -> Result<Vec<(String, PathBuf)>, Error> {
        let mut command = cargo();
        command.current_dir(&self.folder).env("CARGO_TARGET_DIR", folder.join("target"));
        command.args(["build", "--tests", "--keep-going"]).args(features);
        command.args(["--message-format=json", "--config", "profile.dev.debug=2"]);
        command.args(["--config", "profile.dev.package.\"*\".debug=2"]);
        let built = run(&mut command)?;
        // A package's own binaries are built for its tests; they have none themselves.
        let executables = executables(&built.stdout)?;
        let is_test = |path: &Path| path.parent().is_some_and(|parent| parent.ends_with("deps"));
        let tests: Vec<_> = executables.into_iter().filter(|(_, path)| is_test(path)).collect();
        match tests.is_empty() && features.is_empty() {
            true => built.expect_code(0).map(|_| tests),
            false => Ok(tests),
        }
    }
}

fn download(package: &str, version: &str, folder: &Path) -> Result<(), Error> {
    fs::create_dir_all(folder).map_err(Error::file(folder))?;
    let archive = folder.join(format!("{package}-{version}.crate"));
    let address = format!("https://static.crates.io/crates/{package}/{package}-{version}.crate");
    let mut command = Command::new("curl");
    command.args(["--fail", "--silent", "--show-error", "--location", "--output"]);
    run(command.arg(&archive).arg(address))?.expect_code(0)?;
    let mut command = Command::new("tar");
    command.arg("-xzf").arg(&archive).arg("-C").arg(folder);
    run(&mut command)?.expect_code(0)?;
    Ok(())
}

/// The names of the tests of a libtest binary; none for any other, which is not to be run.
fn list(executable: &Path) -> Result<Vec<String>, Error> {
    let has_libtest = asynctest_engine::symbols::Object::open(executable).is_ok_and(|object| {
        !object.symbols_named(|name| name.contains("test_main_static")).is_empty()
    });
    if !has_libtest {
        return Ok(Vec::new());
    }
    let mut command = Command::new(executable);
    let listed = run(command.args(["--list", "--format", "terse"]))?.expect_code(0)?;
    let names = listed.stdout.lines().filter_map(|line| line.strip_suffix(": test"));
    Ok(names.map(str::to_owned).collect())
}

/// How long `test` takes once its thread is there; none when it fails or does not end.
fn time(test: &Test) -> Result<Option<Duration>, Error> {
    let mut running = Running::start(test)?;
    let started = Instant::now();
    let verdict = running.verdict(LONGEST)?;
    Ok((verdict == Verdict::Pass).then(|| started.elapsed()))
}
