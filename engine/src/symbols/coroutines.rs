//! What the function that polls a coroutine tells of it: the lines of its `.await`s as the user
//! wrote them, and the path of the function with the type it is a method of.

use super::object::Object;
use super::types::{Declared, Type};

/// What is known of a coroutine's source.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct CoroutineSource {
    /// The demangled path of the function that polls it.
    pub path: Option<String>,
    /// The line of each `.await`, by suspension point.
    pub awaits: Vec<Declared>,
}

impl Object {
    /// The source of a coroutine type: from the unit that describes the type, or else from the
    /// other units of the same crate.
    pub fn coroutine_source(&self, type_: &Type) -> Option<CoroutineSource> {
        if let Some(known) = self.coroutine_sources.borrow().get(&type_.id) {
            return known.clone();
        }
        let source = self.find_coroutine_source(type_);
        self.coroutine_sources.borrow_mut().insert(type_.id, source.clone());
        source
    }

    fn find_coroutine_source(&self, type_: &Type) -> Option<CoroutineSource> {
        let own_name = type_.own_name.replacen("_env#", "#", 1);
        self.with_debug_info(|debug_info| {
            debug_info.units_of_crate(type_.id.offset()).into_iter().find_map(|start| {
                let index = debug_info.index(start)?;
                let body = index.body(&type_.scope, &own_name)?;
                let unit = debug_info.unit(start)?;
                let path = body.linkage_name.and_then(|name| std::str::from_utf8(name).ok());
                let line = |(file, line): &(u64, u64)| {
                    let file = debug_info.file(&unit, *file)?;
                    Some(Declared { file, line: u32::try_from(*line).ok()? })
                };
                Some(CoroutineSource {
                    path: path.map(|name| format!("{:#}", rustc_demangle::demangle(name))),
                    awaits: body.awaits.iter().filter_map(line).collect(),
                })
            })
        })
    }
}
