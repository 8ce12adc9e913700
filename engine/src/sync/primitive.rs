//! A lock or a channel of some crate, described by the names of its types: futures that wait, values
//! that hold, and the shared state that both lead to. How they lead there is found by type, so that
//! what lies between may change.

use crate::futures::Leaf;
use crate::model::{Amount, EndedBy, Held, Hold, Resource, ResourceKey, Wait};
use crate::symbols::{Kind, Type};
use crate::value::{Place, Pointee};

/// Most values looked at on the way from a future or a guard to the shared state.
const MOST_VISITS: usize = 64;

/// A field that counts something, and what it counts.
type Counter = (&'static str, fn(u64) -> Amount);

/// One primitive. A path with `<` in it is the beginning of a type's full name, any other one its
/// path without type arguments.
pub(super) struct Primitive {
    /// What its users call it.
    pub(super) kind: &'static str,
    /// The type of the shared state, whose address identifies it.
    pub(super) shared: &'static str,
    /// The futures that wait, what that is called, and whose doing ends it.
    pub(super) waits: &'static [(&'static str, &'static str, EndedBy)],
    /// The values that hold a part of it.
    pub(super) held: &'static [(&'static str, Hold)],
    /// Fields of the shared state that are amounts.
    pub(super) amounts: &'static [Counter],
    /// The field of the shared state, and the bits in it of which none is set while nobody holds it.
    pub(super) locked: Option<(&'static str, u64)>,
}

impl Leaf for Primitive {
    fn is_leaf(&self, type_: &Type) -> bool {
        self.waits.iter().any(|(path, _, _)| is(type_, path))
    }

    fn wait(&self, place: &Place<'_>, _around: &[Place<'_>]) -> Option<Wait> {
        let (_, kind, by) = self.waits.iter().find(|(path, _, _)| is(&place.type_, path))?;
        let shared = self.shared(place)?;
        Some(Wait {
            kind: (*kind).to_owned(),
            by: *by,
            type_name: shared.type_.name.clone(),
            address: Some(shared.address),
            resource: Some(ResourceKey(shared.address)),
            amounts: self.amounts(&shared),
            ..Wait::default()
        })
    }

    fn resource(&self, place: &Place<'_>, _around: &[Place<'_>]) -> Option<Resource> {
        let shared = self.shared(place)?;
        Some(Resource {
            key: ResourceKey(shared.address),
            kind: self.kind.to_owned(),
            type_name: shared.type_.name.clone(),
            address: Some(shared.address),
            amounts: self.amounts(&shared),
            waiters: None,
            listeners: Vec::new(),
            tasks: Vec::new(),
        })
    }

    fn is_held(&self, type_: &Type) -> bool {
        self.held.iter().any(|(path, _)| is(type_, path))
    }

    fn held(&self, place: &Place<'_>, _around: &[Place<'_>]) -> Option<Held> {
        let (_, hold) = self.held.iter().find(|(path, _)| is(&place.type_, path))?;
        let shared = self.shared(place)?;
        // A guard's memory stays behind when the guard goes.
        let is_free = self.locked.is_some_and(|(field, bits)| {
            let state = shared.field(field).and_then(|state| state.unsigned());
            state.is_some_and(|state| state & bits == 0)
        });
        (!is_free).then_some(Held { resource: ResourceKey(shared.address), hold: *hold })
    }
}

impl Primitive {
    fn amounts(&self, shared: &Place<'_>) -> Vec<Amount> {
        let amount = |(field, amount): &Counter| Some(amount(shared.field(field)?.unsigned()?));
        self.amounts.iter().filter_map(amount).collect()
    }

    /// The nearest value of the shared state's type: among the fields, and behind references and
    /// counted pointers.
    fn shared<'program>(&self, place: &Place<'program>) -> Option<Place<'program>> {
        let mut level = vec![place.clone()];
        let mut left = MOST_VISITS;
        while !level.is_empty() {
            let mut next = Vec::new();
            for place in level {
                if place.type_.is(self.shared) {
                    return Some(place);
                }
                left = left.checked_sub(1)?;
                match &place.type_.kind {
                    Kind::Pointer { .. } => {
                        if let Some(Pointee::Thin(target)) = place.pointee() {
                            next.push(target);
                        }
                    }
                    Kind::Struct { .. } | Kind::Enum { .. } => {
                        next.extend(place.all_fields().into_iter().map(|(_, field)| field));
                    }
                    _ => {}
                }
            }
            level = next;
        }
        None
    }
}

fn is(type_: &Type, path: &str) -> bool {
    type_.is(path) || (type_.name.starts_with(path) && path.contains('<'))
}
