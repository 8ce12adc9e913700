//! What `/proc/PID/net` says of sockets.
//!
//! That of `unix` does not say what is connected to what: see `unix_peers`.
//!
//! Source: `Documentation/networking/proc_net_tcp.rst` of the kernel and `net/unix/af_unix.c`
//! (`unix_seq_show`). Addresses are hexadecimal, in words of the machine's own byte order.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use serde::{Deserialize, Serialize};

use super::unix_peers::unix_peers;
use crate::process::{Process, procfs};

/// A socket.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Socket {
    /// Its inode: descriptors lead to `socket:[INODE]`.
    pub inode: u64,
    /// `tcp`, `udp` or `unix`.
    pub protocol: String,
    /// Its own address; a path or a name for `unix`.
    pub local: Option<String>,
    /// The address at its other end.
    pub remote: Option<String>,
    /// The inode of the socket at its other end, for `unix`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub peer: Option<u64>,
    /// Bytes that were sent and that the other end has not taken.
    pub unsent: Option<u64>,
    /// Bytes that have come and that nobody has read.
    pub unread: Option<u64>,
}

/// The tables, with what each one's sockets are. The one that every program of Tokio's is in comes
/// first: the others may be long.
const TABLES: [(&str, &str); 5] =
    [("unix", UNIX), ("tcp", "tcp"), ("tcp6", "tcp"), ("udp", "udp"), ("udp6", "udp")];

const UNIX: &str = "unix";

/// The states of a TCP socket that listens, and of one that is not connected yet.
///
/// Source: the kernel's `include/net/tcp_states.h`.
const LISTENS: &str = "0A";
const CONNECTS: &str = "02";

impl Process {
    /// The sockets with these inodes in the process's own network, as far as it has them.
    pub fn sockets(&self, inodes: &BTreeSet<u64>) -> Vec<Socket> {
        let mut found = Vec::new();
        let Ok(thread) = self.live_thread() else { return found };
        for (file, protocol) in TABLES {
            if found.len() >= inodes.len() {
                break;
            }
            let table = procfs::read(self.id(), thread, &format!("net/{file}"));
            let table = table.unwrap_or_default();
            let entries = parse(&String::from_utf8_lossy(&table), protocol);
            found.extend(entries.into_iter().filter(|entry| inodes.contains(&entry.inode)));
        }
        if found.iter().any(|entry| entry.protocol == UNIX) {
            let peers = unix_peers(self, thread);
            for entry in &mut found {
                if let Some(known) = peers.get(&entry.inode) {
                    entry.peer = Some(known.peer);
                    entry.unread = known.unread;
                }
            }
        }
        found.sort_by_key(|entry| entry.inode);
        found
    }
}

/// The sockets of one table.
fn parse(table: &str, protocol: &str) -> Vec<Socket> {
    let lines = table.lines().skip(1);
    let entry = |line: &str| match protocol {
        UNIX => unix(line),
        _ => internet(line, protocol),
    };
    lines.filter_map(entry).collect()
}

fn internet(line: &str, protocol: &str) -> Option<Socket> {
    let fields: Vec<&str> = line.split_ascii_whitespace().collect();
    let (unsent, unread) = fields.get(4)?.split_once(':')?;
    let bytes = |text| u64::from_str_radix(text, 16).ok();
    let state = fields.get(3)?;
    let listens = *state == LISTENS;
    let remote = address(fields.get(2)?)?;
    Some(Socket {
        inode: fields.get(9)?.parse().ok()?,
        protocol: protocol.to_owned(),
        local: address(fields.get(1)?).map(|address| address.to_string()),
        remote: (remote.port() != 0).then(|| remote.to_string()),
        peer: None,
        // Of one that listens these count connections, and of one that connects its own packet.
        unsent: bytes(unsent).filter(|_| !listens && *state != CONNECTS),
        unread: bytes(unread).filter(|_| !listens),
    })
}

/// `0100007F:1F90`.
fn address(text: &str) -> Option<SocketAddr> {
    let (host, port) = text.split_once(':')?;
    let port = u16::from_str_radix(port, 16).ok()?;
    let word = |start: usize| {
        let word = u32::from_str_radix(host.get(start..start.checked_add(8)?)?, 16).ok()?;
        Some(word.to_ne_bytes())
    };
    let host = match host.len() {
        8 => IpAddr::V4(Ipv4Addr::from(word(0)?)),
        32 => {
            let words = [word(0)?, word(8)?, word(16)?, word(24)?];
            let mut bytes = [0; 16];
            bytes.iter_mut().zip(words.as_flattened()).for_each(|(byte, from)| *byte = *from);
            IpAddr::V6(Ipv6Addr::from(bytes)).to_canonical()
        }
        _ => return None,
    };
    Some(SocketAddr::new(host, port))
}

/// `Num: RefCount Protocol Flags Type St Inode Path`.
fn unix(line: &str) -> Option<Socket> {
    let mut fields = line.split_ascii_whitespace();
    let inode = fields.nth(6)?.parse().ok()?;
    let path: Vec<&str> = fields.collect();
    Some(Socket {
        inode,
        protocol: UNIX.to_owned(),
        local: (!path.is_empty()).then(|| path.join(" ")),
        remote: None,
        peer: None,
        unsent: None,
        unread: None,
    })
}

#[cfg(test)]
mod tests {
    use super::{address, parse};

    #[test]
    fn a_connection_has_two_addresses() {
        let table = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   \
                     uid  timeout inode\n   0: 0100007F:1F90 0200007F:0050 01 00000005:0000000A \
                     00:00000000 00000000     0        0 4711 1 0 20 4 30 10 -1\n";
        let [socket] = &parse(table, "tcp")[..] else { panic!("one socket") };
        assert_eq!((socket.inode, &*socket.protocol), (4711, "tcp"));
        assert_eq!(socket.local.as_deref(), Some("127.0.0.1:8080"));
        assert_eq!(socket.remote.as_deref(), Some("127.0.0.2:80"));
        assert_eq!((socket.unsent, socket.unread), (Some(5), Some(10)));
    }

    #[test]
    fn a_listener_has_no_other_end() {
        let table = "head\n 1: 00000000000000000000000001000000:0016 \
                     00000000000000000000000000000000:0000 0A 00000000:00000001 00:0 0 0 0 12 1\n";
        let [socket] = &parse(table, "tcp")[..] else { panic!("one socket") };
        assert_eq!(socket.local.as_deref(), Some("[::1]:22"));
        assert_eq!((&socket.remote, socket.unread), (&None, None));
    }

    #[test]
    fn a_path_may_have_spaces() {
        let table = "Num RefCount Protocol Flags Type St Inode Path\n\
                     ffff: 00000002 00000000 00010000 0001 01 77 /run/a b\n\
                     ffff: 00000002 00000000 00010000 0001 01 78\n";
        let sockets = parse(table, "unix");
        assert_eq!(sockets[0].local.as_deref(), Some("/run/a b"));
        assert_eq!((sockets[1].inode, &sockets[1].local), (78, &None));
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for text in ["", "0100007F", "0100007F:", "0100007F:FFFFF", "0100:1F90", "éééé:1"] {
            assert_eq!(address(text), None, "{text}");
        }
    }
}
