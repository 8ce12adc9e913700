//! The other ends of sockets and pipes: in the same process or in one that was captured with it, and
//! who waits there.

use std::collections::HashMap;

use crate::model::{Amount, Future, Task, Wait, World};
use crate::snapshot::Facts;

/// Most ends that are named of one pipe: any number of processes can have it open.
const MOST_NAMED: usize = 3;

/// One of the processes, with what was found in it.
pub(super) struct Side<'capture> {
    /// What it is called.
    pub(super) name: String,
    pub(super) facts: &'capture Facts,
    pub(super) world: World,
}

/// An open file of one of the processes: its index, and the file's number.
type End = (usize, i32);

/// What the two ends of something have in common: a pipe its name, a connection its addresses, seen
/// from one of them.
#[derive(Clone, PartialEq, Eq, Hash)]
enum Meeting {
    Pipe(String),
    Connection {
        protocol: String,
        local: String,
        remote: String,
    },
    /// Two sockets that have no addresses, by their inodes.
    Pair {
        own: u64,
        peer: u64,
    },
}

/// Adds to each wait for a socket or a pipe where its other end is, if that is in one of `sides`.
pub(super) fn link(sides: &mut [Side<'_>]) {
    let ends = ends(sides);
    let waiting = waiting(sides);
    for index in 0..sides.len() {
        let Some(side) = sides.get(index) else { continue };
        let words = |number: i32| other_ends(sides, index, number, &ends, &waiting);
        let facts = side.facts;
        let known: HashMap<i32, String> = facts
            .descriptors
            .iter()
            .filter_map(|descriptor| Some((descriptor.number, words(descriptor.number)?)))
            .collect();
        if let Some(side) = sides.get_mut(index).filter(|_| !known.is_empty()) {
            let futures = side.world.tasks.iter_mut().filter_map(|task| task.future.as_mut());
            futures.for_each(|future| say(future, &known));
            let blocked = side.world.threads.iter_mut().filter_map(|thread| thread.wait.as_mut());
            blocked.for_each(|wait| say_of(wait, &known));
        }
    }
}

/// Where each end is, by what the one at the other end knows of it.
fn ends(sides: &[Side<'_>]) -> HashMap<Meeting, Vec<End>> {
    let mut ends: HashMap<Meeting, Vec<End>> = HashMap::new();
    for (index, side) in sides.iter().enumerate() {
        for descriptor in &side.facts.descriptors {
            if let Some(meeting) = meeting(side.facts, descriptor.number) {
                ends.entry(meeting).or_default().push((index, descriptor.number));
            }
        }
    }
    ends
}

fn meeting(facts: &Facts, number: i32) -> Option<Meeting> {
    let descriptor = facts.descriptor(number)?;
    if descriptor.target.starts_with("pipe:[") {
        return Some(Meeting::Pipe(descriptor.target.clone()));
    }
    let socket = facts.socket(descriptor)?;
    if let Some(peer) = socket.peer {
        return Some(Meeting::Pair { own: socket.inode, peer });
    }
    Some(Meeting::Connection {
        protocol: socket.protocol.clone(),
        local: socket.local.clone()?,
        remote: socket.remote.clone()?,
    })
}

/// The same as it is seen from the other end.
fn turned(meeting: Meeting) -> Meeting {
    match meeting {
        Meeting::Pipe(name) => Meeting::Pipe(name),
        Meeting::Pair { own, peer } => Meeting::Pair { own: peer, peer: own },
        Meeting::Connection { protocol, local, remote } => {
            Meeting::Connection { protocol, local: remote, remote: local }
        }
    }
}

/// Who waits at which end, in words.
fn waiting(sides: &[Side<'_>]) -> HashMap<End, Vec<String>> {
    let mut waiting: HashMap<End, Vec<String>> = HashMap::new();
    for (index, side) in sides.iter().enumerate() {
        for task in &side.world.tasks {
            for (number, kind) in task.future.iter().flat_map(waits) {
                let words = format!("{} waits there for a {kind}", name(task));
                waiting.entry((index, number)).or_default().push(words);
            }
        }
        for thread in &side.world.threads {
            let Some(wait) = &thread.wait else { continue };
            if let Some(number) = descriptor(wait) {
                let words = format!("thread {} waits there for a {}", thread.name, wait.kind);
                waiting.entry((index, number)).or_default().push(words);
            }
        }
    }
    waiting
}

fn name(task: &Task) -> String {
    match task.id {
        Some(id) => format!("task {id} {}", task.name),
        None => task.name.clone(),
    }
}

/// The descriptors that a future waits for, each with the kind of wait.
fn waits(future: &Future) -> Vec<(i32, &str)> {
    let own = future.wait.as_ref().and_then(|wait| Some((descriptor(wait)?, wait.kind.as_str())));
    own.into_iter().chain(future.children.iter().flat_map(waits)).collect()
}

fn descriptor(wait: &Wait) -> Option<i32> {
    wait.amounts.iter().find_map(|amount| match amount {
        Amount::Descriptor(number) => i32::try_from(*number).ok(),
        _ => None,
    })
}

/// Where the other ends are of what this end belongs to, in words.
fn other_ends(
    sides: &[Side<'_>],
    index: usize,
    number: i32,
    ends: &HashMap<Meeting, Vec<End>>,
    waiting: &HashMap<End, Vec<String>>,
) -> Option<String> {
    let meeting = turned(meeting(sides.get(index)?.facts, number)?);
    let others = ends.get(&meeting)?.iter().filter(|end| **end != (index, number));
    let words = |end: &End| {
        let place = match end.0 == index {
            true => "this process".to_owned(),
            false => sides.get(end.0).map(|side| side.name.clone()).unwrap_or_default(),
        };
        let who = waiting.get(end).map(|who| format!(": {}", who.join(", "))).unwrap_or_default();
        format!("descriptor {} of {place}{who}", end.1)
    };
    let named: Vec<String> = others.take(MOST_NAMED).map(words).collect();
    (!named.is_empty()).then(|| named.join("; "))
}

/// Adds the words to the waits for these descriptors.
fn say(future: &mut Future, known: &HashMap<i32, String>) {
    if let Some(wait) = &mut future.wait {
        say_of(wait, known);
    }
    future.children.iter_mut().for_each(|child| say(child, known));
}

fn say_of(wait: &mut Wait, known: &HashMap<i32, String>) {
    if let Some(words) = descriptor(wait).and_then(|number| known.get(&number)) {
        wait.other_end = Some(words.clone());
    }
}
