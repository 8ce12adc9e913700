//! Which types can lead to a value of interest: asked of each field, so the answers are kept.

use std::cell::RefCell;
use std::collections::{HashMap, HashSet};

use rustc_hash::FxHashMap;

use crate::program::ImageId;
use crate::symbols::TypeId;
use crate::value::Place;

/// Most types that one question looks at: beyond, the answer is that it may.
const MOST_TYPES: usize = 50_000;

/// What is known of each type.
///
/// Invariant: a type that is known to lead nowhere leads only to such types.
#[derive(Default)]
pub(super) struct Interest {
    known: RefCell<FxHashMap<(ImageId, TypeId), bool>>,
}

impl Interest {
    /// Whether a value of the type of `place` can be wanted, or have one that is: `ways` are the
    /// types that it leads to directly.
    pub(super) fn leads(
        &self,
        place: &Place<'_>,
        is_wanted: &dyn Fn(&Place<'_>) -> bool,
        ways: &dyn Fn(&Place<'_>) -> Vec<TypeId>,
    ) -> bool {
        let image = place.image;
        let start = place.type_.id;
        if let Some(known) = self.known.borrow().get(&(image, start)) {
            return *known;
        }
        let mut seen = HashSet::from([start]);
        let mut came_from: HashMap<TypeId, TypeId> = HashMap::new();
        let mut left = vec![start];
        while let Some(id) = left.pop() {
            let known = self.known.borrow().get(&(image, id)).copied();
            let Some(here) = place.cast(id).filter(|_| known != Some(false)) else { continue };
            if known == Some(true) || is_wanted(&here) || seen.len() > MOST_TYPES {
                self.remember(image, id, &came_from);
                return true;
            }
            for next in ways(&here) {
                if seen.insert(next) {
                    came_from.insert(next, id);
                    left.push(next);
                }
            }
        }
        self.known.borrow_mut().extend(seen.into_iter().map(|id| ((image, id), false)));
        false
    }

    /// A type that leads to something, and those on the way to it.
    fn remember(&self, image: ImageId, found: TypeId, came_from: &HashMap<TypeId, TypeId>) {
        let mut known = self.known.borrow_mut();
        let mut next = Some(found);
        while let Some(id) = next {
            known.insert((image, id), true);
            next = came_from.get(&id).copied();
        }
    }
}
