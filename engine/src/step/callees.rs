//! What a call from stepped code leads to: another body, something that may lead to one, or nothing
//! of interest.
//!
//! Whatever polls a future hands on a `Context`. So a function that gets none, by no parameter and
//! in nothing that a parameter refers to, polls nothing of this task; and one whose parameters hold
//! no future of the user's, nor anything dynamic, polls only what is the library's. Neither is
//! looked into.

use std::collections::HashSet;
use std::rc::Rc;

use super::body::{own_segment, type_name};
use super::code::Code;
use super::returns::is_in_memory;
use super::story::Seen;
use crate::address::Address;
use crate::arch::Registers;
use crate::futures::coroutine_kind;
use crate::program::ImageId;
use crate::symbols::{FunctionId, Kind, Object, Type, TypeId};
use crate::value::{Place, Pointee};

/// What lies behind a call.
#[derive(Debug)]
pub(super) struct Callee {
    /// How it is gone through.
    pub(super) way: Way,
    /// How many bytes the value at its first argument has, when it drops that.
    pub(super) drops: Option<u64>,
    /// What is awaited, when it is called by what awaits it.
    pub(super) awaits: Option<Awaited>,
}

/// What the call of a `poll` awaits.
#[derive(Clone, Debug)]
pub(super) enum Awaited {
    /// A future of one type, by what that is called.
    Known(String),
    /// A trait object: what its type is called, and how its value is found, which may say more.
    Dynamic {
        /// What its type is called.
        name: String,
        /// The image that has the type.
        image: ImageId,
        /// The type that the `poll` gets a pinned reference to.
        type_id: TypeId,
        /// Which argument that reference is.
        argument: usize,
    },
}

/// How a callee is gone through.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Way {
    /// It is a body, and is told.
    Into,
    /// Instruction by instruction, because it may call a body; not told.
    Through,
    /// At full speed.
    Over,
}

/// How deep in types a future is looked for.
const DEPTH: usize = 24;

/// How deep in types a context is looked for.
const CONTEXT_DEPTH: usize = 4;

/// Most types looked at for one answer.
const MOST_TYPES: usize = 10_000;

impl Code {
    /// What the function that begins at `entry` is.
    pub(super) fn callee(&self, entry: Address) -> Rc<Callee> {
        if let Some(known) = self.callees.borrow().get(&entry) {
            return Rc::clone(known);
        }
        let over = || Callee { way: Way::Over, drops: None, awaits: None };
        let callee = Rc::new(self.read_callee(entry).unwrap_or_else(over));
        self.callees.borrow_mut().insert(entry, Rc::clone(&callee));
        callee
    }

    fn read_callee(&self, entry: Address) -> Option<Callee> {
        let (image, object, at) = self.object_at(entry)?;
        let function = object.functions_at(at).pop()?;
        let concrete = function.concrete?;
        let parameters = object.parameter_types(concrete);
        let is_given = |type_id: &TypeId| has_context(object, *type_id, CONTEXT_DEPTH);
        let own = own_segment(&function.name);
        // A coroutine's context is no parameter in the debug info.
        if !own.starts_with("{async_") && !parameters.iter().any(is_given) {
            let dropped = || parameters.first().and_then(|first| object.pointed_to(*first));
            let drops = is_drop(&function.name).then(dropped).flatten().map(|type_| type_.size);
            return Some(Callee { way: Way::Over, drops, awaits: None });
        }
        let awaited = parameters.first().and_then(|first| object.pointed_to(*first));
        let is_poll = own.starts_with("poll") || own.starts_with("{async_");
        let awaits =
            awaited.filter(|_| is_poll).map(|type_| awaited_as(object, image, concrete, type_));
        let mut search = Search { code: self, object, seen: HashSet::new() };
        // What a closure has captured is no parameter of it.
        let is_opaque = own.starts_with("{closure") || self.users.owns(&function.name);
        let way = if self.spot(entry).bodies.last().is_some() {
            Way::Into
        } else if is_opaque
            || parameters.iter().any(|type_id| search.holds_future(*type_id, DEPTH, Via::Value))
        {
            Way::Through
        } else {
            Way::Over
        };
        Some(Callee { way, drops: None, awaits })
    }
}

/// Whether this is what the compiler makes for dropping a value in its place: core 1.36 to 1.95,
/// `ptr/mod.rs`.
fn is_drop(function: &str) -> bool {
    function.starts_with("core::ptr::drop_in_place")
}

/// What a `poll` awaits that gets a pinned reference to a value of this type.
fn awaited_as(object: &Object, image: ImageId, poll: FunctionId, type_: Rc<Type>) -> Awaited {
    let type_id = type_.id;
    let future = unwrapped(object, type_);
    let name = type_name(object, &future);
    if !is_dynamic(&future) {
        return Awaited::Known(name);
    }
    let is_after_result =
        object.return_type(poll).is_some_and(|returns| is_in_memory(object, returns));
    Awaited::Dynamic { name, image, type_id, argument: usize::from(is_after_result) }
}

/// Whether this is a wide pointer to something whose type only the running program knows.
fn is_dynamic(type_: &Type) -> bool {
    type_.member("vtable").is_some() && type_.member("pointer").is_some()
}

impl Seen {
    /// What a thread awaits that stands at the first instruction of such a `poll`.
    pub(super) fn awaited(&self, awaited: &Awaited, registers: &Registers) -> String {
        match awaited {
            Awaited::Known(name) => name.clone(),
            Awaited::Dynamic { name, image, type_id, argument } => {
                let at = registers.argument(*argument).map(Address);
                let found = at.and_then(|at| self.behind_box(*image, at, *type_id));
                found.unwrap_or_else(|| name.clone())
            }
        }
    }

    /// What the future is called that a box or a pin of one at `address` leads to.
    fn behind_box(&self, image: ImageId, address: Address, type_id: TypeId) -> Option<String> {
        let snapshot = self.view.snapshot(Vec::new());
        let program = self.view.program(&snapshot);
        let place = Place::new(&program, image, address, type_id)?;
        let Pointee::Dynamic(future) = place.innermost().pointee()? else { return None };
        let object = program.object(future.image)?;
        Some(type_name(object, &future.type_))
    }
}

/// The future in a box or a pin that is itself pinned.
fn unwrapped(object: &Object, type_: Rc<Type>) -> Rc<Type> {
    match type_.kind {
        Kind::Struct { .. } if !type_.is("core::pin::Pin") => type_,
        _ => object.pointed_to(type_.id).unwrap_or(type_),
    }
}

/// Whether a value of this type is a context or refers to one.
fn has_context(object: &Object, type_id: TypeId, depth: usize) -> bool {
    const MOST_MEMBERS: usize = 32;
    let (Some(depth), Some(type_)) = (depth.checked_sub(1), object.type_of(type_id)) else {
        return false;
    };
    if is_context(&type_) {
        return true;
    }
    match &type_.kind {
        Kind::Pointer { target: Some(target) } => has_context(object, *target, depth),
        Kind::Struct { members } | Kind::Union { members } if members.len() <= MOST_MEMBERS => {
            members.iter().any(|member| has_context(object, member.type_id, depth))
        }
        _ => false,
    }
}

/// Source: core 1.36 to 1.95, `task/wake.rs`.
fn is_context(type_: &Type) -> bool {
    type_.is("core::task::wake::Context")
}

/// How a type was come to.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Via {
    /// As a part of a value, or by a parameter's own reference.
    Value,
    /// By a reference inside a value: only what looks like a future counts.
    Reference,
}

struct Search<'code> {
    code: &'code Code,
    object: &'code Object,
    seen: HashSet<TypeId>,
}

impl Search<'_> {
    /// Whether a value of this type may hold a future of the user's.
    fn holds_future(&mut self, type_id: TypeId, depth: usize, via: Via) -> bool {
        if !self.seen.insert(type_id) || self.seen.len() > MOST_TYPES {
            return false;
        }
        let (Some(depth), Some(type_)) = (depth.checked_sub(1), self.object.type_of(type_id))
        else {
            return false;
        };
        if is_context(&type_) {
            return false;
        }
        if is_dynamic(&type_) {
            return true;
        }
        let is_users = type_.crate_name().is_some_and(|name| self.code.users.has(name));
        if is_users && (coroutine_kind(&type_).is_some() || via == Via::Value) {
            return true;
        }
        match &type_.kind {
            Kind::Struct { members } | Kind::Union { members } => {
                members.iter().any(|member| self.holds_future(member.type_id, depth, via))
            }
            Kind::Enum { variants, .. } => {
                variants.iter().any(|variant| self.holds_future(variant.member.type_id, depth, via))
            }
            Kind::Array { element, .. } => self.holds_future(*element, depth, via),
            Kind::Pointer { target: Some(target) } => self.refers_to_future(*target, depth, via),
            Kind::Pointer { target: None }
            | Kind::Base { .. }
            | Kind::Plain { .. }
            | Kind::Function
            | Kind::Opaque => false,
        }
    }

    /// A parameter refers to the future that is polled. What that refers to in turn is mostly the
    /// library's machinery, which leads everywhere.
    fn refers_to_future(&mut self, target: TypeId, depth: usize, via: Via) -> bool {
        let Some(type_) = self.object.type_of(target) else { return false };
        let is_likely = depth + 3 >= DEPTH
            || type_.own_name.contains("{async_")
            || type_.own_name.contains("dyn ")
            || type_.own_name.contains("Future");
        is_likely
            && self.holds_future(
                target,
                depth,
                if depth + 3 >= DEPTH { via } else { Via::Reference },
            )
    }
}
