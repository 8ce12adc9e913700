//! All threads stand still, and all run on afterwards.

use asynctest_engine::process::{Process, descendants};
use libtest_mimic::Trial;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::helper::{Tracee, eventually, runs_freely, state, threads, trial};

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("freeze::every_thread_stands_under_churn", every_thread_stands_under_churn),
        trial("freeze::a_parked_thread_shows_its_call", a_parked_thread_shows_its_call),
        trial("freeze::a_process_without_its_first_thread", without_first_thread),
        trial("freeze::a_thread_that_no_signal_reaches", a_thread_that_no_signal_reaches),
    ]
}

fn every_thread_stands_under_churn() {
    let mut tracee = Tracee::start(&["churn"]);
    let process = Process::open(tracee.id()).unwrap();
    for _ in 0..200 {
        let stopped = process.stop().unwrap();
        let dead = |thread: &i32| matches!(state(tracee.id(), *thread), None | Some('Z' | 'X'));
        let living: Vec<i32> = threads(tracee.id()).into_iter().filter(|id| !dead(id)).collect();
        let mut known: Vec<i32> = stopped.threads().iter().map(|thread| thread.id.0).collect();
        known.sort_unstable();
        assert_eq!(living, known);
        for thread in living {
            assert_eq!(state(tracee.id(), thread), Some('t'));
        }
        drop(stopped);
        assert!(runs_freely(tracee.id()));
    }
    tracee.finish();
    assert_eq!(tracee.outcome(), 7);
}

fn a_parked_thread_shows_its_call() {
    const FUTEX: u64 = 202;
    let tracee = Tracee::start(&["idle"]);
    eventually("all threads sleep", || {
        threads(tracee.id()).into_iter().all(|thread| state(tracee.id(), thread) == Some('S'))
    });
    let process = Process::open(tracee.id()).unwrap();
    let stopped = process.stop().unwrap();
    let threads = stopped.threads();
    assert_eq!(threads.len(), 5);
    assert_eq!(threads[0].id.0, tracee.id().0);
    assert_eq!(threads[0].syscall.map(|syscall| syscall.number), Some(0));
    for thread in &threads[1..] {
        assert_eq!(thread.syscall.map(|syscall| syscall.number), Some(FUTEX));
        assert!(!thread.registers.thread_pointer().is_null());
        assert_eq!(thread.state, 'S');
    }
    let mut code = [0; 2];
    let pc = threads[1].registers.pc().back(2);
    assert!(stopped.memory().unwrap().read(pc, &mut code));
    assert_eq!(code, [0x0f, 0x05], "it stands behind a syscall instruction");
}

fn without_first_thread() {
    let mut tracee = Tracee::start(&["headless"]);
    let leader = tracee.id();
    eventually("the first thread ends", || state(leader, leader.0) == Some('Z'));
    let process = Process::open(leader).unwrap();
    for _ in 0..20 {
        let stopped = process.stop().unwrap();
        assert_eq!(stopped.threads().len(), 1);
        let sp = stopped.threads()[0].registers.sp();
        assert!(stopped.memory().unwrap().read(sp, &mut [0; 64]));
    }
    assert!(runs_freely(leader));
    tracee.finish();
    eventually("all threads end", || !asynctest_engine::process::is_alive(leader));
    assert_eq!(tracee.outcome(), 7);
}

fn a_thread_that_no_signal_reaches() {
    let mut tracee = Tracee::start(&["vfork"]);
    let process = Process::open(tracee.id()).unwrap();
    eventually("the child is there", || descendants(tracee.id()).len() == 1);
    eventually("a thread sleeps deeply", || {
        threads(tracee.id()).into_iter().any(|thread| state(tracee.id(), thread) == Some('D'))
    });
    let stopped = process.stop().unwrap();
    let deep: Vec<_> = stopped.threads().iter().filter(|thread| thread.state == 'D').collect();
    assert_eq!(deep.len(), 1);
    assert!(!deep[0].registers.pc().is_null());
    let mut code = [0; 2];
    let pc = deep[0].registers.pc().back(2);
    assert!(stopped.memory().unwrap().read(pc, &mut code));
    assert_eq!(code, [0x0f, 0x05], "it stands behind a syscall instruction");
    drop(stopped);
    assert!(runs_freely(tracee.id()));
    for child in descendants(tracee.id()) {
        kill(Pid::from_raw(child.0), Signal::SIGKILL).unwrap();
    }
    // Its order to stop was taken back: it wakes up and ends instead of standing still.
    eventually("the thread runs on", || threads(tracee.id()).len() == 1);
    tracee.finish();
    assert_eq!(tracee.outcome(), 7);
}
