//! From a future in memory to the tree of what it waits for.
//!
//! Three rules, tried in this order: a leaf that the runtime knows ends the chain; a coroutine goes
//! on with what it awaits; in any other type the futures are found among its fields, by type. A
//! type with no future inside is a leaf of which only the type is known.

use std::cell::RefCell;
use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, HashMap, HashSet};

use super::collections;
use super::coroutine::{Coroutine, coroutine_kind};
use super::hidden::{has_wait, is_hand_written, is_opaque};
use super::interest::Interest;
use super::lines::await_line;
use super::names;
use super::part::{
    has_ended, is_argument, is_dynamic, is_future_like, is_owned_object, is_owning,
    is_polled_through, is_unstarted, owned_pointee,
};
use super::polls::{is_polled, poll_functions};
use crate::address::Address;
use crate::evidence::{Certainty, Gap};
use crate::limits::Limits;
use crate::model::{
    Amount, Described, EndedBy, Future, FutureKind, FutureState, Held, Needs, Resource,
    ResourceKey, Wait,
};
use crate::program::ImageId;
use crate::symbols::{Kind, Type, TypeId};
use crate::value::{Place, Pointee};

/// How many levels of one type are searched for futures.
const SEARCH_DEPTH: usize = 32;

/// What a runtime knows of the futures that end an await chain.
pub trait Leaves {
    /// Whether a value of this type is a leaf.
    fn is_leaf(&self, type_: &Type) -> bool;

    /// What the leaf at `place` waits for. `around` are the futures that await it, outermost first.
    fn wait(&self, place: &Place<'_>, around: &[Place<'_>]) -> Option<Wait>;

    /// What the key of the wait of the leaf at `place` stands for. Called once for each key.
    fn resource(&self, place: &Place<'_>, around: &[Place<'_>]) -> Option<Resource>;

    /// What a future of no known kind waits for itself, beside the futures in it.
    fn beside(&self, place: &Place<'_>) -> Option<Wait>;

    /// Whether a value of this type can hold a part of a resource.
    fn is_held(&self, type_: &Type) -> bool;

    /// Whether who has such a value polls it as well, and is woken by it.
    fn is_polled(&self, type_: &Type) -> bool;

    /// What the value at `place` holds. `around` are the futures that it lies in, outermost first.
    fn held(&self, place: &Place<'_>, around: &[Place<'_>]) -> Option<Held>;

    /// How many bytes the value at `place` has not handed on, if it is a writer that buffers and has some.
    fn unflushed(&self, place: &Place<'_>) -> Option<u64>;

    /// The messages that wait for whoever receives with the value at `place`.
    fn queued<'program>(&self, place: &Place<'program>) -> Vec<Place<'program>>;

    /// What else that value holds.
    fn also_held(&self, place: &Place<'_>) -> Vec<Held>;

    /// Whether others can wait for a value of this type, and whoever can reach that ends their wait.
    fn is_waited(&self, type_: &Type) -> bool;
}

/// A future as it was found in memory.
#[derive(Clone, Debug)]
pub struct Walk<'program> {
    /// The future with all that it waits for; absent when nothing could be read.
    pub future: Option<Future>,
    /// What could not be read. Empty: every chain was read to its end.
    pub gaps: Vec<Gap>,
    /// Every value on the way, outermost first.
    pub(super) polled: Vec<Polled<'program>>,
}

/// A value that is polled, or that what is polled lies in.
#[derive(Clone, Debug)]
pub(super) struct Polled<'program> {
    /// Where it lies.
    pub(super) place: Place<'program>,
    /// The innermost coroutine around it, or that it is.
    pub(super) within: Option<Address>,
    /// The futures around it, outermost first, for a value that may hold something.
    pub(super) around: Vec<Place<'program>>,
}

/// Reads futures.
pub struct Walker<'walker> {
    pub(super) leaves: &'walker dyn Leaves,
    pub(super) limits: &'walker Limits,
    promising: Interest,
    /// Which types can keep what somebody waits for.
    pub(super) keeping: Interest,
    /// Which types can keep the waker of somebody who polls them.
    pub(super) waking: Interest,
    /// Which types are made around a future that only its author knows.
    pub(super) opaque: Interest,
    /// The shared values that were searched already, each with how sure it is that they are alive.
    pub(super) shared: RefCell<HashMap<(ImageId, Address), Certainty>>,
    resources: RefCell<BTreeMap<ResourceKey, Option<Resource>>>,
    /// The place of each entry in its queue, by where the entry lies.
    queues: RefCell<BTreeMap<Address, Amount>>,
}

impl<'walker> Walker<'walker> {
    /// A walker that stops at these leaves and within these limits.
    pub fn new(leaves: &'walker dyn Leaves, limits: &'walker Limits) -> Walker<'walker> {
        Walker {
            leaves,
            limits,
            promising: Interest::default(),
            keeping: Interest::default(),
            waking: Interest::default(),
            opaque: Interest::default(),
            shared: RefCell::default(),
            resources: RefCell::default(),
            queues: RefCell::default(),
        }
    }

    /// What the leaves of all walks until now wait for, by key.
    pub fn take_resources(&self) -> Vec<Resource> {
        self.resources.take().into_values().flatten().collect()
    }

    /// The future at `place`.
    pub fn walk<'program>(&self, place: &Place<'program>) -> Walk<'program> {
        let mut descent = Descent {
            walker: self,
            around: Vec::new(),
            left: self.limits.futures_per_task,
            followed: HashSet::new(),
            kept: HashSet::new(),
            empty: HashSet::new(),
            gaps: Vec::new(),
            polled: Vec::new(),
        };
        let future = descent.future(place);
        Walk { future, gaps: descent.gaps, polled: descent.polled }
    }

    /// Where in its queue the future at `place` is, which its entry there lies in.
    fn place_in_queue(&self, place: &Place<'_>) -> Option<Amount> {
        let end = place.address.offset(place.type_.size);
        let queues = self.queues.borrow();
        let (at, amount) = queues.range(place.address..).next()?;
        (*at < end).then_some(*amount)
    }

    /// Whether a value of this type can hold a future, itself included.
    fn is_promising(&self, place: &Place<'_>) -> bool {
        let is_wanted =
            |place: &Place<'_>| self.is_future(&place.type_) || is_owned_object(&place.type_);
        self.promising.leads(place, &is_wanted, &ways)
    }

    /// Whether a value of this type is a future, or a trait object that is one.
    pub(super) fn is_future(&self, type_: &Type) -> bool {
        coroutine_kind(type_).is_some() || self.leaves.is_leaf(type_) || is_dynamic(type_)
    }
}

/// The types that a future of this type may poll: what it is made of, and what it alone points to.
fn ways(place: &Place<'_>) -> Vec<TypeId> {
    if let Some(element) = collections::element(place) {
        return vec![element];
    }
    match &place.type_.kind {
        Kind::Struct { members } | Kind::Union { members } => {
            members.iter().map(|member| member.type_id).collect()
        }
        Kind::Enum { variants, .. } => {
            variants.iter().map(|variant| variant.member.type_id).collect()
        }
        Kind::Pointer { target } if is_owning(&place.type_) => target.iter().copied().collect(),
        Kind::Pointer { .. }
        | Kind::Base { .. }
        | Kind::Plain { .. }
        | Kind::Array { .. }
        | Kind::Function
        | Kind::Opaque => Vec::new(),
    }
}

/// One walk down from one future.
struct Descent<'walker, 'program> {
    walker: &'walker Walker<'walker>,
    around: Vec<Place<'program>>,
    left: usize,
    /// The targets of pointers that were found among fields.
    followed: HashSet<(ImageId, Address, TypeId)>,
    /// The futures whose outputs are kept until others have ended too.
    kept: HashSet<Address>,
    /// Futures that have ended, and are still there.
    empty: HashSet<Address>,
    gaps: Vec<Gap>,
    polled: Vec<Polled<'program>>,
}

impl<'program> Descent<'_, 'program> {
    /// The future at `place`, which is awaited: there is one, whatever its type.
    fn future(&mut self, place: &Place<'program>) -> Option<Future> {
        if self.around.len() >= self.walker.limits.depth || self.left == 0 {
            self.gap(&place.type_, "the chain is longer than the limit");
            return None;
        }
        self.left -= 1;
        self.note_polled(place);
        if self.walker.leaves.is_leaf(&place.type_)
            && let Some(wait) = self.walker.leaves.wait(place, &self.around)
        {
            return Some(self.leaf(place, wait));
        }
        if coroutine_kind(&place.type_).is_some() {
            return self.coroutine(place);
        }
        if let Some(elements) = collections::elements(place, self.walker.limits) {
            let children = self.inside(place, |descent| descent.elements(&elements));
            return Some(self.with(place, children));
        }
        if let Some(pointee) = owned_pointee(place) {
            return self.pointee(pointee);
        }
        let children = self.inside(place, |descent| descent.fields(place, SEARCH_DEPTH));
        Some(self.with(place, children))
    }

    fn note_polled(&mut self, place: &Place<'program>) {
        let around = self.around.iter().chain([place]).rev();
        let mut coroutines = around.filter(|place| coroutine_kind(&place.type_).is_some());
        let within = coroutines.next().map(|place| place.address);
        let is_held = self.walker.leaves.is_held(&place.type_);
        let around = if is_held { self.around.clone() } else { Vec::new() };
        self.polled.push(Polled { place: place.clone(), within, around });
    }

    /// A future that is no coroutine, with the futures in it.
    fn with(&mut self, place: &Place<'program>, mut children: Vec<Future>) -> Future {
        if !children.is_empty() {
            children.extend(self.own(place, &children));
        }
        match <[Future; 1]>::try_from(children) {
            // A wrapper around one future says nothing that the future does not say.
            Ok([mut only]) => {
                self.rename(&mut only, place);
                only.is_partial |= self.walker.has_other_wakers(place);
                only
            }
            Err(children) if children.is_empty() => {
                if !is_hand_written(place) && has_ended(place) {
                    self.empty.insert(place.address);
                }
                let wait = self.walker.leaves.wait(place, &self.around);
                let is_partial = wait.is_some() && self.walker.has_other_wakers(place);
                let wait = wait.unwrap_or_else(|| unknown(place));
                let wait = Wait { polled_by: poll_functions(place), ..wait };
                Future { is_partial, ..self.leaf(place, wait) }
            }
            Err(children) => {
                let is_partial = self.walker.has_other_wakers(place);
                Future { needs: self.needs(place, &children), children, is_partial, ..plain(place) }
            }
        }
    }

    /// What a future that is no coroutine waits for itself, beside the futures in it: a connection
    /// that reads from a socket and polls what answers.
    fn own(&mut self, place: &Place<'program>, children: &[Future]) -> Option<Future> {
        let wait = self.walker.leaves.beside(place)?;
        if children.iter().any(|child| has_wait(child, &wait)) {
            return None;
        }
        let (name, type_name) = (names::simplified(&wait.type_name), wait.type_name.clone());
        Some(Future { name, type_name, ..self.leaf(place, wait) })
    }

    /// Which of several futures the one at `place` needs: all, if it keeps what those that have ended
    /// gave until the last one has.
    fn needs(&self, place: &Place<'program>, children: &[Future]) -> Needs {
        let joins = ["join_all::JoinAll", "try_join_all::TryJoinAll"];
        let is_join = joins.iter().any(|name| place.type_.path().ends_with(name));
        let is_kept = |child: &Future| self.kept.contains(&child.address);
        if is_join || children.iter().all(is_kept) { Needs::All } else { Needs::Any }
    }

    /// Remembers that what these futures give is kept until others have ended too, if the place that
    /// they were found in says so.
    ///
    /// Source: `enum MaybeDone` in tokio 1.20 and 1.54 `future/maybe_done.rs` and in futures-util 0.3
    /// `future/maybe_done.rs`, `enum TryMaybeDone` in its `future/try_maybe_done.rs`.
    fn note_kept(&mut self, place: &Place<'program>, futures: &[Future]) {
        let path = place.type_.path();
        if path.ends_with("::MaybeDone") || path.ends_with("::TryMaybeDone") {
            self.kept.extend(futures.iter().map(|future| future.address));
        }
    }

    /// The futures of a collection that have not ended: one that has left its element, an enum.
    fn elements(&mut self, elements: &[Place<'program>]) -> Vec<Future> {
        let mut futures = Vec::new();
        for element in elements {
            if self.left == 0 {
                self.gap(&element.type_, "there are more of them than the limit");
                break;
            }
            let may_have_ended = matches!(element.type_.kind, Kind::Enum { .. })
                && coroutine_kind(&element.type_).is_none();
            if may_have_ended {
                let found = self.fields(element, SEARCH_DEPTH);
                self.note_kept(element, &found);
                futures.extend(found);
            } else {
                futures.extend(self.future(element));
            }
        }
        futures
    }

    fn coroutine(&mut self, place: &Place<'program>) -> Option<Future> {
        let Some(coroutine) = Coroutine::read(place) else {
            self.gap(&place.type_, "its state cannot be read");
            return None;
        };
        let mut children = Vec::new();
        if coroutine.state == FutureState::Suspended {
            match coroutine.awaitee() {
                Some(awaitee) => {
                    let child = self.inside(place, |descent| descent.future(&awaitee));
                    children.extend(child);
                }
                None => self.gap(&place.type_, "the debug info does not say what it awaits"),
            }
        }
        Some(Future {
            name: source_name(place),
            kind: coroutine.kind,
            state: Some(coroutine.state),
            line: await_line(&coroutine),
            children,
            described: Some(Described { image: place.image.0, offset: place.type_.id.0 }),
            ..plain(place)
        })
    }

    fn pointee(&mut self, pointee: Pointee<'program>) -> Option<Future> {
        match pointee {
            Pointee::Thin(place) | Pointee::Dynamic(place) => {
                self.inside(&place, |descent| descent.future(&place))
            }
            Pointee::UnknownDynamic(vtable) => {
                self.gaps.push(Gap::new(
                    format!("the future behind the vtable at {vtable}"),
                    "no debug info describes that vtable",
                ));
                None
            }
        }
    }

    /// The futures among the fields of `place`, at most `depth` levels in.
    fn fields(&mut self, place: &Place<'program>, depth: usize) -> Vec<Future> {
        let mut futures = Vec::new();
        let mut opaque = 0;
        for (_, field) in place.all_fields() {
            if self.left == 0 || depth == 0 {
                break;
            }
            self.left -= 1;
            let is_promising = self.walker.is_promising(&field) || self.walker.wraps_opaque(&field);
            let mut found = match is_promising {
                true => self.field(place, &field, depth - 1),
                false => Vec::new(),
            };
            if found.is_empty() {
                found.extend(self.opaque(place, &field));
                opaque += found.len();
            }
            // What is put together of others is one of those that are polled here.
            if found.len() > 1 && is_argument(place, &field.type_.name) {
                let needs = self.needs(&field, &found);
                found = vec![Future { needs, children: found, ..plain(&field) }];
            }
            self.note_kept(&field, &found);
            futures.extend(found);
        }
        // Made around one of which nothing is known: no more is known than of the type itself.
        if opaque == 1 && futures.len() == 1 && is_hand_written(place) {
            futures.drain(..).for_each(|only| self.forget(&only));
        }
        // One that has nothing in it that could be polled has ended: a `Fuse`, after its future.
        if futures.len() > 1 {
            let is_empty = |future: &Future| {
                self.empty.contains(&future.address) && future.children.is_empty()
            };
            let ended: Vec<Future> = futures.extract_if(.., |future| is_empty(future)).collect();
            if futures.is_empty() {
                futures = ended;
            } else {
                ended.iter().for_each(|ended| self.forget(ended));
            }
        }
        // One that was not polled while another was waits for its turn.
        if !futures.iter().all(is_unstarted) {
            futures.extract_if(.., |future| is_unstarted(future)).for_each(|out| self.forget(&out));
        }
        futures
    }

    /// The future that the one at `place` was made around and polls beside others, if nothing in it
    /// is a future of a known kind: one that was written by hand.
    fn opaque(&mut self, place: &Place<'program>, field: &Place<'program>) -> Option<Future> {
        let polled = match owned_pointee(field) {
            Some(Pointee::Thin(target)) => target,
            Some(Pointee::Dynamic(_) | Pointee::UnknownDynamic(_)) => return None,
            None => field.clone(),
        };
        let is_opaque = is_argument(place, &field.type_.name) && is_opaque(&polled);
        is_opaque.then(|| self.with(&polled, Vec::new()))
    }

    /// Takes a future that is not polled, and those in it, off the way.
    fn forget(&mut self, future: &Future) {
        let is_it = |place: &Place<'_>| {
            place.address == future.address && place.type_.name == future.type_name
        };
        self.polled.retain(|polled| !is_it(&polled.place));
        future.children.iter().for_each(|child| self.forget(child));
    }

    /// The futures that the future at `place` polls in one of its fields.
    fn field(
        &mut self,
        place: &Place<'program>,
        field: &Place<'program>,
        depth: usize,
    ) -> Vec<Future> {
        if self.walker.is_future(&field.type_) {
            // What has no state of its own has no waker that could be waited for.
            let is_empty = field.type_.size == 0 && !self.walker.leaves.is_leaf(&field.type_);
            return if is_empty { Vec::new() } else { self.future(field).into_iter().collect() };
        }
        if let Some(elements) = collections::elements(field, self.walker.limits) {
            let children = self.inside(field, |descent| descent.elements(&elements));
            let found = (!children.is_empty()).then(|| self.with(field, children));
            return found.into_iter().collect();
        }
        match owned_pointee(field) {
            Some(Pointee::Thin(target)) => {
                let is_future = self.walker.is_future(&target.type_)
                    || is_future_like(&target.type_)
                    || collections::element(&target).is_some();
                if !is_future && !is_polled_through(place, field, &target) {
                    return Vec::new();
                }
                // What is linked both ways leads back to where it came from.
                if !self.followed.insert((target.image, target.address, target.type_.id)) {
                    return Vec::new();
                }
                // A tuple is polled part by part, and what is empty is not polled.
                if self.walker.is_future(&target.type_) || target.pointee().is_some() {
                    return self.future(&target).into_iter().collect();
                }
                let found = self.parts(&target, depth);
                match found.len() > 1 && !target.type_.own_name.starts_with('(') {
                    true => vec![self.with(&target, found)],
                    false => found,
                }
            }
            // A value without state behind a trait is no future that waits: an executor, a timer's maker.
            Some(Pointee::Dynamic(target))
                if target.type_.size > 0 && self.is_polled(field, &target) =>
            {
                self.future(&target).into_iter().collect()
            }
            Some(Pointee::Dynamic(_) | Pointee::UnknownDynamic(_)) => Vec::new(),
            None => {
                let mut found = self.fields(field, depth);
                if let [only] = found.as_mut_slice() {
                    self.rename(only, field);
                }
                found
            }
        }
    }

    /// Whether the trait object `target` is one that whoever has `field` polls: its trait says so, or
    /// its own type is a future.
    fn is_polled(&self, field: &Place<'program>, target: &Place<'program>) -> bool {
        !is_owned_object(&field.innermost().type_)
            || is_dynamic(&field.innermost().type_)
            || self.walker.is_future(&target.type_)
            || is_polled(target)
    }

    /// The futures in a value that need not be a future itself.
    fn parts(&mut self, place: &Place<'program>, depth: usize) -> Vec<Future> {
        match collections::elements(place, self.walker.limits) {
            Some(elements) => self.inside(place, |descent| descent.elements(&elements)),
            None => self.fields(place, depth),
        }
    }

    /// Calls several futures that are polled together by the type that polls them, rather than by
    /// the collection or the other part of it that keeps them. What that type takes as an argument
    /// is no part of it: its user has put the two together.
    fn rename(&self, fork: &mut Future, around: &Place<'program>) {
        let is_fork = fork.kind == FutureKind::Type && fork.children.len() > 1;
        let is_made_up = around.type_.own_name.starts_with(['(', '{'])
            || matches!(around.type_.crate_name(), None | Some("core" | "alloc" | "std"));
        if is_fork && !is_made_up && !is_argument(around, &fork.type_name) {
            fork.name = names::type_name(&around.type_);
            fork.type_name.clone_from(&around.type_.name);
            fork.needs = self.needs(around, &fork.children);
        }
    }

    fn leaf(&mut self, place: &Place<'program>, mut wait: Wait) -> Future {
        if let Some(key) = wait.resource {
            self.keep_resource(key, place);
            wait.amounts.extend(self.walker.place_in_queue(place));
        }
        Future { wait: Some(wait), ..plain(place) }
    }

    /// Reads what a leaf waits for, the first time that one waits for it.
    fn keep_resource(&self, key: ResourceKey, leaf: &Place<'program>) {
        let mut resources = self.walker.resources.borrow_mut();
        let Entry::Vacant(entry) = resources.entry(key) else { return };
        let resource = entry.insert(self.walker.leaves.resource(leaf, &self.around));
        let queue = resource.as_ref().and_then(|resource| resource.waiters.as_ref());
        let Some(queue) = queue else { return };
        let of = queue.len() as u64;
        let mut queues = self.walker.queues.borrow_mut();
        for (waiter, number) in queue.iter().zip(1..) {
            queues.insert(waiter.node, Amount::Place { number, of });
        }
    }

    fn inside<T>(
        &mut self,
        place: &Place<'program>,
        descend: impl FnOnce(&mut Descent<'_, 'program>) -> T,
    ) -> T {
        self.around.push(place.clone());
        let result = descend(self);
        self.around.pop();
        result
    }

    fn gap(&mut self, type_: &Type, why: &str) {
        self.gaps.push(Gap::new(type_.name.clone(), why));
    }
}

/// The wait of a leaf of which only the type is known.
fn unknown(place: &Place<'_>) -> Wait {
    Wait {
        kind: "unknown".to_owned(),
        by: EndedBy::Unknown,
        type_name: place.type_.name.clone(),
        address: Some(place.address),
        ..Wait::default()
    }
}

/// A future of a type that is no coroutine.
fn plain(place: &Place<'_>) -> Future {
    Future {
        name: names::type_name(&place.type_),
        kind: FutureKind::Type,
        type_name: place.type_.name.clone(),
        address: place.address,
        state: None,
        line: None,
        wait: None,
        children: Vec::new(),
        needs: Needs::default(),
        is_partial: false,
        described: None,
        variables: Vec::new(),
    }
}

/// A coroutine's function as its user wrote it, with the type it is a method of.
pub fn source_name(place: &Place<'_>) -> String {
    let source =
        place.program.object(place.image).and_then(|object| object.coroutine_source(&place.type_));
    names::coroutine_name(&place.type_, source.as_ref().and_then(|source| source.path.as_deref()))
}
