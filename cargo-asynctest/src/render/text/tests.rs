//! Reports as literals, and the text they become.

use std::path::Path;

use asynctest_engine::evidence::{Gap, Trust};
use asynctest_engine::report::{
    Certainty, Counts, Frame, FutureNode, Graph, Headline, Location, Looks, Origin, Report,
    Resource, Spawn, SpawnKind, Subject, Task, TaskKind, Thread, Variable, Wait,
};

use super::{MOST, Style, full, place, report};

fn at(file: &str, line: u32, text: &str, origin: Origin) -> Option<Location> {
    Some(Location {
        file: file.to_owned(),
        line,
        text: (!text.is_empty()).then(|| text.to_owned()),
        origin,
        trust: Trust::Read,
    })
}

fn node(name: &str, location: Option<Location>, children: Vec<FutureNode>) -> FutureNode {
    FutureNode {
        name: name.to_owned(),
        kind: "async fn".to_owned(),
        state: Some("suspended".to_owned()),
        location,
        variables: Vec::new(),
        wait: None,
        count: 1,
        children,
    }
}

fn leaf(name: &str, kind: &str, detail: Option<&str>) -> FutureNode {
    FutureNode {
        wait: Some(Wait {
            resource: Resource {
                kind: kind.to_owned(),
                type_name: format!("tokio::{kind}"),
                address: Some("0x7f0010".to_owned()),
            },
            detail: detail.map(str::to_owned),
            task: None,
            poll: None,
        }),
        ..node(name, None, Vec::new())
    }
}

/// The chain of one user's link, one of a library's, and a wait for a semaphore.
fn locks(line: u32, text: &str) -> FutureNode {
    let library = at("tokio/src/sync/mutex.rs", 440, "acquire.await", Origin::Library);
    let acquire = leaf("Acquire", "Mutex", Some("1st of 2 in the queue"));
    let lock = node("Mutex::lock", library, vec![acquire]);
    node("reconcile", at("src/bank.rs", line, text, Origin::User), vec![lock])
}

fn task(label: &str, kind: TaskKind, name: &str, future: Option<FutureNode>) -> Task {
    Task {
        label: label.to_owned(),
        kind,
        id: None,
        address: None,
        name: name.to_owned(),
        future_type: format!("{name}::{{async_fn_env#0}}"),
        state: "idle".to_owned(),
        runtime: Some(1),
        spawned: None,
        thread: None,
        future,
        aside: Vec::new(),
        count: 1,
        others: Vec::new(),
        walked: true,
    }
}

fn frame(function: &str, location: Option<Location>, origin: Origin) -> Frame {
    Frame {
        function: function.to_owned(),
        location,
        origin,
        inlined: false,
        address: "0x401000".to_owned(),
    }
}

fn thread(id: i32, name: &str, doing: &str, frames: Vec<Frame>) -> Thread {
    Thread { id, name: name.to_owned(), doing: doing.to_owned(), frames }
}

/// A test that waits for a task that waits for a lock, and a worker that sleeps in the user's code.
fn ledger() -> Report {
    let join = FutureNode {
        wait: Some(Wait {
            resource: Resource {
                kind: "JoinHandle".to_owned(),
                type_name: "tokio::task::JoinHandle<()>".to_owned(),
                address: None,
            },
            detail: None,
            task: Some("task 7".to_owned()),
            poll: None,
        }),
        ..node("JoinHandle", None, Vec::new())
    };
    let audit =
        node("audit", at("src/bank.rs", 75, "first.await.unwrap();", Origin::User), vec![join]);
    let body = node(
        "transfer_and_audit",
        at("tests/it.rs", 12, "audit(&bank).await;", Origin::User),
        vec![audit],
    );
    let mut locker = task(
        "task 7",
        TaskKind::Spawned,
        "reconcile",
        Some(locks(60, "let accounts = self.accounts.lock().await;")),
    );
    locker.count = 3;
    locker.others = vec!["task 8".to_owned(), "task 9".to_owned()];
    locker.spawned = Some(Spawn {
        kind: SpawnKind::Spawned,
        location: at("src/bank.rs", 72, "", Origin::User).expect("a place"),
    });
    let mut running = task("task 10", TaskKind::Spawned, "poller", None);
    running.state = "running".to_owned();
    running.thread = Some(103);
    Report {
        version: 1,
        tool: "0.1.0".to_owned(),
        subject: Subject {
            verdict: "HANG".to_owned(),
            binary: "ledger::it".to_owned(),
            test: Some("transfer_and_audit".to_owned()),
            process: 100,
            again: Some("cargo asynctest --test it -- --exact transfer_and_audit".to_owned()),
            source_roots: Vec::new(),
            workspace: None,
        },
        headline: Headline {
            finding: "undetermined".to_owned(),
            sentence: "the test body waits for task 7".to_owned(),
            certainty: Certainty::Certain,
        },
        looks: Looks {
            count: 2,
            apart_ms: 1000,
            moved: Vec::new(),
            next_timer_ms: None,
            stirs: None,
        },
        counts: Counts { tasks_found: 5, tasks_walked: 4, gaps: 1 },
        findings: Vec::new(),
        graph: Graph::default(),
        runtimes: Vec::new(),
        tasks: vec![
            task("test body", TaskKind::BlockOn, "transfer_and_audit", Some(body)),
            locker,
            running,
        ],
        threads: threads(),
        holdings: Vec::new(),
        gaps: vec![Gap::new("ledger::Opaque", "its type is not in the debug info")],
        children: Vec::new(),
    }
}

fn threads() -> Vec<Thread> {
    let std = Origin::Std;
    let library = Origin::Library;
    let main = vec![
        frame("syscall", None, library),
        frame("test::run_tests", None, library),
        frame("it::main", at("tests/it.rs", 1, "", Origin::User), Origin::User),
    ];
    let body = vec![
        frame("epoll_wait", None, library),
        frame("tokio::runtime::Runtime::block_on<F>", None, library),
        frame(
            "it::transfer_and_audit",
            at("tests/it.rs", 19, "the last statement", Origin::User),
            Origin::User,
        ),
    ];
    let worker = vec![
        frame("clock_nanosleep", None, Origin::Unknown),
        frame("std::thread::sleep", None, std),
        frame(
            "ledger::poller",
            at("src/bank.rs", 90, "thread::sleep(PERIOD);", Origin::User),
            Origin::User,
        ),
        frame("<tokio::Core<T> as core::Poll>::poll", None, library),
        frame("std::thread::start", None, std),
        frame("start_thread", None, Origin::Unknown),
    ];
    vec![
        thread(100, "it", "blocked in futex", main),
        thread(102, "transfer_and_audit", "parked", body),
        thread(103, "tokio-rt-worker", "polls task 10", worker),
    ]
}

#[test]
fn a_hang_reads_from_the_cause_to_the_evidence() {
    let text = report(&ledger(), Style::Plain, Some(Path::new("target/asynctest/x")));
    let expected = "\
HANG  ledger::it::transfer_and_audit  undetermined: the test body waits for task 7

  test body transfer_and_audit · idle
      tests/it.rs:12  transfer_and_audit  | audit(&bank).await;
    > src/bank.rs:75  audit  | first.await.unwrap();
      waits for JoinHandle of task 7

  task 7 reconcile · idle · spawned src/bank.rs:72 · 2 more like it: task 8, task 9
    > src/bank.rs:60  reconcile  | let accounts = self.accounts.lock().await;
      waits for Mutex at 0x7f0010: 1st of 2 in the queue
  task 10 poller · running · polled by thread 103
      it is running: its thread's stack says where

  thread 103 tokio-rt-worker · polls task 10
      ... 2 frames of std
      src/bank.rs:90  ledger::poller  | thread::sleep(PERIOD);
      ... 3 frames of tokio, std

  certain: 4 of 5 tasks walked, 1 gap
  unchanged in 2 looks 1.0 s apart
  gap: ledger::Opaque: its type is not in the debug info
  full dump target/asynctest/x
  again: cargo asynctest --test it -- --exact transfer_and_audit
";
    assert_eq!(text, expected, "\n{text}");
}

#[test]
fn the_place_is_the_innermost_line_of_the_users_on_the_bodys_way() {
    let ledger = ledger();
    let place = place(&ledger).expect("a place");
    assert_eq!((place.file.as_str(), place.line), ("src/bank.rs", 75));
}

#[test]
fn the_full_form_has_every_link_and_every_frame() {
    let text = full(&ledger());
    for line in [
        "tokio/src/sync/mutex.rs:440  Mutex::lock  | acquire.await",
        "      0x401000  start_thread",
        "  thread 100 it · blocked in futex",
    ] {
        assert!(text.contains(line), "{line}\n---\n{text}");
    }
}

#[test]
fn a_fork_shows_each_of_its_ways() {
    let mut ledger = ledger();
    let timer = leaf("Sleep", "sleep", Some("fires in 3.2 s"));
    let closure = node("race::{async_fn#0}::{closure_env#0}", None, vec![locks(31, "left"), timer]);
    let place = at("src/bank.rs", 30, "tokio::select! {", Origin::User);
    let race = node("race", place, vec![closure]);
    let mut body = task("test body", TaskKind::BlockOn, "race", Some(race));
    body.thread = Some(102);
    ledger.tasks = vec![body];
    ledger.threads = Vec::new();
    let text = report(&ledger, Style::Plain, None);
    let expected = "
  test body race · idle · on thread 102
    > src/bank.rs:30  race  | tokio::select! {
      waits for 2 futures at once:
      1 of 2:
    >   src/bank.rs:31  reconcile  | left
        waits for Mutex at 0x7f0010: 1st of 2 in the queue
      2 of 2: waits for sleep at 0x7f0010: fires in 3.2 s
";
    assert!(text.contains(expected), "\n{text}");
}

#[test]
fn a_fork_is_called_by_its_type_where_a_person_named_that() {
    let mut ledger = ledger();
    let timer = leaf("Sleep", "sleep", None);
    let timeout = node("tokio::time::Timeout", None, vec![locks(31, "left"), timer]);
    ledger.tasks = vec![task("test body", TaskKind::BlockOn, "race", Some(timeout))];
    let text = report(&ledger, Style::Plain, None);
    assert!(text.contains("\n      tokio::time::Timeout waits for 2 futures at once:\n"), "{text}");
}

#[test]
fn a_recursion_is_one_line_and_a_number() {
    let mut future = locks(60, "lock");
    for _ in 0..5 {
        future = node("count", at("src/tree.rs", 25, "text", Origin::User), vec![future]);
    }
    let mut ledger = ledger();
    ledger.tasks = vec![task("main", TaskKind::BlockOn, "main", Some(future))];
    let expected = "
      src/tree.rs:25  count (5 times)  | text
    > src/bank.rs:60  reconcile  | lock
";
    let text = report(&ledger, Style::Plain, None);
    assert!(text.contains(expected), "\n{text}");
}

/// The label of each spawned task that is shown, in order.
fn shown(text: &str) -> Vec<&str> {
    let titles = text.lines().filter_map(|line| line.strip_prefix("  task "));
    titles.filter_map(|title| title.split(' ').next()).collect()
}

#[test]
fn the_tasks_that_the_body_waits_for_come_first() {
    let mut ledger = ledger();
    let other = task("task 1", TaskKind::Spawned, "other", Some(locks(60, "")));
    let mut others: Vec<Task> = (20..40)
        .map(|id| Task { label: format!("task {id}"), count: 2, ..other.clone() })
        .collect();
    others.append(&mut ledger.tasks.split_off(1));
    ledger.tasks.append(&mut others);
    ledger.threads = Vec::new();
    let text = report(&ledger, Style::Plain, Some(Path::new("target/asynctest/x")));
    assert_eq!(shown(&text).first(), Some(&"7"), "\n{text}");
    assert!(shown(&text).len() > 4, "\n{text}");
    let left_out = 2 * (21 - shown(&text).len()) + 1;
    let line = format!("\n  ... {left_out} more tasks in report.txt\n");
    assert!(text.contains(&line), "{line}\n{text}");
    assert!(text.lines().count() <= MOST, "\n{text}");
}

#[test]
fn a_task_that_was_never_polled_is_said_to_be_so() {
    let mut ledger = ledger();
    let mut future = node("answer", at("src/bank.rs", 5, "async fn", Origin::User), Vec::new());
    future.state = Some("unresumed".to_owned());
    ledger.tasks = vec![task("task 1", TaskKind::Spawned, "answer", Some(future))];
    let text = report(&ledger, Style::Plain, None);
    let expected = "    > src/bank.rs:5  | async fn\n      it was never polled\n";
    assert!(text.contains(expected), "\n{text}");
}

#[test]
fn a_module_called_block_on_is_no_runtime() {
    let mut ledger = ledger();
    for thread in &mut ledger.threads {
        for frame in &mut thread.frames {
            frame.function = frame.function.replace("it::transfer", "it::block_on::transfer");
        }
    }
    let text = report(&ledger, Style::Plain, None);
    assert!(!text.contains("the last statement"), "\n{text}");
}

#[test]
fn the_short_form_stays_short() {
    let mut ledger = ledger();
    let other = ledger.tasks.last().cloned().expect("a task");
    ledger.tasks.extend(std::iter::repeat_n(other, 100));
    let body = ledger.tasks.first_mut().expect("the body");
    for line in 0..100 {
        let inner = body.future.take().into_iter().collect();
        let place = at("src/deep.rs", line, "", Origin::User);
        body.future = Some(node("deeper", place, inner));
    }
    let text = report(&ledger, Style::Plain, Some(Path::new("target/asynctest/x")));
    assert!(text.lines().count() <= MOST, "\n{text}");
    assert!(text.contains("\n  ... 98 more tasks in report.txt\n"), "\n{text}");
    assert!(text.contains("\n      ... 90 more links in report.txt\n"), "\n{text}");
    assert!(text.contains("again: cargo"));
}

#[test]
fn a_chain_of_any_length_is_no_danger() {
    let mut future = leaf("Notified", "Notify", None);
    for _ in 0..5_000 {
        future = node("deeper", at("src/deep.rs", 1, "", Origin::User), vec![future]);
    }
    let mut ledger = ledger();
    ledger.tasks = vec![task("main", TaskKind::BlockOn, "main", Some(future))];
    assert!(full(&ledger).lines().count() > 5_000);
}

#[test]
fn what_moved_is_said() {
    let mut ledger = ledger();
    ledger.subject.verdict = "SLOW".to_owned();
    ledger.looks.moved = vec!["thread 103 used 900 ms of CPU".to_owned()];
    ledger.looks.next_timer_ms = Some(3200);
    let text = report(&ledger, Style::Plain, None);
    assert!(text.starts_with("SLOW  ledger::it::"), "{text}");
    assert!(text.contains(
        "moved in 2 looks 1.0 s apart: thread 103 used 900 ms of CPU; \
                           the next timer fires in 3.2 s"
    ));
}

#[test]
fn text_of_the_process_cannot_steer_the_terminal() {
    let mut ledger = ledger();
    ledger.headline.sentence = "a\nHANG  \x1b[2Jb".to_owned();
    let text = report(&ledger, Style::Plain, None);
    assert!(!text.contains('\x1b') && text.lines().next().is_some_and(|line| line.ends_with('b')));
}

#[test]
fn colors_only_where_they_are_wanted() {
    assert!(!report(&ledger(), Style::Plain, None).contains('\x1b'));
    assert!(report(&ledger(), Style::Colored, None).contains("\x1b[31m"));
}

#[test]
fn variables_stand_below_their_line_and_long_values_in_the_full_form_alone() {
    let mut ledger = ledger();
    let mut future = locks(31, "lock");
    let long = format!("{:?}", "x".repeat(80));
    future.variables = [("from", "\"ann\""), ("self", long.as_str()), ("amount", "250")]
        .map(|(name, value)| Variable { name: name.to_owned(), value: value.to_owned() })
        .to_vec();
    ledger.tasks = vec![task("test body", TaskKind::BlockOn, "race", Some(future))];
    let text = report(&ledger, Style::Plain, None);
    assert!(text.contains("| lock\n          from: \"ann\", amount: 250\n"), "{text}");
    let text = full(&ledger);
    assert!(text.contains(&format!("from: \"ann\", self: {long}, amount: 250\n")), "{text}");
}
