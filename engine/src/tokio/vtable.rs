//! A task's vtable: which future type and scheduler its header belongs to.
//!
//! A process may have several Tokios, whose types have the same names. So whatever belongs together
//! is reached from an instance of `poll` by the types that it names, rather than by name.
//!
//! Source: tokio 1.20 and 1.54 `runtime/task/raw.rs` (`struct Vtable`, `unsafe fn poll<T, S>`) and
//! `runtime/task/core.rs` (`struct Cell<T, S>`). Relies on: each vtable's `poll` is the instance of
//! `poll` for the task's own types.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;
use std::rc::Rc;

use crate::address::{Address, FileAddress};
use crate::evidence::Gap;
use crate::program::{ImageId, Program};
use crate::symbols::{DebugLevel, FunctionId, Kind, Object, Type, TypeId, Variable, VariableKind};
use crate::value::{Place, Pointee, search};

/// The vtables seen so far, by address.
pub(super) struct Vtables<'program> {
    program: &'program Program<'program>,
    known: RefCell<HashMap<Address, Result<Rc<TaskType>, String>>>,
    trailers: RefCell<HashMap<(ImageId, TypeId), Option<TypeId>>>,
}

/// The types of one kind of task.
pub(super) struct TaskType {
    /// The image whose debug info describes them.
    pub(super) image: ImageId,
    /// The whole allocation.
    pub(super) cell: TypeId,
    /// The instance of `poll` for these types.
    pub(super) poll: FunctionId,
    /// What the task polls: the future, or the wrapper around a closure on the blocking pool.
    pub(super) future: Rc<Type>,
    /// What the user gave: the future, or the closure itself.
    pub(super) spawned: Rc<Type>,
}

impl<'program> Vtables<'program> {
    pub(super) fn new(program: &'program Program<'program>) -> Vtables<'program> {
        Vtables { program, known: RefCell::default(), trailers: RefCell::default() }
    }

    /// The types of the task with this header, or why they are not known.
    pub(super) fn task_type(&self, header: &Place<'program>) -> Result<Rc<TaskType>, String> {
        let vtable = vtable(header).ok_or("its vtable cannot be read")?;
        if let Some(known) = self.known.borrow().get(&vtable.address) {
            return known.clone();
        }
        let found = self.read(&vtable).map(Rc::new);
        self.known.borrow_mut().insert(vtable.address, found.clone());
        found
    }

    /// The links of this task in its runtime's list: in the header up to tokio 1.20, in the
    /// trailer from 1.21 on.
    pub(super) fn owned_link(&self, header: &Place<'program>) -> Option<Place<'program>> {
        let owned = match header.field("owned") {
            Some(owned) => owned,
            None => self.trailer(header)?.field("owned")?,
        };
        let inner = search(&owned, 4, &|type_| type_.is("tokio::util::linked_list::PointersInner"));
        inner.into_iter().next().or_else(|| {
            let pointers =
                search(&owned, 4, &|type_| type_.is("tokio::util::linked_list::Pointers"));
            pointers.into_iter().next()
        })
    }

    /// The trailer of the task with this header.
    pub(super) fn trailer(&self, header: &Place<'program>) -> Option<Place<'program>> {
        if let Ok(types) = self.task_type(header) {
            return header.cast(types.cell)?.field("trailer");
        }
        let offset = vtable(header)?.field("trailer_offset")?.unsigned()?;
        let key = (header.image, header.type_.id);
        let known = self.trailers.borrow().get(&key).copied();
        let type_id = known.unwrap_or_else(|| {
            let found = self
                .program
                .object(header.image)
                .and_then(|object| type_beside(object, key.1, "Trailer", TRAILER));
            self.trailers.borrow_mut().insert(key, found);
            found
        })?;
        header.at(header.address.offset(offset), type_id)
    }

    fn read(&self, vtable: &Place<'program>) -> Result<TaskType, String> {
        let poll = vtable.field("poll").and_then(|poll| poll.pointer()).ok_or("no poll")?;
        let (image, at) = self.program.image_at(poll).ok_or("its poll is in no known file")?;
        let object = self.program.object(image).ok_or("its poll is in no known file")?;
        let function = object.function_at(at).ok_or("its poll has no debug info")?;
        let parameters = object.template_parameters(function);
        let parameter = |name: &str| {
            parameters.iter().find(|(parameter, _)| parameter == name).map(|(_, id)| *id)
        };
        let future = parameter("T").ok_or("its poll names no future type")?;
        let future = object.type_of(future).ok_or("its future type cannot be read")?;
        let scheduler = parameter("S").and_then(|id| object.type_of(id));
        let scheduler = scheduler.ok_or("its poll names no scheduler type")?;
        let cell = cell(object, function, &future, &scheduler)
            .ok_or_else(|| format!("no debug info describes the cell of {}", future.name))?;
        let closure = future.parameter("T").filter(|_| future.is(BLOCKING));
        let closure = closure.and_then(|id| object.type_of(id));
        let spawned = closure.unwrap_or_else(|| Rc::clone(&future));
        Ok(TaskType { image, cell, poll: function, future, spawned })
    }
}

/// What a search for headers needs to know of a Tokio.
pub(super) struct Layout {
    /// The instances of `poll`.
    pub(super) polls: Vec<FileAddress>,
    /// Where `poll` lies in a vtable, in bytes.
    pub(super) poll_offset: u64,
    /// Where the vtable's address lies in a header, in bytes.
    pub(super) vtable_offset: u64,
    /// A header.
    pub(super) header: TypeId,
}

impl Layout {
    /// The layouts of all Tokios in this image that have compiled any task, and those whose debug
    /// info does not say them.
    pub(super) fn all(program: &Program<'_>, image: ImageId) -> (Vec<Layout>, Vec<Gap>) {
        let Some(object) = program.object(image) else { return (Vec::new(), Vec::new()) };
        let symbols = object.symbols_with("tokio");
        let polls = symbols.iter().filter(|symbol| is_poll(&symbol.name));
        let mut by_source: BTreeMap<Option<PathBuf>, Vec<FileAddress>> = BTreeMap::new();
        let is_single = object.copies_of_crate("tokio") <= 1;
        for poll in polls.map(|symbol| symbol.address) {
            let source = if is_single { None } else { source(object, poll) };
            by_source.entry(source).or_default().push(poll);
        }
        let path = program.image(image).map(|image| image.path.display().to_string());
        let mut layouts = Vec::new();
        let mut gaps = Vec::new();
        for polls in by_source.into_values() {
            let level = polls.first().map(|poll| object.debug_level_at(*poll));
            match (Layout::of(object, polls), level) {
                (Some(layout), _) => layouts.push(layout),
                (None, level) => gaps.push(Gap::new(
                    format!("tasks of Tokio in {}", path.as_deref().unwrap_or("an unknown file")),
                    missing(level.as_ref()),
                )),
            }
        }
        (layouts, gaps)
    }

    /// The layout of the Tokio that these are the instances of `poll` of.
    fn of(object: &Object, polls: Vec<FileAddress>) -> Option<Layout> {
        let (header, vtable_offset, poll_offset) = polls.iter().find_map(|poll| {
            let header = header(object, object.function_at(*poll)?)?;
            let member = object.type_of(header)?.member("vtable")?.clone();
            let Kind::Pointer { target } = object.type_of(member.type_id)?.kind else {
                return None;
            };
            let poll_offset = object.type_of(target?)?.member("poll")?.offset;
            Some((header, member.offset, poll_offset))
        })?;
        Some(Layout { polls, poll_offset, vtable_offset, header })
    }
}

/// Why nothing describes a Tokio's tasks, whose code has this much debug info.
fn missing(level: Option<&DebugLevel>) -> &'static str {
    match level {
        Some(DebugLevel::Split { .. }) => {
            "its debug info is in other files, which are not read: build with \
             `split-debuginfo = \"off\"`"
        }
        Some(DebugLevel::Lines) => {
            "its debug info has lines and no types: build Tokio, too, with `debug = 2`"
        }
        Some(DebugLevel::Nothing) | None => {
            "it has no debug info: build Tokio, too, with `debug = 2`"
        }
        Some(DebugLevel::Full) => "its debug info does not describe the header of a task",
    }
}

/// The source file that the function at this address is from: that of one Tokio.
fn source(object: &Object, function: FileAddress) -> Option<PathBuf> {
    Some(object.function_declaration(object.function_at(function)?)?.file)
}

/// What an instance of `poll` takes for a header: the type that its only argument points to.
pub(super) fn header(object: &Object, poll: FunctionId) -> Option<TypeId> {
    let mut variables = object.variables_in(poll).into_iter();
    let is_argument =
        |variable: &Variable| variable.kind == VariableKind::Parameter && variable.nesting == 0;
    let argument = variables.find(is_argument).and_then(|argument| argument.type_id);
    let named = argument.and_then(|argument| pointed_to(object, argument));
    let is_it = |id: &TypeId| object.type_of(*id).is_some_and(|type_| is_described(&type_, HEADER));
    named.filter(is_it).or_else(|| type_beside(object, TypeId(poll.0), "Header", HEADER))
}

/// What a pointer in wrappers, such as `NonNull<T>`, points to.
fn pointed_to(object: &Object, pointer: TypeId) -> Option<TypeId> {
    const MOST_WRAPPERS: usize = 4;
    let mut id = pointer;
    for _ in 0..MOST_WRAPPERS {
        let type_ = object.type_of(id)?;
        match (&type_.kind, type_.members()) {
            (Kind::Pointer { target }, _) => return *target,
            (_, [only]) => id = only.type_id,
            _ => return None,
        }
    }
    None
}

/// The cell of the tasks that an instance of `poll` for these types polls.
fn cell(object: &Object, poll: FunctionId, future: &Type, scheduler: &Type) -> Option<TypeId> {
    let name = format!("Cell<{}, {}>", future.name, scheduler.name);
    let is_of_these = |id: &TypeId| {
        object.type_of(*id).is_some_and(|type_| {
            is_described(&type_, CELL)
                && type_.parameter("T") == Some(future.id)
                && type_.parameter("S") == Some(scheduler.id)
        })
    };
    let near = TypeId(poll.0);
    let mut beside = object.sibling_types(near, &|own_name| own_name == name).into_iter();
    beside.find(is_of_these).or_else(|| type_beside(object, near, &name, CELL))
}

/// Whether a mangled name is that of `tokio::runtime::task::raw::poll`.
pub(super) fn is_poll(name: &str) -> bool {
    name.contains("tokio")
        && name.contains("raw")
        && name.contains("poll")
        && format!("{:#}", rustc_demangle::demangle(name))
            .starts_with("tokio::runtime::task::raw::poll")
}

/// The wrapper around a closure on the blocking pool, which is polled once.
///
/// Source: tokio 1.20 to 1.54 `runtime/blocking/task.rs`.
pub(super) const BLOCKING: &str = "tokio::runtime::blocking::task::BlockingTask";
const HEADER: &str = "tokio::runtime::task::core::Header";
const CELL: &str = "tokio::runtime::task::core::Cell";
const TRAILER: &str = "tokio::runtime::task::core::Trailer";

fn vtable<'program>(header: &Place<'program>) -> Option<Place<'program>> {
    match header.field("vtable")?.pointee()? {
        Pointee::Thin(vtable) => Some(vtable),
        Pointee::Dynamic(_) | Pointee::UnknownDynamic(_) => None,
    }
}

/// The type of this own name and path: in the unit of `near`, or else in any.
fn type_beside(object: &Object, near: TypeId, own_name: &str, path: &str) -> Option<TypeId> {
    let is_it = |id: &TypeId| object.type_of(*id).is_some_and(|type_| is_described(&type_, path));
    let is_wanted = |name: &str| name == own_name;
    object
        .sibling_types(near, &is_wanted)
        .into_iter()
        .find(is_it)
        .or_else(|| object.types_anywhere(&is_wanted).into_iter().find(is_it))
}

/// Whether this is the type of this path, and not only a declaration of it.
fn is_described(type_: &Type, path: &str) -> bool {
    type_.is(path) && !type_.members().is_empty()
}
