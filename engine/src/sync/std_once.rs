//! Threads that are in the middle of initializing a `Once` of std, or what is made of one: a `OnceLock`, a
//! `LazyLock`. Who waits for it waits for such a thread.
//!
//! Source: rust 1.95 `library/std/src/sync/once.rs` (`call_once` and `call_once_force` give a closure to the
//! `Once`, which calls it when it is this thread's turn), `library/std/src/sys/sync/once/futex.rs` (`struct
//! Once { state_and_queued }`, the word that is waited for).

use super::blocked::{above, referent};
use crate::evidence::{Certainty, Trust};
use crate::futures::simplified;
use crate::model::{Hold, Holder, Holding, Line, ResourceKey};
use crate::program::Program;
use crate::stack::{self, Frame, ThreadStack};
use crate::symbols::CodeFrame;
use crate::value::{Place, search};

/// How deep in a `Once` its word lies.
const DEPTH: usize = 6;

/// What the word is called, and what it was before rust 1.79.
const WORDS: [&str; 2] = ["state_and_queued", "state"];

/// What the thread of this stack initializes, as locks that it has.
pub fn initializing(program: &Program<'_>, stack: &ThreadStack) -> Vec<Holding> {
    let mut found = Vec::new();
    let mut number = 0;
    let mut is_its_turn = false;
    for (index, (frame, functions)) in stack.frames.iter().enumerate() {
        for (depth, function) in functions.iter().enumerate() {
            if is_closure(&function.name) {
                is_its_turn = true;
            } else if is_call(&function.name) && std::mem::take(&mut is_its_turn) {
                let word = word(program, frame, depth);
                let since = stack.frames.get(index..).and_then(begun_at);
                found.extend(word.map(|word| Holding {
                    resource: ResourceKey(word.address),
                    hold: Hold::Exclusive,
                    type_name: "std::sync::once::Once".to_owned(),
                    address: word.address,
                    holder: Holder::Thread(stack.thread, number + depth),
                    within: None,
                    variable: None,
                    since,
                    certainty: Certainty::Definite,
                    carrier: None,
                    unflushed: None,
                }));
            }
        }
        number += functions.len();
    }
    found
}

/// The word of the `Once` that is the `self` of this function.
fn word<'program>(
    program: &'program Program<'program>,
    frame: &Frame,
    depth: usize,
) -> Option<Place<'program>> {
    let is_self =
        |local: &stack::Local| local.depth == depth && local.name.as_deref() == Some("self");
    let own = stack::locals(program, frame).into_iter().find(is_self)?;
    let Ok(stack::Place::Memory(address)) = own.place else { return None };
    let once = referent(&Place::new(program, own.image, address, own.type_id?)?)?;
    let has_word = |name: &&str| {
        let holder = search(&once, DEPTH, &|type_| type_.member(name).is_some());
        holder.first()?.field(name)
    };
    WORDS.iter().find_map(has_word)
}

/// The line of the program at which this began: the first of these frames that is not std's.
fn begun_at(outer: &[(Frame, Vec<CodeFrame>)]) -> Option<Line> {
    let functions = outer.iter().flat_map(|(_, functions)| functions);
    let own = |function: &&CodeFrame| {
        let path = simplified(&function.name);
        above(std::iter::once(path.as_str())).next().is_some()
    };
    let location = functions.into_iter().find(own)?.location.clone()?;
    Some(Line { file: location.file, line: location.line, trust: Trust::Derived })
}

/// Whether this is what a `Once` calls: `std::sync::once::{impl#2}::call_once_force::{closure#0}<F>`.
fn is_closure(name: &str) -> bool {
    let path = bare(name);
    path.is_some_and(|path| path.contains("::call_once") && path.ends_with("::{closure#0}"))
}

/// Whether this initializes a `Once`: `std::sync::once::Once::call_once_force<F>`.
fn is_call(name: &str) -> bool {
    let ends = ["Once::call_once", "Once::call_once_force"];
    bare(name).is_some_and(|path| ends.iter().any(|end| path.ends_with(end)))
}

/// The path of a function of std's about `Once`, without type arguments.
fn bare(name: &str) -> Option<&str> {
    let path = name.split('<').next().unwrap_or(name);
    let is_its =
        path.starts_with("std::sync::once::") || path.starts_with("std::sync::poison::once::");
    is_its.then_some(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_is_told_from_what_it_calls() {
        let check = |name: &str, call: bool, closure: bool| {
            assert_eq!((is_call(name), is_closure(name)), (call, closure), "{name}");
        };
        check("std::sync::once::Once::call_once_force<f::{closure_env#0}<A>>", true, false);
        check("std::sync::once::{impl#2}::call_once_force::{closure#0}<f<A>>", false, true);
        check("std::sync::poison::once::Once::call_once<f>", true, false);
        check("core::ops::function::FnOnce::call_once<f, ()>", false, false);
        check("std::sys::sync::once::futex::Once::call", false, false);
    }
}
