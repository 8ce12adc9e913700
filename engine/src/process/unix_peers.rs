//! Which two sockets of the `unix` family are connected, and what lies unread in each: the kernel says
//! it through a netlink socket only, and of the network that the asker is in.
//!
//! Source: the kernel's `include/uapi/linux/{netlink,sock_diag,unix_diag}.h`, `sock_diag(7)`.

use std::collections::HashMap;
use std::fs;
use std::os::fd::AsRawFd;

use nix::sys::socket::{
    AddressFamily, MsgFlags, SockFlag, SockProtocol, SockType, recv, send, socket,
};

use crate::address::ThreadId;
use crate::process::{Process, procfs};

const SOCK_DIAG_BY_FAMILY: u16 = 20;
const NLMSG_ERROR: u16 = 2;
const NLMSG_DONE: u16 = 3;
/// `NLM_F_REQUEST | NLM_F_DUMP`: all sockets.
const REQUEST_ALL: u16 = 0x301;
const AF_UNIX: u8 = 1;
const UDIAG_SHOW_PEER: u32 = 4;
const UDIAG_SHOW_RQLEN: u32 = 16;
const UNIX_DIAG_PEER: u16 = 2;
const UNIX_DIAG_RQLEN: u16 = 4;

/// The sizes of `struct nlmsghdr`, `struct unix_diag_msg` and `struct nlattr`.
const HEADER: usize = 16;
const MESSAGE: usize = 16;
const ATTRIBUTE: usize = 4;

/// Most answers that are read, of some pages each.
const MOST_ANSWERS: usize = 10_000;

const ANSWER_BYTES: usize = 32 << 10;

/// What is known of a socket that is connected.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Connected {
    /// The inode of the socket at its other end.
    pub(super) peer: u64,
    /// Bytes that have come and that nobody has read.
    pub(super) unread: Option<u64>,
}

/// The sockets that are connected, by inode; none where they cannot be asked for.
pub(super) fn unix_peers(process: &Process, thread: ThreadId) -> HashMap<u64, Connected> {
    let own = fs::read_link("/proc/thread-self/ns/net").ok();
    let others = fs::read_link(procfs::path(process.id(), thread, "ns/net")).ok();
    if own.is_none() || own != others {
        return HashMap::new();
    }
    ask().unwrap_or_default()
}

fn ask() -> nix::Result<HashMap<u64, Connected>> {
    let family = AddressFamily::Netlink;
    let protocol = SockProtocol::NetlinkSockDiag;
    let socket = socket(family, SockType::Raw, SockFlag::SOCK_CLOEXEC, protocol)?;
    send(socket.as_raw_fd(), &request(), MsgFlags::empty())?;
    let mut peers = HashMap::new();
    let mut answer = vec![0; ANSWER_BYTES];
    for _ in 0..MOST_ANSWERS {
        let length = recv(socket.as_raw_fd(), &mut answer, MsgFlags::MSG_DONTWAIT)?;
        let bytes = answer.get(..length).unwrap_or_default();
        if length == 0 || add_peers(bytes, &mut peers) == More::No {
            break;
        }
    }
    Ok(peers)
}

/// A `struct nlmsghdr` and a `struct unix_diag_req`.
fn request() -> Vec<u8> {
    let mut request = Vec::with_capacity(HEADER + 24);
    request.extend(((HEADER + 24) as u32).to_ne_bytes());
    request.extend(SOCK_DIAG_BY_FAMILY.to_ne_bytes());
    request.extend(REQUEST_ALL.to_ne_bytes());
    request.extend([0; 8]);
    request.extend([AF_UNIX, 0, 0, 0]);
    // In any state, of any number.
    request.extend(u32::MAX.to_ne_bytes());
    request.extend(0u32.to_ne_bytes());
    request.extend((UDIAG_SHOW_PEER | UDIAG_SHOW_RQLEN).to_ne_bytes());
    request.extend([0; 8]);
    request
}

/// Whether more answers follow.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum More {
    Yes,
    No,
}

/// Adds the pairs that one answer names.
fn add_peers(answer: &[u8], peers: &mut HashMap<u64, Connected>) -> More {
    let mut left = answer;
    while let Some(length) = word(left, 0).map(|length| length as usize) {
        let Some(message) = left.get(..length).filter(|_| length >= HEADER) else { break };
        match half(message, 4) {
            Some(NLMSG_DONE | NLMSG_ERROR) | None => return More::No,
            Some(SOCK_DIAG_BY_FAMILY) => peers.extend(pair(message)),
            Some(_) => {}
        }
        left = left.get(aligned(length)..).unwrap_or_default();
    }
    More::Yes
}

/// The inode of the socket that a message is about, and what it says of it.
fn pair(message: &[u8]) -> Option<(u64, Connected)> {
    let inode = word(message, HEADER + 4)?;
    let mut attributes = message.get(HEADER + MESSAGE..)?;
    let (mut peer, mut unread) = (None, None);
    while let (Some(length), Some(kind)) = (half(attributes, 0), half(attributes, 2)) {
        let length = usize::from(length);
        if length < ATTRIBUTE {
            return None;
        }
        match kind {
            UNIX_DIAG_PEER => peer = Some(u64::from(word(attributes, ATTRIBUTE)?)),
            UNIX_DIAG_RQLEN => unread = Some(u64::from(word(attributes, ATTRIBUTE)?)),
            _ => {}
        }
        attributes = attributes.get(aligned(length)..).unwrap_or_default();
    }
    Some((u64::from(inode), Connected { peer: peer?, unread }))
}

fn aligned(length: usize) -> usize {
    length.saturating_add(3) & !3
}

fn word(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_ne_bytes(*bytes.get(at..)?.first_chunk()?))
}

fn half(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_ne_bytes(*bytes.get(at..)?.first_chunk()?))
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;
    use std::os::unix::net::UnixStream;

    use super::*;

    fn message(kind: u16, body: &[u8]) -> Vec<u8> {
        let mut message = ((HEADER + body.len()) as u32).to_ne_bytes().to_vec();
        message.extend(kind.to_ne_bytes());
        message.extend([0; 10]);
        message.extend(body);
        message
    }

    fn connected(inode: u32, peer: u32) -> Vec<u8> {
        let mut body = vec![AF_UNIX, 1, 1, 0];
        body.extend(inode.to_ne_bytes());
        body.extend([0; 8]);
        // An attribute of another kind, of 5 bytes, before the one that counts.
        body.extend([5, 0, 9, 0, 1, 0, 0, 0]);
        body.extend(8u16.to_ne_bytes());
        body.extend(UNIX_DIAG_PEER.to_ne_bytes());
        body.extend(peer.to_ne_bytes());
        body.extend(12u16.to_ne_bytes());
        body.extend(UNIX_DIAG_RQLEN.to_ne_bytes());
        body.extend(5u32.to_ne_bytes());
        body.extend([0; 4]);
        message(SOCK_DIAG_BY_FAMILY, &body)
    }

    #[test]
    fn pairs_are_read_until_the_end() {
        let mut answer = connected(7, 8);
        answer.extend(connected(8, 7));
        let mut peers = HashMap::new();
        assert_eq!(add_peers(&answer, &mut peers), More::Yes);
        assert_eq!(add_peers(&message(NLMSG_DONE, &[0; 4]), &mut peers), More::No);
        let connected = |peer| Connected { peer, unread: Some(5) };
        assert_eq!(peers, HashMap::from([(7, connected(8)), (8, connected(7))]));
    }

    #[test]
    fn what_is_cut_short_ends_the_reading() {
        let whole = connected(7, 8);
        for length in 0..whole.len() {
            let mut peers = HashMap::new();
            add_peers(&whole[..length], &mut peers);
            assert_eq!(peers, HashMap::new(), "{length}");
        }
    }

    #[test]
    fn the_kernel_knows_the_ends_of_a_pair() {
        use std::os::linux::fs::MetadataExt as _;
        let inode = |stream: &UnixStream| {
            let path = format!("/proc/self/fd/{}", stream.as_raw_fd());
            fs::metadata(path).map(|metadata| metadata.st_ino()).unwrap()
        };
        let (near, mut far) = UnixStream::pair().unwrap();
        far.write_all(b"hello").unwrap();
        let peers = ask().unwrap();
        let connected = |peer, unread| Connected { peer: inode(peer), unread: Some(unread) };
        assert_eq!(peers.get(&inode(&near)), Some(&connected(&far, 5)));
        assert_eq!(peers.get(&inode(&far)), Some(&connected(&near, 0)));
    }
}
