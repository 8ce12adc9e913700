//! The ways from a variable to a future: it may be the future, or refer to it, pinned or not, or
//! be a closure that has captured such a reference.
//!
//! Optimized code often keeps no more of a future's place than the closure that polls it.

use crate::address::Address;
use crate::program::{ImageId, Program};
use crate::stack;
use crate::symbols::{Kind, Member, Object, Type, TypeId};
use crate::value::Place;

/// The longest chain of wrappers and references.
const LONGEST: usize = 8;

/// Size of a pointer in bytes.
const POINTER: u64 = 8;

/// One way.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Route {
    /// Where in the variable it begins, in bytes.
    offset: u64,
    /// How many pointers it goes through.
    pointers: u32,
    /// The type at its end.
    target: TypeId,
}

impl Route {
    /// A variable of this type is the future.
    pub(super) fn itself(target: TypeId) -> Route {
        Route { offset: 0, pointers: 0, target }
    }

    /// All ways from a variable of the type `from` to a wanted type.
    pub(super) fn all(
        object: &Object,
        from: TypeId,
        is_wanted: &dyn Fn(&Type) -> bool,
    ) -> Vec<Route> {
        if let Some(route) = direct(object, from, 0, is_wanted) {
            return vec![route];
        }
        let Some(type_) = object.type_of(from) else { return Vec::new() };
        let members = type_.members().iter();
        let to = |member: &Member| direct(object, member.type_id, member.offset, is_wanted);
        members.filter_map(to).collect()
    }

    /// Whether it goes through a pointer.
    pub(super) fn is_reference(self) -> bool {
        self.pointers > 0
    }

    /// What lies at the end, from a variable at this place.
    pub(super) fn follow<'program>(
        self,
        program: &'program Program<'program>,
        image: ImageId,
        place: &stack::Place,
    ) -> Option<Place<'program>> {
        let (mut address, pointers) = match place {
            stack::Place::Memory(start) => (start.offset(self.offset), self.pointers),
            stack::Place::Value { .. } if self.pointers > 0 => {
                (word(place, self.offset)?, self.pointers - 1)
            }
            // Held in registers: that can only be a wide pointer.
            stack::Place::Value { .. } => {
                let data = word(place, self.offset)?;
                let vtable = word(place, self.offset.checked_add(POINTER)?)?;
                return Place::dynamic(program, data, vtable);
            }
        };
        for _ in 0..pointers {
            address = program.read_address(address).ok()?;
        }
        Place::new(program, image, address, self.target)
    }
}

/// The way through wrappers with one field and through references.
fn direct(
    object: &Object,
    from: TypeId,
    offset: u64,
    is_wanted: &dyn Fn(&Type) -> bool,
) -> Option<Route> {
    let mut route = Route { offset, pointers: 0, target: from };
    for _ in 0..LONGEST {
        let type_ = object.type_of(route.target)?;
        if is_wanted(&type_) {
            return Some(route);
        }
        route.target = match (&type_.kind, type_.members()) {
            (Kind::Pointer { target }, _) => {
                route.pointers += 1;
                (*target)?
            }
            (_, [only]) if only.offset == 0 => only.type_id,
            _ => return None,
        };
    }
    None
}

/// The pointer at `offset` of a value, if the compiler kept all of it.
fn word(place: &stack::Place, offset: u64) -> Option<Address> {
    let stack::Place::Value { bytes, missing } = place else { return None };
    let start = usize::try_from(offset).ok()?;
    let end = start.checked_add(POINTER as usize)?;
    let is_missing = missing.iter().any(|range| range.start < end && start < range.end);
    let word = bytes.get(start..end)?.first_chunk::<8>()?;
    (!is_missing).then_some(Address(u64::from_le_bytes(*word)))
}

#[cfg(test)]
mod tests {
    use super::word;
    use crate::address::Address;
    use crate::stack::Place;

    #[test]
    fn a_pointer_is_taken_only_where_all_of_it_was_kept() {
        let mut bytes = vec![0; 8];
        bytes.extend(0x1234u64.to_le_bytes());
        let place = Place::Value { bytes, missing: std::iter::once(0..8).collect() };
        assert_eq!(word(&place, 0), None);
        assert_eq!(word(&place, 4), None);
        assert_eq!(word(&place, 8), Some(Address(0x1234)));
        assert_eq!(word(&place, 12), None);
        assert_eq!(word(&Place::Memory(Address(1)), 0), None);
    }
}
