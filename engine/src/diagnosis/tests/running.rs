//! Findings of what runs and of what cannot: workers, queues and loops.

use super::{check, refuted, said, said_after};
use crate::address::Address;
use crate::diagnosis::FindingKind;
use crate::model::worlds::{BODY, Scene, TEST, end_of, message, timer, wait};
use crate::model::{
    Activity, Deferred, Driver, EndedBy, Hold, Holder, TaskKey, TaskKind, TaskState, Wait, World,
};

#[test]
fn blocked_workers() {
    // The body blocks its thread, and who would answer runs on no other.
    let mut scene = Scene::new();
    let a = scene.task("a");
    scene.get(a).state = TaskState::Scheduled;
    scene.runtime(&[TEST], &[BODY, a]);
    scene.runs(BODY, TEST);
    scene.thread_of(TEST).wait = Some(message(1, 1));
    scene.holds(Holder::Task(a), 1, Hold::Sender);
    check(&scene, "blocked-worker definite: it::test, a; also starvation");

    // A nested `block_on` of what only this thread would run.
    let (mut nested, inner) = nested();
    let a = nested.task("a");
    nested.runtime(&[TEST], &[BODY, a]);
    nested.waits(inner, 2, end_of(a));
    nested.get(a).state = TaskState::Scheduled;
    check(&nested, "blocked-worker definite: inner, a, it::test; also starvation");

    // A sleep that is not async.
    let mut sleep = Scene::new();
    let a = sleep.task("a");
    sleep.waits(BODY, 1, end_of(a));
    let worker = sleep.thread(2, "worker");
    sleep.runs(a, worker);
    sleep.thread_of(worker).call = Some("clock_nanosleep".to_owned());
    check(&sleep, "blocked-worker definite: worker | body");
}

/// A body whose thread, in the middle of a poll, blocks on another future.
fn nested() -> (Scene, TaskKey) {
    let mut scene = Scene::new();
    let inner = TaskKey::Root(TEST, 1);
    let root = scene.get(BODY).clone();
    scene.world.tasks.push(crate::model::Task { key: inner, name: "inner".to_owned(), ..root });
    scene.runs(BODY, TEST);
    scene.thread_of(TEST).blocks_on = Some(inner);
    (scene, inner)
}

#[test]
fn wake_ups_that_are_put_off() {
    // It has yielded, and its thread wakes it when it has ended the poll that it is in.
    let (mut scene, inner) = nested();
    scene.waits(inner, 1, wait("yield_now", EndedBy::Unknown));
    scene.world.deferred.push(Deferred { task: inner, by: TEST });
    check(&scene, "blocked-worker definite: inner, it::test");

    // It waits for a task that has yielded, which the same thread will wake.
    let (mut other, inner) = nested();
    let a = other.task("a");
    other.waits(a, 2, wait("yield_now", EndedBy::Unknown));
    other.waits(inner, 1, end_of(a));
    other.world.deferred.push(Deferred { task: a, by: TEST });
    check(&other, "blocked-worker definite: inner, a, it::test");
}

#[test]
fn what_is_nearly_put_off() {
    // Nothing says that its thread will wake it: somebody else may.
    let (mut scene, inner) = nested();
    scene.waits(inner, 1, wait("yield_now", EndedBy::Unknown));
    refuted(&scene, FindingKind::BlockedWorker);
    // What it waits for may come by itself.
    scene.waits(inner, 1, timer(1));
    scene.world.deferred.push(Deferred { task: inner, by: TEST });
    refuted(&scene, FindingKind::BlockedWorker);
    // The thread runs.
    scene.waits(inner, 1, wait("yield_now", EndedBy::Unknown));
    scene.thread_of(TEST).call = None;
    refuted(&scene, FindingKind::BlockedWorker);
}

#[test]
fn timers_of_a_runtime_that_nobody_drives() {
    let driver = Driver { address: Address(0), flavor: "current-thread" };
    let mut scene = Scene::new();
    scene.waits(BODY, 1, Wait { driven_by: Some(driver), ..timer(100) });
    scene.runtime(&[], &[]);
    check(&scene, "starvation likely: body");
    // A thread that runs may be about to drive it.
    let young = scene.thread(2, "young");
    scene.thread_of(young).call = None;
    refuted(&scene, FindingKind::Starvation);
    // Somebody drives it.
    let mut driven = Scene::new();
    driven.waits(BODY, 1, Wait { driven_by: Some(driver), ..timer(100) });
    driven.runtime(&[TEST], &[BODY]);
    refuted(&driven, FindingKind::Starvation);
}

#[test]
fn what_is_nearly_a_blocked_worker() {
    let mut scene = Scene::new();
    let a = scene.task("a");
    scene.waits(BODY, 1, end_of(a));
    let worker = scene.thread(2, "worker");
    scene.runs(a, worker);
    let first = scene.world.clone();
    scene.thread_of(worker).call = Some("write".to_owned());
    let said = said(Some(&first), &scene.world);
    assert!(!said.iter().any(|said| said.starts_with("blocked-worker definite")), "{said:#?}");
    // The blocking pool is made for it.
    scene.get(a).kind = TaskKind::Blocking;
    refuted(&scene, FindingKind::BlockedWorker);
}

#[test]
fn starvation() {
    // A runtime that nobody drives.
    let mut scene = Scene::new();
    let a = scene.task("a");
    scene.waits(BODY, 1, end_of(a));
    scene.get(a).state = TaskState::Scheduled;
    scene.runtime(&[], &[a]);
    check(&scene, "starvation likely: a | body");

    // The slot of a worker that is blocked; another is free and may not take it from there.
    let mut slot = Scene::new();
    let (a, b) = (slot.task("a"), slot.task("b"));
    slot.waits(BODY, 1, end_of(a));
    slot.get(a).state = TaskState::Scheduled;
    let worker = slot.thread(2, "worker 1");
    let other = slot.thread(3, "worker 2");
    slot.runtime(&[worker, other], &[a, b]);
    slot.runs(b, worker);
    check(&slot, "starvation likely: a | body");

    // All workers wait for what only a task of theirs would do.
    let mut all = Scene::new();
    let (a, b) = (all.task("a"), all.task("b"));
    all.waits(BODY, 1, end_of(b));
    all.get(a).state = TaskState::Scheduled;
    let worker = all.thread(2, "worker");
    all.runtime(&[worker], &[a, b]);
    all.runs(b, worker);
    all.thread_of(worker).wait = Some(message(1, 1));
    all.holds(Holder::Task(a), 1, Hold::Sender);
    check(&all, "blocked-worker definite: worker, a | body; also starvation");
}

#[test]
fn what_is_nearly_starvation() {
    let mut scene = Scene::new();
    let a = scene.task("a");
    scene.waits(BODY, 1, end_of(a));
    scene.waits(a, 2, timer(1));
    scene.runtime(&[TEST], &[BODY, a]);
    let first = scene.world.clone();
    scene.get(a).state = TaskState::Scheduled;
    let said = said(Some(&first), &scene.world);
    assert!(!said.iter().any(|said| said.starts_with("starvation")), "{said:#?}");

    // A thread that has just been born may be about to drive the runtime.
    let mut young = Scene::new();
    let a = young.task("a");
    young.waits(BODY, 1, end_of(a));
    young.get(a).state = TaskState::Scheduled;
    young.runtime(&[], &[a]);
    let worker = young.thread(2, "worker");
    young.thread_of(worker).call = None;
    check(&young, "undetermined possible: body, a");
}

#[test]
fn livelocks() {
    // One poll that never ends.
    let mut scene = Scene::new();
    let a = scene.task("a");
    scene.waits(BODY, 1, end_of(a));
    let worker = scene.thread(2, "worker");
    scene.runtime(&[worker], &[a]);
    scene.runs(a, worker);
    scene.thread_of(worker).call = None;
    let first = scene.world.clone();
    scene.thread_of(worker).cpu = 900_000_000;
    let said = |first: &World, last: &World| said(Some(first), last)[0].clone();
    assert_eq!(said(&first, &scene.world), "livelock likely: worker | body");

    // Likewise, on a machine that lets it compute for a moment only.
    let first = scene.world.clone();
    scene.thread_of(worker).cpu += 20_000_000;
    scene.thread_of(worker).rests += 1;
    assert_eq!(said(&first, &scene.world), "livelock likely: worker | body");
    scene.thread_of(worker).cpu += 900_000_000;

    // A task that is woken again and again, where it stood.
    scene.waits(a, 2, wait("unknown", EndedBy::Unknown));
    scene.get(a).state = TaskState::Scheduled;
    scene.get(a).thread = None;
    scene.thread_of(worker).activity = Activity::Running;
    let mut first = scene.world.clone();
    first.threads[1].cpu = 0;
    assert_eq!(said(&first, &scene.world), "livelock likely: a | body");

    // Likewise, and at the first look it was being polled.
    let earlier = first.tasks.iter_mut().find(|task| task.key == a).unwrap();
    (earlier.state, earlier.future, earlier.thread) = (TaskState::Running, None, Some(worker));
    assert_eq!(said(&first, &scene.world), "livelock likely: a | body");
}

#[test]
fn what_is_nearly_a_livelock() {
    let mut scene = Scene::new();
    let a = scene.task("a");
    scene.waits(BODY, 1, end_of(a));
    let worker = scene.thread(2, "worker");
    scene.runs(a, worker);
    refuted(&scene, FindingKind::Livelock);
    // Busy, and the task gets on.
    let mut first = scene.world.clone();
    let earlier = first.tasks.iter_mut().find(|task| task.key == a).unwrap();
    earlier.id = Some(99);
    scene.thread_of(worker).cpu = 900_000_000;
    let said = self::said(Some(&first), &scene.world);
    assert!(!said.iter().any(|said| said.starts_with("livelock")), "{said:#?}");
    // It computed for a moment, and has waited in between.
    let mut first = scene.world.clone();
    scene.thread_of(worker).call = None;
    first.threads[1].call = None;
    first.threads[1].cpu = scene.thread_of(worker).cpu - 20_000_000;
    scene.thread_of(worker).rests = 2;
    let said = self::said(Some(&first), &scene.world);
    assert!(!said.iter().any(|said| said.starts_with("livelock")), "{said:#?}");
    // Busy, for no longer than anything healthy is.
    let mut first = scene.world.clone();
    scene.thread_of(worker).call = None;
    first.threads[1].call = None;
    first.threads[1].cpu = scene.thread_of(worker).cpu - 2_000_000;
    let said = said_after(3, Some(&first), &scene.world);
    assert!(!said.iter().any(|said| said.starts_with("livelock likely")), "{said:#?}");
}
