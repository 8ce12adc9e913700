//! Whether it is proven that a process stays as it is forever.

use super::standing::Movement;
use crate::model::World;

/// What could still make the process go on, in words; empty when it is proven that nothing can.
/// Absent when it was not looked at. A pure function of two looks: what stirs at either of them, and
/// what moved in between.
pub fn stirs(first: &World, last: &World, movement: &Movement<'_>) -> Option<Vec<String>> {
    let mut stirs = first.stirs.clone()?;
    for stir in last.stirs.as_ref()? {
        if !stirs.contains(stir) {
            stirs.push(stir.clone());
        }
    }
    if !has_same_threads(first, last, movement) {
        stirs.push("a thread went on between the looks".to_owned());
    }
    let tasks_stay = last.tasks.iter().all(|task| movement.stays(task));
    if first.tasks.len() != last.tasks.len() || !tasks_stay {
        stirs.push("a task went on between the looks".to_owned());
    }
    Some(stirs)
}

fn has_same_threads(first: &World, last: &World, movement: &Movement<'_>) -> bool {
    let all_stay = last.threads.iter().all(|thread| movement.stays_blocked(thread));
    !last.threads.is_empty() && first.threads.len() == last.threads.len() && all_stay
}

#[cfg(test)]
mod tests {
    use super::stirs;
    use crate::diagnosis::Movement;
    use crate::model::worlds::{BODY, Scene, TEST, lock};
    use crate::model::{TaskState, World};

    /// A body that waits for a lock, and nothing that could wake it.
    fn asleep() -> Scene {
        let mut scene = Scene::new();
        scene.waits(BODY, 10, lock(1));
        scene.world.stirs = Some(Vec::new());
        scene
    }

    #[track_caller]
    fn check(first: &World, last: &World, expected: &[&str]) {
        let found = stirs(first, last, &Movement::new(first, 1000)).unwrap();
        assert_eq!(found, expected);
    }

    #[test]
    fn what_sleeps_and_stays_is_proven() {
        check(&asleep().world, &asleep().world, &[]);
    }

    #[test]
    fn nothing_is_proven_of_what_was_not_looked_at() {
        let mut unknown = asleep().world;
        unknown.stirs = None;
        let known = asleep().world;
        for (first, last) in [(&unknown, &known), (&known, &unknown)] {
            assert_eq!(stirs(first, last, &Movement::new(first, 1000)), None);
        }
    }

    #[test]
    fn what_stirs_at_either_look_is_said_once() {
        let (mut first, mut last) = (asleep().world, asleep().world);
        first.stirs = Some(vec!["a timer".to_owned(), "a socket".to_owned()]);
        last.stirs = Some(vec!["a socket".to_owned(), "a child".to_owned()]);
        check(&first, &last, &["a timer", "a socket", "a child"]);
    }

    #[test]
    fn a_thread_that_moved_is_no_proof() {
        let went_on = ["a thread went on between the looks"];
        let mut moved = asleep();
        moved.thread_of(TEST).cpu += 1_000_000_000;
        check(&asleep().world, &moved.world, &went_on);
        let mut more = asleep();
        more.thread(2, "new");
        check(&asleep().world, &more.world, &went_on);
        check(&more.world, &asleep().world, &went_on);
        let nobody = World { stirs: Some(Vec::new()), ..World::default() };
        check(&nobody, &nobody, &went_on);
    }

    #[test]
    fn a_task_that_moved_is_no_proof() {
        let went_on = ["a task went on between the looks"];
        let mut woken = asleep();
        woken.get(BODY).state = TaskState::Scheduled;
        check(&asleep().world, &woken.world, &went_on);
        let mut elsewhere = Scene::new();
        elsewhere.waits(BODY, 11, lock(1));
        elsewhere.world.stirs = Some(Vec::new());
        check(&asleep().world, &elsewhere.world, &went_on);
        let mut more = asleep();
        more.task("new");
        check(&more.world, &asleep().world, &went_on);
    }
}
