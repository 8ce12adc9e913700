//! Signals and `SIGSTOP` before, during and after a stop of ours.

use asynctest_engine::address::ProcessId;
use asynctest_engine::process::Process;
use libtest_mimic::Trial;
use nix::sys::signal::Signal;

use crate::helper::{Tracee, eventually, runs_freely, state, threads, trial};

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("stop::no_signal_is_lost", no_signal_is_lost),
        trial("stop::sigstop_before", sigstop_before),
        trial("stop::sigstop_during", sigstop_during),
        trial("stop::sigcont_during", sigcont_during),
        trial("stop::sigstop_after", sigstop_after),
    ]
}

fn no_signal_is_lost() {
    let mut tracee = Tracee::start(&["signals"]);
    let process = Process::open(tracee.id()).unwrap();
    for _ in 0..500 {
        drop(process.stop().unwrap());
    }
    tracee.finish();
    let counts = tracee.line();
    assert_eq!(tracee.outcome(), 0, "sent, handled, real-time ones handled: {counts}");
}

fn sigstop_before() {
    let tracee = Tracee::start(&["idle"]);
    tracee.signal(Signal::SIGSTOP);
    eventually("it stops", || is_stopped(tracee.id()));
    let process = Process::open(tracee.id()).unwrap();
    for _ in 0..20 {
        drop(process.stop().unwrap());
    }
    stays_stopped_until_continued(&tracee);
}

fn sigstop_during() {
    let tracee = Tracee::start(&["idle"]);
    let process = Process::open(tracee.id()).unwrap();
    let stopped = process.stop().unwrap();
    tracee.signal(Signal::SIGSTOP);
    drop(stopped);
    stays_stopped_until_continued(&tracee);
}

fn sigcont_during() {
    let mut tracee = Tracee::start(&["idle"]);
    tracee.signal(Signal::SIGSTOP);
    eventually("it stops", || is_stopped(tracee.id()));
    let process = Process::open(tracee.id()).unwrap();
    let stopped = process.stop().unwrap();
    tracee.signal(Signal::SIGCONT);
    drop(stopped);
    eventually("it runs", || runs_freely(tracee.id()));
    tracee.finish();
    assert_eq!(tracee.outcome(), 7);
}

fn sigstop_after() {
    let tracee = Tracee::start(&["idle"]);
    let process = Process::open(tracee.id()).unwrap();
    drop(process.stop().unwrap());
    tracee.signal(Signal::SIGSTOP);
    stays_stopped_until_continued(&tracee);
}

fn stays_stopped_until_continued(tracee: &Tracee) {
    eventually("every thread is in the stop again", || is_stopped(tracee.id()));
    tracee.signal(Signal::SIGCONT);
    eventually("it runs", || runs_freely(tracee.id()));
}

fn is_stopped(process: ProcessId) -> bool {
    threads(process).into_iter().all(|thread| state(process, thread) == Some('T'))
}
