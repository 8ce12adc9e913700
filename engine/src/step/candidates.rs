//! What a name may mean in this program: the code at which a task that it fits is met.

use std::collections::HashSet;
use std::rc::Rc;

use super::body::{Body, type_name};
use super::code::Code;
use super::names::{Wanted, WantedKind, best, is_file};
use super::{Error, Request};
use crate::address::Address;
use crate::arch::TRAP_SLOTS;
use crate::futures::written_at;
use crate::program::Program;
use crate::tokio::{self, Poll, TaskHeaders};

/// Where a task is met.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    /// The instruction.
    pub(super) address: Address,
    /// What it begins.
    pub(super) kind: EntryKind,
}

/// What begins at an entry.
#[derive(Clone, Debug)]
pub(super) enum EntryKind {
    /// The poll of all tasks of one type, which have these headers.
    Task(TaskHeaders),
    /// A body, whoever polls it.
    Body,
}

/// A function with a body, and where it begins.
struct Known {
    address: Address,
    body: Rc<Body>,
}

/// Where to wait for the task that was asked for.
pub(super) fn entries(
    few: Few,
    given: &str,
    wanted: &Wanted,
    request: &Request,
    program: &Program<'_>,
    code: &Code,
) -> Result<Vec<Entry>, Error> {
    let polls: Vec<(String, Poll)> =
        tokio::polls(program).into_iter().map(|poll| (poll_name(code, &poll), poll)).collect();
    let mut names: Vec<String> = Vec::new();
    let mut found: Vec<Entry> = match &wanted.kind {
        WantedKind::Function(name) => {
            let spawned = best(name, polls, |(name, _)| name.as_str());
            let others = best(name, bodies(program, code), |known| &known.body.name);
            let is_spawned = match (&spawned, &others) {
                (Some((fit, _)), Some((other, _))) => fit >= other,
                (Some(_), None) => true,
                (None, _) => false,
            };
            let (spawned, others) = match is_spawned {
                true => (spawned.map(|(_, found)| found), None),
                false => (None, others.map(|(_, found)| found)),
            };
            let (spawned, others) = (spawned.unwrap_or_default(), others.unwrap_or_default());
            names.extend(spawned.iter().map(|(name, _)| name.clone()));
            names.extend(others.iter().map(|known| known.body.name.clone()));
            let tasks = spawned.iter().filter_map(|(_, poll)| task(few, program, code, poll));
            tasks.chain(others.iter().map(body)).collect()
        }
        WantedKind::Line(file, line) => {
            let is_it = |(_, poll): &(String, Poll)| is_at(program, poll, file, *line);
            let spawned: Vec<_> = polls.into_iter().filter(is_it).collect();
            names.extend(spawned.iter().map(|(name, _)| name.clone()));
            match spawned.is_empty() {
                false => {
                    let tasks = spawned.iter();
                    tasks.filter_map(|(_, poll)| task(few, program, code, poll)).collect()
                }
                true => {
                    let is_it = |known: &Known| {
                        let header = known.body.header.as_ref();
                        header.is_some_and(|at| at.line == *line && is_file(&at.file, file))
                    };
                    let bodies: Vec<_> = bodies(program, code).into_iter().filter(is_it).collect();
                    names.extend(bodies.iter().map(|known| known.body.name.clone()));
                    bodies.iter().map(body).collect()
                }
            }
        }
        WantedKind::Id(_) => {
            names.extend(polls.iter().map(|(name, _)| name.clone()));
            polls.iter().filter_map(|(_, poll)| task(Few::Anyhow, program, code, poll)).collect()
        }
        WantedKind::Main => {
            let test = request.test.as_deref().unwrap_or("main");
            let bodies: Vec<_> =
                bodies(program, code).into_iter().filter(|known| is_body_of(known, test)).collect();
            names.extend(bodies.iter().map(|known| known.body.name.clone()));
            bodies.iter().map(body).collect()
        }
    };
    let mut addresses = HashSet::new();
    found.retain(|entry| addresses.insert(entry.address));
    if found.is_empty() {
        let known = all_names(program, code);
        return Err(Error::NoSuchTask { name: given.to_owned(), known });
    }
    if found.len() > TRAP_SLOTS {
        names.sort();
        names.dedup();
        let name = given.to_owned();
        return Err(Error::TooManyFit { name, known: names, most: TRAP_SLOTS });
    }
    Ok(found)
}

/// Whether tasks are met at few places, where others may be needed too.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Few {
    /// At the polls of their tasks, of which there is one for each kind of runtime.
    Anyhow,
    /// At the body that all of these polls lead to, if there is one.
    IfPossible,
}

fn task(few: Few, program: &Program<'_>, code: &Code, poll: &Poll) -> Option<Entry> {
    let body = match few {
        Few::Anyhow => None,
        Few::IfPossible => code.entry_of(poll.image, &poll.future),
    };
    if let Some(address) = body {
        return Some(Entry { address, kind: EntryKind::Body });
    }
    let headers = TaskHeaders::of(program, poll.image, poll.function)?;
    Some(Entry { address: poll.address, kind: EntryKind::Task(headers) })
}

fn body(known: &Known) -> Entry {
    Entry { address: known.address, kind: EntryKind::Body }
}

/// What a spawned future is called.
fn poll_name(code: &Code, poll: &Poll) -> String {
    let name = code.object(poll.image).map(|object| type_name(object, &poll.future));
    name.unwrap_or_else(|| poll.future.name.clone())
}

/// Whether a task is spawned or its body written on this line.
fn is_at(program: &Program<'_>, poll: &Poll, file: &str, line: u32) -> bool {
    let written = written_at(&poll.future)
        .is_some_and(|written| written.line == line && is_file(&written.file, file));
    written
        || tokio::spawn_line(program, poll)
            .is_some_and(|spawned| spawned.line == line && is_file(&spawned.file, file))
}

/// Whether this is the `async` block that an attribute such as `#[tokio::test]` made of the body of
/// this function.
fn is_body_of(known: &Known, function: &str) -> bool {
    let Some(environment) = &known.body.environment else { return false };
    let Some((_, path)) = environment.scope.split_first() else { return false };
    path.join("::") == function && environment.own_name.starts_with("{async_block_env#0}")
}

/// The user's bodies in the program's own file.
fn bodies(program: &Program<'_>, code: &Code) -> Vec<Known> {
    let Some((_, executable)) = program.executable() else { return Vec::new() };
    let symbols = executable.object.symbols_named(|name| code.users.is_in(name));
    let mut addresses: Vec<Address> = symbols
        .into_iter()
        .filter(|symbol| !symbol.is_thread_local)
        .map(|symbol| executable.address(symbol.address))
        .collect();
    addresses.sort();
    addresses.dedup();
    addresses
        .into_iter()
        .filter_map(|address| {
            let spot = code.spot(address);
            let (body, _) = spot.bodies.last().filter(|_| spot.is_entry)?;
            Some(Known { address, body: Rc::clone(body) })
        })
        .collect()
}

/// Everything that could have been named.
fn all_names(program: &Program<'_>, code: &Code) -> Vec<String> {
    let polls = tokio::polls(program);
    let mut names: Vec<String> = polls.iter().map(|poll| poll_name(code, poll)).collect();
    names.extend(bodies(program, code).into_iter().map(|known| known.body.name.clone()));
    names.sort();
    names.dedup();
    names
}
