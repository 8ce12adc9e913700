//! Descriptors and pipes in memory that a future reads from or writes to, whatever wraps them.
//!
//! Tokio keeps the waker of who reads through `AsyncRead` and of who writes through `AsyncWrite` in
//! a slot each: a filled slot tells which of the two is waited for.
//!
//! Source: tokio 1.20 and 1.54 `io/poll_evented.rs` (`struct PollEvented { io, registration }`),
//! `io/async_fd.rs` (`struct AsyncFd { registration, inner }`), 1.20 `io/driver/{registration,
//! scheduled_io}.rs`, 1.54 `runtime/io/{registration,scheduled_io}.rs` (`struct Registration { shared
//! }`, `struct ScheduledIo { waiters: { reader, writer } }`), `io/util/mem.rs` (`struct DuplexStream
//! { read, write }`, two of a struct with `read_waker` and `write_waker`).

use std::collections::HashSet;

use super::{duplex, join, owner, queue, stream};
use crate::address::Address;
use crate::futures::coroutine_kind;
use crate::model::{Amount, Driver, Resource};
use crate::symbols::{Kind, Type};
use crate::tokio::runtime;
use crate::value::{Place, Pointee, search};

/// Most values looked at in one search.
const MOST_VISITS: usize = 2_000;

/// Most levels of wrappers and references.
const DEEPEST: usize = 24;

/// How deep in wrappers the parts of a known type are searched.
const DEPTH: usize = 8;

const EVENTED: &str = "tokio::io::poll_evented::PollEvented";
const ASYNC_FD: &str = "tokio::io::async_fd::AsyncFd";
/// A way in or out of the task.
pub(super) struct Endpoint<'program> {
    /// What its users call it: `TcpStream`.
    pub(super) name: String,
    /// The type that they use, as the debug info names it.
    pub(super) type_name: String,
    /// What the driver or the other end knows of it.
    core: Core<'program>,
}

enum Core<'program> {
    /// A descriptor that the I/O driver watches: what has the `registration`.
    Driven(Place<'program>),
    /// Both pipes of a `DuplexStream`.
    Duplex(Place<'program>),
    /// A pipe in memory.
    Simplex(Place<'program>),
    /// A file or a standard stream, which the blocking pool reads and writes: its join handle.
    Blocking(Place<'program>),
}

/// What is done at an endpoint.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Direction {
    Read,
    Write,
}

impl Direction {
    /// What is done.
    pub(super) fn verb(self) -> &'static str {
        match self {
            Direction::Read => "read",
            Direction::Write => "write",
        }
    }
}

impl<'program> Endpoint<'program> {
    /// In which directions somebody waits at it, and where the state lies that is waited for.
    pub(super) fn awaited(&self) -> Vec<(Direction, Address)> {
        let pipe = |duplex: &Place<'_>, name: &str, direction, slot| {
            let pipe = duplex::pipe(duplex, name)?;
            has_waker(&pipe, slot).then_some((direction, pipe.address))
        };
        match &self.core {
            Core::Driven(holder) => scheduled(holder).map(|io| slots(&io)).unwrap_or_default(),
            Core::Duplex(duplex) => [
                pipe(duplex, "read", Direction::Read, "read_waker"),
                pipe(duplex, "write", Direction::Write, "write_waker"),
            ]
            .into_iter()
            .flatten()
            .collect(),
            Core::Blocking(_) => Vec::new(),
            Core::Simplex(pipe) => {
                [(Direction::Read, "read_waker"), (Direction::Write, "write_waker")]
                    .into_iter()
                    .filter(|(_, slot)| has_waker(pipe, slot))
                    .map(|(direction, _)| (direction, pipe.address))
                    .collect()
            }
        }
    }

    /// The header of the closure on the blocking pool that it waits for.
    pub(super) fn closure(&self) -> Option<Address> {
        match &self.core {
            Core::Blocking(handle) => join::header(handle),
            Core::Driven(_) | Core::Duplex(_) | Core::Simplex(_) => None,
        }
    }

    /// Whether only this process can do something about it.
    pub(super) fn is_inside(&self) -> bool {
        !matches!(self.core, Core::Driven(_))
    }

    /// The pipe that this direction of a stream in memory goes by.
    pub(super) fn pipe(&self, direction: Direction) -> Option<Place<'program>> {
        let Core::Duplex(duplex) = &self.core else { return None };
        duplex::pipe(duplex, direction.verb())
    }

    /// The connection inside of this process that this direction of a socket goes by, while it is known
    /// that there is nothing to read, or that what was written lies there.
    pub(super) fn stream(&self, direction: Direction) -> Option<Resource> {
        let Core::Driven(holder) = &self.core else { return None };
        let socket = |inode: Option<u64>| {
            let sockets = &holder.program.snapshot.facts.sockets;
            sockets.iter().find(|socket| Some(socket.inode) == inode)
        };
        let ends = holder.program.streams().at(self.descriptor()?);
        let is_waiting = match direction {
            Direction::Read => socket(ends.read)?.unread == Some(0),
            Direction::Write => {
                let unsent = socket(ends.read)?.unsent;
                let unread = socket(ends.written)?.unread;
                unsent.into_iter().chain(unread).any(|bytes| bytes > 0)
            }
        };
        stream::resource(holder, &self.name, direction).filter(|_| is_waiting)
    }

    /// The runtime that is told when something can be done at its descriptor.
    pub(super) fn registered_with(&self) -> Option<Driver> {
        let Core::Driven(holder) = &self.core else { return None };
        runtime::registered_with(&holder.field("registration")?)
    }

    /// The number of its descriptor.
    pub(super) fn descriptor(&self) -> Option<i32> {
        let Core::Driven(holder) = &self.core else { return None };
        descriptor(&holder.field("io").or_else(|| holder.field("inner"))?)
    }

    /// What else is known of its descriptor: the addresses of a socket, and bytes that wait.
    pub(super) fn facts(&self) -> (Option<String>, Vec<Amount>) {
        let Core::Driven(holder) = &self.core else { return (None, Vec::new()) };
        let Some(number) = self.descriptor() else { return (None, Vec::new()) };
        let facts = &holder.program.snapshot.facts;
        let descriptor = facts.descriptor(number);
        let socket = descriptor.and_then(|descriptor| facts.socket(descriptor));
        let about = match (socket, descriptor) {
            (Some(socket), _) => match (&socket.local, &socket.remote) {
                (Some(local), Some(remote)) => Some(format!("{local} -> {remote}")),
                (local, remote) => local.clone().or_else(|| remote.clone()),
            },
            (None, Some(descriptor)) if descriptor.socket().is_none() => {
                Some(descriptor.target.clone())
            }
            (None, _) => None,
        };
        let mut amounts = vec![Amount::Descriptor(u64::from(number.unsigned_abs()))];
        amounts.extend(socket.and_then(|socket| socket.unread.map(Amount::Unread)));
        amounts.extend(socket.and_then(|socket| socket.unsent.map(Amount::Unsent)));
        (about, amounts)
    }
}

/// The number of the descriptor that a value owns.
pub(super) fn descriptor(place: &Place<'_>) -> Option<i32> {
    let owned = search(place, 16, &|type_| type_.is("std::os::fd::owned::OwnedFd"));
    i32::try_from(owned.first()?.field("fd")?.unsigned()?).ok()
}

/// Through which references endpoints are searched.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Reach {
    /// Through those that nobody else has.
    Exclusive,
    /// Through shared ones too.
    Shared,
}

/// The endpoints that `place` has or refers to.
pub(super) fn endpoints<'program>(
    place: &Place<'program>,
    reach: Reach,
) -> Vec<Endpoint<'program>> {
    let mut search = Search { found: Vec::new(), seen: HashSet::new(), left: MOST_VISITS, reach };
    search.visit(place, None, DEEPEST);
    search.found
}

struct Search<'program> {
    found: Vec<Endpoint<'program>>,
    seen: HashSet<(Address, String)>,
    left: usize,
    reach: Reach,
}

impl<'program> Search<'program> {
    /// `user` is the type around that a user would name.
    fn visit(&mut self, place: &Place<'program>, user: Option<&Type>, depth: usize) {
        let is_done = self.left == 0 || depth == 0 || place.type_.size == 0;
        if is_done || coroutine_kind(&place.type_).is_some() {
            return;
        }
        self.left -= 1;
        if let Some(core) = core(place, user) {
            self.add(place, user.unwrap_or(&place.type_), core);
            return;
        }
        let user = if is_user_type(&place.type_) { Some(&*place.type_) } else { user };
        match &place.type_.kind {
            Kind::Pointer { .. } if self.is_followed(&place.type_) => {
                self.follow(place, user, depth);
            }
            Kind::Struct { .. } | Kind::Union { .. } | Kind::Enum { .. } => {
                if is_wide(&place.type_) || is_box(&place.type_) {
                    self.follow(place, user, depth);
                    return;
                }
                // What an `Arc` of anybody else's has is shared with the rest of the program.
                if place.type_.is("alloc::sync::Arc") {
                    if let Some(shared) = user.and_then(|_| owner::shared(place)) {
                        self.visit(&shared, user, depth - 1);
                    }
                    return;
                }
                for (_, field) in place.all_fields() {
                    self.visit(&field, user, depth - 1);
                }
            }
            Kind::Pointer { .. }
            | Kind::Base { .. }
            | Kind::Plain { .. }
            | Kind::Array { .. }
            | Kind::Function
            | Kind::Opaque => {}
        }
    }

    fn is_followed(&self, pointer: &Type) -> bool {
        match self.reach {
            Reach::Exclusive => pointer.own_name.starts_with("&mut "),
            Reach::Shared => pointer.own_name.starts_with('&'),
        }
    }

    fn follow(&mut self, pointer: &Place<'program>, user: Option<&Type>, depth: usize) {
        if let Some(Pointee::Thin(target) | Pointee::Dynamic(target)) = pointer.pointee()
            && self.seen.insert((target.address, target.type_.name.clone()))
        {
            self.visit(&target, user, depth - 1);
        }
    }

    fn add(&mut self, place: &Place<'program>, user: &Type, core: Core<'program>) {
        if self.found.iter().any(|known| known.address() == place.address) {
            return;
        }
        // Of what Tokio watches for somebody else that one's type says more.
        let watched =
            user.parameter("E").filter(|_| user.is(EVENTED)).and_then(|id| place.cast(id));
        let type_ = watched.as_ref().map_or(user, |watched| &*watched.type_);
        let name = type_.own_name.split('<').next().unwrap_or_default().to_owned();
        self.found.push(Endpoint { name, type_name: type_.name.clone(), core });
    }
}

impl Endpoint<'_> {
    fn address(&self) -> Address {
        let (Core::Driven(place)
        | Core::Duplex(place)
        | Core::Simplex(place)
        | Core::Blocking(place)) = &self.core;
        place.address
    }
}

fn core<'program>(place: &Place<'program>, user: Option<&Type>) -> Option<Core<'program>> {
    let type_ = &place.type_;
    if type_.is(EVENTED) || type_.is(ASYNC_FD) {
        Some(Core::Driven(place.clone()))
    } else if type_.is(duplex::STREAM) {
        Some(Core::Duplex(place.clone()))
    } else if user.is_some() && type_.is("tokio::runtime::task::join::JoinHandle") {
        Some(Core::Blocking(place.clone()))
    } else {
        duplex::PIPES.iter().any(|path| type_.is(path)).then(|| Core::Simplex(place.clone()))
    }
}

/// Whether this is one of Tokio's types that users name: in `net`, `process`, `io`, `fs`.
fn is_user_type(type_: &Type) -> bool {
    let [first, second, ..] = type_.scope.as_slice() else { return false };
    let is_inner = type_.scope.get(2).is_some_and(|third| third == "util" || third == "imp");
    let is_made_up = type_.own_name.starts_with('{');
    let is_named = first == "tokio" && ["net", "process", "io", "fs"].contains(&&**second);
    is_named && !is_inner && !is_made_up
}

fn is_wide(type_: &Type) -> bool {
    type_.member("vtable").is_some() && type_.member("pointer").is_some()
}

fn is_box(type_: &Type) -> bool {
    type_.is("alloc::boxed::Box")
}

/// What the driver knows of a descriptor.
fn scheduled<'program>(holder: &Place<'program>) -> Option<Place<'program>> {
    let shared = holder.fields(&["registration", "shared"])?;
    let is_scheduled = |type_: &Type| type_.path().ends_with("::scheduled_io::ScheduledIo");
    let inside = |place: &Place<'program>| search(place, DEPTH, &is_scheduled).into_iter().next();
    if let Some(shared) = owner::shared(&shared) {
        return inside(&shared);
    }
    let pointers = search(&shared, DEPTH, &|type_| matches!(type_.kind, Kind::Pointer { .. }));
    pointers.iter().find_map(|pointer| match pointer.pointee()? {
        Pointee::Thin(target) => inside(&target),
        Pointee::Dynamic(_) | Pointee::UnknownDynamic(_) => None,
    })
}

fn slots(io: &Place<'_>) -> Vec<(Direction, Address)> {
    let is_waiters = |type_: &Type| type_.member("reader").is_some();
    let waiters = io.field("waiters").map(|waiters| search(&waiters, DEPTH, &is_waiters));
    let Some(waiters) = waiters.and_then(|found| found.into_iter().next()) else {
        return Vec::new();
    };
    [(Direction::Read, "reader"), (Direction::Write, "writer")]
        .into_iter()
        .filter(|(_, slot)| has_waker(&waiters, slot))
        .map(|(direction, _)| (direction, io.address))
        .collect()
}

fn has_waker(holder: &Place<'_>, slot: &str) -> bool {
    holder.field(slot).is_some_and(|slot| queue::listener(&slot).is_some())
}
