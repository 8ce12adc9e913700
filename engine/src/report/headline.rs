//! The first line: the root; or, where there is none, where the test's body stands, and what that
//! waits for in turn, from task to task, accusing nobody.

use super::claims::Finding;
use super::schema::{
    Certainty, FutureNode, Headline, Location, Origin, Task, TaskKind, Thread, Wait,
};
use super::types::short_type;
use super::words::article;

/// Most tasks followed from one to the next.
const MOST_STEPS: usize = 8;

/// The root; where nothing is known of one, where the body stands, and what may be the reason.
pub(super) fn headline(
    root: Option<&Finding>,
    suspect: Option<&Finding>,
    tasks: &[Task],
    threads: &[Thread],
) -> Headline {
    if let Some(root) = root.filter(|root| root.finding != "undetermined") {
        return Headline {
            finding: root.finding.clone(),
            sentence: root.sentence.clone(),
            certainty: root.certainty,
        };
    }
    let mut headline = undetermined(tasks, threads);
    // A way over more than one wait says more than where the body stands, and so does one to that of
    // several futures on which it depends.
    let is_forked = body(tasks).and_then(|body| body.future.as_ref());
    let is_forked = is_forked.is_some_and(|future| side_by_side(future).is_some());
    let least = if is_forked { 1 } else { 2 };
    if let Some(root) = root.filter(|root| root.steps.len() >= least) {
        headline.sentence.clone_from(&root.sentence);
    }
    if let Some(suspect) = suspect {
        headline.sentence.push_str(&format!("; perhaps because of this: {}", suspect.sentence));
    }
    headline
}

fn undetermined(tasks: &[Task], threads: &[Thread]) -> Headline {
    let sentence = match body(tasks) {
        Some(task) => follow(task, tasks, threads),
        None => no_body(tasks, threads),
    };
    Headline { finding: "undetermined".to_owned(), sentence, certainty: Certainty::Possible }
}

/// The test's body, or `main`: whatever `block_on` counts most comes first.
fn body(tasks: &[Task]) -> Option<&Task> {
    tasks.first().filter(|task| task.kind == TaskKind::BlockOn)
}

/// Where a task stands, and the task it waits for, and so on.
fn follow(task: &Task, tasks: &[Task], threads: &[Thread]) -> String {
    let mut sentence = stands(task, threads);
    let mut seen = vec![task.label.clone()];
    let mut current = task;
    for _ in 0..MOST_STEPS {
        let Some(wait) = current.future.as_ref().and_then(|future| leaf(future).1) else { break };
        let Some(label) = &wait.task else { break };
        let is_it = |task: &&Task| task.label == *label || task.others.contains(label);
        let Some(next) = tasks.iter().find(is_it) else {
            sentence.push_str(", which is not among the tasks found");
            break;
        };
        if seen.contains(label) {
            sentence.push_str(&format!(", and so on in a circle to {label}"));
            break;
        }
        seen.push(label.clone());
        sentence.push_str(&format!("; {}", stands(next, threads)));
        current = next;
    }
    sentence
}

/// `task 7 (ledger::transfer) waits for Mutex at src/bank.rs:41`.
fn stands(task: &Task, threads: &[Thread]) -> String {
    let who = match task.label.as_str() {
        "test body" => "the test body".to_owned(),
        "main" => "main".to_owned(),
        label => format!("{label} ({})", task.name),
    };
    let Some(future) = &task.future else {
        let thread = threads.iter().find(|thread| Some(thread.id) == task.thread);
        let at = thread.and_then(user_frame).map(|location| format!(" at {}", place(location)));
        return match task.state.as_str() {
            "running" => format!("{who} is being polled{}", at.unwrap_or_default()),
            "complete" => format!("{who} has ended"),
            "scheduled" if task.kind == TaskKind::Blocking => {
                format!("{who} waits for a thread of the blocking pool")
            }
            state => format!("{who} is {state}; its future could not be read"),
        };
    };
    let (location, wait) = leaf(future);
    let at = location.map(|location| format!(" at {}", place(location))).unwrap_or_default();
    let what = match wait {
        Some(wait) => match side_by_side(future) {
            Some(count) => {
                format!("waits for {count} futures at once, the first for {}{at}", waited(wait))
            }
            None => format!("waits for {}{at}", waited(wait)),
        },
        None => match future.state.as_deref() {
            Some("unresumed") => "was not polled yet".to_owned(),
            Some("returned") => "has returned".to_owned(),
            _ => format!("is suspended{at}"),
        },
    };
    let scheduled = if task.state == "scheduled" { " (woken, not polled yet)" } else { "" };
    format!("{who} {what}{scheduled}")
}

/// What is waited for, in words.
fn waited(wait: &Wait) -> String {
    let detail = wait.detail.as_ref().map(|detail| format!(" ({detail})")).unwrap_or_default();
    let poll = wait.poll.as_ref();
    let poll = poll.map(|poll| format!(", in `{}` ({})", poll.function, place(&poll.location)));
    let poll = poll.unwrap_or_default();
    match (wait.resource.kind.as_str(), &wait.task) {
        ("JoinHandle", Some(task)) => format!("the end of {task}"),
        ("pending", _) => "nothing: `pending()` never ends".to_owned(),
        ("sleep", _) => format!("a timer{detail}"),
        ("interval", _) => format!("the next tick of an interval{detail}"),
        ("unknown", _) => {
            format!("a future of type {}{poll}", short_type(&wait.resource.type_name))
        }
        ("mpsc recv", _) => format!("a message of an mpsc channel{detail}"),
        ("mpsc send", _) => format!("room in an mpsc channel{detail}"),
        ("oneshot", _) => format!("the value of a oneshot channel{detail}"),
        (kind, _) => format!("{}{detail}{poll}", article(kind)),
    }
}

/// How many futures are polled together where the way to the first leaf forks.
fn side_by_side(future: &FutureNode) -> Option<u64> {
    let mut node = future;
    while let Some(only) = node.only_child() {
        node = only;
    }
    (!node.children.is_empty()).then(|| node.width())
}

/// The innermost line of the user's own code on the way to the first leaf, and what that waits for.
fn leaf(future: &FutureNode) -> (Option<&Location>, Option<&Wait>) {
    let mut line = None;
    let mut node = future;
    loop {
        let own = node.location.as_ref();
        line = own.filter(|location| location.origin == Origin::User).or(line);
        match node.children.first() {
            Some(child) => node = child,
            None => return (line.or(own), node.wait.as_ref()),
        }
    }
}

/// A process without a `block_on`: a thread that waits for a runtime to end, the tasks that run, or
/// a thread with the user's own code. One without that is named last: the first thread of a test
/// binary only waits for the threads of its tests.
fn no_body(tasks: &[Task], threads: &[Thread]) -> String {
    let mut running = tasks
        .iter()
        .filter(|task| task.state == "running")
        .take(MOST_STEPS)
        .map(|task| stands(task, threads))
        .peekable();
    let is_waiting = |thread: &&Thread| thread.doing.starts_with("waits for ");
    let waiting = threads.iter().filter(is_waiting);
    let mut own = waiting.clone().filter(|thread| user_frame(thread).is_some());
    if let Some(thread) = own.next() {
        let waits = format!("thread {} {}", thread.name, thread.doing);
        return [waits].into_iter().chain(running).collect::<Vec<_>>().join("; ");
    }
    if running.peek().is_some() {
        return running.collect::<Vec<_>>().join("; ");
    }
    let others = threads.iter().skip(1).chain(threads.first());
    let in_user_code = others.filter_map(|thread| Some((thread, user_frame(thread)?))).next();
    match (in_user_code, waiting.clone().next()) {
        (Some((thread, location)), _) => {
            format!("thread {} is {} at {}", thread.name, thread.doing, place(location))
        }
        (None, Some(thread)) => format!("thread {} {}", thread.name, thread.doing),
        (None, None) if tasks.is_empty() => {
            "no task of Tokio and no code of the user's was found".to_owned()
        }
        (None, None) => {
            format!("no thread blocks on a future; {} kinds of tasks wait", tasks.len())
        }
    }
}

fn user_frame(thread: &Thread) -> Option<&Location> {
    let own = thread.frames.iter().find(|frame| frame.origin == Origin::User);
    own.and_then(|frame| frame.location.as_ref())
}

fn place(location: &Location) -> String {
    format!("{}:{}", location.file, location.line)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[track_caller]
    fn check(futures: &[Value], expected: &str) {
        let future = json!({"name": "a", "kind": "future", "children": futures});
        let body = json!({
            "label": "test body", "kind": "block-on", "name": "a", "future_type": "a",
            "state": "idle", "count": 1, "others": [], "walked": true, "future": future,
        });
        let body: Task = serde_json::from_value(body).unwrap();
        assert_eq!(headline(None, None, &[body], &[]).sentence, expected);
    }

    #[test]
    fn one_of_many_futures_is_not_taken_for_the_only_one() {
        let resource = json!({"kind": "Notify", "type_name": "Notify"});
        let leaf = json!({
            "name": "l", "kind": "future", "children": [], "wait": {"resource": resource},
        });
        check(std::slice::from_ref(&leaf), "the test body waits for a Notify");
        let both = "the test body waits for 2 futures at once, the first for a Notify";
        check(&[leaf.clone(), leaf], both);
    }

    fn thread(id: i32, name: &str, doing: &str, user: &[&str]) -> Thread {
        let frame = |file: &&str| {
            let location = json!({"file": file, "line": 7, "origin": "user", "trust": "read"});
            json!({
                "function": "a", "location": location, "origin": "user", "inlined": false,
                "address": "0x1",
            })
        };
        let frames: Vec<Value> = user.iter().map(frame).collect();
        let thread = json!({"id": id, "name": name, "doing": doing, "frames": frames});
        serde_json::from_value(thread).unwrap()
    }

    #[test]
    fn the_thread_of_the_test_is_named_before_the_one_that_waits_for_it() {
        let main = thread(1, "main", "waits for std mpsc recv", &[]);
        let test = thread(2, "test", "running", &["a.rs"]);
        let sentence = |threads: &[Thread]| headline(None, None, &[], threads).sentence;
        assert_eq!(sentence(&[main.clone(), test]), "thread test is running at a.rs:7");
        let blocked = thread(2, "test", "waits for a std Mutex", &["a.rs"]);
        assert_eq!(sentence(&[main.clone(), blocked]), "thread test waits for a std Mutex");
        assert_eq!(sentence(&[main]), "thread main waits for std mpsc recv");
    }
}
