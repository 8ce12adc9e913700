//! What is kept beside what is polled: futures that nothing polls at the moment, and values that hold
//! what others wait for.
//!
//! Starts from what a walk has found on its way, and goes on to what that owns: fields, boxes,
//! collections. What several owners share is searched for holders once, and belongs to none of them.
//! A reference leads to what something else owns, and is not followed.

use std::cell::Cell;
use std::collections::HashSet;

use super::borrowed::Borrowed;
use super::collections;
use super::containers;
use super::coroutine::{Coroutine, coroutine_kind};
use super::counted::{self, counted};
use super::kept::{kept, since};
use super::lines::await_line;
use super::names::simplified;
use super::polls;
use super::walk::{Polled, Walk, Walker};
use crate::address::{Address, ThreadId};
use crate::evidence::{Certainty, Gap};
use crate::limits::Limits;
use crate::model::{
    Aside, FutureState, Held, Hold, Holder, Holding, Line, Owner, ResourceKey, Shared, TaskKey,
};
use crate::symbols::{Kind, TypeId};
use crate::value::{Place, Pointee};

/// How deep in values of values is searched.
const DEEPEST: usize = 24;

/// Most values that are looked at for one task, and for one frame of a thread.
const MOST_VALUES: usize = 20_000;

/// What a task or a frame keeps.
#[derive(Clone, Debug, Default)]
pub struct Survey {
    /// The futures that nothing polls.
    pub aside: Vec<Aside>,
    /// What is held.
    pub holdings: Vec<Holding>,
    /// The values with several owners that were met, each with the one owner that led there.
    pub shared: Vec<Shared>,
    /// What could not be read.
    pub gaps: Vec<Gap>,
}

/// A variable of a thread's frame, or a value in it that has no name.
#[derive(Clone, Debug)]
pub struct FrameVariable<'name> {
    /// The thread.
    pub thread: ThreadId,
    /// The frame: the so-manyth from the innermost.
    pub frame: usize,
    /// What it is called in the source.
    pub name: Option<&'name str>,
    /// Since which line it has its value.
    pub since: Option<Line>,
    /// How sure it is that the value is there: a variable is in scope also after its value was moved away.
    pub certainty: Certainty,
}

impl Walker<'_> {
    /// What the futures of a walk keep beside what they await; `task` is whose they are.
    pub fn survey(&self, task: TaskKey, walk: &Walk<'_>) -> Survey {
        let mut search = Search::new(self, Some(task), &walk.polled);
        search.borrowed.extend(&walk.polled);
        search.polled(&walk.polled, &Origin::nowhere(Holder::Task(task)));
        if search.left.get() == 0 {
            let what = walk.future.as_ref().map_or("a task", |future| &future.name);
            let gap =
                Gap::new(format!("what {what} keeps"), "there are more values than the limit");
            search.survey.gaps.push(gap);
        }
        search.survey
    }

    /// What a variable of a thread's frame keeps. The futures that the thread polls have variables at the
    /// addresses `inside`.
    pub fn survey_local(
        &self,
        variable: FrameVariable<'_>,
        place: &Place<'_>,
        inside: &[Address],
    ) -> Survey {
        let mut search = Search::new(self, None, &[]);
        search.running.extend(inside);
        let origin = Origin {
            variable: variable.name.map(str::to_owned),
            since: Since::Line(variable.since),
            certainty: variable.certainty,
            ..Origin::nowhere(Holder::Thread(variable.thread, variable.frame))
        };
        search.value(place, &origin, DEEPEST);
        search.survey
    }

    /// What a future that is written by hand keeps, which a thread is in the middle of polling in the
    /// so-manyth frame from the innermost: it has all its fields, whatever else goes on.
    pub fn survey_polled(
        &self,
        thread: ThreadId,
        frame: usize,
        place: &Place<'_>,
        inside: &[Address],
    ) -> Survey {
        let mut search = Search::new(self, None, &[]);
        search.running.extend(inside);
        search.most = Certainty::Definite;
        search.value(place, &Origin::nowhere(Holder::Thread(thread, frame)), DEEPEST);
        search.survey
    }

    /// What a static variable of this name keeps.
    pub fn survey_static(&self, name: &str, place: &Place<'_>) -> Survey {
        let mut search = Search::new(self, None, &[]);
        let origin = Origin {
            variable: Some(name.to_owned()),
            ..Origin::nowhere(Holder::Static(place.address))
        };
        search.value(place, &origin, DEEPEST);
        search.survey
    }

    /// Whether a value of this type can hold something, or have what does, or a future.
    fn is_keeping(&self, place: &Place<'_>) -> bool {
        let is_wanted = |place: &Place<'_>| {
            let type_ = &place.type_;
            self.leaves.is_held(type_)
                || self.leaves.is_waited(type_)
                || self.is_future(type_)
                || boxed_object(place)
                || counted::is_object(place)
        };
        self.keeping.leads(place, &is_wanted, &ways)
    }
}

/// Where a value was found.
#[derive(Clone)]
struct Origin {
    holder: Holder,
    within: Option<Address>,
    /// The line at which that is suspended.
    at: Option<Line>,
    variable: Option<String>,
    since: Since,
    certainty: Certainty,
}

/// Since when a value has been where it is.
#[derive(Clone)]
enum Since {
    /// Since this line.
    Line(Option<Line>),
    /// Since a line that its variable tells when it is asked.
    Variable,
    /// It was put there at a time that nothing tells.
    Unknown,
}

impl Origin {
    fn nowhere(holder: Holder) -> Origin {
        Origin {
            holder,
            within: None,
            at: None,
            variable: None,
            since: Since::Unknown,
            certainty: Certainty::Definite,
        }
    }

    /// What its user calls the variable: one that the compiler has made has no name.
    fn name(&self) -> Option<String> {
        self.variable.clone().filter(|name| !name.starts_with("__"))
    }

    /// For what was put there after the variable was made.
    fn later(&self) -> Origin {
        Origin { since: Since::Unknown, ..self.clone() }
    }
}

/// One search.
struct Search<'search, 'program> {
    walker: &'search Walker<'search>,
    task: Option<TaskKey>,
    /// The values on await paths.
    on_path: HashSet<(Address, String)>,
    /// The coroutines that were looked into.
    seen: HashSet<(Address, String)>,
    /// What the futures on await paths refer to.
    borrowed: Borrowed,
    /// The coroutines around the value that is looked at, outermost first.
    around: Vec<Place<'program>>,
    /// Where the variables of futures lie that are being polled: what these say of themselves is stale.
    running: Vec<Address>,
    /// The values around the one that is looked at, up to the coroutine that keeps them, outermost first.
    path: Vec<Place<'program>>,
    /// How sure it can be at most that a frame has a future that it seems to have.
    most: Certainty,
    left: Cell<usize>,
    survey: Survey,
}

impl<'search, 'program> Search<'search, 'program> {
    fn new(
        walker: &'search Walker<'search>,
        task: Option<TaskKey>,
        polled: &[Polled<'program>],
    ) -> Search<'search, 'program> {
        Search {
            walker,
            task,
            on_path: polled.iter().map(|polled| identity(&polled.place)).collect(),
            seen: HashSet::new(),
            borrowed: Borrowed::default(),
            around: Vec::new(),
            running: Vec::new(),
            path: Vec::new(),
            most: Certainty::Possible,
            left: Cell::new(MOST_VALUES),
            survey: Survey::default(),
        }
    }

    /// What these keep, which a walk has found on its way.
    fn polled(&mut self, polled: &[Polled<'program>], origin: &Origin) {
        for Polled { place, within, around } in polled {
            let origin = Origin { within: *within, ..origin.clone() };
            self.around.clone_from(around);
            self.held(place, &origin);
            self.around.clear();
            // What a leaf is made of is polled as a whole.
            if self.walker.leaves.is_leaf(&place.type_) {
                continue;
            }
            match Coroutine::read(place) {
                Some(coroutine) => self.coroutine(&coroutine, &origin),
                None if coroutine_kind(&place.type_).is_none() => {
                    self.fields(place, &origin, DEEPEST);
                }
                // The walk has said already that it cannot be read.
                None => {}
            }
        }
    }

    fn coroutine(&mut self, coroutine: &Coroutine<'program>, origin: &Origin) {
        if !self.seen.insert(identity(&coroutine.place)) {
            return;
        }
        self.around.push(coroutine.place.clone());
        for kept in kept(coroutine, &|place| self.walker.is_keeping(place)) {
            let certainty = match self.borrowed.has(&kept.place) {
                true => Certainty::Definite,
                false => kept.certainty,
            };
            let origin = Origin {
                within: Some(coroutine.place.address),
                at: await_line(coroutine),
                variable: Some(kept.name),
                since: Since::Variable,
                certainty: certainty.min(origin.certainty),
                ..origin.clone()
            };
            self.value(&kept.place, &origin, DEEPEST);
        }
        self.around.pop();
    }

    /// What a value holds, and what it has inside.
    fn value(&mut self, place: &Place<'program>, origin: &Origin, depth: usize) {
        let left = self.left.get();
        let Some(depth) = depth.checked_sub(1).filter(|_| left > 0) else { return };
        if !self.walker.is_keeping(place) {
            return;
        }
        self.left.set(left - 1);
        self.held(place, origin);
        if coroutine_kind(&place.type_).is_some() || self.walker.leaves.is_leaf(&place.type_) {
            self.future(place, origin);
            return;
        }
        if let Some(elements) = elements(place, self.walker.limits) {
            for element in elements {
                self.value(&element, &origin.later(), depth);
            }
            return;
        }
        match place.type_.kind {
            Kind::Struct { .. } if counted::is_counted(&place.type_) => self.shared(place, origin),
            Kind::Struct { .. } if boxed_object(place) => match place.pointee() {
                Some(Pointee::Dynamic(target) | Pointee::Thin(target)) => {
                    self.value(&target, origin, depth);
                }
                Some(Pointee::UnknownDynamic(_)) | None => {}
            },
            Kind::Struct { .. } => {
                self.path.push(place.clone());
                self.fields(place, origin, depth);
                self.path.pop();
            }
            Kind::Enum { .. } => self.fields(place, &origin.later(), depth),
            Kind::Array { element, count } => self.array(place, element, count, origin, depth),
            Kind::Pointer { .. } if is_box(place) => {
                if let Some(Pointee::Thin(target)) = place.pointee() {
                    self.value(&target, origin, depth);
                }
            }
            Kind::Pointer { .. }
            | Kind::Base { .. }
            | Kind::Plain { .. }
            | Kind::Union { .. }
            | Kind::Function
            | Kind::Opaque => {}
        }
    }

    fn fields(&mut self, place: &Place<'program>, origin: &Origin, depth: usize) {
        for (name, field) in place.all_fields() {
            let variable = origin.variable.clone().or(Some(name));
            self.value(&field, &Origin { variable, ..origin.clone() }, depth);
        }
    }

    fn array(
        &mut self,
        place: &Place<'program>,
        element: TypeId,
        count: u64,
        origin: &Origin,
        depth: usize,
    ) {
        let Some(first) = place.cast(element) else { return };
        for index in 0..count.min(MOST_VALUES as u64) {
            let offset = index.saturating_mul(first.type_.size);
            if let Some(value) = place.at(place.address.offset(offset), element) {
                self.value(&value, origin, depth);
            }
        }
    }

    /// What lies in a value with several owners, unless it was searched already.
    fn shared(&mut self, pointer: &Place<'program>, origin: &Origin) {
        let Some(shared) = counted(pointer) else { return };
        let (inner, data) = (shared.inner, shared.data);
        if !self.walker.is_keeping(&data) {
            return;
        }
        // A frame's variable is in scope also after it was moved from: it may be counted twice.
        let most = match origin.holder {
            Holder::Thread(..) => Certainty::Possible,
            _ => Certainty::Definite,
        };
        let owner = Owner {
            address: pointer.address,
            holder: origin.holder,
            within: origin.within,
            certainty: origin.certainty.min(most),
        };
        self.survey.shared.push(Shared {
            address: inner.address,
            size: shared.size,
            count: shared.count,
            owners: vec![owner],
        });
        // What a pointer leads to that is gone may be gone as well.
        let place = (inner.image, inner.address);
        let known = self.walker.shared.borrow_mut().insert(place, origin.certainty);
        if known.is_none_or(|known| known < origin.certainty) {
            let origin = Origin {
                variable: origin.variable.clone(),
                certainty: origin.certainty,
                ..Origin::nowhere(Holder::Shared(inner.address))
            };
            self.apart(&data, &origin);
        }
    }

    /// What waits for whoever receives with the value at this place.
    fn queued(&mut self, place: &Place<'program>, resource: ResourceKey, certainty: Certainty) {
        for message in self.walker.leaves.queued(place) {
            let holder = Holder::Queued(resource);
            self.apart(&message, &Origin { certainty, ..Origin::nowhere(holder) });
        }
    }

    /// What lies in a value that is no part of a task.
    fn apart(&mut self, place: &Place<'program>, origin: &Origin) {
        let task = self.task.take();
        let around = std::mem::take(&mut self.around);
        let path = std::mem::take(&mut self.path);
        self.value(place, origin, DEEPEST);
        self.path = path;
        self.around = around;
        self.task = task;
    }

    /// A future that is not necessarily polled.
    fn future(&mut self, place: &Place<'program>, origin: &Origin) {
        if self.on_path.contains(&identity(place)) || self.seen.contains(&identity(place)) {
            return;
        }
        let coroutine = Coroutine::read(place);
        let is_over = |coroutine: &Coroutine<'_>| {
            matches!(coroutine.state, FutureState::Returned | FutureState::Panicked)
        };
        if coroutine.as_ref().is_some_and(is_over) {
            return;
        }
        let Some(task) = self.task else {
            if let Some(coroutine) = coroutine {
                self.apart_from_tasks(&coroutine, origin);
            }
            return;
        };
        let walk = self.walker.walk(place);
        let Some(future) = walk.future.clone().filter(|_| coroutine.is_some() || self.waits(&walk))
        else {
            return;
        };
        self.survey.gaps.extend(walk.gaps.iter().cloned());
        self.survey.aside.extend(origin.within.map(|within| Aside {
            future,
            variable: origin.name(),
            within,
            at: origin.at.clone(),
            since: self.since(origin, place.address),
            certainty: origin.certainty,
        }));
        self.on_path.extend(walk.polled.iter().map(|polled| identity(&polled.place)));
        let holder = Holder::Aside(task, place.address);
        let aside = Origin { certainty: origin.certainty, ..Origin::nowhere(holder) };
        let around = std::mem::take(&mut self.around);
        self.polled(&walk.polled, &aside);
        self.around = around;
    }

    /// A future of no task that is known. Who polls what is shared is not known. What a variable of a frame
    /// has was most likely moved from, but for what was polled already, which stays where it is until it
    /// is dropped.
    fn apart_from_tasks(&mut self, coroutine: &Coroutine<'program>, origin: &Origin) {
        let start = coroutine.place.address;
        let has = |at: &Address| (start..start.offset(coroutine.place.type_.size)).contains(at);
        let is_still = coroutine.state == FutureState::Suspended && !self.running.iter().any(has);
        match origin.holder {
            Holder::Shared(_) | Holder::Queued(_) => self.coroutine(coroutine, origin),
            Holder::Thread(..) if is_still => {
                let certainty = self.most.min(origin.certainty);
                let walk = self.walker.walk(&coroutine.place);
                let around = std::mem::take(&mut self.around);
                self.polled(&walk.polled, &Origin { certainty, ..origin.clone() });
                self.around = around;
            }
            Holder::Static(_) => self.coroutine(coroutine, origin),
            Holder::Thread(..) | Holder::Task(_) | Holder::Aside(..) => {}
        }
    }

    /// Whether a leaf is a wait that has begun, rather than one end of a channel or the handle of a
    /// task, which are there to be waited for.
    fn waits(&self, walk: &Walk<'_>) -> bool {
        let wait = walk.future.as_ref().and_then(|future| future.wait.as_ref());
        let is_end = walk.polled.iter().any(|Polled { place, around, .. }| {
            let held = self.walker.leaves.held(place, around);
            held.is_some_and(|held| !matches!(held.hold, Hold::Assigned(_)))
        });
        wait.is_some_and(|wait| wait.resource.is_some() && wait.task.is_none()) && !is_end
    }

    fn held(&mut self, place: &Place<'program>, origin: &Origin) {
        if !self.walker.leaves.is_held(&place.type_) {
            return;
        }
        let leaves = self.walker.leaves;
        let held = leaves.held(place, &self.around).into_iter().chain(leaves.also_held(place));
        for held in held {
            self.holds(place, held, origin);
        }
    }

    fn holds(&mut self, place: &Place<'program>, held: Held, origin: &Origin) {
        self.survey.holdings.push(Holding {
            resource: held.resource,
            hold: held.hold,
            type_name: place.type_.name.clone(),
            address: place.address,
            holder: origin.holder,
            within: origin.within,
            variable: origin.name(),
            since: self.since(origin, place.address),
            certainty: origin.certainty,
            carrier: self.carrier(held.hold, origin),
            unflushed: self.path.iter().find_map(|place| self.walker.leaves.unflushed(place)),
        });
        if held.hold == Hold::Receiver {
            self.queued(place, held.resource, origin.certainty);
        }
    }

    /// The type of the outermost value around one end of a channel that is made to be polled, and is on no
    /// await path of the task that has it.
    fn carrier(&self, hold: Hold, origin: &Origin) -> Option<String> {
        let is_tasks = matches!(origin.holder, Holder::Task(_) | Holder::Aside(..));
        let is_end = matches!(hold, Hold::Sender | Hold::Receiver);
        let is_left = |place: &&Place<'program>| !self.on_path.contains(&identity(place));
        let mut left = self.path.iter().filter(|_| is_tasks && is_end).filter(is_left);
        left.find(|place| polls::is_polled(place)).map(|place| simplified(&place.type_.name))
    }

    fn since(&self, origin: &Origin, value: Address) -> Option<Line> {
        match &origin.since {
            Since::Line(line) => line.clone(),
            Since::Unknown => None,
            Since::Variable => {
                let coroutine = Coroutine::read(self.around.last()?)?;
                since(&coroutine, origin.variable.as_deref()?, value)
            }
        }
    }
}

/// What a collection of futures or any other container has.
fn elements<'program>(place: &Place<'program>, limits: &Limits) -> Option<Vec<Place<'program>>> {
    collections::elements(place, limits).or_else(|| containers::elements(place, limits))
}

/// What tells a value from others that begin at the same address.
fn identity(place: &Place<'_>) -> (Address, String) {
    (place.address, place.type_.name.clone())
}

/// The types that a value of this type owns, or shares with others.
fn ways(place: &Place<'_>) -> Vec<TypeId> {
    if let Some(element) = collections::element(place).or_else(|| containers::element(place)) {
        return vec![element];
    }
    match &place.type_.kind {
        Kind::Struct { .. } if counted::is_counted(&place.type_) => {
            place.type_.parameter("T").into_iter().collect()
        }
        Kind::Struct { members } => members.iter().map(|member| member.type_id).collect(),
        Kind::Enum { variants, .. } => {
            variants.iter().map(|variant| variant.member.type_id).collect()
        }
        Kind::Array { element, .. } => vec![*element],
        Kind::Pointer { target } if is_box(place) => target.iter().copied().collect(),
        Kind::Pointer { .. }
        | Kind::Base { .. }
        | Kind::Plain { .. }
        | Kind::Union { .. }
        | Kind::Function
        | Kind::Opaque => Vec::new(),
    }
}

/// Whether this is a `Box` with a sized value in it.
fn is_box(place: &Place<'_>) -> bool {
    place.type_.name.starts_with("alloc::boxed::Box<")
}

/// Whether this is a `Box` with a trait object in it, whose type only its vtable tells.
fn boxed_object(place: &Place<'_>) -> bool {
    is_box(place) && place.type_.member("vtable").is_some()
}
