//! What blocked threads wait for, on a program with a thread for each kind, dev and optimized.

#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use asynctest_engine::address::ProcessId;
use asynctest_engine::limits::Limits;
use asynctest_engine::model::{Amount, Held, Hold, Wait};
use asynctest_engine::process::Process;
use asynctest_engine::program::Program;
use asynctest_engine::snapshot::Snapshot;
use asynctest_engine::stack;
use asynctest_engine::symbols::Objects;
use asynctest_engine::sync;
use asynctest_engine::value::Place;

/// A child that is killed when the test is done with it.
struct Killed(Child);

impl Drop for Killed {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

/// The waits of the program's threads, each with the thread's name, and the locks that variables
/// of its first thread hold.
struct Found {
    waits: Vec<(String, Option<Wait>)>,
    held: BTreeMap<String, Option<Held>>,
}

fn find(flags: &[&str]) -> Found {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("blocked");
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/programs/blocked.rs");
    let rustc = std::env::var_os("RUSTC").unwrap_or("rustc".into());
    let mut compiler = Command::new(rustc);
    compiler.args(["--edition", "2024", "-g", "-o"]).args([&path, &source]).args(flags);
    assert!(compiler.status().unwrap().success());
    let child = Command::new(&path).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
    let mut child = Killed(child.unwrap());
    let mut line = String::new();
    BufReader::new(child.0.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
    let process = Process::open(ProcessId(child.0.id().try_into().unwrap())).unwrap();
    let stopped = process.stop().unwrap();
    let limits = Limits::default();
    let snapshot = Snapshot::take(&stopped, &limits).unwrap();
    let (program, _) = Program::new(&snapshot, &Objects::default(), &Path::to_owned);
    let stacks = stack::stacks(&program, &limits);
    let threads = snapshot.facts.threads.iter().zip(&stacks);
    let waits = threads
        .map(|(thread, stack)| {
            (thread.name.clone(), sync::wait(&program, thread, stack, &|_| Some(false)))
        })
        .collect();
    let locals = stacks[0].frames.iter().flat_map(|(frame, _)| stack::locals(&program, frame));
    let held = locals
        .filter_map(|local| {
            let stack::Place::Memory(address) = local.place.ok()? else { return None };
            let place = Place::new(&program, local.image, address, local.type_id?)?;
            let guard = sync::LEAVES.iter().find(|leaf| leaf.is_held(&place.type_))?;
            Some((local.name?, guard.held(&place, &[])))
        })
        .collect();
    Found { waits, held }
}

fn check(flags: &[&str]) -> Found {
    let found = find(flags);
    // The first thread is the program's own.
    for (name, wait) in found.waits.iter().skip(1) {
        let wait = wait.as_ref().unwrap_or_else(|| panic!("{name}: nothing was found"));
        let plain = wait.kind.trim_start_matches("std ").trim_start_matches("thread::");
        match name.as_str() {
            "join" => assert!(wait.thread.is_some(), "{wait:?}"),
            "Condvar timed" => {
                let fires = |amount: &Amount| matches!(amount, Amount::FiresIn(1..));
                assert!(plain == "Condvar" && wait.amounts.iter().any(fires), "{wait:?}");
            }
            name => assert_eq!(plain, name, "{wait:?}"),
        }
    }
    let key = |name: &str| {
        let of_name = found.waits.iter().find(|(other, _)| other == name);
        of_name.and_then(|(_, wait)| wait.as_ref()?.resource).unwrap()
    };
    let expected = [
        ("held", Some(Held { resource: key("Mutex"), hold: Hold::Exclusive })),
        ("writer", Some(Held { resource: key("RwLock read"), hold: Hold::Exclusive })),
        ("reader", Some(Held { resource: key("RwLock write"), hold: Hold::Shared })),
        ("free", None),
    ];
    for (name, holds) in expected {
        // Optimized code need not keep the variable.
        assert!(found.held.get(name).is_none_or(|found| *found == holds), "{name}");
    }
    found
}

#[test]
fn of_a_dev_build() {
    let found = check(&[]);
    assert_eq!(found.held.len(), 4);
    let typed = |name: &str, type_: &str| {
        let of_name = found.waits.iter().find(|(other, _)| other == name);
        let wait = of_name.and_then(|(_, wait)| wait.as_ref()).unwrap();
        assert!(wait.type_name.ends_with(type_), "{wait:?}");
    };
    typed("Mutex", "::Mutex<u32>");
    typed("RwLock write", "::RwLock<alloc::string::String>");
}

#[test]
fn of_an_optimized_build() {
    check(&["-O"]);
}
