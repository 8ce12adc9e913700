//! Reading and writing: sockets, pipes and everything around them.
//!
//! A method such as `TcpListener::accept` awaits the readiness of its descriptor. A future such as
//! `ReadExact` polls what it borrows: what that is found by type, and which of reading and writing is
//! waited for by whose waker is kept there. The same holds for futures of other crates.
//!
//! Source: tokio 1.20 `io/driver/{registration,scheduled_io}.rs`, 1.54
//! `runtime/io/scheduled_io.rs` (`struct Readiness`), `io/util/*.rs`.

use super::endpoint::{Direction, Endpoint, Reach, endpoints};
use super::{Leaf, duplex, join};
use crate::futures::coroutine_kind;
use crate::model::{Amount, EndedBy, Resource, TaskKey, Wait};
use crate::symbols::Type;
use crate::value::Place;

/// Reading and writing.
pub(super) struct Io;

/// The modules of `tokio::io::util` whose types wrap readers and writers and are no futures.
const WRAPPERS: [&str; 12] = [
    "buf_reader",
    "buf_writer",
    "buf_stream",
    "chain",
    "take",
    "empty",
    "repeat",
    "sink",
    "mem",
    "lines",
    "split",
    "vec_with_initialized",
];

/// Futures of other types that poll what they borrow.
const OTHERS: [&str; 5] = [
    "PollFn<tokio::io::",
    "PollFn<tokio::net::",
    "PollFn<tokio::process::",
    "Next<tokio_util::codec::",
    "Next<tokio_util::io::",
];

impl Leaf for Io {
    fn is_leaf(&self, type_: &Type) -> bool {
        is_readiness(type_)
            || is_util(type_)
            || OTHERS.iter().any(|prefix| type_.own_name.starts_with(prefix))
    }

    fn wait(&self, place: &Place<'_>, around: &[Place<'_>]) -> Option<Wait> {
        if is_readiness(&place.type_) {
            return readiness(around);
        }
        polled(place, Reach::Shared)
    }

    fn resource(&self, place: &Place<'_>, _around: &[Place<'_>]) -> Option<Resource> {
        polled_resource(place, Reach::Shared)
    }
}

/// What this direction of an endpoint goes by, inside of the process.
fn resource(endpoint: &Endpoint<'_>, direction: Direction) -> Option<Resource> {
    let pipe = endpoint.pipe(direction).map(|pipe| duplex::resource(&pipe));
    pipe.or_else(|| endpoint.stream(direction))
}

/// A future by itself, or in 1.20 inside a closure.
fn is_readiness(type_: &Type) -> bool {
    let is_struct =
        type_.own_name == "Readiness" && type_.path().ends_with("::scheduled_io::Readiness");
    is_struct || type_.own_name.starts_with("PollFn<tokio::io::driver::registration::")
}

fn is_util(type_: &Type) -> bool {
    match type_.scope.as_slice() {
        [first, second, third, module] => {
            let is_inside = first == "tokio" && second == "io" && third == "util";
            is_inside && !WRAPPERS.contains(&&**module)
        }
        _ => false,
    }
}

/// The readiness that a method of Tokio's awaits for the descriptor that it was called on.
fn readiness(around: &[Place<'_>]) -> Option<Wait> {
    let coroutines = around.iter().rev().filter(|place| coroutine_kind(&place.type_).is_some());
    let own = coroutines.take_while(|place| place.type_.crate_name() == Some("tokio"));
    let own: Vec<&Place<'_>> = own.collect();
    let fields = own.iter().rev().flat_map(|place| place.all_fields());
    let mut found = fields.filter(|(name, _)| name.trim_start_matches("_ref__") == "self");
    let endpoint =
        found.find_map(|(_, field)| endpoints(&field, Reach::Shared).into_iter().next())?;
    let method = own.last().and_then(|place| place.type_.scope.last());
    let verb = method.map_or("ready", String::as_str);
    Some(Wait { kind: format!("{} {verb}", endpoint.name), ..wait(&endpoint, awaits(verb)) })
}

/// What a method awaits by this name.
fn awaits(method: &str) -> Option<Direction> {
    match method {
        "readable" | "peek" => Some(Direction::Read),
        "writable" => Some(Direction::Write),
        _ => None,
    }
}

/// The one thing that such a future goes by.
pub(super) fn polled_resource(place: &Place<'_>, reach: Reach) -> Option<Resource> {
    let endpoints = endpoints(place, reach);
    let mut awaited = awaited(place, &endpoints);
    let (endpoint, direction) = awaited.next().filter(|_| awaited.next().is_none())?;
    resource(endpoint, direction)
}

/// What a future polls, if that is read from or written to.
pub(super) fn polled(place: &Place<'_>, reach: Reach) -> Option<Wait> {
    let endpoints = endpoints(place, reach);
    let closure = endpoints.iter().find_map(|endpoint| Some((endpoint, endpoint.closure()?)));
    if let Some((endpoint, header)) = closure {
        return Some(Wait {
            kind: join::BLOCKING.to_owned(),
            by: EndedBy::Named,
            type_name: endpoint.type_name.clone(),
            task: Some(TaskKey::Spawned(header)),
            ..Wait::default()
        });
    }
    let own_name = &place.type_.own_name;
    let is_connect = own_name.starts_with("PollFn<tokio::net::") && own_name.contains("::connect");
    let mut waits = awaited(place, &endpoints).map(|(endpoint, direction)| Wait {
        kind: format!(
            "{} {}",
            endpoint.name,
            if is_connect { "connect" } else { direction.verb() }
        ),
        ..wait(endpoint, Some(direction))
    });
    let first = waits.next()?;
    let others: Vec<Wait> = waits.collect();
    if others.is_empty() {
        return Some(first);
    }
    let all = std::iter::once(&first).chain(&others).map(words).collect::<Vec<_>>();
    Some(Wait {
        kind: "any of several endpoints".to_owned(),
        by: if is_outside(&first) || others.iter().any(is_outside) {
            EndedBy::World
        } else {
            EndedBy::Anybody
        },
        resource: None,
        driven_by: None,
        about: Some(all.join(" or ")),
        amounts: Vec::new(),
        ..first
    })
}

fn is_outside(wait: &Wait) -> bool {
    wait.by == EndedBy::World
}

/// What of these endpoints is waited for, as their wakers tell, by a future that may do just one of the two
/// there: a waker of an earlier poll can be left.
fn awaited<'polled, 'program>(
    place: &Place<'_>,
    endpoints: &'polled [Endpoint<'program>],
) -> impl Iterator<Item = (&'polled Endpoint<'program>, Direction)> {
    let only = only_direction(&place.type_);
    let all = endpoints.iter().flat_map(|endpoint| {
        endpoint.awaited().into_iter().map(move |(direction, _)| (endpoint, direction))
    });
    all.filter(move |(_, direction)| only.is_none_or(|only| only == *direction))
}

/// What a future of `tokio::io::util` does, if that is one thing.
fn only_direction(type_: &Type) -> Option<Direction> {
    let module = type_.scope.last().filter(|_| is_util(type_))?;
    let begins = |words: &[&str]| words.iter().any(|word| module.starts_with(word));
    if begins(&["read", "fill_buf"]) {
        Some(Direction::Read)
    } else if begins(&["write", "flush", "shutdown"]) {
        Some(Direction::Write)
    } else {
        None
    }
}

fn wait(endpoint: &Endpoint<'_>, direction: Option<Direction>) -> Wait {
    let (about, amounts) = endpoint.facts();
    let resource = direction.and_then(|direction| resource(endpoint, direction));
    Wait {
        by: match direction.filter(|_| resource.is_some()) {
            Some(Direction::Read) => EndedBy::Senders,
            Some(Direction::Write) => EndedBy::Receivers,
            None if endpoint.is_inside() => EndedBy::Anybody,
            None => EndedBy::World,
        },
        type_name: endpoint.type_name.clone(),
        resource: resource.map(|resource| resource.key),
        about,
        driven_by: endpoint.registered_with(),
        amounts,
        ..Wait::default()
    }
}

/// `TcpStream read (127.0.0.1:80 -> 127.0.0.1:4000, descriptor 9)`.
fn words(wait: &Wait) -> String {
    let descriptor = wait.amounts.iter().find_map(|amount| match amount {
        Amount::Descriptor(number) => Some(format!("descriptor {number}")),
        _ => None,
    });
    let details: Vec<String> = wait.about.iter().cloned().chain(descriptor).collect();
    match details.is_empty() {
        true => wait.kind.clone(),
        false => format!("{} ({})", wait.kind, details.join(", ")),
    }
}
