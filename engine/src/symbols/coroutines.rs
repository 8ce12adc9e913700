//! What the function that polls a coroutine tells of it: the lines of its `.await`s as the user
//! wrote them, and the path of the function with the type it is a method of.

use gimli::{Reader as _, constants};

use super::ids::{FunctionId, TypeId};
use super::index::BodyAwait;
use super::object::Object;
use super::types::{Declared, Kind, Member, Type};
use super::variables::{Variable, VariableLocation};

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

    /// The line at which the variable of a coroutine's body is declared that is kept in this member. Of
    /// several by that name, the debug info of unoptimized code says which lies there.
    pub fn coroutine_variable(&self, type_: &Type, member: &Member) -> Option<Declared> {
        let key = (type_.id, member.offset, member.name.clone());
        if let Some(known) = self.coroutine_variables.borrow().get(&key) {
            return known.clone();
        }
        let found = self.find_coroutine_variable(type_, member);
        self.coroutine_variables.borrow_mut().insert(key, found.clone());
        found
    }

    fn find_coroutine_variable(&self, type_: &Type, member: &Member) -> Option<Declared> {
        let body = self.coroutine_source(type_)?.body?;
        let own = |variable: &Variable| {
            variable.nesting == 0 && variable.name.as_ref() == Some(&member.name)
        };
        let variables: Vec<Variable> = self.variables_in(body).into_iter().filter(own).collect();
        let is_there = |variable: &&Variable| offset_in_coroutine(variable) == Some(member.offset);
        only_line(variables.iter()).or_else(|| only_line(variables.iter().filter(is_there)))
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

/// The line that all of these variables are declared at.
fn only_line<'variable>(variables: impl Iterator<Item = &'variable Variable>) -> Option<Declared> {
    let declared = variables.filter_map(|variable| variable.declaration.as_ref());
    let mut lines = declared.map(|place| Declared { file: place.file.clone(), line: place.line });
    let first = lines.next()?;
    lines.all(|line| line == first).then_some(first)
}

/// Where in its coroutine a variable lies, if all its places say the same: behind the pointer to the
/// coroutine that its function has on its stack.
fn offset_in_coroutine(variable: &Variable) -> Option<u64> {
    let VariableLocation::Places(places) = &variable.location else { return None };
    let mut offsets = places.iter().map(|place| behind_pointer(place.expression.bytes()));
    let first = offsets.next()??;
    offsets.all(|offset| offset == Some(first)).then_some(first)
}

/// The number of bytes behind what a variable of the frame points to, if that is what the expression
/// says: `DW_OP_fbreg`, `DW_OP_deref` and, unless it is zero, `DW_OP_plus_uconst`.
fn behind_pointer(expression: &[u8]) -> Option<u64> {
    let mut rest = gimli::EndianSlice::new(expression, gimli::LittleEndian);
    if rest.read_u8().ok()? != constants::DW_OP_fbreg.0 {
        return None;
    }
    rest.read_sleb128().ok()?;
    if rest.read_u8().ok()? != constants::DW_OP_deref.0 {
        return None;
    }
    if rest.is_empty() {
        return Some(0);
    }
    let is_offset = rest.read_u8().ok()? == constants::DW_OP_plus_uconst.0;
    let offset = rest.read_uleb128().ok().filter(|_| is_offset)?;
    rest.is_empty().then_some(offset)
}

#[cfg(test)]
mod tests {
    use super::behind_pointer;

    #[track_caller]
    fn check(expression: &[u8], expected: Option<u64>) {
        assert_eq!(behind_pointer(expression), expected, "{expression:x?}");
    }

    #[test]
    fn a_variable_of_a_coroutine_lies_behind_a_pointer_of_the_frame() {
        check(&[0x91, 0x88, 0x03, 0x06], Some(0));
        check(&[0x91, 0xd0, 0x02, 0x06, 0x23, 0x80, 0x01], Some(128));
    }

    #[test]
    fn any_other_place_is_none_in_a_coroutine() {
        check(&[], None);
        check(&[0x91, 0xa8, 0x03], None);
        check(&[0x91, 0x80], None);
        check(&[0x91, 0x08, 0x06, 0x23], None);
        check(&[0x91, 0x08, 0x06, 0x06], None);
        check(&[0x91, 0x08, 0x06, 0x23, 0x08, 0x06], None);
        check(&[0x03, 0x08, 0x06], None);
    }
}
