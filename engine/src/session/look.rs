//! From a snapshot to the world in it.

use std::cell::OnceCell;
use std::path::{Path, PathBuf};

use super::harness;
use super::variables::{self, Told};
use crate::address::ThreadId;
use crate::arch;
use crate::idle;
use crate::limits::Limits;
use crate::model::{Activity, Frame, Line, Thread, World};
use crate::moments;
use crate::program::Program;
use crate::snapshot::{self, Facts, Snapshot};
use crate::stack::{self, ThreadStack};
use crate::symbols::{CodeFrame, Objects};
use crate::sync;
use crate::tokio;

/// A snapshot with the world in it, which is read once.
pub(super) struct Look {
    pub(super) snapshot: Snapshot,
    world: OnceCell<World>,
}

impl Look {
    /// A look whose world has been read, with all of the memory that this took.
    pub(super) fn of(snapshot: Snapshot, world: World) -> Look {
        Look { snapshot, world: OnceCell::from(world) }
    }

    /// A look whose world is read when it is asked for.
    pub(super) fn unread(snapshot: Snapshot) -> Look {
        Look { snapshot, world: OnceCell::new() }
    }

    /// Everything that is found in the snapshot; with variables, if it is the one that is told of.
    pub(super) fn world(
        &self,
        objects: &Objects,
        limits: &Limits,
        told: Option<&Told<'_>>,
    ) -> &World {
        self.world.get_or_init(|| read(&self.snapshot, objects, &Path::to_owned, limits, told))
    }
}

/// Everything that is found in `snapshot`; with variables, if it is the one that is told of.
pub(super) fn read(
    snapshot: &Snapshot,
    objects: &Objects,
    file_of: &dyn Fn(&Path) -> PathBuf,
    limits: &Limits,
    told: Option<&Told<'_>>,
) -> World {
    let mut world = world(snapshot, objects, file_of, limits);
    if let Some(told) = told {
        variables::add(&mut world, told, snapshot, objects, file_of, limits);
    }
    world
}

/// Everything that is found in `snapshot`. `file_of` says where a mapped file is to be read from.
pub(super) fn world(
    snapshot: &Snapshot,
    objects: &Objects,
    file_of: &dyn Fn(&Path) -> PathBuf,
    limits: &Limits,
) -> World {
    let (program, mut gaps) = Program::new(snapshot, objects, file_of);
    let stacks = stack::stacks(&program, limits);
    let known = snapshot.facts.threads.iter().zip(&stacks);
    let threads = known.map(|(thread, stack)| self::thread(&program, thread, stack)).collect();
    gaps.extend(stacks.iter().flat_map(|stack| stack.gaps.iter().cloned()));
    let stirs = Some(stirs(&snapshot.facts, &stacks));
    let moment = moments::moment(&program, &stacks, &tokio::is_elapsed);
    let world = World { threads, gaps, stirs, moment, ..World::default() };
    let mut world = tokio::read(&program, &stacks, limits, world);
    add_resources_of_threads(&mut world);
    world
}

/// What could still wake a thread of the process, in words.
fn stirs(facts: &Facts, stacks: &[ThreadStack]) -> Vec<String> {
    let is_spare = |thread: &snapshot::Thread| {
        let mut known = facts.threads.iter().zip(stacks);
        known.any(|(other, stack)| {
            let is_spare = || tokio::is_spare(stack) || harness::waits_for_tests(stack);
            other.id == thread.id && is_spare()
        })
    };
    idle::stirs(facts, &is_spare).iter().map(ToString::to_string).collect()
}

/// Adds what only threads wait for to the resources.
fn add_resources_of_threads(world: &mut World) {
    let waits = world.threads.iter().filter_map(|thread| thread.wait.as_ref());
    for resource in waits.filter_map(sync::resource) {
        let place = world.resources.binary_search_by_key(&resource.key, |known| known.key);
        if let Err(place) = place {
            world.resources.insert(place, resource);
        }
    }
}

fn thread(program: &Program<'_>, thread: &snapshot::Thread, stack: &ThreadStack) -> Thread {
    let call = thread.syscall.map(|call| arch::syscall_name(call.number));
    let activity = call.clone().map_or(Activity::Running, Activity::Blocked);
    let mut frames: Vec<Frame> =
        stack.frames.iter().flat_map(|(frame, here)| frames(program, frame, here)).collect();
    clear_generated_main(&mut frames);
    clear_generated_closure(&mut frames);
    Thread {
        id: ThreadId(thread.id.0),
        name: thread.name.clone(),
        activity,
        call,
        blocks_on: None,
        cpu: thread.cpu,
        rests: thread.voluntary_switches,
        wait: sync::wait(program, thread, stack, &tokio::is_runtimes),
        frames,
    }
}

/// Takes away the line of the `main` that the compiler makes for a test harness: it is the first of
/// the crate, whatever is written there.
fn clear_generated_main(frames: &mut [Frame]) {
    let is_harness = |frame: &Frame| {
        frame.line.as_ref().is_some_and(|line| harness::is_main(&frame.function, &line.file))
    };
    let called = frames.iter().position(is_harness);
    if let Some(main) = called.and_then(|index| frames.get_mut(index.saturating_add(1))) {
        main.line = None;
    }
}

/// Takes away the line of the closure that the compiler makes of each test's function, to give it to
/// the harness: it is the function's first line, whatever it does.
fn clear_generated_closure(frames: &mut [Frame]) {
    let caller = frames.iter().position(|frame| harness::calls_test(&frame.function));
    let is_own =
        |frame: &Frame| frame.line.as_ref().is_some_and(|line| !harness::is_toolchain(&line.file));
    let Some(called) = frames.get_mut(..caller.unwrap_or_default()) else { return };
    let closure = called.iter().rposition(is_own);
    let Some((frame, inside)) = closure.and_then(|at| called.get_mut(..=at)?.split_last_mut())
    else {
        return;
    };
    let function = frame.function.strip_suffix("::{closure#0}");
    if inside.last().is_some_and(|inner| Some(inner.function.as_str()) == function) {
        frame.line = None;
    }
}

fn frames(program: &Program<'_>, frame: &stack::Frame, functions: &[CodeFrame]) -> Vec<Frame> {
    let merged = merged(program, frame, functions);
    let whose = functions.last().and_then(|function| function.location.as_ref());
    let is_unsure = |function: &CodeFrame| {
        let file = function.location.as_ref().map(|location| &location.file);
        !merged.is_empty() && file == whose.map(|location| &location.file)
    };
    let named = |function: &CodeFrame| match function.inlined || merged.is_empty() {
        true => function.name.clone(),
        false => merged.join(" or "),
    };
    functions
        .iter()
        .map(|function| Frame {
            function: named(function),
            line: line(program, frame, function).filter(|_| !is_unsure(function)),
            pc: frame.pc,
            is_inlined: function.inlined,
            trust: frame.trust,
        })
        .collect()
}

/// The names of the functions that this may be, where the compiler has merged several that came out
/// the same: debug info has the lines of one of them, whichever was called.
///
/// Source: LLVM's `MergeFunctions`, which rustc runs where it optimizes, leaves an alias of each.
fn merged(program: &Program<'_>, frame: &stack::Frame, functions: &[CodeFrame]) -> Vec<String> {
    let is_described = functions.last().is_some_and(|function| function.function.is_some());
    let place = program.image_at(frame.lookup_pc).filter(|_| is_described);
    let object = place.and_then(|(image, at)| Some((program.object(image)?, at)));
    let names = object.map(|(object, at)| object.names_of_code_at(at)).unwrap_or_default();
    if names.len() > 1 { names } else { Vec::new() }
}

/// The line of a frame's function; none for a wrapper that an attribute made, whose line is that of
/// another function's code.
fn line(program: &Program<'_>, frame: &stack::Frame, function: &CodeFrame) -> Option<Line> {
    let location = function.location.as_ref()?;
    let object = frame.image.and_then(|image| program.object(image));
    let is_wrapper = object.zip(function.function).is_some_and(|(object, function)| {
        !harness::is_toolchain(&location.file) && object.is_async_wrapper(function)
    });
    (!is_wrapper).then(|| Line {
        file: location.file.clone(),
        line: location.line,
        trust: frame.trust,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::address::Address;
    use crate::evidence::Trust;

    fn frame(function: &str, file: &str) -> Frame {
        Frame {
            function: function.to_owned(),
            line: Some(Line { file: PathBuf::from(file), line: 1, trust: Trust::Read }),
            pc: Address(0),
            is_inlined: false,
            trust: Trust::Read,
        }
    }

    #[test]
    fn the_main_that_the_compiler_made_for_tests_has_no_line_of_the_users() {
        let mut frames = [
            frame("test::run_tests", "/rustc/1/library/test/src/lib.rs"),
            frame("test::test_main_static", "/rustc/1/library/test/src/lib.rs"),
            frame("it::main", "/home/u/p/tests/it.rs"),
        ];
        clear_generated_main(&mut frames);
        assert_eq!(frames[2].line, None);
        assert!(frames[1].line.is_some());
    }

    #[test]
    fn the_closure_that_the_compiler_made_of_a_test_has_no_line_of_the_users() {
        let user = "/home/u/p/tests/it.rs";
        let std = "/rustc/1/library/core/src/ops/function.rs";
        let mut frames = [
            frame("it::sums", user),
            frame("it::sums::{closure#0}", user),
            frame("core::ops::function::FnOnce::call_once", std),
            frame("test::__rust_begin_short_backtrace<T, F>", std),
        ];
        let called_by_hand = frames.clone().map(|mut frame| {
            frame.function = frame.function.replace("sums::{closure", "others::{closure");
            frame
        });
        clear_generated_closure(&mut frames);
        assert!(frames[0].line.is_some() && frames[1].line.is_none());
        let mut frames = called_by_hand;
        clear_generated_closure(&mut frames);
        assert!(frames[1].line.is_some());
    }

    #[test]
    fn a_main_that_calls_a_module_named_test_keeps_its_line() {
        let mut frames = [
            frame("test::test_main_static", "/home/u/p/src/test.rs"),
            frame("p::main", "/home/u/p/src/main.rs"),
        ];
        clear_generated_main(&mut frames);
        assert!(frames[1].line.is_some());
    }
}
