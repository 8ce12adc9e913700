//! Which values of a thread's frame are alive: those that the frame would destroy if the call that it is
//! in unwound, where its code tells that.

use crate::address::Address;
use crate::evidence::Certainty;
use crate::program::{ImageId, Program};
use crate::stack::{self, Cleanup, Dropped, Frame, Local};
use crate::value::Place;

/// Types whose values are not destroyed with the variable that they lie in.
const NEVER_DROPPED: [&str; 2] = ["ManuallyDrop<", "MaybeUninit<"];

/// What is known of the values in a frame.
pub(super) struct Alive {
    image: Option<ImageId>,
    /// Where the frame lies.
    begin: Address,
    end: Address,
    cleanup: Option<Cleanup>,
    /// Whether the call that it is in destroys a value: what that has inside is no longer the frame's to
    /// destroy, and may be there still.
    is_in_drop: bool,
}

impl Alive {
    /// What `frame` tells of its values; `is_in_drop` says whether the function that it calls destroys one.
    pub(super) fn new(program: &Program<'_>, frame: &Frame, is_in_drop: bool) -> Alive {
        let begin = frame.registers.sp();
        let end = frame.cfa.unwrap_or(begin);
        let cleanup = stack::cleanup(program, frame);
        Alive { image: frame.image, begin, end, cleanup, is_in_drop }
    }

    /// How sure it is that a variable has its value; none when it has not.
    pub(super) fn certainty(&self, place: &Place<'_>) -> Option<Certainty> {
        let Some(cleanup) = &self.cleanup else { return Some(Certainty::Likely) };
        let (begin, end) = (place.address, place.address.offset(place.type_.size));
        let is_own = self.begin <= begin && end <= self.end;
        // In a drop it may be the old value of an assignment that goes, while the new one is still to come.
        let is_whole = |value: &Dropped| value.is_sure && is_of(value, place);
        if !self.is_in_drop && cleanup.within(begin, end).any(is_whole) {
            return Some(Certainty::Definite);
        }
        let is_dropped = cleanup.within(begin, end).next().is_some();
        let is_wrapped = NEVER_DROPPED.iter().any(|name| place.type_.name.contains(name));
        let is_told = is_own && !is_wrapped && !self.is_in_drop && cleanup.is_whole;
        (is_dropped || !is_told).then_some(Certainty::Likely)
    }

    /// The values in the frame that lie in none of its variables. Futures are none of them: what polls
    /// these is told otherwise.
    pub(super) fn unnamed<'alive, 'program>(
        &'alive self,
        program: &'program Program<'program>,
        locals: &[Local],
    ) -> Vec<(Place<'program>, &'alive Dropped)> {
        let Some(image) = self.image else { return Vec::new() };
        let is_named =
            |value: &Dropped| locals.iter().any(|local| is_in(program, local, value.address));
        let values = self.cleanup.iter().flat_map(|cleanup| &cleanup.values);
        values
            .filter(|value| !is_named(value))
            .filter_map(|value| {
                let place = Place::new(program, image, value.address, value.type_id?)?;
                let is_future = place.type_.name.contains("{async_");
                (!is_future).then_some((place, value))
            })
            .collect()
    }
}

/// Whether what is destroyed is all of what lies at `place`: of what was moved away in part, other parts
/// are, and of a box that was emptied the memory alone.
fn is_of(value: &Dropped, place: &Place<'_>) -> bool {
    let type_ = value.type_id.and_then(|id| place.cast(id)).map(|value| value.type_);
    let is_same =
        type_.is_some_and(|type_| type_.name == place.type_.name && type_.size == place.type_.size);
    value.address == place.address && is_same
}

/// Whether what lies at `address` is part of a variable.
fn is_in(program: &Program<'_>, local: &Local, address: Address) -> bool {
    let Ok(stack::Place::Memory(begin)) = local.place else { return false };
    let type_ = local.type_id.and_then(|id| program.object(local.image)?.type_of(id));
    type_.is_some_and(|type_| (begin..begin.offset(type_.size)).contains(&address))
}

/// How sure it is that a value is there that cleanup destroys.
pub(super) fn of_dropped(value: &Dropped) -> Certainty {
    match value.is_sure {
        true => Certainty::Definite,
        false => Certainty::Possible,
    }
}

/// Whether this is the function that destroys values of a type.
pub(super) fn is_drop(name: &str) -> bool {
    name.starts_with("core::ptr::drop_in_place")
}
