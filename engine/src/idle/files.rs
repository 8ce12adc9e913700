//! Files that are watched, and who can make them ready.

use super::Stir;
use crate::snapshot::{Descriptor, Facts, Socket, Surroundings, Watched};

/// What could be made ready from outside.
pub(super) fn stirs(facts: &Facts, surroundings: &Surroundings) -> Vec<Stir> {
    let set = surroundings.set_timers.iter();
    let timers = set.map(|number| Stir::Timer(format!("descriptor {number}")));
    let watched = surroundings.watched.iter().filter_map(|watched| {
        let what = outside(facts, surroundings, watched)?;
        Some(Stir::File { descriptor: watched.descriptor, what })
    });
    let unknown = surroundings.unknown.iter();
    let unknown = unknown.map(|number| Stir::Unknown(format!("what descriptor {number} watches")));
    let busy = works_by_itself(facts).then(|| Stir::Unknown("what the kernel does for it".into()));
    timers.chain(watched).chain(unknown).chain(busy).collect()
}

/// Whether the kernel may do work for the process while all of its threads sleep, and wake one when
/// it is done.
///
/// Source: Linux `io_uring/io_uring.c`, `fs/aio.c` (the mapping `/[aio]`).
fn works_by_itself(facts: &Facts) -> bool {
    let is_ring = |open: &Descriptor| open.target.starts_with("anon_inode:[io_uring]");
    facts.descriptors.iter().any(is_ring)
        || facts.mappings.iter().any(|mapping| mapping.path.starts_with("/[aio]"))
}

/// What can make this file ready, if anything outside can.
fn outside(facts: &Facts, surroundings: &Surroundings, watched: &Watched) -> Option<String> {
    let Some(descriptor) = facts.descriptor(watched.descriptor) else {
        return Some("it is closed, or another process has it".to_owned());
    };
    let is_shared = surroundings.shared.contains(&descriptor.number);
    match descriptor.target.as_str() {
        _ if is_shared => Some(format!("{}, which another process has too", descriptor.target)),
        // Only who has its descriptor can.
        "anon_inode:[eventfd]" => None,
        // What it watches is looked at by itself, and so are timers.
        "anon_inode:[eventpoll]" | "anon_inode:[timerfd]" => None,
        _ => match end(descriptor) {
            None => Some(descriptor.target.clone()),
            Some((_, inode)) if inode != watched.inode => {
                Some("its number has become another file's".to_owned())
            }
            Some((End::Pipe, _)) => None,
            Some((End::Socket, _)) => socket(facts, surroundings, descriptor),
        },
    }
}

/// What can still come to a socket from outside of this process, or from the kernel, in words.
fn socket(facts: &Facts, surroundings: &Surroundings, own: &Descriptor) -> Option<String> {
    let Some(socket) = facts.socket(own) else { return Some("a socket".to_owned()) };
    if let Some(peer) = socket.peer {
        let what = || format!("a {} connection to another process", socket.protocol);
        return (!is_inside(facts, surroundings, peer)).then(what);
    }
    let Some(remote) = &socket.remote else {
        let local = socket.local.as_deref().unwrap_or("no address");
        return Some(format!("a {} socket at {local}", socket.protocol));
    };
    let mut others = facts.sockets.iter().filter(|other| {
        other.protocol == socket.protocol
            && other.local.as_ref() == Some(remote)
            && other.remote == socket.local
    });
    let inside = others.find(|other| is_inside(facts, surroundings, other.inode));
    match inside {
        None => Some(format!("a {} connection to {remote}", socket.protocol)),
        Some(other) if is_on_its_way(socket, other) || is_on_its_way(other, socket) => {
            Some(format!("a {} connection with bytes on their way", socket.protocol))
        }
        Some(_) => None,
    }
}

/// Whether this process has the socket of this inode, and no other has.
fn is_inside(facts: &Facts, surroundings: &Surroundings, inode: u64) -> bool {
    let has_it = |descriptor: &&Descriptor| descriptor.socket() == Some(inode);
    let mut ends = facts.descriptors.iter().filter(has_it).peekable();
    ends.peek().is_some() && ends.all(|end| !surroundings.shared.contains(&end.number))
}

/// Whether the kernel has bytes that it will hand over by itself: after a loss it waits longer each
/// time before it sends again, up to two minutes, within one machine too. To a reader that has not
/// read what is there it hands over nothing.
///
/// Source: Linux `net/ipv4/tcp_timer.c`, and `tcp_ipv4.c` (`get_tcp4_sock`, `tx_queue`).
fn is_on_its_way(from: &Socket, to: &Socket) -> bool {
    from.unsent.is_some_and(|bytes| bytes > 0) && to.unread == Some(0)
}

/// What a descriptor with two ends is.
enum End {
    Pipe,
    Socket,
}

/// Which kind of file with two ends it is, and its inode.
fn end(descriptor: &Descriptor) -> Option<(End, u64)> {
    if let Some(inode) = descriptor.socket() {
        return Some((End::Socket, inode));
    }
    let inode = descriptor.target.strip_prefix("pipe:[")?.strip_suffix(']')?;
    Some((End::Pipe, inode.parse().ok()?))
}
