//! The state machines that rustc makes of `async` functions, blocks and closures.
//!
//! Source: rustc's `compiler/rustc_codegen_llvm/src/debuginfo/metadata/enums/native.rs` (1.95): the
//! type is an enum whose variants are `Unresumed`, `Returned`, `Panicked` and `SuspendN`, each
//! declared at the line of its `.await`; the awaited future is the field `__awaitee`.

use crate::model::{FutureKind, FutureState};
use crate::symbols::{Declared, Kind, Type};
use crate::value::Place;

/// A coroutine in memory.
pub struct Coroutine<'program> {
    /// Where it lies.
    pub place: Place<'program>,
    /// How it was written.
    pub kind: FutureKind,
    /// Where in its life it is.
    pub state: FutureState,
    /// Which `.await` it is suspended at, from 0.
    pub suspension: Option<usize>,
    /// The line of that `.await`; inside the macro, when a macro wrote it.
    pub line: Option<Declared>,
    /// What it keeps while it is in this state.
    pub variant: Place<'program>,
}

impl<'program> Coroutine<'program> {
    /// The coroutine at this place, if its type is one and its state can be read.
    pub fn read(place: &Place<'program>) -> Option<Coroutine<'program>> {
        let kind = coroutine_kind(&place.type_)?;
        let (variant, inner) = place.active_variant()?;
        let name = inner.type_.own_name.as_str();
        let suspension = name.strip_prefix("Suspend").and_then(|number| number.parse().ok());
        let state = match name {
            "Unresumed" => FutureState::Unresumed,
            "Returned" => FutureState::Returned,
            "Panicked" => FutureState::Panicked,
            _ => suspension.map(|_: usize| FutureState::Suspended)?,
        };
        Some(Coroutine {
            place: place.clone(),
            kind,
            state,
            suspension,
            line: variant.member.declared,
            variant: inner,
        })
    }

    /// The future that is awaited.
    pub fn awaitee(&self) -> Option<Place<'program>> {
        self.variant.field("__awaitee")
    }
}

/// How a coroutine type was written; `None` for every other type. Goes by the type's own name:
/// other types carry coroutines in their arguments.
pub fn coroutine_kind(type_: &Type) -> Option<FutureKind> {
    if !matches!(type_.kind, Kind::Enum { .. }) {
        return None;
    }
    let name = type_.own_name.as_str();
    [
        ("{async_fn_env#", FutureKind::AsyncFn),
        ("{async_block_env#", FutureKind::AsyncBlock),
        ("{async_closure_env#", FutureKind::AsyncClosure),
        ("{async_closure_body_env#", FutureKind::AsyncClosure),
    ]
    .into_iter()
    .find(|(prefix, _)| name.starts_with(prefix))
    .map(|(_, kind)| kind)
}

/// The line at which the body of a coroutine type begins.
pub fn written_at(type_: &Type) -> Option<Declared> {
    let Kind::Enum { variants, .. } = &type_.kind else { return None };
    variants.first()?.member.declared.clone()
}
