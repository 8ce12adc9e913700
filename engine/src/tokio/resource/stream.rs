//! Connections inside of the process: who waits for bytes waits for who has the other end, and if nobody
//! has it yet, for who accepts.
//!
//! Source: tokio 1.20 and 1.54 `net/{tcp,unix}/stream.rs`, `net/tcp/listener.rs` (`struct TcpStream { io:
//! PollEvented<mio::net::TcpStream> }` and the like), `io/util/buf_writer.rs` (`struct BufWriter { inner, buf:
//! Vec<u8>, written }`).

use super::endpoint::{Direction, descriptor};
use super::{Leaf, owner};
use crate::address::Address;
use crate::model::{Amount, Held, Hold, Resource, ResourceKey, Wait};
use crate::snapshot::Ends;
use crate::symbols::Type;
use crate::value::Place;

/// What a connection holds: it sends into what the other end reads, and takes what that one writes.
pub(super) struct Stream;

/// What a listener holds: who waits at a connection that it has not accepted yet.
pub(super) struct Listener;

const STREAMS: [&str; 2] =
    ["tokio::net::tcp::stream::TcpStream", "tokio::net::unix::stream::UnixStream"];

/// The halves of a connection: each is one of two that have it together, and does one thing with it.
const HALVES: [(&str, Direction); 4] = [
    ("tokio::net::tcp::split_owned::OwnedReadHalf", Direction::Read),
    ("tokio::net::tcp::split_owned::OwnedWriteHalf", Direction::Write),
    ("tokio::net::unix::split_owned::OwnedReadHalf", Direction::Read),
    ("tokio::net::unix::split_owned::OwnedWriteHalf", Direction::Write),
];

/// A writer that keeps what it is given until there is much of it, or it is flushed.
const WRITER: &str = "tokio::io::util::buf_writer::BufWriter";

const LISTENER: &str = "tokio::net::tcp::listener::TcpListener";

impl Leaf for Stream {
    fn is_leaf(&self, _type: &Type) -> bool {
        false
    }

    fn wait(&self, _place: &Place<'_>, _around: &[Place<'_>]) -> Option<Wait> {
        None
    }

    fn is_held(&self, type_: &Type) -> bool {
        STREAMS.iter().any(|path| type_.is(path)) || half(type_).is_some()
    }

    fn is_polled(&self, type_: &Type) -> bool {
        self.is_held(type_)
    }

    fn held(&self, place: &Place<'_>, _around: &[Place<'_>]) -> Option<Held> {
        let ends = match half(&place.type_) {
            Some(Direction::Read) => return None,
            Some(Direction::Write) => ends(&owner::shared(&place.field("inner")?)?)?,
            None => ends(place)?,
        };
        Some(Held { resource: key(ends.written?), hold: Hold::Sender })
    }

    fn unflushed(&self, place: &Place<'_>) -> Option<u64> {
        if !place.type_.is(WRITER) {
            return None;
        }
        let written = place.field("written")?.unsigned()?;
        place.field("buf")?.field("len")?.unsigned()?.checked_sub(written)
    }

    fn also_held(&self, place: &Place<'_>) -> Vec<Held> {
        let ends = match half(&place.type_) {
            Some(Direction::Write) => None,
            Some(Direction::Read) => {
                place.field("inner").and_then(|inner| ends(&owner::shared(&inner)?))
            }
            None => ends(place),
        };
        let read = ends.and_then(|ends| ends.read);
        read.map(|read| Held { resource: key(read), hold: Hold::Receiver }).into_iter().collect()
    }
}

impl Leaf for Listener {
    fn is_leaf(&self, _type: &Type) -> bool {
        false
    }

    fn wait(&self, _place: &Place<'_>, _around: &[Place<'_>]) -> Option<Wait> {
        None
    }

    fn is_held(&self, type_: &Type) -> bool {
        type_.is(LISTENER)
    }

    fn also_held(&self, place: &Place<'_>) -> Vec<Held> {
        let Some(number) = descriptor(place) else { return Vec::new() };
        let waiting = place.program.streams().in_queue(number).iter();
        waiting.map(|inode| Held { resource: key(*inode), hold: Hold::Acceptor }).collect()
    }
}

fn half(type_: &Type) -> Option<Direction> {
    HALVES.iter().find(|(path, _)| type_.is(path)).map(|(_, direction)| *direction)
}

fn ends(place: &Place<'_>) -> Option<Ends> {
    Some(place.program.streams().at(descriptor(place)?))
}

/// What identifies a stream of bytes: a number that no address is, by the inode at which it comes out.
pub(super) fn key(inode: u64) -> ResourceKey {
    const NO_ADDRESS: u64 = 1 << 63;
    ResourceKey(Address(inode | NO_ADDRESS))
}

/// The stream that goes in this direction at a descriptor, if both its ends are in this process.
pub(super) fn resource(place: &Place<'_>, name: &str, direction: Direction) -> Option<Resource> {
    let ends = ends(place)?;
    let inode = match direction {
        Direction::Read => ends.read,
        Direction::Write => ends.written,
    };
    Some(Resource {
        key: key(inode?),
        address: None,
        amounts: vec![Amount::Senders(ends.others), Amount::Receivers(ends.others)],
        ..super::resource(place, name)
    })
}
