//! The line that spawned a task.
//!
//! Ordinary builds of Tokio keep it nowhere. But every function that spawns is compiled once for
//! each future type, so that a type with one call site has one spawn line. With several the line
//! cannot be told from here.
//!
//! Source: tokio 1.20 and 1.54 `task/spawn.rs`, `task/join_set.rs`, `task/local.rs`,
//! `runtime/{handle,runtime}.rs`: all of them are generic over the future and called `spawn` and
//! something. A large future is boxed on the way (1.40 on), which its type shows.

use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::rc::Rc;

use crate::evidence::Trust;
use crate::futures;
use crate::model::Line;
use crate::program::{ImageId, Program};
use crate::symbols::{FunctionId, Object, SourceLocation, Type};

/// The names that Tokio's spawning functions begin with.
const PREFIX: &str = "spawn";

/// Crates whose own calls of these functions are not the user's.
const LIBRARIES: &[&str] = &["tokio", "tokio_util"];

/// The call sites outside of Tokio, by the name of the future type.
type Sites = HashMap<String, BTreeSet<(std::path::PathBuf, u32)>>;

/// Spawn lines, searched once for each image and crate.
pub(super) struct SpawnLines<'program> {
    program: &'program Program<'program>,
    /// The answers so far, by the function that was given as near.
    known: RefCell<HashMap<(ImageId, FunctionId), Option<Line>>>,
    called: RefCell<HashMap<ImageId, Rc<Sites>>>,
    inlined: RefCell<HashMap<(ImageId, u64), Rc<Sites>>>,
}

impl<'program> SpawnLines<'program> {
    pub(super) fn new(program: &'program Program<'program>) -> SpawnLines<'program> {
        SpawnLines {
            program,
            known: RefCell::default(),
            called: RefCell::default(),
            inlined: RefCell::default(),
        }
    }

    /// The one line that spawns futures of this type, or gives them to what wraps and spawns them.
    /// `near` is a function that was compiled for this type only, in the crate that spawns them.
    pub(super) fn line(&self, image: ImageId, near: FunctionId, spawned: &Type) -> Option<Line> {
        if let Some(known) = self.known.borrow().get(&(image, near)) {
            return known.clone();
        }
        let line = self.search(image, near, spawned);
        self.known.borrow_mut().insert((image, near), line.clone());
        line
    }

    fn search(&self, image: ImageId, near: FunctionId, spawned: &Type) -> Option<Line> {
        let object = self.program.object(image)?;
        let called = self.called(image, object);
        let inlined = self.inlined(image, object, near);
        let lines_of = |name: &str| -> BTreeSet<(std::path::PathBuf, u32)> {
            called.get(name).into_iter().chain(inlined.get(name)).flatten().cloned().collect()
        };
        let mut lines = lines_of(&spawned.name);
        lines.extend(lines_of(futures::unboxed(&spawned.name)));
        if lines.is_empty() {
            let wrapped = wrapped(object, spawned).into_iter();
            lines.extend(wrapped.flat_map(|type_| lines_of(&type_.name)));
        }
        let mut lines = lines.iter();
        match (lines.next(), lines.next()) {
            (Some((file, line)), None) => {
                Some(Line { file: file.clone(), line: *line, trust: Trust::Derived })
            }
            _ => None,
        }
    }

    fn called(&self, image: ImageId, object: &Object) -> Rc<Sites> {
        if let Some(known) = self.called.borrow().get(&image) {
            return Rc::clone(known);
        }
        let mut sites = Sites::new();
        let is_wanted = |name: &str| name.contains(PREFIX);
        for (callee, calls) in object.calls_to("tokio", &is_wanted) {
            if calls.is_empty() {
                continue;
            }
            let Some(function) = object.function_at(callee) else { continue };
            let types = spawned_types(object, function);
            for call in calls {
                let mut functions = object.functions_at(call).into_iter();
                let Some(caller) = functions.next() else { continue };
                if is_library(&caller.name) {
                    continue;
                }
                let Some(location) = caller.location else { continue };
                for name in &types {
                    add(&mut sites, name, &location);
                }
            }
        }
        let sites = Rc::new(sites);
        self.called.borrow_mut().insert(image, Rc::clone(&sites));
        sites
    }

    fn inlined(&self, image: ImageId, object: &Object, near: FunctionId) -> Rc<Sites> {
        let key = (image, object.crate_of(near));
        if let Some(known) = self.inlined.borrow().get(&key) {
            return Rc::clone(known);
        }
        let calls = object.inlined_calls(near, PREFIX);
        let library_files = library_folders(object, calls.iter().map(|call| call.function));
        let mut sites = Sites::new();
        for call in &calls {
            let is_own = library_files.iter().any(|folder| call.location.file.starts_with(folder));
            if is_own {
                continue;
            }
            for name in spawned_types(object, call.function) {
                add(&mut sites, &name, &call.location);
            }
        }
        let sites = Rc::new(sites);
        self.inlined.borrow_mut().insert(key, Rc::clone(&sites));
        sites
    }
}

/// The types that a library's type is made around: `TaskTracker` spawns a future of its own around the
/// one that it is given.
fn wrapped(object: &Object, type_: &Type) -> Vec<Rc<Type>> {
    if !is_library(&type_.name) {
        return Vec::new();
    }
    type_.parameters.iter().filter_map(|(_, id)| object.type_of(*id)).collect()
}

fn add(sites: &mut Sites, name: &str, location: &SourceLocation) {
    let place = (location.file.clone(), location.line);
    sites.entry(name.to_owned()).or_default().insert(place);
}

fn is_library(function: &str) -> bool {
    let name = function.trim_start_matches('<');
    LIBRARIES
        .iter()
        .any(|library| name.strip_prefix(library).is_some_and(|rest| rest.starts_with("::")))
}

/// The types that an instance of a spawning function was compiled for.
fn spawned_types(object: &Object, function: FunctionId) -> Vec<String> {
    // Closures inside spawning functions carry their names, and are called from everywhere.
    let is_spawning = object.function_name(function).is_some_and(|name| {
        let path = futures::simplified(&name);
        is_library(&name) && path.rsplit("::").next().is_some_and(|own| own.starts_with(PREFIX))
    });
    if !is_spawning {
        return Vec::new();
    }
    let parameters = object.template_parameters(function).into_iter();
    parameters.filter_map(|(_, id)| Some(object.type_of(id)?.name.clone())).collect()
}

/// The source folders of the libraries that these functions belong to.
fn library_folders(
    object: &Object,
    functions: impl Iterator<Item = FunctionId>,
) -> HashSet<std::path::PathBuf> {
    functions
        .filter(|function| object.function_name(*function).is_some_and(|name| is_library(&name)))
        .filter_map(|function| object.function_declaration(function))
        .filter_map(|declared| {
            let mut folders = declared.file.ancestors();
            folders.find(|folder| folder.ends_with("src")).map(ToOwned::to_owned)
        })
        .collect()
}
