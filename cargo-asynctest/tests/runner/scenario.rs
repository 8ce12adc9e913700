//! A run of shell scripts as tests, in a process of its own.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use asynctest_engine::limits::Values;
use serde::{Deserialize, Serialize};

use crate::captures::Fake;
use crate::plan::{
    Deadline, FailFast, Harness, Host, ListFailure, Output, Plan, Rounds, RunOptions, StatusLevel,
    TestBinary, TestCase, Trace, Unlisted, Until,
};
use crate::render::{Color, Options};
use crate::runner::examine::Captures;

/// The argument that makes this program the tool; the scenario follows it.
pub(crate) const MARK: &str = "run-scenario";

/// How long a test of ours waits for what must happen.
const PATIENCE: Duration = Duration::from_secs(60);

/// What is run, and how.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Scenario {
    /// Where the files go.
    pub(crate) output: PathBuf,
    /// What is run; `/bin/sh`.
    pub(crate) program: PathBuf,
    /// What it is given, if it is no shell.
    pub(crate) arguments: Option<Vec<String>>,
    /// The tests: `sh -c` each, named `t0`, `t1`, ...
    pub(crate) scripts: Vec<String>,
    /// How many at once.
    pub(crate) jobs: usize,
    /// The deadline, in milliseconds.
    pub(crate) timeout: Option<u64>,
    /// How often at most, and whether only until a hang.
    pub(crate) rounds: Option<(u32, bool)>,
    /// The deadline of the first test alone, in milliseconds.
    pub(crate) own_timeout: Option<u64>,
    /// The first and the last deadline that nobody asked for, in milliseconds.
    pub(crate) default: Option<(u64, u64)>,
    /// When to report and go on, in milliseconds.
    pub(crate) slow_after: Option<u64>,
    /// After how many milliseconds without output and CPU time a test has stalled.
    pub(crate) stall_after: Option<u64>,
    /// What comes of captures.
    pub(crate) fake: Fake,
    /// How long a capture may take, in milliseconds.
    pub(crate) patience: u64,
    /// Whether tests print straight to our streams.
    pub(crate) streamed: bool,
    /// Whether another binary did not list its tests in time.
    pub(crate) unlisted: bool,
    /// Whether to stop at the first failure.
    pub(crate) fail_fast: bool,
}

/// What a run left.
pub(crate) struct Ran {
    /// Its exit code.
    pub(crate) code: Option<i32>,
    /// What it wrote to stderr.
    pub(crate) stderr: String,
    /// What it wrote to stdout.
    pub(crate) stdout: String,
    /// Its `run.json`.
    pub(crate) json: serde_json::Value,
}

impl Ran {
    /// The verdict of test `index`.
    pub(crate) fn verdict(&self, index: usize) -> String {
        let name = format!("t{index}");
        let tests = self.json["tests"].as_array().expect("tests");
        let test = tests.iter().find(|test| test["test"] == *name);
        match test {
            Some(test) => test["verdict"].as_str().unwrap_or("interrupted").to_owned(),
            None => "not run".to_owned(),
        }
    }
}

/// Scripts in a folder of their own.
pub(crate) fn scenario(folder: &Path, scripts: &[&str]) -> Scenario {
    Scenario {
        output: folder.join("out"),
        program: PathBuf::from("/bin/sh"),
        arguments: None,
        scripts: scripts.iter().map(|script| (*script).to_owned()).collect(),
        jobs: 4,
        timeout: None,
        rounds: None,
        own_timeout: None,
        default: None,
        slow_after: None,
        stall_after: None,
        fake: Fake::Still,
        patience: 30_000,
        streamed: false,
        unlisted: false,
        fail_fast: false,
    }
}

impl Scenario {
    /// The command that runs it.
    pub(crate) fn command(&self) -> Command {
        let mut command = Command::new(std::env::current_exe().expect("this program"));
        command
            .arg(MARK)
            .arg(serde_json::to_string(self).expect("json"))
            .env_remove("GITHUB_ACTIONS")
            .stdin(Stdio::null());
        command
    }

    /// Runs it to its end.
    pub(crate) fn run(&self) -> Ran {
        let output = self.command().output().expect("the tool starts");
        Ran {
            code: output.status.code(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            json: self.json(),
        }
    }

    /// What it wrote to `run.json`.
    pub(crate) fn json(&self) -> serde_json::Value {
        let file = std::fs::read(self.output.join("run.json")).unwrap_or_default();
        serde_json::from_slice(&file).unwrap_or_default()
    }
}

/// The tool: runs the scenario in its arguments.
pub(crate) fn tool(arguments: &[OsString]) -> ExitCode {
    let scenario = arguments.get(2).and_then(|argument| argument.to_str());
    let scenario: Scenario = serde_json::from_str(scenario.expect("a scenario")).expect("json");
    let outcome = crate::runner::run_with(
        plan(&scenario),
        &options(&scenario),
        &Options::detect(Color::Never),
        Captures {
            how: Arc::new(scenario.fake),
            patience: Duration::from_millis(scenario.patience),
        },
    );
    ExitCode::from(outcome.expect("the run").exit)
}

fn plan(scenario: &Scenario) -> Plan {
    let binary = TestBinary {
        id: "shell::it".to_owned(),
        selection: vec!["--test".to_owned(), "it".to_owned()],
        path: scenario.program.clone(),
        folder: PathBuf::from("/"),
        environment: vec![("ADDED".into(), "yes".into())],
        unset: vec!["HOME".into()],
        is_optimized: false,
        harness: Harness::Libtest,
    };
    let case = |(index, script): (usize, &String)| TestCase {
        binary: 0,
        name: format!("t{index}"),
        arguments: match &scenario.arguments {
            Some(arguments) => arguments.iter().map(OsString::from).collect(),
            None => vec!["-c".into(), script.into()],
        },
    };
    Plan {
        binaries: vec![binary],
        tests: scenario.scripts.iter().enumerate().map(case).collect(),
        own_options: own_options(scenario),
        rounds: rounds(scenario),
        unlisted: scenario.unlisted.then(unlisted).into_iter().collect(),
        output: scenario.output.clone(),
        command: vec!["cargo".to_owned(), "asynctest".to_owned()],
        ..Plan::default()
    }
}

fn rounds(scenario: &Scenario) -> Rounds {
    scenario.rounds.map_or_else(Rounds::default, |(most, until_hang)| Rounds {
        first: 1,
        most,
        until: if until_hang { Until::Hang } else { Until::Last },
    })
}

fn own_options(scenario: &Scenario) -> BTreeMap<usize, RunOptions> {
    let own = scenario.own_timeout.map(|timeout| {
        let deadline = Deadline::Asked(Duration::from_millis(timeout));
        (0, RunOptions { deadline, ..options(scenario) })
    });
    own.into_iter().collect()
}

fn unlisted() -> Unlisted {
    Unlisted {
        binary: 0,
        why: ListFailure::Hung("said before".to_owned()),
        reproduce: "it --list".to_owned(),
    }
}

fn options(scenario: &Scenario) -> RunOptions {
    let milliseconds = Duration::from_millis;
    RunOptions {
        jobs: scenario.jobs,
        deadline: match (scenario.timeout, scenario.default) {
            (Some(timeout), _) => Deadline::Asked(milliseconds(timeout)),
            (None, Some((soft, hard))) => {
                Deadline::Default { soft: milliseconds(soft), hard: milliseconds(hard) }
            }
            (None, None) => Deadline::None,
        },
        trace: Trace::Never,
        values: Values::default(),
        slow_after: scenario.slow_after.map(milliseconds),
        output: if scenario.streamed { Output::Streamed } else { Output::Captured },
        fail_fast: if scenario.fail_fast { FailFast::Yes } else { FailFast::No },
        status: StatusLevel::All,
        apart: Duration::ZERO,
        host: Host::Own,
        stuck_after: None,
        stall_after: scenario.stall_after.map(milliseconds),
        global_timeout: None,
    }
}

/// Waits until `condition` holds.
pub(crate) fn wait_for(what: &str, mut condition: impl FnMut() -> bool) {
    let until = Instant::now() + PATIENCE;
    while !condition() {
        assert!(Instant::now() < until, "{what}: waited in vain");
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// The process id that a script wrote to a file, once it has.
pub(crate) fn written_id(file: &Path) -> i32 {
    let mut id = None;
    wait_for(&format!("an id in {}", file.display()), || {
        let text = std::fs::read_to_string(file).unwrap_or_default();
        id = text.strip_suffix('\n').and_then(|text| text.trim().parse().ok());
        id.is_some()
    });
    id.expect("an id")
}

/// Whether a process runs: it is there and has not ended.
pub(crate) fn is_alive(id: i32) -> bool {
    std::fs::read_to_string(format!("/proc/{id}/stat"))
        .is_ok_and(|stat| !stat.contains(") Z ") && !stat.contains(") X "))
}
