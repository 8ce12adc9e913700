//! Threads that sleep until another thread of the process wakes them, and those that do not.

use super::Stir;
use crate::address::Address;
use crate::arch;
use crate::snapshot::{Facts, Syscall, Thread};

/// Parts of a futex's operation. Source: Linux `include/uapi/linux/futex.h`.
const FUTEX_COMMAND: u64 = 127;
const FUTEX_PRIVATE: u64 = 128;
const FUTEX_WAIT: u64 = 0;
const FUTEX_WAIT_BITSET: u64 = 9;

/// The threads that may go on without another one of the process.
pub(super) fn stirs(facts: &Facts, is_spare: &dyn Fn(&Thread) -> bool) -> Vec<Stir> {
    let stir = |thread: &Thread| {
        let does = does(facts, thread, is_spare)?;
        Some(Stir::Thread { id: thread.id, name: thread.name.clone(), does })
    };
    facts.threads.iter().filter_map(stir).collect()
}

/// Whether a thread goes on by itself, as far as its system call alone tells.
pub(super) fn goes_on(thread: &Thread) -> bool {
    match thread.state {
        'S' => {}
        'Z' | 'X' | 'x' => return false,
        _ => return true,
    }
    let Some(syscall) = thread.syscall else { return true };
    match arch::syscall_name(syscall.number).as_str() {
        "futex" | "restart_syscall" => false,
        "epoll_wait" | "epoll_pwait" => !is_endless(syscall),
        "epoll_pwait2" => {
            let [_, _, _, timeout, ..] = syscall.arguments;
            timeout != 0
        }
        _ => true,
    }
}

/// Whether a wait for descriptors has no timeout.
fn is_endless(syscall: Syscall) -> bool {
    let [_, _, _, timeout, ..] = syscall.arguments;
    // An `int`; -1 waits forever.
    timeout & u64::from(u32::MAX) == u64::from(u32::MAX)
}

/// What the thread does beside sleeping until another one wakes it, if it does.
fn does(facts: &Facts, thread: &Thread, is_spare: &dyn Fn(&Thread) -> bool) -> Option<String> {
    match thread.state {
        'S' => {}
        // It was about to end, or has.
        'Z' | 'X' | 'x' => return None,
        'T' | 't' => return Some("is stopped".to_owned()),
        _ => return Some("runs".to_owned()),
    }
    let Some(syscall) = thread.syscall else { return Some("runs".to_owned()) };
    let call = arch::syscall_name(syscall.number);
    match call.as_str() {
        "futex" => futex(facts, thread, syscall, is_spare),
        "epoll_wait" | "epoll_pwait" | "epoll_pwait2" if !is_known(facts, syscall) => {
            Some("waits for descriptors that are not known".to_owned())
        }
        "epoll_wait" | "epoll_pwait" => {
            (!is_endless(syscall)).then(|| "waits for descriptors with a timeout".to_owned())
        }
        "epoll_pwait2" => {
            let [_, _, _, timeout, ..] = syscall.arguments;
            (timeout != 0).then(|| "waits for descriptors with a timeout".to_owned())
        }
        // A wait with a timeout that was interrupted, by a look of ours for instance.
        "restart_syscall" => timed(thread, is_spare),
        _ => Some(format!("is in {call}")),
    }
}

/// Whether it is known what the thread watches that is in this call: a thread may have closed the
/// instance, or have a table of descriptors of its own.
fn is_known(facts: &Facts, syscall: Syscall) -> bool {
    let [instance, ..] = syscall.arguments;
    let number = i32::try_from(instance & u64::from(u32::MAX)).ok();
    let descriptor = number.and_then(|number| facts.descriptor(number));
    descriptor.is_some_and(|descriptor| descriptor.target == "anon_inode:[eventpoll]")
}

fn timed(thread: &Thread, is_spare: &dyn Fn(&Thread) -> bool) -> Option<String> {
    (!is_spare(thread)).then(|| "waits with a timeout".to_owned())
}

fn futex(
    facts: &Facts,
    thread: &Thread,
    syscall: Syscall,
    is_spare: &dyn Fn(&Thread) -> bool,
) -> Option<String> {
    let [word, operation, _, timeout, ..] = syscall.arguments;
    if ![FUTEX_WAIT, FUTEX_WAIT_BITSET].contains(&(operation & FUTEX_COMMAND)) {
        return Some("waits for a futex of an unusual kind".to_owned());
    }
    if timeout != 0 {
        return timed(thread, is_spare);
    }
    let is_own = operation & FUTEX_PRIVATE != 0 || is_private(facts, Address(word));
    (!is_own).then(|| "waits in memory that other processes can share".to_owned())
}

/// Whether no other process can have this memory.
fn is_private(facts: &Facts, address: Address) -> bool {
    let around =
        |mapping: &&crate::snapshot::Mapping| (mapping.start..mapping.end).contains(&address);
    facts.mappings.iter().find(around).is_some_and(|mapping| mapping.private)
}
