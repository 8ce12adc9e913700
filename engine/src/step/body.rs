//! A body that is stepped: the function that polls a coroutine, or a `poll` written by hand.

use std::rc::Rc;

use crate::futures::{coroutine_kind, coroutine_name, simplified};
use crate::program::ImageId;
use crate::symbols::{CodeFrame, FunctionId, Object, SourceLocation, Type, TypeId, UserCrates};

/// A body.
#[derive(Debug)]
pub(super) struct Body {
    /// The image it is code of.
    pub(super) image: ImageId,
    /// The entry that has its name.
    pub(super) function: FunctionId,
    /// The type that it returns, `Poll` of something.
    pub(super) returns: Option<TypeId>,
    /// What its author calls it.
    pub(super) name: String,
    /// Where it is declared: the line of `async fn` or of `async {`.
    pub(super) header: Option<SourceLocation>,
    /// The coroutine's type; absent for a `poll` written by hand.
    pub(super) environment: Option<Rc<Type>>,
    /// Whether it is the user's own.
    pub(super) is_user: bool,
}

impl Body {
    /// The body that a function is, if it is one.
    pub(super) fn read(
        image: ImageId,
        object: &Object,
        frame: &CodeFrame,
        users: &UserCrates,
    ) -> Option<Body> {
        let function = frame.function?;
        let own = own_segment(&frame.name);
        let is_user = users.owns(&frame.name);
        let is_coroutine = own.starts_with("{async_");
        let is_written_poll = is_user && (own == "poll" || own == "poll_next");
        if !is_coroutine && !is_written_poll {
            return None;
        }
        let environment = is_coroutine.then(|| environment(object, frame)).flatten();
        let name = match &environment {
            Some(type_) => type_name(object, type_),
            None => simplified(&frame.name),
        };
        Some(Body {
            image,
            function,
            returns: object.return_type(frame.concrete.unwrap_or(function)),
            name,
            header: object.function_declaration(function),
            environment,
            is_user,
        })
    }
}

/// What the author of a future calls it: a coroutine's function, or the type.
pub(super) fn type_name(object: &Object, type_: &Type) -> String {
    if coroutine_kind(type_).is_none() {
        return simplified(&type_.name);
    }
    let source = object.coroutine_source(type_);
    coroutine_name(type_, source.as_ref().and_then(|source| source.path.as_deref()))
}

/// The last segment of a function's path, without type arguments.
pub(super) fn own_segment(path: &str) -> String {
    let path = simplified(path);
    path.rsplit("::").next().unwrap_or_default().to_owned()
}

/// The coroutine that a body polls: its first parameter leads to it.
fn environment(object: &Object, frame: &CodeFrame) -> Option<Rc<Type>> {
    let functions = [frame.concrete.filter(|_| !frame.inlined), frame.function];
    functions
        .into_iter()
        .flatten()
        .flat_map(|function| object.parameter_types(function))
        .filter_map(|type_id| object.pointed_to(type_id))
        .find(|type_| coroutine_kind(type_).is_some())
}
