//! What the variables of a suspended coroutine are, for who reads a report.
//!
//! Told is what is surely still there. What a block has captured may have been moved away from where it
//! was: of that, values that nothing can be moved out of are told. What an `async fn` was called with is
//! told while it is one of its variables: those may have changed since.

use std::collections::HashSet;

use super::coroutine::{Coroutine, coroutine_kind};
use super::kept::{Kept, captures, kept};
use super::walk::Leaves;
use crate::address::Address;
use crate::evidence::Certainty;
use crate::model::{Described, FutureKind, FutureState, Variable};
use crate::program::{ImageId, Program};
use crate::symbols::{Kind, TypeId};
use crate::value::{NOT_FOLLOWED, Place, References, ValueLimits, is_secret, render};

/// Most variables that are told of one future.
const MOST: usize = 24;

/// Most pointers from a variable to what it is about.
const MOST_POINTERS: usize = 4;

/// Most parts of a type in which something owned is looked for.
const MOST_PARTS: usize = 256;

/// Most bytes of a value that are compared.
const MOST_BYTES: u64 = 4096;

/// What stands for a value that is nobody's business.
const MASKED: &str = "***";

/// The variables of the suspended coroutine at this address. What others wait for, and what is awaited
/// itself, is told where that is told.
pub fn variables(
    program: &Program<'_>,
    address: Address,
    described: Described,
    leaves: &dyn Leaves,
    limits: &ValueLimits,
) -> Vec<Variable> {
    let (image, type_id) = (ImageId(described.image), TypeId(described.offset));
    let coroutine = Place::new(program, image, address, type_id)
        .and_then(|place| Coroutine::read(&place))
        .filter(|coroutine| coroutine.state == FutureState::Suspended);
    let Some(coroutine) = coroutine else { return Vec::new() };
    let says = |place: &Place<'_>| says_something(place, leaves);
    let passed: Vec<(String, Place<'_>)> =
        captures(&coroutine).into_iter().filter(|(_, place)| says(place)).collect();
    let is_passed = |kept: &Kept<'_>| {
        passed.iter().any(|(name, place)| *name == kept.name && is_equal(place, &kept.place))
    };
    let mut told: Vec<Told<'_>> = kept(&coroutine, &says)
        .into_iter()
        .filter(|kept| kept.certainty == Certainty::Definite || is_plain(&kept.place))
        .map(|kept| Told {
            references: if is_passed(&kept) { References::All } else { References::Static },
            name: kept.name,
            place: kept.place,
        })
        .collect();
    // Of several of one name the last one is what the name means in the line where it stands.
    told.reverse();
    let is_block = coroutine.kind != FutureKind::AsyncFn;
    let plain = passed.iter().filter(|(_, place)| is_block && is_plain(place)).cloned();
    told.extend(plain.map(|(name, place)| Told { name, place, references: References::All }));
    let mut names = HashSet::new();
    told.retain(|told| !told.is_compilers() && names.insert(told.name.clone()));
    told.sort_by_key(|told| told.place.address);
    told.into_iter().take(MOST).filter_map(|told| told.variable(limits)).collect()
}

/// A variable that is told of.
struct Told<'program> {
    name: String,
    place: Place<'program>,
    /// Which of the references in it lead to what is surely there: in what was passed to a function or
    /// captured all do, as long as it is not over.
    references: References,
}

impl Told<'_> {
    /// Whether the compiler has made the variable: one without a name, or what a `for` goes through.
    fn is_compilers(&self) -> bool {
        const STANDARD: [&str; 3] = ["core", "alloc", "std"];
        let is_std = self.place.type_.crate_name().is_some_and(|name| STANDARD.contains(&name));
        self.name.starts_with("__") || (self.name == "iter" && is_std)
    }

    fn variable(self, limits: &ValueLimits) -> Option<Variable> {
        let limits = ValueLimits { references: self.references, ..limits.clone() };
        let value = match is_secret(&self.name) {
            true => MASKED.to_owned(),
            false => render(&self.place, &limits),
        };
        let says_nothing = value == NOT_FOLLOWED || value.starts_with("<unreadable");
        // What is captured by reference has a name that says so.
        let name = self.name.strip_prefix("_ref__").map(str::to_owned).unwrap_or(self.name);
        (!says_nothing).then_some(Variable { name, value })
    }
}

/// Whether two variables of plain values are the same in type and value.
fn is_equal(one: &Place<'_>, other: &Place<'_>) -> bool {
    let bytes = |place: &Place<'_>| {
        let mut bytes = vec![0; usize::try_from(place.type_.size.min(MOST_BYTES)).ok()?];
        place.program.read(place.address, &mut bytes).ok()?;
        Some(bytes)
    };
    let is_one_type = one.type_.id == other.type_.id && one.type_.size <= MOST_BYTES;
    is_one_type && is_plain(one) && bytes(one).is_some_and(|it| Some(it) == bytes(other))
}

/// Whether a value is about something that is not told elsewhere.
fn says_something(place: &Place<'_>, leaves: &dyn Leaves) -> bool {
    let mut about = place.clone();
    for _ in 0..MOST_POINTERS {
        let Kind::Pointer { target: Some(target) } = about.type_.kind else { break };
        match about.cast(target) {
            Some(target) => about = target,
            None => break,
        }
    }
    let type_ = &about.type_;
    let is_told = leaves.is_leaf(type_)
        || leaves.is_held(type_)
        || leaves.is_waited(type_)
        || coroutine_kind(type_).is_some();
    place.type_.size > 0 && !is_told
}

/// Whether a value owns nothing: moving it away leaves what it was. Numbers and references do, and what
/// is made of them. No for one that is made of too much.
fn is_plain(place: &Place<'_>) -> bool {
    let mut left = MOST_PARTS;
    is_plain_within(place, &mut left)
}

fn is_plain_within(place: &Place<'_>, left: &mut usize) -> bool {
    let Some(fewer) = left.checked_sub(1) else { return false };
    *left = fewer;
    let mut is_part_plain =
        |part: TypeId| place.cast(part).is_some_and(|part| is_plain_within(&part, left));
    match &place.type_.kind {
        Kind::Base { .. } | Kind::Plain { .. } => true,
        Kind::Pointer { .. } => place.type_.own_name.starts_with('&'),
        Kind::Struct { .. } if place.type_.own_name.starts_with('&') => true,
        Kind::Struct { members } => members.iter().all(|member| is_part_plain(member.type_id)),
        Kind::Array { element, .. } => is_part_plain(*element),
        Kind::Enum { variants, .. } => {
            variants.iter().all(|variant| is_part_plain(variant.member.type_id))
        }
        Kind::Union { .. } | Kind::Function | Kind::Opaque => false,
    }
}
