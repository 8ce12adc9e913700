//! What makes a machine slow or a test stand still while it is healthy.

use std::fs;
use std::hint::spin_loop;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle, available_parallelism};
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

/// What a suite runs under.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Condition {
    /// Nothing out of the ordinary.
    Plain,
    /// Behind threads that take all there is, and that come first.
    Starved,
    /// All on one CPU.
    OneCpu,
    /// Tests are stopped and go on, again and again.
    Stopped,
}

/// All of them, in turn.
pub const ALL: [Condition; 4] =
    [Condition::Plain, Condition::Starved, Condition::OneCpu, Condition::Stopped];

impl Condition {
    /// What it is called.
    pub fn name(self) -> &'static str {
        match self {
            Condition::Plain => "plain",
            Condition::Starved => "starved",
            Condition::OneCpu => "one CPU",
            Condition::Stopped => "stopped",
        }
    }

    /// What the command is started by.
    pub(super) fn prefix(self) -> &'static [&'static str] {
        match self {
            Condition::Plain | Condition::Stopped => &[],
            Condition::Starved => &["nice", "-n", "15"],
            Condition::OneCpu => &["taskset", "-c", "0"],
        }
    }
}

/// What goes on beside a run. Ended when dropped.
pub struct Disturbance {
    is_over: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
}

/// How long tests run between two stops.
const RUN: Duration = Duration::from_millis(700);

/// How long they are stopped.
const STOP: Duration = Duration::from_millis(300);

impl Disturbance {
    /// Begins what `condition` asks for beside the command.
    pub(super) fn begin(condition: Condition) -> Disturbance {
        let is_over = Arc::new(AtomicBool::new(false));
        let work: Vec<fn(&AtomicBool)> = match condition {
            Condition::Plain | Condition::OneCpu => Vec::new(),
            Condition::Starved => vec![spin; available_parallelism().map_or(1, usize::from)],
            Condition::Stopped => vec![stop_and_go_on],
        };
        let begin = |work: fn(&AtomicBool)| {
            let is_over = is_over.clone();
            thread::spawn(move || work(&is_over))
        };
        let threads = work.into_iter().map(begin).collect();
        Disturbance { is_over, threads }
    }
}

impl Drop for Disturbance {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::Relaxed);
        for thread in self.threads.drain(..) {
            // It only spins or sends signals.
            let _ = thread.join();
        }
    }
}

fn spin(is_over: &AtomicBool) {
    while !is_over.load(Ordering::Relaxed) {
        spin_loop();
    }
}

fn stop_and_go_on(is_over: &AtomicBool) {
    while !is_over.load(Ordering::Relaxed) {
        let tests = tests();
        signal(&tests, Signal::SIGSTOP);
        thread::sleep(STOP);
        signal(&tests, Signal::SIGCONT);
        thread::sleep(RUN);
    }
}

fn signal(tests: &[Pid], signal: Signal) {
    for test in tests {
        // It may have ended: then there is nothing to stop.
        let _ = kill(*test, signal);
    }
}

/// The tests that run below this process: those that the tool has started, not the tool itself nor
/// what it is started by.
fn tests() -> Vec<Pid> {
    let tools = children(i32::try_from(std::process::id()).unwrap_or_default());
    let tools = tools.into_iter().flat_map(children);
    let is_test = |id: &i32| {
        let name = fs::read_to_string(format!("/proc/{id}/comm")).unwrap_or_default();
        !name.starts_with("cargo") && !name.starts_with("rustc")
    };
    tools.flat_map(children).filter(is_test).map(Pid::from_raw).collect()
}

fn children(id: i32) -> Vec<i32> {
    let tasks = fs::read_dir(format!("/proc/{id}/task"));
    let lists = tasks.into_iter().flatten().flatten().filter_map(|task| {
        // A thread that has ended has none.
        fs::read_to_string(task.path().join("children")).ok()
    });
    lists
        .flat_map(|list| {
            list.split_ascii_whitespace().filter_map(|id| id.parse().ok()).collect::<Vec<i32>>()
        })
        .collect()
}
