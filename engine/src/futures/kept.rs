//! What a coroutine keeps while it is suspended, beside what it awaits: each variable, how sure it is
//! that its value is still there, and since which line it has been.
//!
//! The compiler lists in each `SuspendN` what it must keep there. What was moved away on every way to
//! that point is not listed, but for captures, which always are: an `async fn` moves all of its own
//! into variables at its start, a block uses them where they are. What was moved away on some ways
//! only is listed together with an unnamed `bool`, which is true while the value is there; nothing
//! says which of these belongs to which variable, but that it is kept at least where that is.
//!
//! Source: rustc's `compiler/rustc_mir_transform/src/{coroutine,elaborate_drop}.rs` (1.95), and what it
//! makes of some forty small functions.

use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;

use super::coroutine::Coroutine;
use super::lines::suspension_line;
use crate::address::Address;
use crate::evidence::{Certainty, Trust};
use crate::model::{FutureKind, FutureState, Line};
use crate::symbols::{Declared, Encoding, Kind, Member, Type, TypeId};
use crate::value::Place;

/// A value that a coroutine keeps.
pub(super) struct Kept<'program> {
    /// The variable.
    pub(super) name: String,
    /// Its value.
    pub(super) place: Place<'program>,
    /// How sure it is that the value is there.
    pub(super) certainty: Certainty,
}

/// What the coroutine keeps beside what it awaits, of the types that are wanted.
pub(super) fn kept<'program>(
    coroutine: &Coroutine<'program>,
    is_wanted: &dyn Fn(&Place<'program>) -> bool,
) -> Vec<Kept<'program>> {
    let (own, captures) = match coroutine.state {
        FutureState::Returned | FutureState::Panicked => return Vec::new(),
        FutureState::Unresumed => (coroutine.variant.type_.members(), &[][..]),
        FutureState::Suspended => parted(coroutine),
    };
    let captures = captures.iter().filter(|_| coroutine.kind != FutureKind::AsyncFn);
    let own = own.iter().filter(|member| member.name != "__awaitee");
    let without_flags = own
        .map(|member| (member, Certainty::Definite))
        .chain(captures.map(|member| (member, of_capture(coroutine, member))));
    let mut kept: Vec<Kept<'program>> = Vec::new();
    let mut suspensions = None;
    for (member, without) in without_flags {
        let Some(place) = coroutine.variant.member(member).filter(|place| is_wanted(place)) else {
            continue;
        };
        let certainty = match coroutine.state {
            FutureState::Suspended => {
                let known = suspensions.get_or_insert_with(|| self::suspensions(coroutine));
                by_flags(coroutine, known, member, without)
            }
            _ => without,
        };
        kept.push(Kept { name: member.name.clone(), place, certainty });
    }
    kept
}

/// What a suspended coroutine has captured, or was called with, where that was put first.
pub(super) fn captures<'program>(
    coroutine: &Coroutine<'program>,
) -> Vec<(String, Place<'program>)> {
    let (_, captures) = parted(coroutine);
    let place = |member: &Member| Some((member.name.clone(), coroutine.variant.member(member)?));
    captures.iter().filter_map(place).collect()
}

/// Since which line the variable `name` of a suspended coroutine has had its value: where it is
/// declared, or at the `.await` behind which it is kept first, whichever comes later. Holds for a value
/// that was there from the variable's first line on. Of several variables by that name, `value` lies in
/// the one that is meant.
pub(super) fn since(coroutine: &Coroutine<'_>, name: &str, value: Address) -> Option<Line> {
    let members = coroutine.variant.type_.members().iter();
    let named: Vec<&Member> = members.filter(|member| member.name == name).collect();
    let has_value = |member: &&&Member| {
        let place = coroutine.variant.member(member);
        place.is_some_and(|place| {
            place.address <= value && value < place.address.offset(place.type_.size)
        })
    };
    let own = match named.as_slice() {
        [only] => only,
        several => several.iter().find(has_value)?,
    };
    let object = coroutine.place.program.object(coroutine.place.image)?;
    let declared = object.coroutine_variable(&coroutine.place.type_, own);
    let awaited = match coroutine.suspension {
        Some(last) => first_kept(coroutine, own, last)
            .checked_sub(1)
            .and_then(|before| suspension_line(&coroutine.place, before)),
        None => None,
    };
    later(declared, awaited)
}

/// The first suspension from which on, up to the one numbered `last`, this member is kept.
fn first_kept(coroutine: &Coroutine<'_>, member: &Member, last: usize) -> usize {
    let suspensions = suspensions(coroutine);
    let is_kept = |number: &usize| suspensions.get(*number).is_some_and(|kept| has(kept, member));
    let mut first = last;
    while let Some(before) = first.checked_sub(1).filter(is_kept) {
        first = before;
    }
    first
}

fn later(declared: Option<Declared>, awaited: Option<Line>) -> Option<Line> {
    let declared =
        declared.map(|Declared { file, line }| Line { file, line, trust: Trust::Derived });
    match (declared, awaited) {
        (Some(declared), Some(awaited)) if is_before(&declared, &awaited) => {
            Some(Line { trust: Trust::Derived, ..awaited })
        }
        (Some(declared), _) => Some(declared),
        (None, awaited) => awaited.map(|awaited| Line { trust: Trust::Derived, ..awaited }),
    }
}

fn is_before(one: &Line, other: &Line) -> bool {
    let name = |file: &PathBuf| file.file_name().map(ToOwned::to_owned);
    name(&one.file) == name(&other.file) && one.line < other.line
}

/// The members of a suspended coroutine's variant: its own variables, and what it has captured.
///
/// A capture that is also one of its own variables is described by that one: a function's arguments
/// become variables of the same name, at the same place in the debug info.
fn parted<'coroutine>(
    coroutine: &'coroutine Coroutine<'_>,
) -> (&'coroutine [Member], &'coroutine [Member]) {
    let members = coroutine.variant.type_.members();
    let captures = match &coroutine.place.type_.kind {
        Kind::Enum { variants, .. } => variants
            .first()
            .and_then(|unresumed| coroutine.place.cast(unresumed.member.type_id))
            .map_or(0, |unresumed| unresumed.type_.members().len()),
        _ => 0,
    };
    members.split_at(members.len().saturating_sub(captures))
}

/// What a capture of a block may be: where it always was, unless it was moved on all ways to this
/// point. Where a variable or the awaited future has its type, it probably was.
fn of_capture(coroutine: &Coroutine<'_>, capture: &Member) -> Certainty {
    let (own, _) = parted(coroutine);
    match own.iter().any(|member| member.type_id == capture.type_id) {
        true => Certainty::Possible,
        false => Certainty::Likely,
    }
}

/// How sure it is that a member has its value, where nothing but the flags speaks against `without`:
/// every flag that is kept wherever the member is may be its own.
fn by_flags(
    coroutine: &Coroutine<'_>,
    suspensions: &[HashMap<String, Vec<(u64, TypeId)>>],
    member: &Member,
    without: Certainty,
) -> Certainty {
    let flags = coroutine.variant.type_.members().iter().filter(|flag| is_flag(coroutine, flag));
    let may_be_its = |flag: &&Member| {
        let with_member = suspensions.iter().filter(|kept| has(kept, member));
        with_member
            .into_iter()
            .all(|kept| kept.values().flatten().any(|place| *place == (flag.offset, flag.type_id)))
    };
    let mut values = flags
        .filter(may_be_its)
        .map(|flag| coroutine.variant.member(flag).and_then(|flag| flag.unsigned()))
        .peekable();
    if values.peek().is_none() {
        return without;
    }
    match values.all(|value| value == Some(1)) {
        true => Certainty::Definite,
        false => Certainty::Possible,
    }
}

/// Whether a member is a `bool` without a name in the source.
fn is_flag(coroutine: &Coroutine<'_>, member: &Member) -> bool {
    let number = member.name.strip_prefix("__").unwrap_or_default();
    let is_unnamed = !number.is_empty() && number.bytes().all(|digit| digit.is_ascii_digit());
    is_unnamed
        && coroutine.variant.member(member).is_some_and(|place| {
            matches!(place.type_.kind, Kind::Base { encoding: Encoding::Boolean })
        })
}

/// What is kept at each suspension: by name, where it lies and its type.
fn suspensions(coroutine: &Coroutine<'_>) -> Vec<HashMap<String, Vec<(u64, TypeId)>>> {
    let Kind::Enum { variants, .. } = &coroutine.place.type_.kind else { return Vec::new() };
    let mut by_number: BTreeMap<usize, HashMap<String, Vec<(u64, TypeId)>>> = BTreeMap::new();
    for variant in variants {
        let Some(inner) = coroutine.place.cast(variant.member.type_id) else { continue };
        if let Some(number) = suspension(&inner.type_) {
            let kept = by_number.entry(number).or_default();
            for member in inner.type_.members() {
                let place = (member.offset, member.type_id);
                kept.entry(member.name.clone()).or_default().push(place);
            }
        }
    }
    by_number.into_values().collect()
}

/// Which suspension a variant is.
fn suspension(variant: &Type) -> Option<usize> {
    variant.own_name.strip_prefix("Suspend")?.parse().ok()
}

/// Whether this member, or one that is the same variable, is among those kept.
fn has(kept: &HashMap<String, Vec<(u64, TypeId)>>, member: &Member) -> bool {
    let places = kept.get(&member.name);
    // Two variables of one name have different places; one without a name has another number at
    // each suspension.
    let is_it =
        |(offset, type_id): &(u64, TypeId)| *offset == member.offset && *type_id == member.type_id;
    match member.name.starts_with("__") {
        true => kept.values().flatten().any(is_it),
        false => places.is_some_and(|places| places.iter().any(is_it)),
    }
}
