//! The futures that threads block on: a test's body, `main`, whatever was given to `block_on`.
//!
//! They have no header: only the stack of the thread that drives them knows them. Each `block_on`,
//! of Tokio or of another crate, is an instance for one future type; the future is the variable of that type, or the
//! pinned reference to one, in the frames between the user's call and the wait. In optimized code
//! such a variable has no place at the frame's pc but often one elsewhere in the same function:
//! every place is tried, and what does not hold a suspended future is dropped. The call that polls it
//! says it best, where there is one.
//!
//! Source: tokio 1.20 and 1.54 `runtime/park.rs` (`CachedParkThread::block_on<F>`),
//! `runtime/scheduler/current_thread/mod.rs` (`CoreGuard::block_on<F>`), `runtime/runtime.rs`.

use std::cmp::Reverse;
use std::rc::Rc;

use super::called;
use super::route::Route;
use crate::address::ThreadId;
use crate::evidence::Gap;
use crate::futures::coroutine_kind;
use crate::program::{ImageId, Program};
use crate::stack::{self, Frame, ThreadStack};
use crate::symbols::{CodeFrame, FunctionId, Kind, Type, VariableLocation};
use crate::value::{Place, Pointee};

/// A future that a thread blocks on.
pub(super) struct Root<'program> {
    /// The thread.
    pub(super) thread: ThreadId,
    /// Which of the thread's `block_on`s, from outside.
    pub(super) number: usize,
    /// The type that `block_on` was called with, as the debug info names it.
    pub(super) future_type: String,
    /// Where the future may lie as variables and calls say, what speaks most for itself first.
    /// Memory that it was moved from may be among them.
    pub(super) candidates: Vec<Candidate<'program>>,
    /// Where in the frames it may lie, when nothing leads to it: values that would be a suspended
    /// future of this type. What proves one is for the caller to judge.
    pub(super) guesses: Vec<Place<'program>>,
    /// Whether the thread polls it right now, or is about to, or has just done so for the last time.
    pub(super) is_polled: bool,
    /// Whether the thread does nothing else: it is not in a task or in another `block_on` inside.
    pub(super) is_innermost: bool,
}

/// A place that may be a root's future.
pub(super) struct Candidate<'program> {
    /// The place.
    pub(super) place: Place<'program>,
    /// What led there.
    pub(super) evidence: Evidence,
}

/// What leads to a future, the weakest first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Evidence {
    /// A variable that has its type, and may be what it was moved from.
    Variable,
    /// A reference to it: what is polled is pinned.
    Reference,
    /// The argument of the call that polls it.
    Call,
}

/// The futures that the thread of this stack blocks on, the outermost `block_on` first, and which
/// calls of that do not say what they block on.
pub(super) fn roots<'program>(
    program: &'program Program<'program>,
    thread_stack: &ThreadStack,
) -> (Vec<Root<'program>>, Vec<Gap>) {
    let regions = regions(thread_stack).into_iter();
    let regions = regions.filter(|region| !is_shutdown(thread_stack, region)).enumerate();
    let mut roots = Vec::new();
    let mut gaps = Vec::new();
    for (number, region) in regions {
        match root(program, thread_stack, number, &region) {
            Some(root) => roots.push(root),
            None if is_tokios(thread_stack, &region) => gaps.push(Gap::new(
                format!("the future that thread {} blocks on", thread_stack.thread),
                "the debug info of `block_on` names no type: build with `debug = 2`",
            )),
            // Whatever else is called so need not be given a future.
            None => {}
        }
    }
    (roots, gaps)
}

/// Whether this `block_on` is one of Tokio's, which are made for one type of future each.
fn is_tokios(thread_stack: &ThreadStack, region: &Region) -> bool {
    let frames = region.frames.iter().filter_map(|index| thread_stack.frames.get(*index));
    frames.flat_map(|(_, functions)| functions).any(|function| {
        is_block_on(&function.name)
            && crate::futures::simplified(&function.name).starts_with("tokio::runtime::")
    })
}

/// The frames of one `block_on`: indexes into the stack, outermost first.
struct Region {
    frames: Vec<usize>,
    /// Whether its future is being polled.
    is_polling: bool,
    /// Whether it is the innermost, and polls nothing: the thread is in its own code.
    is_innermost: bool,
}

/// Splits a stack into its `block_on`s. One begins at the first function that is called `block_on`,
/// and ends where a future is polled: its own, or a task's.
fn regions(thread_stack: &ThreadStack) -> Vec<Region> {
    let mut regions: Vec<Region> = Vec::new();
    let mut is_open = false;
    for (index, (_, functions)) in thread_stack.frames.iter().enumerate().rev() {
        for function in functions.iter().rev() {
            if is_open && (is_task_poll(&function.name) || is_future_poll(&function.name)) {
                is_open = false;
                if let Some(region) = regions.last_mut() {
                    region.is_polling = !is_task_poll(&function.name);
                }
            } else if !is_open && is_block_on(&function.name) {
                is_open = true;
                regions.push(Region { frames: Vec::new(), is_polling: false, is_innermost: false });
            }
            let region = regions
                .last_mut()
                .filter(|region| is_open && region.frames.last().is_none_or(|last| *last != index));
            if let Some(region) = region {
                region.frames.push(index);
            }
        }
    }
    if let Some(last) = regions.last_mut() {
        last.is_innermost = is_open;
    }
    regions
}

/// Whether the thread of these frames runs, and does not wait to be woken. What it was seen in may be
/// older than its frames: it may have begun to wait since.
fn runs(program: &Program<'_>, thread: ThreadId, frames: &[&(Frame, Vec<CodeFrame>)]) -> bool {
    let threads = &program.snapshot.facts.threads;
    let is_blocked = threads.iter().any(|known| known.id == thread && known.syscall.is_some());
    let functions = frames.iter().flat_map(|(_, functions)| functions);
    !is_blocked && !functions.map(|function| &function.name).any(|name| is_park(name))
}

/// Whether this function waits for a wake-up: `park`, `park_internal`, `park_timeout`.
fn is_park(function: &str) -> bool {
    let path = crate::futures::simplified(function);
    path.rsplit("::").next().is_some_and(|own| own.starts_with("park"))
}

/// Whether one of these functions polls a future.
pub(super) fn polls_future(functions: &[CodeFrame]) -> bool {
    functions.iter().any(|function| is_future_poll(&function.name))
}

/// Whether this function polls a future: a coroutine's body, or a `poll` other than that of the
/// runtime's own drivers.
fn is_future_poll(function: &str) -> bool {
    let path = crate::futures::simplified(function);
    let own = path.rsplit("::").next().unwrap_or_default();
    let is_driver =
        ["tokio::runtime::", "tokio::park::", "tokio::io::driver", "tokio::time::driver", "mio::"]
            .iter()
            .any(|prefix| path.starts_with(prefix));
    own.starts_with("{async_") || (own == "poll" && !is_driver)
}

/// Whether this thread drops a runtime and waits for its blocking pool.
///
/// Source: tokio 1.20 to 1.54 `runtime/blocking/shutdown.rs`.
pub(super) fn drops_runtime(thread_stack: &ThreadStack) -> bool {
    thread_stack.functions().any(|name| name.starts_with(SHUTDOWN))
}

const SHUTDOWN: &str = "tokio::runtime::blocking::shutdown::";

/// Whether this `block_on` is part of dropping a runtime: what it blocks on is Tokio's own.
fn is_shutdown(thread_stack: &ThreadStack, region: &Region) -> bool {
    let frames = region.frames.first().map(|outermost| outermost.saturating_add(1));
    let frames = region.frames.iter().copied().chain(frames);
    frames
        .filter_map(|index| thread_stack.frames.get(index))
        .any(|(_, functions)| functions.iter().any(|function| function.name.starts_with(SHUTDOWN)))
}

/// Whether this function drives a future and blocks its thread: Tokio's, or one of another crate,
/// which is called so as a rule.
///
/// Source: futures-executor 0.3 `local_pool.rs` (`block_on`, `LocalPool::run_until`), pollster 0.4.
pub(super) fn is_block_on(function: &str) -> bool {
    let path = crate::futures::simplified(function);
    let is_tokio = path.starts_with("tokio::");
    let mut segments = path.split("::");
    segments.any(|segment| segment == "block_on" || (is_tokio && segment == "block_on_inner"))
        || path == "futures_executor::local_pool::LocalPool::run_until"
}

/// Whether this function polls a task. In optimized code some of them end by jumping to the next
/// and are on no stack; one is always there.
fn is_task_poll(function: &str) -> bool {
    const POLLS: [&str; 3] = ["raw::poll", "raw::RawTask::poll", "harness::poll_future"];
    let function = function.strip_prefix("tokio::runtime::task::");
    function.is_some_and(|rest| POLLS.iter().any(|poll| rest.starts_with(poll)))
}

fn root<'program>(
    program: &'program Program<'program>,
    thread_stack: &ThreadStack,
    number: usize,
    region: &Region,
) -> Option<Root<'program>> {
    let frames: Vec<&(Frame, Vec<CodeFrame>)> =
        region.frames.iter().filter_map(|index| thread_stack.frames.get(*index)).collect();
    let (image, future_type) = future_type(program, &frames)?;
    let driven = frames.iter().rev().map(|(frame, _)| (frame, Reach::BlockOn));
    let caller = region.frames.first().and_then(|index| thread_stack.frames.get(index + 1));
    let caller = caller.map(|(frame, _)| (frame, Reach::Caller));
    let is_running = region.is_innermost && runs(program, thread_stack.thread, &frames);
    let mut found: Vec<(u8, Candidate<'program>)> = Vec::new();
    for (frame, reach) in driven.chain(caller) {
        if reach == Reach::Caller && !found.is_empty() {
            break;
        }
        let candidates = candidates(program, frame, &future_type, reach).into_iter();
        let is_at_an_end = region.is_polling || is_running;
        let scored = candidates.map(|candidate| (score(&candidate.place, is_at_an_end), candidate));
        found.extend(scored.filter(|(score, _)| *score > 0));
    }
    let is_waiting = found.iter().any(|(score, _)| *score > AT_AN_END);
    if is_waiting && !region.is_polling {
        found.retain(|(score, _)| *score > AT_AN_END);
    }
    let is_polled = region.is_polling || (is_running && !is_waiting);
    found.sort_by_key(|(score, candidate)| Reverse((*score, candidate.evidence)));
    let candidates: Vec<Candidate<'_>> =
        found.into_iter().map(|(_, candidate)| candidate).collect();
    let guesses = if candidates.is_empty() && !is_polled {
        let frames = frames.iter();
        frames.flat_map(|(frame, _)| guesses(program, frame, image, &future_type)).collect()
    } else {
        Vec::new()
    };
    Some(Root {
        thread: thread_stack.thread,
        number,
        future_type: future_type.name.clone(),
        candidates,
        guesses,
        is_polled,
        is_innermost: region.is_innermost,
    })
}

/// The type of future that these frames of one `block_on` are made for, as the innermost names it: it is
/// that of the outer ones, or a reference to it. Where optimized code shares a function among several
/// types, its debug info has one of them, whichever is meant; such a frame is at odds with the others.
fn future_type(
    program: &Program<'_>,
    frames: &[&(Frame, Vec<CodeFrame>)],
) -> Option<(ImageId, Rc<Type>)> {
    let functions = frames.iter().rev().flat_map(|(frame, functions)| {
        let functions = functions.iter().filter(|function| is_block_on(&function.name));
        functions.filter_map(|function| Some((frame.image?, function.function?)))
    });
    let named: Vec<(ImageId, Rc<Type>)> = functions
        .filter_map(|(image, function)| {
            let object = program.object(image)?;
            let parameters = object.template_parameters(function);
            let (_, type_id) = parameters.into_iter().find(|(name, _)| name == "F")?;
            Some((image, object.type_of(type_id)?))
        })
        .collect();
    let names: Vec<&str> = named.iter().map(|(_, type_)| type_.name.as_str()).collect();
    named.get(most_agreed(&names)?).cloned()
}

/// Which of these types most of them are, or refer to; the first of several.
fn most_agreed(names: &[&str]) -> Option<usize> {
    let agree =
        |one: &str| names.iter().filter(|name| name.contains(one) || one.contains(**name)).count();
    let counts = names.iter().enumerate().map(|(index, name)| (agree(name), Reverse(index)));
    counts.max().map(|(_, Reverse(index))| index)
}

/// Whose frame is searched.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Reach {
    /// One of `block_on`'s own.
    BlockOn,
    /// The one that called it: it may keep the future that it gave away a reference to.
    Caller,
}

/// Every value in `frame` that may be the future of this type. A trait object does not name its
/// future's type: any coroutine that its creator keeps may be it.
fn candidates<'program>(
    program: &'program Program<'program>,
    frame: &Frame,
    future_type: &Type,
    reach: Reach,
) -> Vec<Candidate<'program>> {
    let Some((image, function)) = function_of(program, frame) else { return Vec::new() };
    let Some(object) = program.object(image) else { return Vec::new() };
    let called = called::polled(program, frame, (image, function), future_type).into_iter();
    let mut candidates: Vec<Candidate<'_>> = called
        .map(|place| Candidate { place: resolved(place), evidence: Evidence::Call })
        .collect();
    for variable in object.variables_in(function) {
        let (Some(type_id), VariableLocation::Places(places)) =
            (variable.type_id, &variable.location)
        else {
            continue;
        };
        let is_kept = reach == Reach::Caller
            && future_type.name.contains("dyn ")
            && object.type_of(type_id).is_some_and(|type_| coroutine_kind(&type_).is_some());
        let is_it = |type_: &Type| type_.name == future_type.name;
        let mut routes = Route::all(object, type_id, &is_it);
        if is_kept {
            routes.push(Route::itself(type_id));
        }
        if routes.is_empty() {
            continue;
        }
        for place in places {
            let Ok(place) = stack::evaluate(program, frame, &place.expression) else { continue };
            candidates.extend(routes.iter().filter_map(|route| {
                let found = route.follow(program, image, &place)?;
                let is_reference = route.is_reference();
                let evidence = if is_reference { Evidence::Reference } else { Evidence::Variable };
                Some(Candidate { place: resolved(found), evidence })
            }));
        }
    }
    candidates
}

/// Every place in a frame's own memory that reads as a suspended coroutine of this type. Once it is
/// suspended a future is not moved any more, so that the real one is among them.
fn guesses<'program>(
    program: &'program Program<'program>,
    frame: &Frame,
    image: ImageId,
    future_type: &Type,
) -> Vec<Place<'program>> {
    const LARGEST_FRAME: u64 = 64 << 10;
    const POINTER: u64 = 8;
    let Some(end) = frame.cfa.filter(|_| coroutine_kind(future_type).is_some()) else {
        return Vec::new();
    };
    let start = frame.registers.sp();
    let step = future_type.alignment.unwrap_or(POINTER).max(POINTER);
    let size = end.0.saturating_sub(start.0).min(LARGEST_FRAME);
    let Some(last) = size.checked_sub(future_type.size) else { return Vec::new() };
    (0..=last / step)
        .filter_map(|number| {
            Place::new(program, image, start.offset(number * step), future_type.id)
        })
        .filter(|place| score(place, false) == SUSPENDED)
        .collect()
}

fn function_of(program: &Program<'_>, frame: &Frame) -> Option<(ImageId, FunctionId)> {
    let (image, address) = program.image_at(frame.lookup_pc)?;
    Some((image, program.object(image)?.function_at(address)?))
}

/// Whether polling a value of this type polls what it points to. Other futures may be no more than
/// a pointer, too: a join handle is one to a task.
fn is_reference(type_: &Type) -> bool {
    matches!(type_.kind, Kind::Pointer { .. })
        || type_.is("core::pin::Pin")
        || type_.is("alloc::boxed::Box")
        || type_.member("vtable").is_some()
}

/// The future behind pointers, boxes and trait objects.
pub(super) fn resolved(place: Place<'_>) -> Place<'_> {
    const MOST_POINTERS: usize = 8;
    let mut place = place;
    for _ in 0..MOST_POINTERS {
        if !is_reference(&place.type_) {
            break;
        }
        match place.pointee() {
            Some(Pointee::Thin(target) | Pointee::Dynamic(target)) => place = target,
            Some(Pointee::UnknownDynamic(_)) | None => break,
        }
    }
    place
}

/// The score of a future that is suspended.
const SUSPENDED: u8 = 3;

/// The score of one before its first poll has begun, or after its last.
const AT_AN_END: u8 = 1;

/// How much speaks for a candidate: a suspended coroutine is the future that is driven. One that
/// was never polled is in its first poll now, or just before it, or else is the memory that it was
/// moved from: `block_on` polls before it waits.
fn score(place: &Place<'_>, is_at_an_end: bool) -> u8 {
    if is_reference(&place.type_) {
        return 0;
    }
    if coroutine_kind(&place.type_).is_none() {
        return 2;
    }
    match place.variant_name().as_deref() {
        Some(name) if name.starts_with("Suspend") => SUSPENDED,
        Some("Unresumed" | "Returned") if is_at_an_end => AT_AN_END,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::most_agreed;

    #[test]
    fn a_frame_that_is_at_odds_with_the_others_is_not_believed() {
        let check =
            |names: &[&str], expected| assert_eq!(most_agreed(names), expected, "{names:?}");
        check(&[], None);
        check(&["Pin<&mut f>", "Pin<&mut f>", "f"], Some(0));
        check(&["Pin<&mut g>", "Pin<&mut f>", "f"], Some(1));
        check(&["Pin<&mut f>", "g", "f"], Some(0));
    }
}
