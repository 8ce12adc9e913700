//! What is found in worlds that are written down: for each finding some that show it, one that nearly
//! does, and one with victims around it.

mod running;

use super::{Case, FindingKind, Looked, diagnose};
use crate::evidence::Certainty;
use crate::graph::Node;
use crate::model::worlds::{
    BODY, Scene, TEST, end_of, for_resource, lock, message, notify, permits, room, timer, wait,
};
use crate::model::{
    Activity, Amount, EndedBy, Hold, Holder, Needs, TaskKey, TaskKind, TaskState, Wait, World,
};

/// What was found: `deadlock definite: a, b | body; also blocked-worker`.
fn said(first: Option<&World>, last: &World) -> Vec<String> {
    // Of what does not move no time passes: timers stand still too.
    let apart_ms = if first == Some(last) { 0 } else { 1000 };
    said_after(apart_ms, first, last)
}

/// The same of looks that are so far apart.
fn said_after(apart_ms: u64, first: Option<&World>, last: &World) -> Vec<String> {
    let body = last.tasks.iter().map(|task| task.key).find(|key| *key == BODY);
    let case = Case::new(&Looked { first, last, apart_ms, body });
    let name = |id| match case.graph.node(id) {
        Some(Node::Branch(branch)) => {
            let aside = if branch.aside.is_some() { " aside" } else { "" };
            format!("{}{aside}", branch.task.name)
        }
        Some(Node::Thread(thread)) => thread.name.clone(),
        Some(Node::Resource(_) | Node::Runtime(_) | Node::Pool(_) | Node::Place(_)) | None => {
            String::new()
        }
    };
    let said = diagnose(&case).into_iter().map(|finding| {
        let mut steps: Vec<String> = finding.steps.iter().map(|step| name(step.who)).collect();
        steps.dedup();
        let certainty = format!("{:?}", finding.certainty).to_lowercase();
        let mut text = format!("{} {certainty}: {}", finding.kind.slug(), steps.join(", "));
        let mut victims: Vec<String> = finding.victims.iter().map(|id| name(*id)).collect();
        victims.retain(|name| !name.is_empty() && !name.starts_with("it::"));
        victims.dedup();
        if !victims.is_empty() {
            text.push_str(&format!(" | {}", victims.join(", ")));
        }
        for also in &finding.also {
            text.push_str(&format!("; also {}", also.slug()));
        }
        text
    });
    said.collect()
}

/// The root of what was found in a world that does not move.
#[track_caller]
fn check(scene: &Scene, root: &str) {
    let said = said(Some(&scene.world), &scene.world);
    assert_eq!(said.first().map(String::as_str), Some(root), "{said:#?}");
}

/// That nothing is claimed to be of this kind.
#[track_caller]
fn refuted(scene: &Scene, kind: FindingKind) {
    let said = said(Some(&scene.world), &scene.world);
    assert!(!said.iter().any(|said| said.starts_with(&format!("{} ", kind.slug()))), "{said:#?}");
}

/// Two tasks, each with the lock that the other waits for, and a body that waits for one of them.
fn crossed() -> (Scene, TaskKey, TaskKey) {
    let mut scene = Scene::new();
    let (a, b) = (scene.task("a"), scene.task("b"));
    scene.waits(BODY, 3, end_of(b));
    scene.waits(a, 1, lock(2));
    scene.waits(b, 2, lock(1));
    scene.locks(a, 1);
    scene.locks(b, 2);
    (scene, a, b)
}

#[test]
fn deadlocks() {
    let (mut scene, a, _) = crossed();
    check(&scene, "deadlock definite: a, b | body");
    // Who waits for the same lock is a victim, as is who waits for that one.
    let (c, d) = (scene.task("c"), scene.task("d"));
    scene.waits(c, 5, lock(1));
    scene.waits(d, 6, end_of(c));
    check(&scene, "deadlock definite: a, b | body, c, d");
    // Three in a circle, one of them by its end.
    scene.waits(a, 1, end_of(c));
    check(&scene, "deadlock definite: a, c | body, b, d");

    let mut joins = Scene::new();
    let (a, b) = (joins.task("a"), joins.task("b"));
    joins.waits(BODY, 1, wait("pending", EndedBy::Nobody));
    joins.waits(a, 2, end_of(b));
    joins.waits(b, 3, end_of(a));
    check(&joins, "deadlock definite: a, b");

    let mut channels = Scene::new();
    let (a, b) = (channels.task("a"), channels.task("b"));
    channels.waits(a, 1, message(1, 1));
    channels.waits(b, 2, message(2, 1));
    channels.holds(Holder::Task(a), 2, Hold::Sender);
    channels.holds(Holder::Task(b), 1, Hold::Sender);
    check(&channels, "deadlock definite: a, b");

    let mut full = Scene::new();
    let a = full.task("a");
    full.waits(BODY, 1, end_of(a));
    full.waits(a, 2, room(1));
    full.holds(Holder::Task(BODY), 1, Hold::Receiver);
    check(&full, "deadlock likely: body, a");
}

#[test]
fn a_lock_of_the_standard_library_across_an_await() {
    let mut scene = Scene::new();
    let a = scene.task("a");
    scene.waits(BODY, 1, end_of(a));
    let worker = scene.thread(2, "worker");
    scene.runtime(&[worker], &[BODY, a]);
    scene.runs(a, worker);
    scene.thread_of(worker).wait = Some(lock(1));
    scene.locks(BODY, 1);
    check(&scene, "deadlock definite: body, a, worker; also blocked-worker");
}

#[test]
fn what_is_nearly_a_deadlock() {
    // One of them was woken.
    let (mut scene, a, _) = crossed();
    scene.get(a).state = TaskState::Scheduled;
    refuted(&scene, FindingKind::Deadlock);
    // It has another way out.
    let (mut scene, a, _) = crossed();
    scene.waits_for(a, 1, Needs::Any, vec![lock(2), notify(9)]);
    refuted(&scene, FindingKind::Deadlock);
    // The guard may have been moved away.
    let (mut scene, ..) = crossed();
    scene.world.holdings[0].certainty = Certainty::Possible;
    check(&scene, "deadlock likely: a, b | body");
    // So may that of somebody else.
    let c = scene.task("c");
    scene.waits(c, 7, timer(1));
    scene.locks(c, 1).certainty = Certainty::Possible;
    let doubtful = said(Some(&scene.world), &scene.world);
    assert!(doubtful[0].starts_with("undetermined"), "{doubtful:#?}");
    // They stood elsewhere a second ago.
    let (mut scene, a, _) = crossed();
    let last = scene.world.clone();
    scene.waits(a, 7, timer(1));
    let said = said(Some(&scene.world), &last);
    assert!(said.iter().all(|said| !said.starts_with("deadlock definite")), "{said:#?}");
    // There was one look alone.
    let (scene, ..) = crossed();
    let said = super::tests::said(None, &scene.world);
    assert_eq!(said[0], "deadlock likely: a, b | body");
}

#[test]
fn self_deadlocks() {
    let mut scene = Scene::new();
    scene.waits(BODY, 1, lock(1));
    scene.locks(BODY, 1);
    check(&scene, "self-deadlock definite: body");

    let mut semaphore = Scene::new();
    semaphore.waits(BODY, 1, permits(1));
    semaphore.holds(Holder::Task(BODY), 1, Hold::Permits(1));
    check(&semaphore, "self-deadlock likely: body");

    let mut channel = Scene::new();
    let a = channel.task("a");
    channel.waits(BODY, 1, end_of(a));
    channel.waits(a, 1, message(1, 1));
    channel.holds(Holder::Task(a), 1, Hold::Sender);
    check(&channel, "self-deadlock definite: a | body");

    // It can be told to stop, too: by the body, which waits for it, or by who was not found.
    let mut actor = Scene::new();
    let a = actor.task("a");
    actor.waits(BODY, 1, end_of(a));
    actor.waits_for(a, 1, Needs::Any, vec![message(1, 1), notify(2)]);
    actor.holds(Holder::Task(a), 1, Hold::Sender);
    actor.shares(2, Some(2), &[(Holder::Task(BODY), Certainty::Definite)]);
    check(&actor, "self-deadlock likely: a | body");
    // Another one goes on who could tell it.
    let b = actor.task("b");
    actor.waits(b, 1, timer(1));
    let owners =
        [(Holder::Task(BODY), Certainty::Definite), (Holder::Task(b), Certainty::Possible)];
    actor.shares(2, Some(2), &owners);
    refuted(&actor, FindingKind::SelfDeadlock);

    let mut thread = Scene::new();
    thread.runs(BODY, TEST);
    thread.thread_of(TEST).wait = Some(lock(1));
    thread.holds(Holder::Thread(TEST, 3), 1, Hold::Exclusive);
    check(&thread, "self-deadlock definite: it::test; also blocked-worker");
}

#[test]
fn permits_that_nothing_else_can_have() {
    let mut scene = Scene::new();
    scene.waits(BODY, 1, permits(1));
    scene.holds(Holder::Task(BODY), 1, Hold::Permits(1)).certainty = Certainty::Possible;
    check(&scene, "self-deadlock likely: body");
    // Somebody else may have them.
    let a = scene.task("a");
    scene.waits(a, 2, timer(1));
    scene.holds(Holder::Task(a), 1, Hold::Permits(1)).certainty = Certainty::Possible;
    refuted(&scene, FindingKind::SelfDeadlock);
}

#[test]
fn what_is_nearly_a_self_deadlock() {
    let mut scene = Scene::new();
    scene.waits(BODY, 1, permits(1));
    scene.holds(Holder::Task(BODY), 1, Hold::Permits(1));
    let a = scene.task("a");
    scene.waits(a, 2, timer(1));
    scene.holds(Holder::Task(a), 1, Hold::Permits(1));
    refuted(&scene, FindingKind::SelfDeadlock);
}

#[test]
fn futurelocks() {
    // The permit was handed to a future that the body does not poll any more.
    let mut scene = Scene::new();
    scene.waits(BODY, 1, lock(1));
    let aside = scene.aside(BODY, 2, lock(1));
    scene.holds(aside, 1, Hold::Assigned(1));
    let a = scene.task("a");
    scene.waits(a, 3, lock(1));
    check(&scene, "futurelock definite: body, body aside | a");

    // It is ahead in the queue.
    let mut scene = Scene::new();
    let a = scene.task("a");
    scene.waits(a, 1, timer(1));
    scene.locks(a, 1);
    scene.waits(BODY, 1, lock(1));
    let aside = scene.aside(BODY, 2, lock(1));
    let queue = [scene.leaf(aside), scene.leaf(Holder::Task(BODY))];
    scene.resource(1, &[], &queue);
    check(&scene, "futurelock definite: body, body aside");

    // It has the guard, and another task is between.
    let mut scene = Scene::new();
    let a = scene.task("a");
    scene.waits(BODY, 1, end_of(a));
    scene.waits(a, 2, lock(1));
    let aside = scene.aside(BODY, 2, timer(1));
    scene.holds(aside, 1, Hold::Exclusive);
    check(&scene, "futurelock definite: body, a, body aside");
}

#[test]
fn what_is_nearly_a_futurelock() {
    // The code around the future goes on, and will poll it again.
    let mut scene = Scene::new();
    let a = scene.task("a");
    scene.waits(BODY, 1, timer(1));
    let aside = scene.aside(BODY, 2, lock(1));
    scene.holds(aside, 1, Hold::Assigned(1));
    scene.waits(a, 3, lock(1));
    refuted(&scene, FindingKind::Futurelock);
}

#[test]
fn lost_wakeups() {
    let mut scene = Scene::new();
    let a = scene.task("a");
    scene.waits(BODY, 1, end_of(a));
    scene.waits(a, 2, wait("unknown", EndedBy::Unknown));
    scene.get(a).wakers = Some(0);
    check(&scene, "lost-wakeup definite: a | body");

    scene.waits(a, 2, message(1, 1));
    check(&scene, "lost-wakeup definite: a | body");

    // What it waits for is there.
    let there = Wait { amounts: vec![Amount::Length(3)], ..message(1, 1) };
    scene.waits(a, 2, there);
    scene.get(a).wakers = None;
    let said = said(Some(&scene.world), &scene.world);
    assert!(said.contains(&"lost-wakeup possible: a | body".to_owned()), "{said:#?}");
}

#[test]
fn a_wake_up_on_its_way_is_not_lost() {
    let mut scene = Scene::new();
    let a = scene.task("a");
    scene.waits(BODY, 1, end_of(a));
    scene.get(a).state = TaskState::Complete;
    let worker = scene.thread(2, "worker");
    check(&scene, "lost-wakeup likely: body");
    // Who has ended it runs, and had no processor between the looks.
    scene.thread_of(worker).call = None;
    let unsure = said(Some(&scene.world), &scene.world);
    assert!(unsure.contains(&"lost-wakeup possible: body".to_owned()), "{unsure:#?}");
    // One that has computed since then has nothing to do with it.
    let mut later = scene.world.clone();
    later.threads.iter_mut().for_each(|thread| thread.cpu += 500_000_000);
    let sure = said(Some(&scene.world), &later);
    assert!(sure.contains(&"lost-wakeup likely: body".to_owned()), "{sure:#?}");
}

#[test]
fn what_is_nearly_a_lost_wakeup() {
    let mut scene = Scene::new();
    let a = scene.task("a");
    scene.waits(BODY, 1, end_of(a));
    scene.waits(a, 2, wait("pending", EndedBy::Nobody));
    scene.get(a).wakers = Some(0);
    refuted(&scene, FindingKind::LostWakeup);
    scene.waits(a, 2, notify(1));
    scene.get(a).wakers = Some(1);
    refuted(&scene, FindingKind::LostWakeup);
}

#[test]
fn never_closed() {
    // The sender that the body forgot to drop.
    let mut scene = Scene::new();
    let a = scene.task("a");
    scene.waits(BODY, 1, end_of(a));
    scene.waits(a, 2, message(1, 1));
    scene.holds(Holder::Task(BODY), 1, Hold::Sender);
    check(&scene, "never-closed definite: body, a");

    let b = scene.task("b");
    scene.waits(b, 2, end_of(a));
    check(&scene, "never-closed definite: body, a | b");

    // A tracker that waits for a token of one that waits for the tracker's owner.
    let mut tracker = Scene::new();
    let a = tracker.task("a");
    tracker.waits(BODY, 1, for_resource("TaskTracker", EndedBy::Handles, 1));
    tracker.waits(a, 2, end_of(BODY));
    tracker.holds(Holder::Task(a), 1, Hold::Handle);
    check(&tracker, "never-closed definite: body, a");

    // A thread joins one that receives until the channel is closed.
    let mut threads = Scene::new();
    let worker = threads.thread(2, "writer");
    threads.runs(BODY, TEST);
    threads.thread_of(TEST).wait =
        Some(Wait { thread: Some(worker), ..wait("JoinHandle", EndedBy::Named) });
    threads.thread_of(worker).wait = Some(message(1, 1));
    threads.holds(Holder::Thread(TEST, 2), 1, Hold::Sender);
    check(&threads, "never-closed definite: it::test, writer; also blocked-worker");
}

#[test]
fn what_is_nearly_never_closed() {
    let mut scene = Scene::new();
    let (a, b) = (scene.task("a"), scene.task("b"));
    scene.waits(BODY, 1, end_of(a));
    scene.waits(a, 2, message(1, 2));
    scene.waits(b, 3, timer(1));
    scene.holds(Holder::Task(BODY), 1, Hold::Sender);
    scene.holds(Holder::Task(b), 1, Hold::Sender);
    refuted(&scene, FindingKind::NeverClosed);
    refuted(&scene, FindingKind::Deadlock);
}

#[test]
fn external_waits() {
    let mut scene = Scene::new();
    let a = scene.task("a");
    scene.waits(BODY, 1, end_of(a));
    scene.waits(a, 2, wait("TcpStream read", EndedBy::World));
    check(&scene, "external-wait definite: a | body");
    scene.waits(a, 2, timer(3600));
    check(&scene, "external-wait definite: a | body");
    scene.waits_for(a, 2, Needs::Any, vec![wait("signal", EndedBy::World), timer(3600)]);
    check(&scene, "external-wait definite: a | body");
}

#[test]
fn what_is_nearly_an_external_wait() {
    let mut scene = Scene::new();
    scene.waits(BODY, 1, timer(1));
    check(&scene, "undetermined possible: body");
    // It is the timeout of something else.
    let mut timeout = Scene::new();
    timeout.waits_for(BODY, 1, Needs::Any, vec![notify(1), timer(3600)]);
    check(&timeout, "undetermined possible: body");
    // The body does not wait for it.
    let mut beside = Scene::new();
    let a = beside.task("a");
    beside.waits(BODY, 1, notify(1));
    beside.waits(a, 2, wait("TcpStream read", EndedBy::World));
    check(&beside, "undetermined possible: body");
    // What ends in a deadlock is that, whoever else waits for a socket.
    let (mut crossed, ..) = crossed();
    let c = crossed.task("c");
    crossed.waits(c, 1, wait("TcpStream read", EndedBy::World));
    check(&crossed, "deadlock definite: a, b | body");
}

#[test]
fn exit_hangs() {
    let mut scene = Scene::new();
    let a = scene.task("closure");
    scene.get(a).kind = TaskKind::Blocking;
    let worker = scene.thread(2, "blocking");
    scene.runs(a, worker);
    scene.thread_of(TEST).activity = Activity::Waits("the end of its blocking pool".to_owned());
    refuted(&scene, FindingKind::ExitHang);
    scene.world.tasks.retain(|task| task.key != BODY);
    check(&scene, "exit-hang definite: it::test, closure");
    scene.world.tasks.clear();
    check(&scene, "exit-hang likely: it::test");
    // It is about to go on, once it gets a processor.
    let mut ending = scene.world.clone();
    ending.threads.iter_mut().for_each(|thread| thread.call = None);
    let unsure = said(Some(&ending), &ending);
    assert!(unsure.contains(&"exit-hang possible: it::test".to_owned()), "{unsure:#?}");
    // Two closures: which of them stays is not known.
    let mut two = Scene::new();
    for (name, number) in [("a", 2), ("b", 3)] {
        let task = two.task(name);
        two.get(task).kind = TaskKind::Blocking;
        let thread = two.thread(number, name);
        two.runs(task, thread);
    }
    two.world.tasks.retain(|task| task.key != BODY);
    two.thread_of(TEST).activity = Activity::Waits("the end of its blocking pool".to_owned());
    check(&two, "exit-hang likely: it::test, a, b");
}

#[test]
fn slow_is_what_gets_on() {
    let mut scene = Scene::new();
    let a = scene.task("a");
    scene.waits(BODY, 1, end_of(a));
    scene.waits(a, 2, timer(1));
    let first = scene.world.clone();
    scene.waits(a, 3, timer(1));
    assert_eq!(said(Some(&first), &scene.world)[0], "slow definite: a");
    // A new task.
    let b = scene.task("b");
    scene.waits(a, 2, end_of(b));
    scene.waits(b, 1, timer(1));
    assert!(said(Some(&first), &scene.world)[0].starts_with("slow definite: "));
    // A loop around a timer.
    let mut ticking = first.clone();
    ticking.tasks[1].future.as_mut().unwrap().children[0].wait = Some(timer(2));
    assert_eq!(said(Some(&first), &ticking)[0], "slow definite: a");
    // What moves beside the body's waits may have nothing to do with them.
    let mut beside = Scene::new();
    let c = beside.task("c");
    beside.waits(BODY, 1, notify(1));
    beside.waits(c, 2, timer(1));
    let first = beside.world.clone();
    beside.waits(c, 3, timer(1));
    assert_eq!(said(Some(&first), &beside.world)[0], "undetermined possible: body");
}
