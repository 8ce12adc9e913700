//! Threads of std that wait for one another: channels, joining, parking, sleeping.
//!
//! Source: rust 1.95 `library/std/src/sync/mpmc/`, `library/std/src/thread/`. A channel's thread
//! parks on a word of its own, so that the channel is known only where its variable is in memory.

use super::blocked::{Blocked, amounts};
use super::std_channels;
use crate::model::{EndedBy, ResourceKey, Wait};

/// A kind of wait: what it is called, whose doing ends it, and the ends of the functions that tell it.
const KINDS: [(&str, EndedBy, &[&str]); 6] = [
    ("thread::scope", EndedBy::Anybody, &["thread::scoped::scope"]),
    ("std mpsc recv", EndedBy::Senders, &["mpmc::Receiver::recv", "mpmc::Receiver::recv_timeout"]),
    ("std mpsc send", EndedBy::Receivers, &["mpmc::Sender::send", "mpmc::Sender::send_timeout"]),
    ("thread::sleep", EndedBy::Time, &["thread::sleep", "thread::functions::sleep"]),
    ("thread::park", EndedBy::Anybody, &["Thread::park", "thread::park", "Thread::park_timeout"]),
    ("std Once", EndedBy::Unknown, &["sys::sync::once::queue::wait"]),
];

pub(super) fn wait(blocked: &Blocked<'_>) -> Option<Wait> {
    if let Some(wait) = join(blocked) {
        return Some(wait);
    }
    let (kind, by, ends) =
        KINDS.iter().find(|(_, _, ends)| blocked.inside("std", ends).is_some())?;
    let channel = blocked.receiver_type("std", ends);
    let futex = blocked.futex();
    let end = blocked.receiver_value("std", ends).filter(|_| kind.starts_with("std mpsc"));
    let shared = end.and_then(|end| std_channels::shared(&end));
    let mut amounts = futex.as_ref().map(amounts).unwrap_or_default();
    amounts.extend(shared.iter().flat_map(std_channels::amounts));
    Some(Wait {
        kind: (*kind).to_owned(),
        by: *by,
        type_name: channel.map_or_else(|| (*kind).to_owned(), |channel| channel.type_.name.clone()),
        // Others unpark a thread by the word it parks on.
        resource: match shared {
            Some(shared) => Some(ResourceKey(shared.address)),
            None => futex.as_ref().map(|futex| ResourceKey(futex.word)),
        },
        amounts,
        ..Wait::default()
    })
}

/// `pthread_join` waits until the kernel clears the word that has the thread's id.
///
/// Source: glibc `nptl/pthread_join_common.c`, musl `src/thread/pthread_join.c` (the word differs).
fn join(blocked: &Blocked<'_>) -> Option<Wait> {
    blocked.inside("std", &["JoinInner::join", "imp::Thread::join", "unix::Thread::join"])?;
    let futex = blocked.futex()?;
    let threads = &blocked.program.snapshot.facts.threads;
    let mut ids = threads.iter().map(|thread| thread.id);
    let joined = ids.find(|id| u64::try_from(id.0) == Ok(futex.value));
    Some(Wait {
        kind: "thread".to_owned(),
        by: EndedBy::Named,
        type_name: "std::thread::JoinHandle".to_owned(),
        thread: joined,
        ..Wait::default()
    })
}
