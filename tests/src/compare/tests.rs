//! The comparison, on literal reports: right ones pass, and each kind of mistake is seen.

use asynctest_engine::evidence::{Gap, Trust};
use asynctest_engine::report::{
    Certainty, Counts, Frame, FutureNode, Graph, Headline, Location, Looks, Origin, Report,
    Resource, Spawn, SpawnKind, Subject, Task, TaskKind, Thread, Wait,
};

use super::compare;
use crate::marks::Program;

const SOURCE: &str = "\
async fn test() {\n\
    let task = spawn(work()); //~ spawned worker\n\
    task.await; //~ body 1 waits JoinHandle worker\n\
}\n\
async fn work() { //~ names task worker\n\
    lock.lock().await; //~ task worker 1 waits Mutex\n\
}\n";

fn location(line: u32) -> Location {
    let text = SOURCE.lines().nth(line as usize - 1);
    Location {
        file: "fixtures/tests/hangs/literal.rs".into(),
        line,
        text: text.map(|text| text.trim().to_owned()),
        origin: Origin::User,
        trust: Trust::Read,
    }
}

fn future(line: u32, kind: &str, task: Option<&str>) -> FutureNode {
    let leaf = FutureNode {
        name: kind.into(),
        kind: "future".into(),
        state: None,
        location: None,
        wait: Some(Wait {
            resource: Resource {
                kind: kind.into(),
                type_name: format!("tokio::{kind}"),
                address: None,
            },
            detail: None,
            task: task.map(str::to_owned),
            poll: None,
        }),
        variables: Vec::new(),
        count: 1,
        children: Vec::new(),
    };
    FutureNode {
        name: "work".into(),
        kind: "async fn".into(),
        state: Some("suspended".into()),
        location: Some(location(line)),
        variables: Vec::new(),
        wait: None,
        count: 1,
        children: vec![leaf],
    }
}

fn task(label: &str, kind: TaskKind, future: FutureNode) -> Task {
    Task {
        label: label.into(),
        kind,
        id: None,
        address: None,
        name: "literal::work".into(),
        future_type: String::new(),
        state: "idle".into(),
        runtime: None,
        spawned: None,
        thread: None,
        future: Some(future),
        aside: Vec::new(),
        count: 1,
        others: Vec::new(),
        walked: true,
    }
}

fn report() -> Report {
    let body = task("test body", TaskKind::BlockOn, future(3, "JoinHandle", Some("task 2")));
    let mut worker = task("task 2", TaskKind::Spawned, future(6, "Mutex", None));
    worker.spawned = Some(Spawn { kind: SpawnKind::Spawned, location: location(2) });
    Report {
        version: 1,
        tool: "0".into(),
        subject: Subject::default(),
        headline: Headline {
            finding: "undetermined".into(),
            sentence: String::new(),
            certainty: Certainty::Possible,
        },
        looks: Looks {
            count: 2,
            apart_ms: 1,
            moved: Vec::new(),
            next_timer_ms: None,
            stirs: Some(Vec::new()),
        },
        counts: Counts { tasks_found: 2, tasks_walked: 2, gaps: 0 },
        findings: Vec::new(),
        graph: Graph::default(),
        runtimes: Vec::new(),
        tasks: vec![body, worker],
        threads: Vec::new(),
        holdings: Vec::new(),
        gaps: Vec::new(),
        children: Vec::new(),
    }
}

/// Compares a report that `change` has changed with the marks; `wrong` are the beginnings of what
/// must be found.
#[track_caller]
fn check(source: &str, change: impl FnOnce(&mut Report), wrong: &[&str]) {
    let mut report = report();
    change(&mut report);
    let program = Program::parse(source).unwrap();
    let found = compare(&program, &report, "hangs/literal.rs", SOURCE);
    let all = found.len() == wrong.len();
    let same = found.iter().zip(wrong).all(|(found, wrong)| found.starts_with(wrong));
    assert!(all && same, "{found:#?}");
}

fn leaf(report: &mut Report, task: usize) -> &mut Wait {
    let future = report.tasks[task].future.as_mut().unwrap();
    future.children[0].wait.as_mut().unwrap()
}

#[test]
fn a_right_report() {
    check(SOURCE, |_| {}, &[]);
}

#[test]
fn a_wrong_kind() {
    let wrong = [
        "task worker: no chain through",
        "task worker: a chain that is not marked",
        "in the report and",
    ];
    check(
        SOURCE,
        |report| leaf(report, 1).resource.kind = "Notify".into(),
        &[wrong[0], wrong[1], wrong[2], "body: does not say that it waits for task worker"],
    );
}

#[test]
fn unknown_will_do_where_the_marks_say_so() {
    let source = SOURCE.replace("Mutex", "Mutex?");
    check(&source, |report| leaf(report, 1).resource.kind = "unknown".into(), &[]);
}

#[test]
fn a_wrong_line() {
    let change = |report: &mut Report| {
        report.tasks[0].future.as_mut().unwrap().location = Some(location(4));
    };
    check(
        SOURCE,
        change,
        &[
            "body: no chain through",
            "body: a chain that is not marked",
            "in the report and not marked, 1 of it: test body",
        ],
    );
}

#[test]
fn a_wrong_joined_task() {
    let change = |report: &mut Report| leaf(report, 0).task = Some("task 9".into());
    check(SOURCE, change, &["body: does not say that it waits for task worker"]);
}

#[test]
fn a_missing_and_an_extra_task() {
    let missing = |report: &mut Report| {
        report.tasks.pop();
        report.counts = Counts { tasks_found: 1, tasks_walked: 1, gaps: 0 };
    };
    check(SOURCE, missing, &["task worker: not in the report, 1 of it", "body: does not say"]);
    let extra = |report: &mut Report| report.tasks[1].count = 3;
    check(
        SOURCE,
        extra,
        &["in the report and not marked, 2 of it: task 2", "4 tasks listed, 2 counted"],
    );
}

#[test]
fn a_wrong_spawn_line_name_and_state() {
    let change = |report: &mut Report| {
        report.tasks[1].spawned = None;
        report.tasks[1].name = "literal::homework".into();
        report.tasks[1].state = "scheduled".into();
    };
    check(
        SOURCE,
        change,
        &[
            "task worker: should be called `work`",
            "task worker: should be spawned at",
            "task worker: should be idle",
            "in the report and",
            "body: does not say",
        ],
    );
}

#[test]
fn what_is_left_unread() {
    let change = |report: &mut Report| {
        report.counts.tasks_walked = 1;
        report.counts.gaps = 1;
        report.gaps = vec![Gap::new("tokio::Thing", "no such type")];
    };
    check(SOURCE, change, &["1 of 2 tasks walked", "gap: tokio::Thing: no such type"]);
}

#[test]
fn movement() {
    let moves = |report: &mut Report| {
        report.looks.moved = vec!["task 2".into()];
        report.looks.stirs = Some(vec!["a task went on between the looks".into()]);
    };
    check(SOURCE, moves, &["nothing moves, but", "nothing can wake it, but"]);
    let source = format!("{SOURCE}//~ moves\n");
    check(&source, moves, &[]);
    check(&source, |_| {}, &["something moves", "it could be woken"]);
}

#[test]
fn what_could_still_wake_it() {
    let stirs = |report: &mut Report| report.looks.stirs = Some(vec!["a timer".into()]);
    check(SOURCE, stirs, &["nothing can wake it, but"]);
    let source = format!("{SOURCE}//~ stirs\n");
    check(&source, stirs, &[]);
    check(&source, |_| {}, &["it could be woken"]);
    check(SOURCE, |report| report.looks.stirs = None, &["what could wake it"]);
    let unproven = |report: &mut Report| {
        stirs(report);
        report.subject.verdict = "STUCK".into();
    };
    check(&source, unproven, &["it is called STUCK without a proof"]);
}

#[test]
fn a_wrong_source_line() {
    let change = |report: &mut Report| {
        let future = report.tasks[0].future.as_mut().unwrap();
        future.location.as_mut().unwrap().text = Some("something else".into());
    };
    check(SOURCE, change, &["line 3 is shown as Some(\"something else\")"]);
}

#[test]
fn stacks_of_threads() {
    let source =
        format!("{SOURCE}park(); //~ thread parked runs 2\nouter(); //~ thread parked runs 1\n");
    let frame = |line| Frame {
        function: String::new(),
        location: Some(location(line)),
        origin: Origin::User,
        inlined: false,
        address: String::new(),
    };
    let threads = |lines: &'static [u32]| {
        move |report: &mut Report| {
            report.threads = vec![Thread {
                id: 1,
                name: String::new(),
                doing: String::new(),
                frames: lines.iter().copied().map(frame).collect(),
            }];
        }
    };
    check(&source, threads(&[8, 9, 1]), &[]);
    check(&source, threads(&[9, 8]), &["thread parked: no stack ends in lines [9, 8]"]);
}
