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
    timers.chain(watched).collect()
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

/// A socket whose other end is not in this process, in words.
fn socket(facts: &Facts, surroundings: &Surroundings, own: &Descriptor) -> Option<String> {
    let Some(socket) = facts.socket(own) else { return Some("a socket".to_owned()) };
    let is_alone = |inode: u64| {
        let has_it = |descriptor: &&Descriptor| descriptor.socket() == Some(inode);
        let mut ends = facts.descriptors.iter().filter(has_it).peekable();
        ends.peek().is_some() && ends.all(|end| !surroundings.shared.contains(&end.number))
    };
    match (socket.peer, &socket.remote) {
        (Some(peer), _) if is_alone(peer) => None,
        (Some(_), _) => Some(format!("a {} connection to another process", socket.protocol)),
        (None, Some(remote)) => {
            let is_other_end = |other: &&Socket| {
                other.protocol == socket.protocol
                    && other.local.as_ref() == Some(remote)
                    && other.remote == socket.local
            };
            let is_inside =
                facts.sockets.iter().filter(is_other_end).any(|other| is_alone(other.inode));
            (!is_inside).then(|| format!("a {} connection to {remote}", socket.protocol))
        }
        (None, None) => {
            let local = socket.local.as_deref().unwrap_or("no address");
            Some(format!("a {} socket at {local}", socket.protocol))
        }
    }
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
