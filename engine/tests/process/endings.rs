//! Processes that end or become another program while they are looked at.

use asynctest_engine::process::{Error, Process};
use libtest_mimic::Trial;
use nix::sys::signal::Signal;

use crate::helper::{Tracee, eventually, runs_freely, trial};

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("ending::killed_while_stopped", killed_while_stopped),
        trial("ending::killed_while_stopping", killed_while_stopping),
        trial("ending::the_exit_status_stays_for_the_parent", the_exit_status_stays),
        trial("ending::the_tool_is_killed_while_it_holds", the_tool_is_killed),
        trial("ending::exec_in_another_thread", exec_in_another_thread),
    ]
}

fn killed_while_stopped() {
    let tracee = Tracee::start(&["churn"]);
    let process = Process::open(tracee.id()).unwrap();
    let stopped = process.stop().unwrap();
    tracee.signal(Signal::SIGKILL);
    drop(stopped);
    assert_eq!(tracee.outcome(), -9);
}

fn killed_while_stopping() {
    for _ in 0..20 {
        let tracee = Tracee::start(&["churn"]);
        let process = Process::open(tracee.id()).unwrap();
        std::thread::scope(|scope| {
            let looks = scope.spawn(|| until_gone(&process));
            tracee.signal(Signal::SIGKILL);
            looks.join().unwrap();
        });
        assert_eq!(tracee.outcome(), -9);
    }
}

/// The thread that started the tracee is not the one that stops it.
fn the_exit_status_stays() {
    for _ in 0..20 {
        let mut tracee = Tracee::start(&["churn"]);
        let process = Process::open(tracee.id()).unwrap();
        std::thread::scope(|scope| {
            let looks = scope.spawn(|| until_gone(&process));
            tracee.finish();
            looks.join().unwrap();
        });
        assert_eq!(tracee.outcome(), 7);
    }
}

fn the_tool_is_killed() {
    let mut tracee = Tracee::start(&["churn"]);
    let tool = Tracee::start(&["stop", &tracee.id().to_string()]);
    assert!(!runs_freely(tracee.id()));
    tool.signal(Signal::SIGKILL);
    assert_eq!(tool.outcome(), -9);
    eventually("no thread is left behind", || runs_freely(tracee.id()));
    tracee.finish();
    assert_eq!(tracee.outcome(), 7);
}

fn exec_in_another_thread() {
    let tracee = Tracee::start(&["exec"]);
    let process = Process::open(tracee.id()).unwrap();
    until_gone(&process);
    assert_eq!(tracee.outcome(), 7);
}

fn until_gone(process: &Process) {
    loop {
        match process.stop() {
            Ok(stopped) => drop(stopped),
            Err(Error::Gone(_) | Error::Zombie { .. }) => return,
            Err(error) => panic!("{error}"),
        }
    }
}
