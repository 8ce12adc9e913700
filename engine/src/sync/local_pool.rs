//! The tasks of a `LocalPool` of the futures crate: no runtime lists them, the thread that runs the
//! pool has them in a variable.
//!
//! Source: futures-executor 0.3 `local_pool.rs` (`struct LocalPool { pool: FuturesUnordered }`, whose
//! methods that block are called `run...`).

use std::collections::HashSet;

use crate::futures::{elements, simplified};
use crate::limits::Limits;
use crate::program::Program;
use crate::stack::{self, Local, ThreadStack};
use crate::symbols::{Kind, Type};
use crate::value::{Place, Pointee, search};

const POOL: &str = "futures_executor::local_pool::LocalPool";

/// How deep in a variable references are searched.
const DEPTH: usize = 6;

/// Most references between a variable and the pool.
const MOST_POINTERS: usize = 4;

/// The pool that a thread runs.
pub struct LocalPool<'program> {
    /// Where the pool lies.
    pub pool: Place<'program>,
    /// Its tasks' futures that have not ended.
    pub futures: Vec<Place<'program>>,
    /// How many of the thread's frames, from the innermost, are behind the call that runs it.
    pub frames: usize,
}

/// The pools that a thread runs, the innermost first.
pub fn local_pools<'program>(
    program: &'program Program<'program>,
    thread: &ThreadStack,
    limits: &Limits,
) -> Vec<LocalPool<'program>> {
    let mut seen = HashSet::new();
    let mut pools = Vec::new();
    for (number, (frame, functions)) in thread.frames.iter().enumerate() {
        let runs = |name: &str| {
            simplified(name).strip_prefix(POOL).is_some_and(|rest| rest.starts_with("::run"))
        };
        if !functions.iter().any(|function| runs(&function.name)) {
            continue;
        }
        let locals = stack::locals(program, frame);
        let Some(pool) = locals.iter().find_map(|local| pool(program, local)) else { continue };
        if seen.insert(pool.address) {
            let futures = pool.field("pool").and_then(|all| elements(&all, limits));
            let futures = futures.unwrap_or_default().into_iter().map(future).collect();
            pools.push(LocalPool { pool, futures, frames: number });
        }
    }
    pools
}

/// The pool that a variable refers to.
fn pool<'program>(program: &'program Program<'program>, local: &Local) -> Option<Place<'program>> {
    let Ok(stack::Place::Memory(address)) = local.place else { return None };
    let variable = Place::new(program, local.image, address, local.type_id?)?;
    let is_end = |type_: &Type| type_.is(POOL) || matches!(type_.kind, Kind::Pointer { .. });
    search(&variable, DEPTH, &is_end).into_iter().find_map(referred)
}

fn referred<'program>(place: Place<'program>) -> Option<Place<'program>> {
    let mut place = place;
    for _ in 0..MOST_POINTERS {
        if place.type_.is(POOL) {
            return Some(place);
        }
        let Pointee::Thin(target) = place.pointee()? else { return None };
        place = target;
    }
    None
}

/// The future behind the pool's own pointer to it, where the debug info describes it.
fn future(object: Place<'_>) -> Place<'_> {
    let is_wide =
        |type_: &Type| type_.member("vtable").is_some() && type_.member("pointer").is_some();
    match search(&object, DEPTH, &is_wide).first().and_then(Place::pointee) {
        Some(Pointee::Thin(future) | Pointee::Dynamic(future)) => future,
        Some(Pointee::UnknownDynamic(_)) | None => object,
    }
}
