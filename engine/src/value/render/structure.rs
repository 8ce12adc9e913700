//! Values by their structure: structs, tuples, enums, and what the compiler makes of closures.

use super::{LEFT_OUT, NOT_FOLLOWED, Renderer, is_secret};
use crate::symbols::{Kind, Member};
use crate::value::Place;

impl Renderer<'_> {
    /// A struct, a tuple, a closure, or a wide pointer.
    pub(super) fn structure(&mut self, place: &Place<'_>) -> Option<()> {
        let type_ = &*place.type_;
        if type_.member("vtable").is_some() && type_.member("pointer").is_some() {
            return self.dynamic(place);
        }
        if type_.member("data_ptr").is_some() && type_.member("length").is_some() {
            return self.slice(place);
        }
        let name = short(&type_.own_name);
        if name.starts_with('(') {
            return self.fields(place, "");
        }
        if name.starts_with('{') {
            self.push(if name.starts_with("{closure") { "{closure}" } else { name });
            return Some(());
        }
        self.fields(place, name)
    }

    /// A value of an enum, or a coroutine.
    pub(super) fn enumeration(&mut self, place: &Place<'_>) -> Option<()> {
        let (_, variant) = place.active_variant()?;
        let own = &place.type_.own_name;
        if own.starts_with("{async_") {
            let function = crate::symbols::Type::clone(&place.type_).scope.join("::");
            self.push(&format!("{function} ({})", variant.type_.own_name));
            return Some(());
        }
        let name = short(&variant.type_.own_name).to_owned();
        self.fields(&variant, &name)
    }

    /// A wide pointer to elements or to text.
    fn slice(&mut self, place: &Place<'_>) -> Option<()> {
        let start = place.field("data_ptr")?;
        let length = place.field("length")?.unsigned()?;
        let Kind::Pointer { target: Some(element) } = start.type_.kind else { return None };
        let start = start.pointer()?;
        let name = &place.type_.name;
        if name.starts_with('&') && length > 0 && !self.may_follow(place, start) {
            self.push(NOT_FOLLOWED);
            return Some(());
        }
        if is_text(name) {
            return self.text(place, start, length);
        }
        if pointed_to(name).ends_with("::CStr") {
            return self.text(place, start, length.saturating_sub(1));
        }
        self.sequence(place, start, element, length, ["[", "]"])
    }

    /// The fields of a struct or a variant of this name.
    fn fields(&mut self, place: &Place<'_>, name: &str) -> Option<()> {
        let members: Vec<&Member> =
            place.type_.members().iter().filter(|member| !is_marker(place, member)).collect();
        let is_tuple = members.iter().all(|member| member.name.starts_with("__"));
        self.push(name);
        if members.is_empty() {
            if name.is_empty() {
                self.push("()");
            }
            return Some(());
        }
        let [open, close] = if is_tuple { ["(", ")"] } else { [" { ", " }"] };
        let is_brief = self.limits.structures.is_brief(&place.type_);
        if is_brief && self.is_brief {
            self.push(open);
            self.push(LEFT_OUT);
            self.push(close);
            return Some(());
        }
        let outside = self.is_brief;
        self.is_brief |= is_brief;
        self.push(open);
        for (index, member) in members.iter().enumerate() {
            if index >= self.limits.elements || self.is_full {
                self.push(LEFT_OUT);
                break;
            }
            if index > 0 {
                self.push(", ");
            }
            if !is_tuple {
                self.push(&format!("{}: ", member.name));
            }
            match place.member(member) {
                _ if is_secret(&member.name) => self.push("***"),
                Some(value) => self.value(&value),
                None => self.unreadable(place.address),
            }
        }
        if name.is_empty() && members.len() == 1 {
            self.push(",");
        }
        self.push(close);
        self.is_brief = outside;
        Some(())
    }
}

/// Whether a field says something to the compiler alone.
fn is_marker(place: &Place<'_>, member: &Member) -> bool {
    let type_ = place.program.object(place.image).and_then(|object| object.type_of(member.type_id));
    type_.is_some_and(|type_| {
        type_.is("core::marker::PhantomData") || type_.is("core::marker::PhantomPinned")
    })
}

/// Whether a wide pointer of this name leads to text.
pub(super) fn is_text(pointer: &str) -> bool {
    let own = pointed_to(pointer);
    let own = own.rsplit("::").next().unwrap_or(own);
    matches!(own, "str" | "Path" | "OsStr")
}

/// The name of what a pointer of this name leads to: a reference, or a box or a counted pointer with
/// or without its allocator.
fn pointed_to(pointer: &str) -> &str {
    let inner = match pointer.split_once('<') {
        Some((outer, inner)) if !outer.contains(['&', '*', '[']) => inner,
        _ => pointer,
    };
    let end = inner.find([',', '>']).unwrap_or(inner.len());
    let name = inner.get(..end).unwrap_or(inner).trim_start_matches('&');
    let name = name.trim_start_matches("*const ").trim_start_matches("*mut ");
    name.trim_start_matches("mut ")
}

/// A name without type arguments.
fn short(name: &str) -> &str {
    if name.starts_with('(') || name.starts_with('{') {
        return name;
    }
    name.split('<').next().unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::is_text;

    #[test]
    fn pointers_to_text_are_known() {
        let check = |name: &str, expected: bool| assert_eq!(is_text(name), expected, "{name}");
        check("&str", true);
        check("&mut str", true);
        check("&std::path::Path", true);
        check("alloc::boxed::Box<str, alloc::alloc::Global>", true);
        check("alloc::rc::Rc<str, alloc::alloc::Global>", true);
        check("alloc::sync::Arc<std::ffi::os_str::OsStr>", true);
        check("&[&str]", false);
        check("alloc::boxed::Box<[&str], alloc::alloc::Global>", false);
        check("&a::Destr", false);
    }
}
