//! Processes that are traced from one thread on, stopped as a whole again and again.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::time::Duration;

use asynctest_engine::address::Address;
use asynctest_engine::arch::{Access, HardwareTrap, TrapSlots};
use asynctest_engine::process::{Ending, Event, Process, Resume, Traced};
use libtest_mimic::Trial;
use nix::sys::signal::Signal;

use crate::helper::{Tracee, state, threads, trial};
use crate::tracee::BEATS;

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("traced::a_stop_leaves_no_thread_behind", a_stop_leaves_no_thread_behind),
        trial("traced::breakpoints_miss_no_call", breakpoints_miss_no_call),
        trial("traced::nothing_of_a_breakpoint_stays", nothing_of_a_breakpoint_stays),
    ]
}

/// Half of the threads are armed: each call in these is told, no other, and what is forked meanwhile
/// runs on by itself.
fn breakpoints_miss_no_call() {
    let (mut tracee, mut traced, beat) = with_breakpoints();
    let (threads, calls) = BEATS;
    let slots = execute_at(beat);
    let (mut born, mut hits) = (0, 0);
    tracee.tell();
    let said = loop {
        match traced.wait().unwrap() {
            Event::Born(thread) => {
                born += 1;
                if born % 2 == 0 {
                    traced.arm(thread, &slots).unwrap();
                }
                traced.resume(thread, Resume::Run).unwrap();
            }
            Event::Trapped(thread, trapped) => {
                assert_eq!(trapped.hits, slots);
                assert_eq!(traced.registers(thread).unwrap().pc(), beat);
                hits += 1;
                traced.resume(thread, Resume::Run).unwrap();
            }
            Event::Ended(_) if born == threads && traced.threads().count() == 1 => {
                break tracee.line();
            }
            Event::Ended(_) => {}
            Event::Signaled(thread, signal) => {
                assert_eq!(signal, Signal::SIGCHLD as i32);
                traced.resume(thread, Resume::Run).unwrap();
            }
            other @ (Event::Exec(_) | Event::Exited(_)) => panic!("{other:?}"),
        }
    };
    assert_eq!(hits, threads / 2 * calls);
    assert_eq!(said, format!("{} 0", threads * calls));
    traced.release().unwrap();
    tracee.finish();
    assert_eq!(tracee.outcome(), 7);
}

/// A process that is let go in the middle has its own code, and ends by itself.
fn nothing_of_a_breakpoint_stays() {
    let (mut tracee, mut traced, beat) = with_breakpoints();
    let memory = File::open(format!("/proc/{}/mem", tracee.id())).unwrap();
    let code = || {
        let mut code = [0; 16];
        memory.read_exact_at(&mut code, beat.0).unwrap();
        code
    };
    let before = code();
    let leader = traced.threads().next().unwrap();
    traced.stop_all().unwrap();
    traced.arm(leader, &execute_at(beat)).unwrap();
    assert_ne!(code(), before);
    traced.go_on(leader).unwrap();
    tracee.tell();
    let mut hits = 0;
    while hits < BEATS.1 {
        let event = traced.wait().unwrap();
        if let Event::Born(thread) = event {
            traced.arm(thread, &execute_at(beat)).unwrap();
        }
        if let Event::Trapped(..) = event {
            hits += 1;
        }
        if let Some(thread) = event.thread() {
            traced.resume(thread, Resume::Run).unwrap();
        }
    }
    traced.release().unwrap();
    assert_eq!(code(), before);
    assert_eq!(tracee.line(), format!("{} 0", BEATS.0 * BEATS.1));
    tracee.finish();
    assert_eq!(tracee.outcome(), 7);
}

/// A tracee that is stopped by breakpoints, and where the function lies that its threads call.
fn with_breakpoints() -> (Tracee, Traced, Address) {
    let mut tracee = Tracee::start(&["beats"]);
    let beat = Address(tracee.line().parse().unwrap());
    let mut traced = Traced::seize(tracee.id()).unwrap();
    let [leader] = traced.stop_all().unwrap()[..] else { panic!("one thread") };
    traced.use_breakpoints(leader).unwrap();
    traced.go_on(leader).unwrap();
    (tracee, traced, beat)
}

fn execute_at(address: Address) -> TrapSlots {
    let trap = HardwareTrap { address, access: Access::Execute };
    [Some(trap), None, None, None]
}

/// Nothing is waited for between two stops: each thread has to run again by itself.
fn a_stop_leaves_no_thread_behind() {
    let mut tracee = Tracee::start(&["late"]);
    let id = tracee.id();
    let mut traced = Traced::seize(id).unwrap();
    let process = Process::open(id).unwrap();
    tracee.tell();
    while threads(id).len() < 33 || threads(id).iter().any(|thread| state(id, *thread) != Some('S'))
    {
        if let Some(event) = traced.wait_at_most(Duration::from_millis(1)).unwrap() {
            let Event::Born(thread) = event else { panic!("{event:?}") };
            traced.resume(thread, Resume::Run).unwrap();
        }
    }
    for round in 0..100 {
        let stopped = traced.stop(&process).unwrap();
        let states: String = stopped.threads().iter().map(|thread| thread.state).collect();
        assert_eq!(states.len(), 33);
        assert!(!states.contains('t'), "in round {round}: {states}");
    }
    assert_eq!(traced.wait_at_most(Duration::ZERO).unwrap(), None);
    tracee.finish();
    let ending = loop {
        if let Event::Exited(ending) = traced.wait().unwrap() {
            break ending;
        }
    };
    assert_eq!(ending, Ending::Code(7));
}
