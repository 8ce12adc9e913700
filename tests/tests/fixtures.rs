//! Runs the command on all fixtures, with several versions of Tokio, profiles and toolchains, and
//! compares each report with the marks; then makes each report again from its capture.
//!
//! All fixtures of one combination that are asked for hang side by side in one run of the command,
//! which the first test of that combination starts and the others wait for.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock};
use std::{fs, process};

use asynctest_engine::report::Report;
use asynctest_tests::Error;
use asynctest_tests::command::{Ended, asynctest, run, workspace};
use asynctest_tests::compare::compare;
use asynctest_tests::fixture::{Fixture, fixtures};
use asynctest_tests::marks::Program;
use asynctest_tests::matrix::{Package, Profile, Setting, settings};
use libtest_mimic::{Arguments, Failed, Trial};

/// A setting with a profile, and the one run of the command on it.
struct Combination {
    setting: Setting,
    profile: Profile,
    /// The fixtures that are asked for.
    fixtures: Vec<Fixture>,
    /// Whether others are not asked for.
    is_filtered: bool,
    run: OnceLock<Result<Run, String>>,
}

/// What a run of the command left.
struct Run {
    /// The folder it ran in.
    folder: PathBuf,
    ended: Ended,
    reports: Vec<Saved>,
}

/// A report that the command saved.
struct Saved {
    folder: PathBuf,
    report: Report,
    json: serde_json::Value,
}

/// One run at a time: each uses all CPUs to build.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

fn main() -> process::ExitCode {
    let arguments = Arguments::from_args();
    let fixtures = match fixtures() {
        Ok(fixtures) => fixtures,
        Err(error) => {
            eprintln!("error: {error}");
            return process::ExitCode::FAILURE;
        }
    };
    let mut trials = Vec::new();
    for (setting, profile) in settings() {
        let has = |fixture: &&Fixture| {
            let is_tried = fixture.is_for_all_profiles || profile == Profile::Dev;
            is_tried && fixture.needs.is_none_or(|needs| setting.tokio.has(needs))
        };
        let is_wanted = |fixture: &&Fixture| {
            let filter = arguments.filter.as_ref();
            filter.is_none_or(|filter| name(setting, profile, fixture).contains(filter))
        };
        let all = || fixtures.iter().filter(has);
        let wanted: Vec<Fixture> = all().filter(is_wanted).cloned().collect();
        let is_installed = setting.toolchain.is_installed();
        let combination = Arc::new(Combination {
            setting,
            profile,
            is_filtered: wanted.len() < all().count(),
            fixtures: wanted,
            run: OnceLock::new(),
        });
        for fixture in &combination.fixtures {
            trials.push(trial(&combination, fixture.clone()).with_ignored_flag(!is_installed));
        }
    }
    libtest_mimic::run(&arguments, trials).exit_code()
}

/// What the test of a fixture is called.
fn name(setting: Setting, profile: Profile, fixture: &Fixture) -> String {
    let stem = Path::new(&fixture.file).file_stem().unwrap_or_default().to_string_lossy();
    let group = match fixture.target.as_str() {
        group @ ("bugs" | "zoo") => format!("{group}::"),
        _ => String::new(),
    };
    format!("{}::{}::{group}{stem}", setting.name(), profile.name())
}

fn trial(combination: &Arc<Combination>, fixture: Fixture) -> Trial {
    let combination = combination.clone();
    let name = name(combination.setting, combination.profile, &fixture);
    Trial::test(name, move || check(&combination, &fixture))
}

/// Compares the report on `fixture` with its marks, and with the report from its capture.
fn check(combination: &Combination, fixture: &Fixture) -> Result<(), Failed> {
    let run = combination.run.get_or_init(|| {
        let _alone = ONE_AT_A_TIME.lock();
        combination.start().map_err(|error| error.to_string())
    });
    let run = run.as_ref()?;
    let saved = run.find(fixture)?;
    let path = workspace().join("fixtures").join(&fixture.file);
    let source = fs::read_to_string(&path).map_err(Error::file(&path))?;
    let program = Program::parse(&source)?;
    let mut wrong = compare(&program, &saved.report, &fixture.file, &source);
    wrong.extend(asynctest_tests::schema::violations(&saved.json)?);
    wrong.extend(headline(run, saved));
    wrong.extend(again(run, saved)?);
    if wrong.is_empty() {
        return Ok(());
    }
    let mut message = format!("{}\n", saved.folder.display());
    for line in wrong {
        let _ = writeln!(message, "  - {line}");
    }
    Err(message.into())
}

impl Combination {
    /// Runs the command on all fixtures of this combination at once.
    fn start(&self) -> Result<Run, Error> {
        let package = Package::fixtures(&target(), self.setting)?;
        let reports = package.target().join("asynctest");
        if reports.exists() {
            fs::remove_dir_all(&reports).map_err(Error::file(&reports))?;
        }
        let mut command = asynctest(Profile::Dev)?;
        package.of(&mut command, self.profile);
        let targets: BTreeSet<&String> =
            self.fixtures.iter().map(|fixture| &fixture.target).collect();
        for target in targets {
            command.args(["--test", target]);
        }
        command.args(["--timeout", "5s", "--test-threads", "16"]);
        if self.is_filtered {
            command
                .arg("--")
                .args(self.fixtures.iter().filter_map(|fixture| fixture.test.as_ref()));
        }
        let ended = run(&mut command)?.expect_code(100)?;
        Ok(Run { folder: package.folder, ended, reports: saved(&reports)? })
    }
}

impl Run {
    fn find(&self, fixture: &Fixture) -> Result<&Saved, Failed> {
        let found = self.reports.iter().find(|saved| {
            let subject = &saved.report.subject;
            subject.binary == format!("fixtures::{}", fixture.target)
                && fixture.test.as_ref().is_none_or(|test| subject.test.as_ref() == Some(test))
        });
        found.ok_or_else(|| format!("no report on {}\n{}", fixture.file, self.ended).into())
    }
}

/// This workspace's target folder, or that of whoever runs the tests.
fn target() -> PathBuf {
    let temporary = Path::new(env!("CARGO_TARGET_TMPDIR"));
    temporary.parent().unwrap_or(temporary).to_owned()
}

/// All reports below `folder`.
fn saved(folder: &Path) -> Result<Vec<Saved>, Error> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).map_err(Error::file(folder))? {
        let path = entry.map_err(Error::file(folder))?.path();
        if path.is_dir() {
            found.extend(saved(&path)?);
        } else if path.file_name().is_some_and(|name| name == "report.json") {
            let text = fs::read_to_string(&path).map_err(Error::file(&path))?;
            let json = |source| Error::Json { what: path.display().to_string(), source };
            found.push(Saved {
                folder: folder.to_owned(),
                report: serde_json::from_str(&text).map_err(json)?,
                json: serde_json::from_str(&text).map_err(json)?,
            });
        }
    }
    Ok(found)
}

/// Checks that the run printed the report's first line in column 0.
fn headline(run: &Run, saved: &Saved) -> Option<String> {
    let verdict = &saved.report.subject.verdict;
    let test = saved.report.subject.test.as_deref().unwrap_or_default();
    let finding = format!("{}:", saved.report.headline.finding);
    let mut lines = run.ended.stderr.lines();
    let printed = lines.any(|line| {
        line.starts_with(&format!("{verdict}  ")) && line.contains(test) && line.contains(&finding)
    });
    (!["HANG", "STUCK"].contains(&verdict.as_str()) || !printed)
        .then(|| format!("no first line `{verdict}  ...{test}  {finding}` on stderr"))
}

/// Checks that the capture gives the same report, as text and as it was printed.
fn again(run_of_all: &Run, saved: &Saved) -> Result<Option<String>, Failed> {
    let mut command = asynctest(Profile::Dev)?;
    // Paths are said as seen from the folder that one stands in.
    command.current_dir(&run_of_all.folder).arg("report").arg(&saved.folder);
    let ended = run(&mut command)?;
    if ended.code != Some(0) {
        return Ok(Some(format!("`report` failed: {ended}")));
    }
    let text = format!("{}{}", ended.stdout, ended.stderr);
    let same = !text.trim().is_empty() && run_of_all.ended.stderr.contains(text.trim());
    Ok((!same).then(|| {
        let difference = difference(&run_of_all.ended.stderr, text.trim());
        format!("the report from the capture is not the one that was printed: {difference}\n{text}")
    }))
}

/// The first line in which a printed report differs from one that begins alike.
fn difference(printed: &str, text: &str) -> String {
    let first = text.lines().next().unwrap_or_default();
    let Some(at) = printed.find(first) else { return format!("nothing begins with `{first}`") };
    let there = printed.get(at..).unwrap_or_default().lines();
    match there.zip(text.lines()).find(|(there, here)| there != here) {
        Some((there, here)) => format!("`{there}` was printed, `{here}` came from the capture"),
        None => "it was cut".to_owned(),
    }
}
