//! A signal of the system's.
//!
//! Source: tokio 1.20 to 1.54 `signal/mod.rs` (`struct RxFuture { inner: ReusableBoxFuture }` around a
//! future that has captured a `watch::Receiver`), `signal/unix.rs`: `recv` awaits a `PollFn` of a
//! closure that borrows the receiver. Which signal that is for is not kept beside it: the senders of
//! all signals are in `signal/registry.rs` (`static GLOBALS`, `struct Registry { storage }`), in order
//! of number, the last one for `SIGRTMAX`.

use super::{Leaf, watch};
use crate::address::Address;
use crate::model::{EndedBy, Wait};
use crate::symbols::{Kind, Type};
use crate::value::{Place, Pointee, elements, search, statics};

/// A signal.
pub(super) struct Signal;

const GLOBALS: &str = "tokio::signal::registry::globals::GLOBALS";

/// The greatest number of a signal, and the least that has no name of its own.
///
/// Source: `signal(7)`, glibc's and musl's `SIGRTMIN`.
const LAST: usize = 64;
const FIRST_REAL_TIME: usize = 34;

/// The names of the others, from number 1 on.
const NAMES: [&str; 31] = [
    "SIGHUP",
    "SIGINT",
    "SIGQUIT",
    "SIGILL",
    "SIGTRAP",
    "SIGABRT",
    "SIGBUS",
    "SIGFPE",
    "SIGKILL",
    "SIGUSR1",
    "SIGSEGV",
    "SIGUSR2",
    "SIGPIPE",
    "SIGALRM",
    "SIGTERM",
    "SIGSTKFLT",
    "SIGCHLD",
    "SIGCONT",
    "SIGSTOP",
    "SIGTSTP",
    "SIGTTIN",
    "SIGTTOU",
    "SIGURG",
    "SIGXCPU",
    "SIGXFSZ",
    "SIGVTALRM",
    "SIGPROF",
    "SIGWINCH",
    "SIGIO",
    "SIGPWR",
    "SIGSYS",
];

/// How deep in wrappers the parts are searched.
const DEPTH: usize = 16;

/// Most pointers between a closure and what it has borrowed.
const MOST_POINTERS: usize = 6;

impl Leaf for Signal {
    fn is_leaf(&self, type_: &Type) -> bool {
        type_.own_name.starts_with("PollFn<tokio::signal::")
    }

    fn wait(&self, place: &Place<'_>, _around: &[Place<'_>]) -> Option<Wait> {
        Some(Wait {
            kind: "signal".to_owned(),
            by: EndedBy::World,
            type_name: "tokio::signal::unix::Signal".to_owned(),
            about: channel(place).and_then(|channel| number(place, channel)).and_then(name),
            ..Wait::default()
        })
    }
}

/// Where the channel lies that says that the signal has come.
fn channel(place: &Place<'_>) -> Option<Address> {
    let pointers = search(place, DEPTH, &|type_| matches!(type_.kind, Kind::Pointer { .. }));
    let receiver = pointers.into_iter().find_map(borrowed)?;
    let Pointee::Dynamic(future) = search(&receiver, DEPTH, &is_wide).first()?.pointee()? else {
        return None;
    };
    let receivers = search(&future, DEPTH, &|type_| type_.is(watch::RECEIVER));
    Some(watch::shared(receivers.first()?)?.address)
}

/// The receiver that a reference of a closure's leads to.
fn borrowed<'program>(pointer: Place<'program>) -> Option<Place<'program>> {
    let mut pointer = pointer;
    for _ in 0..MOST_POINTERS {
        let Pointee::Thin(target) = pointer.pointee()? else { return None };
        let is_receiver = |type_: &Type| type_.is("tokio::signal::RxFuture");
        if let Some(receiver) = search(&target, DEPTH, &is_receiver).into_iter().next() {
            return Some(receiver);
        }
        pointer = target;
    }
    None
}

fn is_wide(type_: &Type) -> bool {
    type_.member("vtable").is_some() && type_.member("pointer").is_some()
}

/// The number of the signal whose channel lies there.
fn number(near: &Place<'_>, channel: Address) -> Option<usize> {
    let is_for_channel = |signal: &Place<'_>| {
        let senders = search(signal, DEPTH, &|type_| type_.is(watch::SENDER));
        let shared = senders.first().and_then(watch::shared);
        shared.is_some_and(|shared| shared.address == channel)
    };
    statics(near.program, GLOBALS, "tokio").iter().find_map(|globals| {
        let registries =
            search(globals, DEPTH, &|type_| type_.is("tokio::signal::registry::Registry"));
        let storage = registries.first()?.field("storage")?;
        let lists = search(&storage, DEPTH, &|type_| {
            type_.is("alloc::vec::Vec") || type_.name.starts_with("alloc::boxed::Box<[")
        });
        let signals = elements(lists.first()?, LAST + 1)?;
        let behind = signals.iter().rev().position(is_for_channel)?;
        LAST.checked_sub(behind)
    })
}

/// What a signal is called.
fn name(number: usize) -> Option<String> {
    if let Some(name) = NAMES.get(number.checked_sub(1)?) {
        return Some((*name).to_owned());
    }
    Some(match number.checked_sub(FIRST_REAL_TIME) {
        Some(0) => "SIGRTMIN".to_owned(),
        Some(behind) => format!("SIGRTMIN+{behind}"),
        None => format!("signal {number}"),
    })
}

#[cfg(test)]
mod tests {
    use super::name;

    #[test]
    fn every_signal_has_a_name() {
        let check = |number, expected: &str| assert_eq!(name(number).as_deref(), Some(expected));
        check(1, "SIGHUP");
        check(2, "SIGINT");
        check(15, "SIGTERM");
        check(31, "SIGSYS");
        check(32, "signal 32");
        check(34, "SIGRTMIN");
        check(64, "SIGRTMIN+30");
        assert_eq!(name(0), None);
    }
}
