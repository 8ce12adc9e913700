//! What the function that polls a coroutine tells of it: the lines of its `.await`s as the user
//! wrote them, and the path of the function with the type it is a method of.

use std::collections::BTreeMap;

use super::ids::{FunctionId, TypeId};
use super::index::BodyAwait;
use super::object::Object;
use super::types::{Declared, Kind, Type};

/// What is known of a coroutine's source.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct CoroutineSource {
    /// The demangled path of the function that polls it.
    pub path: Option<String>,
    /// The name by which the linker knows that function.
    pub symbol: Option<String>,
    /// The `.await`s in it that optimization has left a variable of, in the order of the debug info.
    pub awaits: Vec<Await>,
    /// That function.
    pub body: Option<FunctionId>,
}

/// An `.await` as the variable says that it binds its future to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Await {
    /// Where it stands: where a macro wrote it, where the outermost macro is used.
    pub declared: Declared,
    /// The type of the future.
    pub type_id: Option<TypeId>,
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

    /// The lines at which the variables of a coroutine's body are declared, by name: those whose name
    /// just one line declares.
    pub fn coroutine_variables(&self, type_: &Type) -> BTreeMap<String, Declared> {
        let body = self.coroutine_source(type_).and_then(|source| source.body);
        let variables = body.map(|body| self.variables_in(body)).unwrap_or_default();
        let mut lines: BTreeMap<String, Vec<Declared>> = BTreeMap::new();
        for variable in variables.into_iter().filter(|variable| variable.nesting == 0) {
            if let (Some(name), Some(place)) = (variable.name, variable.declaration) {
                let declared = Declared { file: place.file, line: place.line };
                let known = lines.entry(name).or_default();
                if !known.contains(&declared) {
                    known.push(declared);
                }
            }
        }
        let single = lines.into_iter().filter(|(_, lines)| lines.len() == 1);
        single.filter_map(|(name, lines)| Some((name, lines.into_iter().next()?))).collect()
    }

    /// Whether a function is only the wrapper that an attribute such as `#[tokio::test]` made
    /// around an `async` block: that block begins no later than the function itself. Its lines
    /// are the block's then, and say nothing of where the function stands.
    pub fn is_async_wrapper(&self, function: FunctionId) -> bool {
        let Some(declared) = self.function_declaration(function) else { return false };
        let Some(path) = self.function_name(function) else { return false };
        let blocks = self.with_debug_info(|debug_info| {
            let start = debug_info.start_of(function.offset())?;
            let index = debug_info.index(start)?;
            let types = index.types(&|name| name.starts_with("{async_block_env#"));
            let own = types.into_iter().filter(|offset| index.scope(*offset).join("::") == path);
            Some(own.map(|offset| TypeId((start.0 + offset.0) as u64)).collect::<Vec<_>>())
        });
        blocks.unwrap_or_default().into_iter().any(|block| {
            let Some(type_) = self.type_of(block) else { return false };
            let Kind::Enum { variants, .. } = &type_.kind else { return false };
            let written = variants.first().and_then(|variant| variant.member.declared.as_ref());
            written.is_some_and(|written| {
                written.line <= declared.line && written.file == declared.file
            })
        })
    }

    fn find_coroutine_source(&self, type_: &Type) -> Option<CoroutineSource> {
        let own_name = type_.own_name.replacen("_env#", "#", 1);
        self.with_debug_info(|debug_info| {
            // A generic one is compiled where it is used, any other in its own crate.
            let own = type_.crate_name().unwrap_or_default();
            let units = debug_info.units_of_crate(type_.id.offset()).into_iter();
            units.chain(debug_info.units_named(own)).find_map(|start| {
                let index = debug_info.index(start)?;
                let (offset, body) = index.body(&type_.scope, &own_name)?;
                let unit = debug_info.unit(start)?;
                let path = body.linkage_name.and_then(|name| std::str::from_utf8(name).ok());
                let declared = |of: &BodyAwait| {
                    let file = debug_info.file(&unit, of.file)?;
                    let declared = Declared { file, line: u32::try_from(of.line).ok()? };
                    Some(Await { declared, type_id: of.type_offset.map(TypeId::from) })
                };
                Some(CoroutineSource {
                    symbol: path.map(str::to_owned),
                    path: path.map(|name| format!("{:#}", rustc_demangle::demangle(name))),
                    awaits: body.awaits.iter().filter_map(declared).collect(),
                    body: offset.to_debug_info_offset(&unit.header).map(FunctionId::from),
                })
            })
        })
    }
}
