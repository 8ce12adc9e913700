//! Processes that are traced from one thread on, stopped as a whole again and again.

use std::time::Duration;

use asynctest_engine::process::{Ending, Event, Process, Resume, Traced};
use libtest_mimic::Trial;

use crate::helper::{Tracee, state, threads, trial};

pub(crate) fn trials() -> Vec<Trial> {
    vec![trial("traced::a_stop_leaves_no_thread_behind", a_stop_leaves_no_thread_behind)]
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
