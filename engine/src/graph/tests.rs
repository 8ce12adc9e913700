//! Worlds as literals, and what is stuck in them.

use super::{EdgeKind, Node, Stuck, WaitGraph};
use crate::evidence::Certainty;
use crate::model::worlds::{
    BODY, Scene, TEST, end_of, for_resource, key, lock, message, notify, permits, room, timer,
};
use crate::model::{Amount, EndedBy, Hold, Holder, Needs, TaskKey, TaskState};

/// The names of the tasks that are stuck for ever by edges so certain, one a branch; and of the
/// threads that wait for something by themselves.
fn stuck(scene: &Scene, certainty: Certainty) -> Vec<String> {
    let graph = WaitGraph::new(&scene.world);
    let stuck = Stuck::new(&graph, certainty);
    let branches = graph.nodes().filter(|(id, _)| stuck.has(*id));
    branches
        .filter_map(|(_, node)| match node {
            Node::Branch(branch) if branch.aside.is_some() => {
                Some(format!("{} aside", branch.task.name))
            }
            Node::Branch(branch) => Some(branch.task.name.clone()),
            Node::Thread(thread) if thread.wait.is_none() => None,
            Node::Thread(thread) => Some(format!("thread {}", thread.name)),
            Node::Resource(_) | Node::Runtime(_) | Node::Pool(_) | Node::Place(_) => None,
        })
        .collect()
}

#[track_caller]
fn check(scene: &Scene, expected: &[&str]) {
    assert_eq!(stuck(scene, Certainty::Definite), expected);
}

/// Two tasks, each with the lock that the other waits for.
fn crossed() -> (Scene, TaskKey, TaskKey) {
    let mut scene = Scene::new();
    let (a, b) = (scene.task("a"), scene.task("b"));
    scene.waits(a, 1, lock(2));
    scene.waits(b, 2, lock(1));
    scene.locks(a, 1);
    scene.locks(b, 2);
    (scene, a, b)
}

#[test]
fn who_waits_in_a_circle_is_stuck_and_so_is_who_waits_for_them() {
    let (mut scene, a, _) = crossed();
    scene.waits(BODY, 3, end_of(a));
    let c = scene.task("c");
    scene.waits(c, 4, timer(1));
    check(&scene, &["body", "a", "b"]);
}

#[test]
fn a_chain_that_ends_is_not_stuck() {
    let mut scene = Scene::new();
    let (a, b) = (scene.task("a"), scene.task("b"));
    scene.waits(a, 1, lock(1));
    scene.waits(b, 1, notify(2));
    scene.locks(b, 1);
    check(&scene, &[]);
}

#[test]
fn an_edge_counts_as_far_as_it_is_certain() {
    let (mut scene, a, _) = crossed();
    scene.world.holdings[0].certainty = Certainty::Likely;
    check(&scene, &[]);
    assert_eq!(stuck(&scene, Certainty::Likely), ["a", "b"]);
    scene.get(a).state = TaskState::Scheduled;
    assert_eq!(stuck(&scene, Certainty::Possible), Vec::<String>::new());
}

#[test]
fn the_only_one_who_could_have_it_probably_has_it() {
    let (mut scene, ..) = crossed();
    scene.world.holdings[0].certainty = Certainty::Possible;
    assert_eq!(stuck(&scene, Certainty::Likely), ["a", "b"]);
    let c = scene.task("c");
    scene.waits(c, 3, timer(1));
    scene.locks(c, 1).certainty = Certainty::Possible;
    assert_eq!(stuck(&scene, Certainty::Likely), Vec::<String>::new());
}

#[test]
fn a_newborn_thread_may_have_been_given_what_is_found_elsewhere_too() {
    let (mut scene, a, _) = crossed();
    scene.world.holdings[0].certainty = Certainty::Possible;
    assert_eq!(stuck(&scene, Certainty::Likely), ["a", "b"]);
    let young = scene.thread(2, "young");
    scene.thread_of(young).call = None;
    assert!(stuck(&scene, Certainty::Likely).is_empty());
    // What is certain stays so.
    scene.locks(a, 1);
    assert_eq!(stuck(&scene, Certainty::Likely), ["a", "b"]);
}

#[test]
fn one_way_out_is_enough_for_a_select_and_not_for_a_join() {
    for (needs, expected) in [(Needs::Any, &[][..]), (Needs::All, &["a", "a", "b"][..])] {
        let (mut scene, a, _) = crossed();
        scene.waits_for(a, 1, needs, vec![lock(2), timer(1)]);
        scene.world.holdings[0].within = scene.get(a).future.as_ref().map(|future| future.address);
        check(&scene, expected);
    }
    let (mut scene, a, _) = crossed();
    scene.waits_for(a, 1, Needs::Any, vec![lock(2), end_of(a)]);
    // In which part the guard lies is not known, so any of them might let it go.
    check(&scene, &[]);
    scene.world.holdings[0].within = scene.get(a).future.as_ref().map(|future| future.address);
    check(&scene, &["a", "a", "a", "b"]);
}

#[test]
fn what_another_part_of_a_join_has_may_be_given_back() {
    let (mut scene, a, _) = crossed();
    let parts = scene.waits_for(a, 1, Needs::All, vec![lock(2), timer(1)]);
    scene.world.holdings[0].within = Some(parts[1]);
    check(&scene, &[]);
    scene.world.holdings[0].within = Some(parts[0]);
    check(&scene, &["a", "a", "b"]);
}

#[test]
fn one_sender_that_may_send_is_enough() {
    let mut scene = Scene::new();
    let a = scene.task("a");
    scene.waits(BODY, 1, end_of(a));
    scene.waits(a, 1, message(1, 2));
    scene.holds(Holder::Task(BODY), 1, Hold::Sender);
    // The other sender was not found.
    check(&scene, &[]);
    scene.holds(Holder::Task(BODY), 1, Hold::Sender);
    check(&scene, &["body", "a"]);
    let b = scene.task("b");
    scene.waits(b, 1, timer(1));
    scene.world.holdings[1].holder = Holder::Task(b);
    check(&scene, &[]);
}

#[test]
fn a_full_channel_needs_its_receiver() {
    let mut scene = Scene::new();
    let a = scene.task("a");
    scene.waits(BODY, 1, end_of(a));
    scene.waits(a, 1, room(1));
    check(&scene, &[]);
    scene.holds(Holder::Task(BODY), 1, Hold::Receiver);
    assert_eq!(stuck(&scene, Certainty::Likely), ["body", "a"]);
}

#[test]
fn a_set_of_tasks_needs_one_of_them() {
    let mut scene = Scene::new();
    let (a, b) = (scene.task("a"), scene.task("b"));
    scene.waits(BODY, 1, for_resource("JoinSet", EndedBy::Handles, 1));
    scene.resource(1, &[Amount::Tasks(2)], &[]);
    scene.world.resources[0].tasks = vec![a, b];
    scene.waits(a, 2, end_of(BODY));
    scene.waits(b, 3, end_of(BODY));
    check(&scene, &["body", "a", "b"]);
    scene.waits(b, 3, timer(1));
    check(&scene, &[]);
    // One of its tasks was not found.
    scene.waits(b, 3, end_of(BODY));
    scene.world.resources[0].amounts = vec![Amount::Tasks(3)];
    check(&scene, &[]);
}

#[test]
fn permits_are_never_all_counted() {
    let mut scene = Scene::new();
    scene.waits(BODY, 1, permits(1));
    scene.holds(Holder::Task(BODY), 1, Hold::Permits(1));
    check(&scene, &[]);
    assert_eq!(stuck(&scene, Certainty::Likely), ["body"]);
    scene.resource(1, &[Amount::Available(1)], &[]);
    assert_eq!(stuck(&scene, Certainty::Likely), Vec::<String>::new());
}

#[test]
fn who_is_next_in_the_queue_must_be_polled() {
    let mut scene = Scene::new();
    let a = scene.task("a");
    scene.waits(a, 1, timer(1));
    scene.locks(a, 1);
    scene.waits(BODY, 1, lock(1));
    let first = scene.aside(BODY, 2, lock(1));
    let queue = [scene.leaf(first), scene.leaf(Holder::Task(BODY))];
    scene.resource(1, &[], &queue);
    check(&scene, &["body", "body aside"]);
}

#[test]
fn a_thread_that_drives_its_runtime_is_not_blocked() {
    let mut scene = Scene::new();
    let a = scene.task("a");
    scene.waits(BODY, 1, end_of(a));
    scene.get(a).state = TaskState::Scheduled;
    scene.runtime(&[TEST], &[BODY, a]);
    check(&scene, &[]);
    // The body blocks its thread on what only the task would send.
    scene.runs(BODY, TEST);
    scene.thread_of(TEST).wait = Some(message(1, 1));
    scene.holds(Holder::Task(a), 1, Hold::Sender);
    check(&scene, &["body", "a", "thread it::test"]);
    // Another thread could run it.
    let worker = scene.thread(2, "worker");
    scene.world.runtimes[0].drivers.push(worker);
    check(&scene, &[]);
}

#[test]
fn a_task_that_nothing_can_wake_is_stuck() {
    let mut scene = Scene::new();
    let a = scene.task("a");
    scene.waits(a, 1, notify(1));
    scene.waits(BODY, 1, end_of(a));
    scene.get(a).wakers = Some(1);
    check(&scene, &[]);
    scene.get(a).wakers = Some(0);
    check(&scene, &["body", "a"]);
    scene.get(a).is_aborted = true;
    check(&scene, &[]);
}

#[test]
fn the_knot_is_the_circle_and_the_rest_are_victims() {
    let (mut scene, a, _) = crossed();
    scene.waits(BODY, 3, end_of(a));
    let graph = WaitGraph::new(&scene.world);
    let stuck = Stuck::new(&graph, Certainty::Definite);
    let knots = stuck.knots(&graph);
    let [knot] = knots.as_slice() else { panic!("{knots:?}") };
    let kinds: Vec<EdgeKind> = knot.circle.iter().map(|edge| edge.kind).collect();
    let circle = [EdgeKind::WaitsFor, EdgeKind::HeldBy, EdgeKind::WaitsFor, EdgeKind::HeldBy];
    assert_eq!(kinds, circle);
    let names: Vec<_> = knot
        .victims
        .iter()
        .filter_map(|id| graph.branch(*id).map(|branch| branch.task.name.as_str()))
        .collect();
    assert_eq!(names, ["body"]);
}

#[test]
fn a_message_goes_where_its_receiver_goes() {
    let mut scene = Scene::new();
    let a = scene.task("a");
    scene.waits(BODY, 1, message(1, 1));
    scene.holds(Holder::Queued(key(2)), 1, Hold::Sender);
    // Who receives from that channel is not known.
    check(&scene, &[]);
    scene.holds(Holder::Task(a), 2, Hold::Receiver);
    scene.waits(a, 2, end_of(BODY));
    check(&scene, &["body", "a"]);
    scene.waits(a, 2, timer(1));
    check(&scene, &[]);
}

#[test]
fn who_can_reach_a_notification_could_send_it() {
    let mut scene = Scene::new();
    let (a, b) = (scene.task("a"), scene.task("b"));
    scene.waits(a, 1, notify(1));
    scene.waits(BODY, 2, end_of(a));
    scene.shares(1, Some(2), &[(Holder::Task(a), Certainty::Definite)]);
    // Of two owners one was found.
    assert_eq!(stuck(&scene, Certainty::Likely), Vec::<String>::new());
    scene.shares(1, Some(1), &[(Holder::Task(a), Certainty::Definite)]);
    assert_eq!(stuck(&scene, Certainty::Likely), ["body", "a"]);
    check(&scene, &[]);
    // An owner that may be gone does not count.
    scene.shares(1, Some(1), &[(Holder::Task(a), Certainty::Possible)]);
    assert_eq!(stuck(&scene, Certainty::Likely), Vec::<String>::new());
    // But it does where nobody else was found who could be the last one of all that there are.
    scene.waits(b, 3, end_of(a));
    let owners = [(Holder::Task(a), Certainty::Definite), (Holder::Task(b), Certainty::Possible)];
    scene.shares(1, Some(2), &owners);
    assert_eq!(stuck(&scene, Certainty::Likely), ["body", "a", "b"]);
    let three = [owners[0], owners[1], owners[1]];
    scene.shares(1, Some(2), &three);
    assert_eq!(stuck(&scene, Certainty::Likely), Vec::<String>::new());
    // One more owner, who goes on.
    scene.waits(b, 3, timer(1));
    let owners = [(Holder::Task(a), Certainty::Definite), (Holder::Task(b), Certainty::Definite)];
    scene.shares(1, Some(2), &owners);
    assert_eq!(stuck(&scene, Certainty::Likely), Vec::<String>::new());
}

#[test]
fn a_thread_that_polls_a_task_does_not_poll_what_it_blocks_on() {
    let mut scene = Scene::new();
    let a = scene.task("a");
    scene.waits(BODY, 1, timer(1));
    scene.locks(BODY, 1);
    scene.runs(a, TEST);
    scene.thread_of(TEST).wait = Some(lock(1));
    check(&scene, &["body", "a", "thread it::test"]);
    // Another thread is free to go on with the body.
    scene.thread_of(TEST).blocks_on = Some(BODY);
    scene.thread_of(TEST).wait = None;
    check(&scene, &[]);
}

#[test]
fn a_circle_over_others_tells_why_they_do_not_help() {
    let mut scene = Scene::new();
    let a = scene.task("a");
    scene.waits(a, 1, message(1, 2));
    scene.holds(Holder::Task(a), 1, Hold::Sender);
    scene.holds(Holder::Task(BODY), 1, Hold::Sender);
    scene.waits(BODY, 2, end_of(a));
    let graph = WaitGraph::new(&scene.world);
    let knots = Stuck::new(&graph, Certainty::Definite).knots(&graph);
    let kinds: Vec<EdgeKind> = knots[0].circle.iter().map(|edge| edge.kind).collect();
    assert_eq!(kinds, [EdgeKind::EndOf, EdgeKind::WaitsFor, EdgeKind::HeldBy]);
}

#[test]
fn a_closure_waits_for_any_thread_of_its_pool() {
    let mut scene = Scene::new();
    let (one, other) = (scene.task("one"), scene.task("other"));
    let (left, right) = (scene.thread(2, "left"), scene.thread(3, "right"));
    scene.waits(BODY, 1, end_of(one));
    scene.runs(other, left);
    scene.thread_of(left).wait = Some(end_of(one));
    scene.get(one).state = TaskState::Scheduled;
    scene.get(one).pool = Some(0);
    scene.world.pools.push(crate::model::Pool { runtime: 0, threads: vec![left, right] });
    check(&scene, &[]);
    scene.world.pools[0].threads.pop();
    check(&scene, &["body", "one", "other", "thread left"]);
}

#[test]
fn ten_thousand_tasks_in_one_circle_are_one_knot() {
    const COUNT: u64 = 10_000;
    let mut scene = Scene::new();
    let tasks: Vec<TaskKey> = (0..COUNT).map(|_| scene.task("t")).collect();
    for (index, future) in (0..COUNT).map(|index| (index, (index + 1) % COUNT)) {
        scene.locks(tasks[index as usize], index + 1);
        scene.world.tasks[index as usize + 1].future =
            Some(crate::model::worlds::standing_alone(lock(future + 1), index));
    }
    let graph = WaitGraph::new(&scene.world);
    let knots = Stuck::new(&graph, Certainty::Definite).knots(&graph);
    assert_eq!(knots.len(), 1);
    assert_eq!(knots[0].circle.len(), 2 * COUNT as usize);
}

#[test]
fn a_thread_that_polls_a_task_inside_its_block_on_waits_for_no_body() {
    let mut scene = Scene::new();
    let (a, b) = (scene.task("a"), scene.task("b"));
    scene.get(b).state = TaskState::Scheduled;
    scene.waits(BODY, 1, end_of(b));
    scene.runtime(&[TEST], &[BODY, a, b]);
    scene.runs(a, TEST);
    check(&scene, &[]);
}

#[test]
fn a_thread_that_runs_waits_for_nothing() {
    // A nested `block_on` of what only this thread would run.
    let mut scene = Scene::new();
    let a = scene.task("a");
    let inner = TaskKey::Root(TEST, 1);
    let root = scene.get(BODY).clone();
    scene.world.tasks.push(crate::model::Task { key: inner, name: "inner".to_owned(), ..root });
    scene.runtime(&[TEST], &[BODY, a]);
    scene.runs(BODY, TEST);
    scene.thread_of(TEST).blocks_on = Some(inner);
    scene.waits(inner, 2, end_of(a));
    scene.get(a).state = TaskState::Scheduled;
    check(&scene, &["body", "a", "inner"]);
    scene.thread_of(TEST).call = None;
    check(&scene, &[]);
}

#[test]
fn a_future_written_by_hand_may_wait_for_more_than_was_found_in_it() {
    let (mut scene, a, _) = crossed();
    scene.get(a).future.as_mut().unwrap().is_partial = true;
    check(&scene, &[]);
    assert_eq!(stuck(&scene, Certainty::Likely), Vec::<String>::new());
    assert_eq!(stuck(&scene, Certainty::Possible), ["a", "b"]);
}

#[test]
fn a_thread_that_waits_with_a_timeout_goes_on() {
    let timed = |left: Option<i64>| {
        let mut scene = Scene::new();
        let thread = scene.thread(2, "waits");
        scene.holds(Holder::Thread(thread, 0), 1, Hold::Exclusive);
        let mut wait = lock(1);
        wait.amounts.extend(left.map(Amount::FiresIn));
        scene.thread_of(thread).wait = Some(wait);
        stuck(&scene, Certainty::Likely)
    };
    assert_eq!(timed(None), ["thread waits"]);
    assert!(timed(Some(1_000)).is_empty());
}

#[test]
fn what_a_variable_had_may_have_been_given_to_a_newborn_thread() {
    let mut scene = Scene::new();
    let thread = scene.thread(2, "waits");
    scene.holds(Holder::Thread(thread, 0), 1, Hold::Exclusive).certainty = Certainty::Likely;
    scene.thread_of(thread).wait = Some(lock(1));
    assert_eq!(stuck(&scene, Certainty::Likely), ["thread waits"]);
    let young = scene.thread(3, "young");
    scene.thread_of(young).call = None;
    assert!(stuck(&scene, Certainty::Likely).is_empty());
    assert_eq!(stuck(&scene, Certainty::Possible), ["thread waits"]);
}
