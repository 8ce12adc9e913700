//! What stirs in processes that are written down here.

use std::path::PathBuf;

use super::{Stir, any_goes_on, stirs};
use crate::address::{Address, ProcessId, ThreadId};
use crate::arch::Registers;
use crate::snapshot::{
    Clock, Descriptor, Facts, Mapping, Socket, Surroundings, Syscall, Thread, Watched,
};

const FUTEX: u64 = 202;
const EPOLL: u64 = 232;
const PRIVATE_WAIT: u64 = 128;
const WORD: u64 = 0x1000;

fn thread(number: u64, arguments: [u64; 6]) -> Thread {
    Thread {
        id: ThreadId(7),
        name: "t".to_owned(),
        registers: Registers::default(),
        state: 'S',
        syscall: Some(Syscall { number, arguments }),
        cpu: 0,
        voluntary_switches: 0,
        involuntary_switches: 0,
    }
}

fn asleep() -> Thread {
    thread(FUTEX, [WORD, PRIVATE_WAIT, 2, 0, 0, 0])
}

/// A process of one thread that sleeps, with an event loop that watches its own waker.
fn facts() -> Facts {
    Facts {
        process: ProcessId(7),
        clock: Clock::default(),
        executable: PathBuf::new(),
        threads: vec![asleep()],
        mappings: vec![mapping(0x1000, true), mapping(0x3000, false)],
        descriptors: vec![
            descriptor(3, "anon_inode:[eventpoll]"),
            descriptor(4, "anon_inode:[eventfd]"),
        ],
        sockets: Vec::new(),
        surroundings: Some(Surroundings {
            watched: vec![watched(4, 0, 0)],
            // SIGBUS and SIGSEGV of std, and one of the C library's.
            handled_signals: Some(1 << 32 | 1 << 10 | 1 << 6),
            interval_timers: Some(0),
            ..Surroundings::default()
        }),
        ended: 0,
        moment: None,
    }
}

fn mapping(start: u64, private: bool) -> Mapping {
    Mapping {
        start: Address(start),
        end: Address(start + 0x1000),
        offset: 0,
        readable: true,
        writable: true,
        executable: false,
        private,
        inode: 0,
        path: String::new(),
    }
}

fn descriptor(number: i32, target: &str) -> Descriptor {
    Descriptor { number, target: target.to_owned() }
}

fn watched(descriptor: i32, data: u64, inode: u64) -> Watched {
    Watched { by: 3, descriptor, data, inode }
}

fn socket(inode: u64, local: &str, remote: Option<&str>) -> Socket {
    Socket {
        inode,
        protocol: "tcp".to_owned(),
        local: Some(local.to_owned()),
        remote: remote.map(str::to_owned),
        unsent: None,
        unread: None,
        peer: None,
    }
}

#[track_caller]
fn check(facts: &Facts, expected: &[&str]) {
    let found: Vec<String> = stirs(facts, &|_| false).iter().map(Stir::to_string).collect();
    assert_eq!(found, expected);
}

#[track_caller]
fn check_thread(thread: Thread, expected: Option<&str>) {
    let expected = expected.map(|does| format!("thread 7 t {does}"));
    let expected: Vec<&str> = expected.iter().map(String::as_str).collect();
    check(&Facts { threads: vec![thread], ..facts() }, &expected);
}

/// Checks a process that also watches this file.
#[track_caller]
fn check_file(open: &[Descriptor], sockets: &[Socket], watch: Watched, expected: Option<&str>) {
    let mut facts = facts();
    facts.descriptors.extend_from_slice(open);
    facts.sockets.extend_from_slice(sockets);
    if let Some(surroundings) = &mut facts.surroundings {
        surroundings.watched.push(watch);
    }
    let expected =
        expected.map(|what| format!("descriptor {} is watched: {what}", watch.descriptor));
    let expected: Vec<&str> = expected.iter().map(String::as_str).collect();
    check(&facts, &expected);
}

#[test]
fn a_process_asleep_has_nothing_that_stirs() {
    check(&facts(), &[]);
}

#[test]
fn a_wait_without_a_timeout_is_sleep() {
    check_thread(thread(FUTEX, [WORD, 9 | PRIVATE_WAIT, 2, 0, 0, u64::MAX]), None);
    for timeout in [u64::MAX, 0xffff_ffff] {
        check_thread(thread(EPOLL, [3, 0, 1024, timeout, 0, 0]), None);
    }
    check_thread(thread(441, [3, 0, 1024, 0, 0, 0]), None);
}

#[test]
fn a_wait_with_a_timeout_is_none() {
    let timed = || thread(FUTEX, [WORD, 9 | PRIVATE_WAIT, 2, 0x5000, 0, 0]);
    let interrupted = || thread(219, [0; 6]);
    check_thread(timed(), Some("waits with a timeout"));
    check_thread(interrupted(), Some("waits with a timeout"));
    for timeout in [0, 1, 0x7fff_ffff] {
        let does = "waits for descriptors with a timeout";
        check_thread(thread(EPOLL, [3, 0, 1024, timeout, 0, 0]), Some(does));
    }
    check_thread(
        thread(441, [3, 0, 1024, 0x5000, 0, 0]),
        Some("waits for descriptors with a timeout"),
    );
    assert_eq!(stirs(&Facts { threads: vec![timed(), interrupted()], ..facts() }, &|_| true), []);
}

#[test]
fn a_wait_for_what_is_not_known_is_none() {
    let does = "waits for descriptors that are not known";
    for number in [EPOLL, 281, 441] {
        for instance in [4, 9, u64::MAX] {
            check_thread(thread(number, [instance, 0, 1024, u64::MAX, 0, 0]), Some(does));
        }
    }
}

#[test]
fn memory_that_others_can_have_is_no_place_to_sleep() {
    // The end of a thread is waited for without the flag, in memory of the process's own.
    check_thread(thread(FUTEX, [WORD, 0, 2, 0, 0, 0]), None);
    let shared = Some("waits in memory that other processes can share");
    check_thread(thread(FUTEX, [0x3000, 0, 2, 0, 0, 0]), shared);
    check_thread(thread(FUTEX, [0x9000, 0, 2, 0, 0, 0]), shared);
}

#[test]
fn other_calls_and_states_are_no_sleep() {
    check_thread(thread(35, [0; 6]), Some("is in nanosleep"));
    check_thread(thread(0, [5, 0, 0, 0, 0, 0]), Some("is in read"));
    let other = Some("waits for a futex of an unusual kind");
    check_thread(thread(FUTEX, [WORD, 6 | PRIVATE_WAIT, 0, 0, 0, 0]), other);
    check_thread(Thread { syscall: None, ..asleep() }, Some("runs"));
    for (state, does) in [('R', "runs"), ('D', "runs"), ('T', "is stopped"), ('?', "runs")] {
        check_thread(Thread { state, ..asleep() }, Some(does));
    }
}

#[test]
fn what_is_not_known_stirs() {
    check(&Facts { surroundings: None, ..facts() }, &["not known: what is outside of the process"]);
    let expected = ["not known: whom a thread has woken that has just ended"];
    check(&Facts { ended: 1, ..facts() }, &expected);
    let mut unknown = facts();
    unknown.surroundings = Some(Surroundings::default());
    let expected = ["not known: timers of timer_create", "not known: which signals it handles"];
    check(&unknown, &expected);
}

#[test]
fn children_timers_and_signals_stir() {
    let mut facts = facts();
    facts.surroundings = Some(Surroundings {
        set_timers: vec![9],
        // SIGINT and SIGTERM, and the SIGSEGV of std.
        handled_signals: Some(0b100_0100_0000_0010),
        interval_timers: Some(2),
        children: vec![ProcessId(8)],
        ..Surroundings::default()
    });
    let expected = [
        "a timer of the kernel is set: descriptor 9",
        "a child process lives",
        "a timer of the kernel is set: 2 of timer_create",
        "signals are handled, by number: 2, 15",
    ];
    check(&facts, &expected);
}

#[test]
fn a_connection_into_the_process_is_no_way_in() {
    let open = [descriptor(5, "socket:[50]"), descriptor(6, "socket:[60]")];
    let (a, b) = ("127.0.0.1:1", "127.0.0.1:2");
    let both = [socket(50, a, Some(b)), socket(60, b, Some(a))];
    check_file(&open, &both, watched(5, 99, 50), None);
    let outside = Some("a tcp connection to 127.0.0.1:2");
    // Its other end is another process's, or is closed here.
    check_file(&open, &both[..1], watched(5, 99, 50), outside);
    check_file(&open[..1], &both, watched(5, 99, 50), outside);
    check_file(
        &open,
        &[socket(50, a, None)],
        watched(5, 99, 50),
        Some("a tcp socket at 127.0.0.1:1"),
    );
    check_file(&open, &[], watched(5, 99, 50), Some("a socket"));
}

#[test]
fn a_pair_of_sockets_is_inside_unless_another_process_has_its_end() {
    let open = [descriptor(5, "socket:[50]"), descriptor(6, "socket:[60]")];
    let end = |inode, peer| Socket {
        protocol: "unix".to_owned(),
        local: None,
        peer,
        ..socket(inode, "", None)
    };
    let both = [end(50, Some(60)), end(60, Some(50))];
    check_file(&open, &both, watched(5, 99, 50), None);
    let outside = Some("a unix connection to another process");
    check_file(&open[..1], &both, watched(5, 99, 50), outside);
    let unknown = Some("a unix socket at no address");
    check_file(&open, &[end(50, None), end(60, None)], watched(5, 99, 50), unknown);
    let mut facts = facts();
    facts.descriptors.extend_from_slice(&open);
    facts.sockets.extend_from_slice(&both);
    if let Some(surroundings) = &mut facts.surroundings {
        surroundings.watched.push(watched(5, 99, 50));
        surroundings.shared.insert(6);
    }
    check(&facts, &["descriptor 5 is watched: a unix connection to another process"]);
}

#[test]
fn bytes_on_their_way_arrive_by_themselves() {
    let open = [descriptor(5, "socket:[50]"), descriptor(6, "socket:[60]")];
    let check = |unsent: u64, unread: u64, expected: Option<&str>| {
        let (a, b) = ("127.0.0.1:1", "127.0.0.1:2");
        let from = Socket { unsent: Some(unsent), unread: Some(0), ..socket(50, a, Some(b)) };
        let to = Socket { unsent: Some(0), unread: Some(unread), ..socket(60, b, Some(a)) };
        let both = [from, to];
        check_file(&open, &both, watched(5, 99, 50), expected);
        check_file(&open, &both, watched(6, 99, 60), expected);
    };
    check(0, 0, None);
    check(9, 0, Some("a tcp connection with bytes on their way"));
    // Nobody reads: nothing more arrives.
    check(9, 100, None);
    check(0, 100, None);
}

#[test]
fn the_kernel_may_work_for_a_process_that_sleeps() {
    let expected = ["not known: what the kernel does for it"];
    let mut ring = facts();
    ring.descriptors.push(descriptor(5, "anon_inode:[io_uring]"));
    check(&ring, &expected);
    let mut queue = facts();
    queue.mappings.push(Mapping { path: "/[aio] (deleted)".to_owned(), ..mapping(0x9000, false) });
    check(&queue, &expected);
}

#[test]
fn a_loop_that_cannot_be_looked_into_stirs() {
    let mut facts = facts();
    if let Some(surroundings) = &mut facts.surroundings {
        surroundings.unknown.push(3);
    }
    check(&facts, &["not known: what descriptor 3 watches"]);
}

#[test]
fn a_pipe_is_inside_unless_another_process_has_it() {
    let open = [descriptor(5, "pipe:[50]")];
    check_file(&open, &[], watched(5, 99, 50), None);
    let mut facts = facts();
    facts.descriptors.extend_from_slice(&open);
    if let Some(surroundings) = &mut facts.surroundings {
        surroundings.watched.push(watched(5, 99, 50));
        surroundings.shared.insert(5);
    }
    check(&facts, &["descriptor 5 is watched: pipe:[50], which another process has too"]);
}

#[test]
fn an_event_that_another_process_has_can_be_set_there() {
    let mut facts = facts();
    if let Some(surroundings) = &mut facts.surroundings {
        surroundings.shared.insert(4);
    }
    check(
        &facts,
        &["descriptor 4 is watched: anon_inode:[eventfd], which another process has too"],
    );
}

#[test]
fn other_files_can_be_made_ready_from_outside() {
    for target in ["anon_inode:inotify", "anon_inode:[signalfd]", "/dev/tty", "socket:[x]"] {
        check_file(&[descriptor(5, target)], &[], watched(5, 99, 50), Some(target));
    }
    let gone = "it is closed, or another process has it";
    check_file(&[], &[], watched(5, 99, 50), Some(gone));
    let reused = "its number has become another file's";
    check_file(&[descriptor(5, "pipe:[51]")], &[], watched(5, 99, 50), Some(reused));
    // A timer is looked at by itself.
    check_file(&[descriptor(5, "anon_inode:[timerfd]")], &[], watched(5, 99, 50), None);
}

#[test]
fn who_goes_on_is_known_by_its_call_alone() {
    let endless = u64::from(u32::MAX);
    let waits = |timeout| thread(EPOLL, [3, 0, 0, timeout, 0, 0]);
    assert!(!any_goes_on(&[asleep(), waits(endless)]));
    assert!(any_goes_on(&[asleep(), waits(1000)]));
    assert!(any_goes_on(&[Thread { state: 'R', ..asleep() }]));
    assert!(!any_goes_on(&[Thread { state: 'Z', syscall: None, ..asleep() }, asleep()]));
}
