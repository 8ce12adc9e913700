//! Nothing survives a run, however it ends.

use std::path::Path;
use std::process::{Child, Stdio};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::Case;
use crate::scenario::{Scenario, is_alive, scenario, wait_for, written_id};

pub(super) const CASES: &[Case] = &[
    ("what_tests_leave_behind_ends_with_the_run", leftovers_end_with_the_run),
    ("nothing_survives_a_killed_tool", nothing_survives_a_killed_tool),
    ("nothing_survives_a_killed_sentinel", nothing_survives_a_killed_sentinel),
    ("orphans_are_waited_for_while_tests_run", orphans_are_waited_for),
];

/// Leaves processes that hold on by ever less: group, session, environment, parent.
fn leaver(folder: &Path, then: &str) -> String {
    let file = |name: &str| folder.join(name).display().to_string();
    let daemon = |name: &str| {
        format!(
            "setsid sh -c 'sh -c \"echo \\$\\$ > {0}; exec sleep 1000\" & exit' >/dev/null 2>&1 &
             while [ ! -s {0} ]; do sleep 0.01; done",
            file(name)
        )
    };
    format!(
        "sleep 1000 >/dev/null 2>&1 & echo $! > {}\n{}\n{}\n{then}",
        file("child"),
        daemon("daemon"),
        daemon("stranger").replace("setsid", "env -i setsid"),
    )
}

const LEFT: [&str; 3] = ["child", "daemon", "stranger"];

fn assert_all_end(folder: &Path) {
    for name in LEFT {
        let id = written_id(&folder.join(name));
        wait_for(&format!("the end of {name}"), || !is_alive(id));
    }
}

fn leftovers_end_with_the_run(folder: &Path) {
    let ran = scenario(folder, &[&leaver(folder, "exit 0")]).run();
    assert_eq!((ran.code, ran.verdict(0)), (Some(0), "PASS".into()), "{}", ran.stderr);
    for name in LEFT {
        assert!(!is_alive(written_id(&folder.join(name))), "{name}");
    }
}

/// A run that has come to where it leaves things and hangs.
fn hanging(folder: &Path) -> (Scenario, Child, i32) {
    let script = leaver(folder, "exec sleep 1000");
    let scenario = scenario(folder, &[&script]);
    let sentinel = scenario.command().stderr(Stdio::null()).spawn().expect("the tool starts");
    LEFT.iter().for_each(|name| {
        written_id(&folder.join(name));
    });
    let id = sentinel.id();
    let children = std::fs::read_to_string(format!("/proc/{id}/task/{id}/children"));
    let tool = children.expect("children").trim().parse().expect("one child");
    (scenario, sentinel, tool)
}

fn nothing_survives_a_killed_tool(folder: &Path) {
    let (_, mut sentinel, tool) = hanging(folder);
    kill(Pid::from_raw(tool), Signal::SIGKILL).expect("the tool is there");
    let status = sentinel.wait().expect("the sentinel");
    assert_eq!(status.code(), Some(137));
    for name in LEFT {
        assert!(!is_alive(written_id(&folder.join(name))), "{name}");
    }
}

fn nothing_survives_a_killed_sentinel(folder: &Path) {
    let (scenario, mut sentinel, tool) = hanging(folder);
    sentinel.kill().expect("the sentinel is there");
    sentinel.wait().expect("the sentinel");
    wait_for("the end of the tool", || !is_alive(tool));
    assert_all_end(folder);
    assert_eq!(scenario.json()["totals"]["interrupted"], 1);
}

fn orphans_are_waited_for(folder: &Path) {
    let file = folder.join("orphan").display().to_string();
    let script = format!(
        "sh -c 'sleep 0.1 >/dev/null 2>&1 & echo $! > {file}'
         while kill -0 $(cat {file}) 2>/dev/null; do sleep 0.01; done"
    );
    let mut scenario = scenario(folder, &[&script]);
    scenario.timeout = Some(30_000);
    assert_eq!(scenario.run().verdict(0), "PASS");
}
