//! The kinds of leaves, each of which knows one primitive, as a table.

use super::walk::Leaves;
use crate::model::{Held, Resource, Wait};
use crate::symbols::Type;
use crate::value::Place;

/// One kind of leaf. The futures around a place are those that await it, outermost first.
pub trait Leaf: Sync {
    /// Whether a value of this type is one.
    fn is_leaf(&self, type_: &Type) -> bool;

    /// What the leaf at this place waits for.
    fn wait(&self, place: &Place<'_>, around: &[Place<'_>]) -> Option<Wait>;

    /// What its wait's key stands for.
    fn resource(&self, _place: &Place<'_>, _around: &[Place<'_>]) -> Option<Resource> {
        None
    }

    /// Whether a value of this type can hold a part of such a resource.
    fn is_held(&self, _type: &Type) -> bool {
        false
    }

    /// Whether who has a value of this type polls it as well, and is woken by it.
    fn is_polled(&self, _type: &Type) -> bool {
        false
    }

    /// What the value at this place holds.
    fn held(&self, _place: &Place<'_>, _around: &[Place<'_>]) -> Option<Held> {
        None
    }

    /// What else it holds: a value that is an end of two things at once.
    fn also_held(&self, _place: &Place<'_>) -> Vec<Held> {
        Vec::new()
    }

    /// How many bytes a writer that buffers has not handed on to what lies in it.
    fn unflushed(&self, _place: &Place<'_>) -> Option<u64> {
        None
    }

    /// The messages that wait for whoever receives with the value at this place.
    fn queued<'program>(&self, _place: &Place<'program>) -> Vec<Place<'program>> {
        Vec::new()
    }

    /// Whether others can wait for a value of this type, and whoever can reach that ends their wait.
    fn is_waited(&self, _type: &Type) -> bool {
        false
    }
}

/// Tables of kinds.
pub struct LeafTables {
    /// The tables, in the order in which they are tried.
    pub tables: &'static [&'static [&'static dyn Leaf]],
    /// What a future of no known kind waits for.
    pub otherwise: fn(&Place<'_>) -> Option<Wait>,
    /// What the key of such a wait stands for.
    pub otherwise_resource: fn(&Place<'_>) -> Option<Resource>,
}

impl LeafTables {
    fn leaf(&self, type_: &Type) -> Option<&'static dyn Leaf> {
        self.kinds().find(|leaf| leaf.is_leaf(type_))
    }

    fn holder(&self, type_: &Type) -> Option<&'static dyn Leaf> {
        self.kinds().find(|leaf| leaf.is_held(type_))
    }

    fn kinds(&self) -> impl Iterator<Item = &'static dyn Leaf> {
        self.tables.iter().copied().flatten().copied()
    }
}

impl Leaves for LeafTables {
    fn is_leaf(&self, type_: &Type) -> bool {
        self.leaf(type_).is_some()
    }

    fn wait(&self, place: &Place<'_>, around: &[Place<'_>]) -> Option<Wait> {
        match self.leaf(&place.type_) {
            Some(leaf) => leaf.wait(place, around),
            None => (self.otherwise)(place),
        }
    }

    fn resource(&self, place: &Place<'_>, around: &[Place<'_>]) -> Option<Resource> {
        match self.leaf(&place.type_) {
            Some(leaf) => leaf.resource(place, around),
            None => (self.otherwise_resource)(place),
        }
    }

    fn beside(&self, place: &Place<'_>) -> Option<Wait> {
        (self.otherwise)(place)
    }

    fn is_held(&self, type_: &Type) -> bool {
        self.holder(type_).is_some()
    }

    fn is_polled(&self, type_: &Type) -> bool {
        self.holder(type_).is_some_and(|leaf| leaf.is_polled(type_))
    }

    fn held(&self, place: &Place<'_>, around: &[Place<'_>]) -> Option<Held> {
        self.holder(&place.type_)?.held(place, around)
    }

    fn also_held(&self, place: &Place<'_>) -> Vec<Held> {
        self.holder(&place.type_).map(|leaf| leaf.also_held(place)).unwrap_or_default()
    }

    fn unflushed(&self, place: &Place<'_>) -> Option<u64> {
        self.kinds().find_map(|leaf| leaf.unflushed(place)).filter(|bytes| *bytes > 0)
    }

    fn queued<'program>(&self, place: &Place<'program>) -> Vec<Place<'program>> {
        self.holder(&place.type_).map(|leaf| leaf.queued(place)).unwrap_or_default()
    }

    fn is_waited(&self, type_: &Type) -> bool {
        self.kinds().any(|leaf| leaf.is_waited(type_))
    }
}
