//! The function that polls values of a type: the `poll` of a future, the `poll_next` of a stream, the
//! `poll_frame` of an HTTP body, the body of a closure that is given to `poll_fn`.

use std::rc::Rc;

use gimli::DebugInfoOffset;

use super::ids::{FunctionId, TypeId};
use super::index::Index;
use super::object::Object;
use super::types::{Kind, Type};
use super::variables::VariableKind;

/// The methods that poll, of the traits `Future` and `Stream`, and of `Body` in http-body 1 and 0.4.
const POLLS: [&str; 4] = ["poll", "poll_next", "poll_frame", "poll_data"];

/// How the name of a closure's type begins.
const CLOSURE: &str = "{closure_env#";

/// Most pointers between a parameter and what it is about.
const MOST_POINTERS: usize = 4;

impl Object {
    /// The function that polls values of this type, if they are made to be polled: it returns a
    /// `Poll`. From the unit that describes the type, or else from the other units of the same crate.
    pub fn poll_function(&self, type_: &Type) -> Option<FunctionId> {
        if let Some(known) = self.poll_functions.borrow().get(&type_.id) {
            return *known;
        }
        let found = self.find_poll_function(type_);
        self.poll_functions.borrow_mut().insert(type_.id, found);
        found
    }

    /// The types of a function's own parameters.
    pub fn parameter_types(&self, function: FunctionId) -> Vec<TypeId> {
        let variables = self.variables_in(function).into_iter();
        variables
            .filter(|variable| variable.kind == VariableKind::Parameter && variable.nesting == 0)
            .filter_map(|variable| variable.type_id)
            .collect()
    }

    /// What a parameter such as `Pin<&mut T>` leads to.
    pub fn pointed_to(&self, type_id: TypeId) -> Option<Rc<Type>> {
        let mut type_ = self.type_of(type_id)?;
        for _ in 0..MOST_POINTERS {
            let next = match (&type_.kind, type_.members()) {
                (Kind::Pointer { target: Some(target) }, _) => *target,
                (_, [only]) if type_.is("core::pin::Pin") => only.type_id,
                _ => break,
            };
            type_ = self.type_of(next)?;
        }
        Some(type_)
    }

    fn find_poll_function(&self, type_: &Type) -> Option<FunctionId> {
        let own = type_.crate_name()?;
        let units: Vec<DebugInfoOffset> = self.with_debug_info(|debug_info| {
            // A generic one is compiled where it is used, any other in its own crate.
            let units = debug_info.units_of_crate(type_.id.offset()).into_iter();
            units.chain(debug_info.units_named(own)).collect()
        });
        units.into_iter().find_map(|start| {
            let candidates = self.with_debug_info(|debug_info| {
                let index = debug_info.index(start)?;
                let unit = debug_info.unit(start)?;
                let named = candidates(&index, type_).into_iter();
                let global = named.filter_map(|offset| offset.to_debug_info_offset(&unit.header));
                Some(global.map(FunctionId::from).collect::<Vec<_>>())
            });
            candidates.into_iter().flatten().find(|function| self.polls(*function, type_))
        })
    }

    /// Whether this function returns a `Poll` and is about a value of this type. The debug info of a
    /// closure's body does not have the closure among its parameters.
    fn polls(&self, function: FunctionId, type_: &Type) -> bool {
        let returned = self.return_type(function).and_then(|returned| self.type_of(returned));
        if !returned.is_some_and(|returned| returned.is("core::task::poll::Poll")) {
            return false;
        }
        let first = self.parameter_types(function).first().copied();
        let about = first.and_then(|first| self.pointed_to(first));
        is_closure(type_) || about.is_some_and(|about| about.name == type_.name)
    }
}

fn is_closure(type_: &Type) -> bool {
    type_.own_name.starts_with(CLOSURE)
}

/// The functions of a unit that may poll values of this type, going by names: the body of a closure
/// stands beside its type, the methods of a trait's implementation in a namespace of their own in the
/// same crate.
fn candidates(index: &Index<'_>, type_: &Type) -> Vec<gimli::UnitOffset> {
    if let Some(number) = type_.own_name.strip_prefix(CLOSURE) {
        let body = format!("{{closure#{number}");
        let functions = index.functions(&|name| name == body).into_iter();
        return functions.filter(|offset| index.scope(*offset) == type_.scope).collect();
    }
    let is_poll = |name: &str| POLLS.contains(&name.split('<').next().unwrap_or(name));
    let functions = index.functions(&is_poll).into_iter();
    let is_its_own = |scope: &[String]| {
        scope.first().map(String::as_str) == type_.crate_name()
            && scope.last().is_some_and(|last| last.starts_with("{impl#"))
    };
    functions.filter(|offset| is_its_own(&index.scope(*offset))).collect()
}
