//! Signals to a run.

use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Stdio};

use nix::sys::signal::{Signal, kill, killpg};
use nix::unistd::Pid;

use super::Case;
use crate::scenario::{Scenario, is_alive, scenario, wait_for, written_id};

pub(super) const CASES: &[Case] = &[
    ("a_signal_to_the_sentinel_alone_ends_the_run", a_signal_to_the_sentinel),
    ("a_signal_to_the_whole_group_counts_once", a_signal_to_the_group),
    ("the_second_signal_kills", the_second_signal_kills),
    ("a_stopped_run_stands_still_and_goes_on", a_stopped_run_stands_still),
    ("an_ignored_hangup_stays_ignored", an_ignored_hangup_stays_ignored),
    ("an_interrupt_ends_a_background_run_too", an_interrupt_ends_a_background_run_too),
];

/// Starts a run in a group of its own, and returns its first test's process id.
fn start(scenario: &Scenario, folder: &Path) -> (Child, i32) {
    let child = scenario
        .command()
        .process_group(0)
        .stderr(Stdio::piped())
        .spawn()
        .expect("the tool starts");
    (child, written_id(&folder.join("test")))
}

fn id(child: &Child) -> Pid {
    Pid::from_raw(child.id() as i32)
}

fn writes_id(folder: &Path, then: &str) -> String {
    format!("echo $$ > {}; {then}", folder.join("test").display())
}

fn a_signal_to_the_sentinel(folder: &Path) {
    for signal in [Signal::SIGTERM, Signal::SIGINT, Signal::SIGHUP] {
        let _ = std::fs::remove_file(folder.join("test"));
        let script = writes_id(folder, "exec sleep 1000");
        let mut scenario = scenario(folder, &["exit 0", &script, "exit 0"]);
        scenario.jobs = 1;
        let (child, test) = start(&scenario, folder);
        kill(id(&child), signal).expect("the sentinel is there");
        let output = child.wait_with_output().expect("the sentinel");
        assert_eq!(output.status.code(), Some(130), "{signal}");
        assert!(!is_alive(test));
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(said.contains("     running [") && said.contains("shell::it t1"), "{said}");
        let totals = &scenario.json()["totals"];
        assert_eq!((&totals["passed"], &totals["interrupted"]), (&1.into(), &1.into()));
        assert!(scenario.output.join("junit.xml").is_file());
    }
}

fn a_signal_to_the_group(folder: &Path) {
    let file = folder.join("cleaned");
    let clean = format!(
        "trap 'sleep 0.3; echo yes > {}; exit 0' TERM; {}; while :; do sleep 0.01; done",
        file.display(),
        writes_id(folder, ":")
    );
    let scenario = scenario(folder, &[&clean]);
    let (child, _) = start(&scenario, folder);
    killpg(id(&child), Signal::SIGINT).expect("the group is there");
    let output = child.wait_with_output().expect("the sentinel");
    assert_eq!(output.status.code(), Some(130));
    // Were it taken for two, the test would have been killed before it had cleaned up.
    assert!(file.is_file());
}

fn the_second_signal_kills(folder: &Path) {
    let script = format!("trap '' TERM; {}", writes_id(folder, "while :; do sleep 1; done"));
    let scenario = scenario(folder, &[&script]);
    let (child, test) = start(&scenario, folder);
    kill(id(&child), Signal::SIGINT).expect("the sentinel is there");
    kill(id(&child), Signal::SIGTERM).expect("the sentinel is there");
    let output = child.wait_with_output().expect("the sentinel");
    assert_eq!(output.status.code(), Some(130));
    assert!(!is_alive(test));
}

fn state(id: i32) -> String {
    let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
    let rest = stat.rsplit_once(") ").map_or("", |(_, rest)| rest);
    rest.chars().take(1).collect()
}

fn a_stopped_run_stands_still(folder: &Path) {
    let go = folder.join("go");
    nix::unistd::mkfifo(&go, nix::sys::stat::Mode::S_IRWXU).expect("a pipe");
    // It starts nothing: a shell that waits for what it has just forked does not show as stopped.
    let script = writes_id(folder, &format!("read line < {}", go.display()));
    let scenario = scenario(folder, &[&script]);
    let (child, test) = start(&scenario, folder);
    let sentinel = id(&child);
    for stop in [Signal::SIGTSTP, Signal::SIGTSTP] {
        killpg(sentinel, stop).expect("the group is there");
        wait_for("the sentinel to stop", || state(sentinel.as_raw()) == "T");
        wait_for("the test to stop", || state(test) == "T");
        killpg(sentinel, Signal::SIGCONT).expect("the group is there");
        wait_for("the test to go on", || state(test) != "T");
        // Only when it sleeps again has the sentinel handed the last signal on.
        wait_for("the sentinel to go on", || state(sentinel.as_raw()) == "S");
    }
    std::fs::write(go, "on\n").expect("the pipe");
    let output = child.wait_with_output().expect("the sentinel");
    assert_eq!(output.status.code(), Some(0));
}

fn an_ignored_hangup_stays_ignored(folder: &Path) {
    let go = folder.join("go");
    let script =
        format!("{}; while [ ! -e {} ]; do sleep 0.01; done", writes_id(folder, ":"), go.display());
    let scenario = scenario(folder, &[&script]);
    let tool = scenario.command();
    let child = std::process::Command::new("/bin/sh")
        .args(["-c", "trap '' HUP; exec \"$@\"", "sh"])
        .arg(tool.get_program())
        .args(tool.get_args())
        .process_group(0)
        .stderr(Stdio::null())
        .spawn()
        .expect("the tool starts");
    written_id(&folder.join("test"));
    killpg(id(&child), Signal::SIGHUP).expect("the group is there");
    std::fs::write(go, "").expect("the file");
    let output = child.wait_with_output().expect("the sentinel");
    assert_eq!(output.status.code(), Some(0));
}

/// A shell without job control ignores SIGINT in what it starts in the background.
fn an_interrupt_ends_a_background_run_too(folder: &Path) {
    let script = writes_id(folder, "sleep 1000");
    let scenario = scenario(folder, &[&script]);
    let tool = scenario.command();
    let child = std::process::Command::new("/bin/sh")
        .args(["-c", "trap '' INT; exec \"$@\"", "sh"])
        .arg(tool.get_program())
        .args(tool.get_args())
        .process_group(0)
        .stderr(Stdio::null())
        .spawn()
        .expect("the tool starts");
    written_id(&folder.join("test"));
    nix::sys::signal::kill(id(&child), Signal::SIGINT).expect("the tool is there");
    let output = child.wait_with_output().expect("the sentinel");
    assert_eq!(output.status.code(), Some(130));
}
