//! What is said when a process cannot be stopped.

use asynctest_engine::address::ProcessId;
use asynctest_engine::process::{Error, Process, is_alive};
use libtest_mimic::Trial;

use crate::helper::{Tracee, eventually, trial};

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("refusal::no_such_process", no_such_process),
        trial("refusal::a_zombie_names_its_parent", a_zombie_names_its_parent),
        trial("refusal::another_tracer_is_named", another_tracer_is_named),
        trial("refusal::a_thread_of_the_kernel", a_thread_of_the_kernel),
    ]
}

fn no_such_process() {
    let error = Process::open(ProcessId(i32::MAX)).unwrap_err();
    assert!(matches!(error, Error::Gone(_)), "{error}");
}

fn a_zombie_names_its_parent() {
    let mut tracee = Tracee::start(&["idle"]);
    let id = tracee.id();
    tracee.finish();
    eventually("all its threads end", || !is_alive(id));
    let error = Process::open(id).unwrap_err();
    let Error::Zombie { parent, .. } = &error else { panic!("{error}") };
    assert_eq!(parent.0, std::process::id().cast_signed());
}

fn another_tracer_is_named() {
    let tracee = Tracee::start(&["idle"]);
    let first = Process::open(tracee.id()).unwrap();
    let second = Process::open(tracee.id()).unwrap();
    let stopped = first.stop().unwrap();
    let error = second.stop().unwrap_err();
    let Error::Traced { tracer_name, .. } = &error else { panic!("{error}") };
    assert_eq!(tracer_name, "holder");
    drop(stopped);
    second.stop().unwrap();
}

/// Where the kernel's threads can be seen: not in most containers.
fn a_thread_of_the_kernel() {
    const KTHREADD: ProcessId = ProcessId(2);
    if std::fs::read_to_string("/proc/2/comm").is_ok_and(|name| name.trim_end() == "kthreadd") {
        let error = Process::open(KTHREADD).unwrap_err();
        assert!(error.to_string().contains("kernel"), "{error}");
    }
}
