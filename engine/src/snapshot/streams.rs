//! Streams of bytes between sockets of one process: who reads at a descriptor waits for who has the other
//! end.
//!
//! A stream goes one way and is known by the inode of the socket at which it comes out. It is inside of a
//! process when this process has its other end, and no other process has that, too. A connection that
//! nobody has accepted yet has its other end in the queue of the listener.

use std::collections::{BTreeSet, HashMap};
use std::net::SocketAddr;

use super::facts::{Descriptor, Facts};
use crate::process::Socket;

/// The streams of a process that are inside of it.
#[derive(Debug, Default)]
pub struct Streams {
    by_descriptor: HashMap<i32, Ends>,
    /// Those that come out at connections nobody has accepted yet, by the descriptor of the listener.
    in_queue: HashMap<i32, Vec<u64>>,
}

/// What goes in and out at a descriptor, inside of its process.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Ends {
    /// The stream that is read here.
    pub read: Option<u64>,
    /// The stream that is written here.
    pub written: Option<u64>,
    /// How many descriptors the other end has.
    pub others: u64,
}

impl Streams {
    /// The streams inside of a process of which `facts` are known.
    pub fn of(facts: &Facts) -> Streams {
        let mut streams = Streams::default();
        let Some(surroundings) = &facts.surroundings else { return streams };
        let sockets = Sockets::of(facts, &surroundings.shared);
        for socket in &facts.sockets {
            let Some(numbers) = sockets.descriptors.get(&socket.inode) else { continue };
            if let Some((other, others)) = sockets.other_end(socket) {
                let others = others.len() as u64;
                let ends = Ends { read: Some(socket.inode), written: Some(other), others };
                streams.by_descriptor.extend(numbers.iter().map(|number| (*number, ends)));
            } else if let Some(listener) = sockets.listener(socket) {
                let ends = Ends { read: Some(socket.inode), written: None, others: 1 };
                streams.by_descriptor.extend(numbers.iter().map(|number| (*number, ends)));
                streams.in_queue.entry(listener).or_default().push(socket.inode);
            }
        }
        streams
    }

    /// What goes in and out at this descriptor.
    pub fn at(&self, descriptor: i32) -> Ends {
        self.by_descriptor.get(&descriptor).copied().unwrap_or_default()
    }

    /// The streams that only come to somebody once this listener accepts.
    pub fn in_queue(&self, listener: i32) -> &[u64] {
        self.in_queue.get(&listener).map(Vec::as_slice).unwrap_or_default()
    }
}

/// The sockets of a process, by all that leads from one to another.
struct Sockets<'facts> {
    /// The descriptors of each, by its inode; of those that other processes have, too, none.
    descriptors: HashMap<u64, Vec<i32>>,
    connections: HashMap<(&'facts str, &'facts str), &'facts Socket>,
    listeners: Vec<(SocketAddr, i32)>,
}

const TCP: &str = "tcp";

impl<'facts> Sockets<'facts> {
    fn of(facts: &'facts Facts, shared: &BTreeSet<i32>) -> Sockets<'facts> {
        let mut descriptors: HashMap<u64, Vec<i32>> = HashMap::new();
        let is_own = |descriptor: &&Descriptor| !shared.contains(&descriptor.number);
        for descriptor in facts.descriptors.iter().filter(is_own) {
            if let Some(inode) = descriptor.socket() {
                descriptors.entry(inode).or_default().push(descriptor.number);
            }
        }
        let tcp = || facts.sockets.iter().filter(|socket| socket.protocol == TCP);
        let connections = tcp().filter_map(|socket| Some((addresses(socket)?, socket)));
        let listeners = tcp().filter(|socket| socket.remote.is_none()).filter_map(|socket| {
            let number = descriptors.get(&socket.inode)?.first()?;
            Some((socket.local.as_ref()?.parse().ok()?, *number))
        });
        Sockets {
            connections: connections.collect(),
            listeners: listeners.collect(),
            descriptors: descriptors.clone(),
        }
    }

    /// The inode of the socket at the other end, and its descriptors.
    fn other_end(&self, socket: &Socket) -> Option<(u64, &[i32])> {
        let inode = match (socket.peer, addresses(socket)) {
            (Some(peer), _) => peer,
            (None, Some((local, remote))) if socket.protocol == TCP => {
                self.connections.get(&(remote, local))?.inode
            }
            _ => return None,
        };
        Some((inode, self.descriptors.get(&inode)?))
    }

    /// The listener in whose queue the other end of a connection lies.
    fn listener(&self, socket: &Socket) -> Option<i32> {
        if socket.protocol != TCP {
            return None;
        }
        let (local, remote) = addresses(socket)?;
        if self.connections.contains_key(&(remote, local)) {
            return None;
        }
        let remote: SocketAddr = remote.parse().ok()?;
        let accepts = |listener: &SocketAddr| {
            listener.port() == remote.port()
                && (listener.ip() == remote.ip() || listener.ip().is_unspecified())
        };
        let mut fits = self.listeners.iter().filter(|(address, _)| accepts(address));
        // Of several that share a port it is not known which one has it.
        fits.next().filter(|_| fits.next().is_none()).map(|(_, number)| *number)
    }
}

fn addresses(socket: &Socket) -> Option<(&str, &str)> {
    Some((socket.local.as_deref()?, socket.remote.as_deref()?))
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::{Ends, Streams};
    use crate::address::ProcessId;
    use crate::process::{Clock, Socket, Surroundings};
    use crate::snapshot::{Descriptor, Facts};

    fn tcp(inode: u64, local: &str, remote: Option<&str>) -> Socket {
        Socket {
            inode,
            protocol: "tcp".to_owned(),
            local: Some(local.to_owned()),
            remote: remote.map(str::to_owned),
            peer: None,
            unsent: None,
            unread: None,
        }
    }

    fn unix(inode: u64, peer: u64) -> Socket {
        let plain = tcp(inode, "", None);
        Socket { protocol: "unix".to_owned(), local: None, peer: Some(peer), ..plain }
    }

    /// A process with these sockets: each has the tenth of its inode for a descriptor.
    fn streams(sockets: &[Socket], shared: &[i32]) -> Streams {
        let descriptors = sockets.iter().map(|socket| Descriptor {
            number: i32::try_from(socket.inode / 10).unwrap(),
            target: format!("socket:[{}]", socket.inode),
        });
        Streams::of(&Facts {
            process: ProcessId(7),
            clock: Clock::default(),
            executable: PathBuf::new(),
            threads: Vec::new(),
            mappings: Vec::new(),
            descriptors: descriptors.collect(),
            sockets: sockets.to_vec(),
            surroundings: Some(Surroundings {
                shared: shared.iter().copied().collect(),
                ..Surroundings::default()
            }),
            ended: 0,
            moment: None,
        })
    }

    const A: &str = "127.0.0.1:1";
    const B: &str = "127.0.0.1:2";

    #[test]
    fn both_ends_of_a_connection_are_two_streams() {
        let both = [tcp(50, A, Some(B)), tcp(60, B, Some(A))];
        let found = streams(&both, &[]);
        assert_eq!(found.at(5), Ends { read: Some(50), written: Some(60), others: 1 });
        assert_eq!(found.at(6), Ends { read: Some(60), written: Some(50), others: 1 });
        assert_eq!(streams(&both, &[6]).at(5), Ends::default());
        assert_eq!(streams(&both[..1], &[]).at(5), Ends::default());
        let pair = streams(&[unix(50, 60), unix(60, 50)], &[]);
        assert_eq!(pair.at(6), Ends { read: Some(60), written: Some(50), others: 1 });
    }

    #[test]
    fn what_nobody_has_accepted_is_in_the_queue_of_its_listener() {
        for listens in [B, "0.0.0.0:2"] {
            let found = streams(&[tcp(50, A, Some(B)), tcp(60, listens, None)], &[]);
            assert_eq!(found.at(5), Ends { read: Some(50), written: None, others: 1 });
            assert_eq!(found.in_queue(6), [50]);
        }
        let elsewhere = streams(&[tcp(50, A, Some(B)), tcp(60, "127.0.0.2:2", None)], &[]);
        assert_eq!((elsewhere.at(5), elsewhere.in_queue(6)), (Ends::default(), &[][..]));
        let two = [tcp(50, A, Some(B)), tcp(60, B, None), tcp(70, "0.0.0.0:2", None)];
        assert_eq!(streams(&two, &[]).at(5), Ends::default());
        let shared = streams(&two[..2], &[6]);
        assert_eq!(shared.at(5), Ends::default());
    }
}
