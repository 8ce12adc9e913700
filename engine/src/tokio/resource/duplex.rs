//! Streams in memory: each is two pipes, of which it writes into one and reads from the other, and the
//! stream at the other end does the same the other way round.
//!
//! Source: tokio 1.20 and 1.54 `io/util/mem.rs` (`struct DuplexStream { read, write }`, each an `Arc` of a
//! lock of a pipe; `struct Pipe` or `struct SimplexStream { buffer, is_closed, max_buf_size, read_waker,
//! write_waker }`).

use super::{Leaf, owner, queue};
use crate::model::{Amount, Held, Hold, Resource, ResourceKey, Wait};
use crate::symbols::Type;
use crate::value::{Place, search};

/// What the stream at one end holds: it alone sends into a pipe, and it alone receives from the other.
pub(super) struct Duplex;

pub(super) const STREAM: &str = "tokio::io::util::mem::DuplexStream";

/// The pipe, by its names in 1.20 and from 1.40 on.
pub(super) const PIPES: [&str; 2] =
    ["tokio::io::util::mem::Pipe", "tokio::io::util::mem::SimplexStream"];

/// How deep in a lock the pipe is.
const DEPTH: usize = 8;

impl Leaf for Duplex {
    fn is_leaf(&self, _type: &Type) -> bool {
        false
    }

    fn wait(&self, _place: &Place<'_>, _around: &[Place<'_>]) -> Option<Wait> {
        None
    }

    fn is_held(&self, type_: &Type) -> bool {
        type_.is(STREAM)
    }

    fn is_polled(&self, type_: &Type) -> bool {
        self.is_held(type_)
    }

    fn held(&self, place: &Place<'_>, _around: &[Place<'_>]) -> Option<Held> {
        Some(Held { resource: key(&pipe(place, "write")?), hold: Hold::Sender })
    }

    fn also_held(&self, place: &Place<'_>) -> Vec<Held> {
        let read = pipe(place, "read");
        read.map(|pipe| Held { resource: key(&pipe), hold: Hold::Receiver }).into_iter().collect()
    }
}

/// What identifies a pipe.
pub(super) fn key(pipe: &Place<'_>) -> ResourceKey {
    ResourceKey(pipe.address)
}

/// The pipe that a stream uses for this: `read` or `write`.
pub(super) fn pipe<'program>(stream: &Place<'program>, field: &str) -> Option<Place<'program>> {
    let lock = owner::shared(&stream.field(field)?)?;
    let is_pipe = |type_: &Type| PIPES.iter().any(|path| type_.is(path));
    search(&lock, DEPTH, &is_pipe).into_iter().next()
}

/// A pipe between two streams.
pub(super) fn resource(pipe: &Place<'_>) -> Resource {
    let number = |field: &str| pipe.field(field).and_then(|field| field.unsigned());
    let length = pipe.field("buffer").and_then(|buffer| buffer.field("len")?.unsigned());
    let free =
        number("max_buf_size").zip(length).and_then(|(most, length)| most.checked_sub(length));
    let is_closed = number("is_closed") == Some(1);
    let amounts = [
        Some(Amount::Senders(1)),
        Some(Amount::Receivers(1)),
        length.map(Amount::Length),
        free.map(Amount::Available),
        is_closed.then_some(Amount::Closed),
    ];
    let wakers = ["read_waker", "write_waker"].into_iter().filter_map(|slot| pipe.field(slot));
    Resource {
        amounts: amounts.into_iter().flatten().collect(),
        listeners: wakers.filter_map(|waker| queue::listener(&waker)).collect(),
        ..super::resource(pipe, "DuplexStream")
    }
}
