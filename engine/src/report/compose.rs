//! Makes a report of what two looks found.

use std::path::Path;

use super::findings;
use super::graph;
use super::headline;
use super::held;
use super::looks;
use super::paths::Paths;
use super::schema::{Counts, Frame, Holding, Report, Runtime, Subject, Thread};
use super::tasks;
use super::words::Words;
use crate::diagnosis::{self, Case, Looked};
use crate::model::{self, Activity, EndedBy, Hold, Holder, World};

/// Gives the text of a source line, if it is known and as old as the binary.
pub type SourceText<'source> = &'source dyn Fn(&Path, u32) -> Option<String>;

/// The report on a process that looked like `first`, if it was looked at before, and, `apart_ms`
/// milliseconds later, like `second`. It tells what the last look saw, and what had moved.
pub fn compose(
    subject: &Subject,
    first: Option<&World>,
    second: &World,
    apart_ms: u64,
    text: SourceText<'_>,
) -> Report {
    let paths = Paths::new(subject, text);
    let labels = tasks::Labels::new(subject, second);
    let mut tasks = tasks::tasks(second, &labels, &paths);
    let threads: Vec<Thread> =
        second.threads.iter().map(|thread| self::thread(thread, &labels, &paths)).collect();
    let gaps = gaps(second);
    let looks = looks::looks(first, second, apart_ms, &labels);
    let looked = Looked { first, last: second, apart_ms, body: labels.body };
    let case = Case::new(&looked);
    let found = diagnosis::diagnose(&case);
    let words = Words { case: &case, labels: &labels, paths: &paths };
    let findings = findings::findings(&words, &found, &looks);
    let suspect = diagnosis::suspect(&case, &found).and_then(|index| findings.get(index));
    let headline = headline::headline(findings.first(), suspect, &tasks, &threads);
    let holdings = holdings(second, &labels, &paths);
    held::tell_holders(&mut tasks, &holdings);
    Report {
        version: 1,
        tool: env!("CARGO_PKG_VERSION").to_owned(),
        subject: subject.clone(),
        headline,
        graph: graph::graph(&words, &found),
        findings,
        looks,
        counts: Counts {
            tasks_found: second.tasks.len() as u64,
            tasks_walked: second.walked() as u64,
            gaps: second.gaps.len() as u64,
        },
        runtimes: second.runtimes.iter().zip(1..).map(runtime).collect(),
        tasks,
        threads,
        holdings,
        gaps,
        children: Vec::new(),
    }
}

fn runtime((runtime, number): (&model::Runtime, u32)) -> Runtime {
    Runtime {
        number,
        flavor: runtime.flavor.clone(),
        address: runtime.address.to_string(),
        tasks: runtime.tasks as u64,
    }
}

fn thread(thread: &model::Thread, labels: &tasks::Labels, paths: &Paths<'_>) -> Thread {
    let doing = match &thread.activity {
        Activity::Polls(key) => format!("polls {}", labels.label(*key)),
        Activity::Waits(what) => format!("waits for {what}"),
        Activity::Blocked(call) => match &thread.wait {
            Some(wait) => format!("waits for {}", thread_wait(wait)),
            None => format!("blocked in {call}"),
        },
        Activity::Running => "running".to_owned(),
    };
    let frame = |frame: &model::Frame| Frame {
        function: frame.function.clone(),
        location: frame.line.as_ref().map(|line| paths.location(line)),
        origin: paths.origin_of_frame(frame),
        inlined: frame.is_inlined,
        address: frame.pc.to_string(),
    };
    Thread {
        id: thread.id.0,
        name: thread.name.clone(),
        doing,
        frames: thread.frames.iter().map(frame).collect(),
    }
}

/// What a thread waits for, in words: `std Mutex`, `blocking read of descriptor 7 (pipe:[3])`.
fn thread_wait(wait: &model::Wait) -> String {
    match (wait.thread, wait.by) {
        (Some(thread), _) => format!("the end of thread {thread}"),
        (None, EndedBy::World) if wait.kind.starts_with("blocking ") => {
            format!("{} of {}", wait.kind, wait.type_name)
        }
        _ => wait.kind.clone(),
    }
}

fn holdings(world: &World, labels: &tasks::Labels, paths: &Paths<'_>) -> Vec<Holding> {
    let holding = |holding: &model::Holding| {
        let (hold, permits) = match holding.hold {
            Hold::Exclusive => ("exclusive", None),
            Hold::Shared => ("shared", None),
            Hold::Permits(permits) => ("permits", Some(permits)),
            Hold::Assigned(permits) => ("assigned", Some(permits)),
            Hold::Sender => ("sender", None),
            Hold::Acceptor => ("acceptor", None),
            Hold::Receiver => ("receiver", None),
            Hold::Handle => ("handle", None),
        };
        let holder = match holding.holder {
            Holder::Task(key) | Holder::Aside(key, _) => labels.label(key),
            Holder::Thread(thread, _) => format!("thread {thread}"),
            Holder::Shared(address) => format!("what is shared at {address}"),
            Holder::Static(_) => "a static".to_owned(),
            Holder::Queued(key) => format!("a message in the channel at {}", key.0),
        };
        Holding {
            resource: holding.resource.0.to_string(),
            hold: hold.to_owned(),
            permits,
            type_name: holding.type_name.clone(),
            address: holding.address.to_string(),
            holder,
            aside: matches!(holding.holder, Holder::Aside(..)),
            variable: holding.variable.clone(),
            since: holding.since.as_ref().map(|line| paths.location(line)),
            certainty: holding.certainty,
        }
    };
    world.holdings.iter().map(holding).collect()
}

/// The gaps, each once, in a fixed order.
fn gaps(world: &World) -> Vec<crate::evidence::Gap> {
    let mut gaps = world.gaps.clone();
    gaps.sort();
    gaps.dedup();
    gaps
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::address::Address;
    use crate::evidence::Trust;
    use crate::model::worlds::{BODY, Scene, end_of, key, line, message};
    use crate::model::{Hold, Holder};

    #[test]
    fn a_loop_that_never_ends_is_told_with_what_calls_it() {
        let frame = |function: &str, number: u32| model::Frame {
            function: function.to_owned(),
            line: Some(line(number)),
            pc: Address(1),
            is_inlined: false,
            trust: Trust::Read,
        };
        let mut scene = Scene::new();
        let task = scene.task("drain");
        scene.waits(BODY, 1, end_of(task));
        let worker = scene.thread(2, "worker");
        scene.runtime(&[worker], &[task]);
        scene.runs(task, worker);
        scene.thread_of(worker).call = None;
        scene.thread_of(worker).frames = vec![frame("it::checksum", 18), frame("it::drain", 24)];
        let first = scene.world.clone();
        scene.thread_of(worker).cpu = 900_000_000;
        let report = compose(&Subject::default(), Some(&first), &scene.world, 1000, &|_, _| None);
        let sentence = &report.headline.sentence;
        assert!(sentence.contains(":18, called from "), "{sentence}");
        assert!(sentence.contains(":24, in one poll that has not ended in 1.0 s"), "{sentence}");
    }

    #[track_caller]
    fn check(scene: &Scene, expected: &str) {
        let world = &scene.world;
        let report = compose(&Subject::default(), Some(world), world, 1000, &|_, _| None);
        let sentence = &report.headline.sentence;
        assert!(sentence.contains(expected), "{sentence}");
    }

    #[test]
    fn what_lies_in_a_buffer_is_told_with_who_could_send_it() {
        let mut scene = Scene::new();
        let task = scene.task("serve");
        scene.waits(BODY, 1, message(1, 1));
        scene.waits(task, 2, message(2, 1));
        scene.holds(Holder::Task(task), 1, Hold::Sender);
        scene.holds(Holder::Task(BODY), 2, Hold::Sender).unflushed = Some(6);
        check(&scene, "could send (6 bytes lie in its buffer, not flushed)");
    }

    #[test]
    fn a_message_is_told_with_the_variable_that_would_receive_it() {
        let mut scene = Scene::new();
        scene.waits(BODY, 1, message(1, 1));
        scene.holds(Holder::Queued(key(2)), 1, Hold::Sender);
        let receiver = scene.holds(Holder::Task(BODY), 2, Hold::Receiver);
        receiver.variable = Some("requests".to_owned());
        receiver.since = Some(line(3));
        check(&scene, "could receive (with `requests` since ");
    }
}
