//! The programs that are stopped. Each prints `ready`, and ends when its input does.

use std::io::Read;
use std::os::unix::process::CommandExt;
use std::process::{Command, ExitCode};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use asynctest_engine::address::ProcessId;
use asynctest_engine::process::Process;
use nix::libc;
use nix::sys::signal::{SaFlags, SigAction, SigHandler, SigSet, Signal, sigaction};

/// Runs one of them.
pub(crate) fn run(program: &str, arguments: &[String]) -> ExitCode {
    match program {
        "idle" => idle(arguments),
        "late" => late(),
        "stop" => stop(arguments),
        "churn" => churn(),
        "signals" => signals(),
        "exec" => exec(arguments),
        "headless" => headless(),
        "vfork" => vfork(),
        "beats" => beats(),
        _ => ExitCode::FAILURE,
    }
}

/// Prints `ready` and waits for the end of the input.
fn wait_for_end() {
    println!("ready");
    let mut rest = Vec::new();
    std::io::stdin().read_to_end(&mut rest).unwrap();
}

/// Threads that sleep: four, or as many as asked for.
fn idle(arguments: &[String]) -> ExitCode {
    let count = arguments.first().and_then(|count| count.parse().ok());
    for _ in 0..count.unwrap_or(4) {
        thread::spawn(|| {
            loop {
                thread::park();
            }
        });
    }
    wait_for_end();
    ExitCode::from(7)
}

/// Threads that sleep, started when a line was read.
fn late() -> ExitCode {
    println!("ready");
    std::io::stdin().read_line(&mut String::new()).unwrap();
    idle(&["32".to_owned()])
}

/// Stops the process with this id and holds it.
fn stop(arguments: &[String]) -> ExitCode {
    let process = Process::open(ProcessId(arguments[0].parse().unwrap())).unwrap();
    let _stopped = process.stop().unwrap();
    wait_for_end();
    ExitCode::from(7)
}

/// Threads that start and end all the time: some are joined by their parent, others form relays in
/// which each starts the next and ends.
fn churn() -> ExitCode {
    for _ in 0..3 {
        thread::spawn(|| {
            loop {
                thread::spawn(|| {}).join().unwrap();
            }
        });
        relay();
    }
    wait_for_end();
    ExitCode::from(7)
}

fn relay() {
    thread::spawn(relay);
}

static ORDINARY: AtomicU64 = AtomicU64::new(0);
static REAL_TIME: AtomicU64 = AtomicU64::new(0);

extern "C" fn count_ordinary(_: i32) {
    ORDINARY.fetch_add(1, Ordering::SeqCst);
}

extern "C" fn count_real_time(_: i32) {
    REAL_TIME.fetch_add(1, Ordering::SeqCst);
}

/// Sends itself ordinary and real-time signals until its input ends, then prints how many were sent
/// and handled.
#[expect(unsafe_code, reason = "signal handlers and real-time signals have no safe interface")]
fn signals() -> ExitCode {
    let handler = SigHandler::Handler(count_ordinary);
    let action = SigAction::new(handler, SaFlags::SA_RESTART, SigSet::empty());
    // SAFETY: the handlers only add to an atomic number.
    unsafe { sigaction(Signal::SIGUSR1, &action).unwrap() };
    let handler: extern "C" fn(i32) = count_real_time;
    // SAFETY: as above.
    unsafe { libc::signal(libc::SIGRTMIN(), handler as libc::sighandler_t) };
    let stop = Arc::new(AtomicU64::new(0));
    let sent = {
        let stop = Arc::clone(&stop);
        thread::spawn(move || {
            let mut sent = 0;
            while stop.load(Ordering::SeqCst) == 0 {
                // Two ordinary signals of one kind become one: wait for each.
                for (signal, handled) in
                    [(libc::SIGUSR1, &ORDINARY), (libc::SIGRTMIN(), &REAL_TIME)]
                {
                    let target = handled.load(Ordering::SeqCst) + 1;
                    // SAFETY: a plain system call.
                    assert_eq!(unsafe { libc::kill(libc::getpid(), signal) }, 0);
                    while handled.load(Ordering::SeqCst) < target {
                        thread::yield_now();
                    }
                }
                sent += 1;
            }
            sent
        })
    };
    wait_for_end();
    stop.store(1, Ordering::SeqCst);
    let sent: u64 = sent.join().unwrap();
    let (ordinary, real_time) = (ORDINARY.load(Ordering::SeqCst), REAL_TIME.load(Ordering::SeqCst));
    println!("{sent} {ordinary} {real_time}");
    ExitCode::from(u8::from(sent != ordinary || sent != real_time))
}

/// A second thread becomes this program again, a number of times, with others around it.
fn exec(arguments: &[String]) -> ExitCode {
    let left: u32 = arguments.first().map_or(300, |left| left.parse().unwrap());
    if left == 300 {
        println!("ready");
    }
    if left == 0 {
        return ExitCode::from(7);
    }
    for _ in 0..8 {
        thread::spawn(|| {
            loop {
                thread::park();
            }
        });
    }
    let next = thread::spawn(move || {
        Command::new(std::env::current_exe().unwrap())
            .args(["tracee", "exec", &(left - 1).to_string()])
            .exec()
    });
    next.join().unwrap();
    ExitCode::FAILURE
}

/// The first thread ends and another goes on.
#[expect(unsafe_code, reason = "only the system call ends the first thread alone")]
fn headless() -> ExitCode {
    thread::spawn(|| {
        wait_for_end();
        std::process::exit(7);
    });
    // SAFETY: nothing else uses this thread's stack: the other thread owns what it needs.
    unsafe { libc::syscall(libc::SYS_exit, 0) };
    ExitCode::FAILURE
}

/// One thread waits for a child as after `vfork`: no signal but `SIGKILL` reaches it.
#[expect(unsafe_code, reason = "the standard library's child runs on at once")]
fn vfork() -> ExitCode {
    thread::spawn(|| {
        let flags = libc::CLONE_VFORK | libc::SIGCHLD;
        // SAFETY: without CLONE_VM this is `fork` but for the wait; the child only sleeps and exits.
        let child = unsafe { libc::syscall(libc::SYS_clone, flags, 0, 0, 0, 0) };
        if child == 0 {
            loop {
                // SAFETY: a plain system call.
                unsafe { libc::pause() };
            }
        }
    });
    wait_for_end();
    ExitCode::from(7)
}

/// How many threads call [`beat`], and how often each does.
pub(crate) const BEATS: (u64, u64) = (4, 100);

/// Prints where [`beat`] lies, and when a line was read has threads and a child that is forked call it.
#[expect(unsafe_code, reason = "the standard library's child does nothing of its own")]
fn beats() -> ExitCode {
    println!("ready");
    println!("{}", beat as *const () as usize);
    std::io::stdin().read_line(&mut String::new()).unwrap();
    let count = Arc::new(AtomicU64::new(0));
    let threads: Vec<_> = (0..BEATS.0)
        .map(|_| {
            let count = Arc::clone(&count);
            thread::spawn(move || (0..BEATS.1).for_each(|_| beat(&count)))
        })
        .collect();
    // SAFETY: the child calls nothing but a function that counts, and exits.
    let child = unsafe { libc::fork() };
    if child == 0 {
        beat(&count);
        // SAFETY: a plain system call.
        unsafe { libc::_exit(0) };
    }
    let mut status = -1;
    // SAFETY: it writes to a variable that outlives the call.
    unsafe { libc::waitpid(child, &raw mut status, 0) };
    threads.into_iter().for_each(|thread| thread.join().unwrap());
    println!("{} {status}", count.load(Ordering::Relaxed));
    wait_for_end();
    ExitCode::from(7)
}

/// Counts its calls.
#[inline(never)]
fn beat(count: &AtomicU64) {
    count.fetch_add(1, Ordering::Relaxed);
}
