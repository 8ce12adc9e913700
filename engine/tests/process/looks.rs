//! Snapshots of real processes and their archives.

use asynctest_engine::address::Address;
use asynctest_engine::limits::Limits;
use asynctest_engine::process::Process;
use asynctest_engine::snapshot::{Mapping, Snapshot, archive};
use libtest_mimic::Trial;

use crate::helper::{Tracee, trial};

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("look::facts_are_those_of_the_process", facts_are_those_of_the_process),
        trial("look::arguments_and_environment_are_zero", arguments_are_zero),
        trial("look::a_saved_look_reads_the_same", a_saved_look_reads_the_same),
        trial("look::a_scan_finds_what_is_there", a_scan_finds_what_is_there),
        trial("look::a_running_process_can_be_read", a_running_process_can_be_read),
    ]
}

fn facts_are_those_of_the_process() {
    let tracee = Tracee::start(&["idle"]);
    let process = Process::open(tracee.id()).unwrap();
    let look = Snapshot::take(&process.stop().unwrap(), &Limits::default()).unwrap();
    assert_eq!(look.facts.executable, std::env::current_exe().unwrap());
    assert_eq!(look.facts.threads.len(), 5);
    let stack = mapping(&look, "[stack]");
    assert!(stack.writable && stack.private && !stack.executable);
    assert!(
        look.facts
            .descriptors
            .iter()
            .any(|open| open.number == 0 && open.target.starts_with("pipe:"))
    );
    assert!(
        look.facts.clock.monotonic > 0 && look.facts.clock.realtime > look.facts.clock.monotonic
    );
}

fn arguments_are_zero() {
    const SECRET: &str = "a secret that nobody may keep";
    let tracee = Tracee::start(&["idle", SECRET]);
    let process = Process::open(tracee.id()).unwrap();
    let stopped = process.stop().unwrap();
    let look = Snapshot::take(&stopped, &Limits::default()).unwrap();
    let stack = mapping(&look, "[stack]").clone();
    let mut hidden = 0;
    for area in process.arguments().unwrap() {
        let mut bytes = vec![1; (area.end.0 - area.start.0) as usize];
        look.read(area.start, &mut bytes).unwrap();
        assert!(bytes.iter().all(|&byte| byte == 0));
        hidden += bytes.len();
    }
    assert!(hidden > SECRET.len());
    let mut found = false;
    look.scan(stack.start..stack.end, &mut |_, bytes| {
        found |= bytes.windows(SECRET.len()).any(|text| text == SECRET.as_bytes());
    });
    assert!(!found, "it was scanned");
    let memory = stopped.memory().unwrap();
    let mut bytes = vec![0; (stack.end.0 - stack.start.0) as usize];
    assert!(memory.read(stack.start, &mut bytes));
    assert!(bytes.windows(SECRET.len()).any(|text| text == SECRET.as_bytes()));
}

fn a_saved_look_reads_the_same() {
    let tracee = Tracee::start(&["idle"]);
    let process = Process::open(tracee.id()).unwrap();
    let take = || {
        let stopped = process.stop().unwrap();
        let mut look = Snapshot::take(&stopped, &Limits::default()).unwrap();
        let stacks = stacks(&look);
        look.seal();
        (look, stacks)
    };
    let ((first, stacks_then), (second, stacks_later)) = (take(), take());
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("capture.asynctest");
    archive::write(&path, &first, &second, &stacks_then.len()).unwrap();
    drop(tracee);
    let saved: archive::Archive<usize> = archive::read(&path, &Limits::default()).unwrap();
    assert_eq!(saved.payload, stacks_then.len());
    assert_eq!(saved.first.facts, first.facts);
    assert_eq!(saved.second.facts, second.facts);
    assert_eq!(stacks(&saved.first), stacks_then);
    assert_eq!(stacks(&saved.second), stacks_later);
}

fn a_scan_finds_what_is_there() {
    let tracee = Tracee::start(&["idle"]);
    let process = Process::open(tracee.id()).unwrap();
    let stopped = process.stop().unwrap();
    let look = Snapshot::take(&stopped, &Limits::default()).unwrap();
    let memory = stopped.memory().unwrap();
    for mapping in look.facts.mappings.iter().filter(|mapping| mapping.readable && mapping.writable)
    {
        let mut at = mapping.start;
        look.scan(mapping.start..mapping.end, &mut |address, bytes| {
            assert_eq!(address, at);
            at = address.offset(bytes.len() as u64);
            if mapping.path == "[heap]" {
                let mut same = vec![0; bytes.len()];
                assert!(memory.read(address, &mut same));
                assert!(same == bytes);
            }
        });
        assert_eq!(at, mapping.end, "{mapping:?}");
    }
}

fn a_running_process_can_be_read() {
    let tracee = Tracee::start(&["churn"]);
    let process = Process::open(tracee.id()).unwrap();
    let threads = process.stop().unwrap().into_threads();
    let look = Snapshot::live(&process, threads, &Limits::default()).unwrap();
    let code = look.facts.threads[0].registers.pc();
    look.read(code, &mut [0; 16]).unwrap();
}

fn mapping<'look>(look: &'look Snapshot, path: &str) -> &'look Mapping {
    look.facts.mappings.iter().find(|mapping| mapping.path == path).unwrap()
}

/// The innermost bytes of every stack.
fn stacks(look: &Snapshot) -> Vec<(Address, [u8; 256])> {
    let stack = |sp: Address| {
        let mut bytes = [0; 256];
        look.read(sp, &mut bytes).unwrap();
        (sp, bytes)
    };
    look.facts.threads.iter().map(|thread| stack(thread.registers.sp())).collect()
}
