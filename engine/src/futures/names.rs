//! Names of functions and types as their author wrote them.

use crate::symbols::Type;

/// The function that a coroutine type belongs to: `ledger::transfer` for
/// `ledger::transfer::{async_fn_env#0}`. Blocks and closures keep a mark: `ledger::main::{async
/// block}`.
pub fn function_name(type_: &Type) -> String {
    let segments = type_.scope.iter().map(String::as_str).chain([type_.own_name.as_str()]);
    let mut name = String::new();
    for segment in segments {
        let Some(written) = written(segment) else { continue };
        if !name.is_empty() {
            name.push_str("::");
        }
        name.push_str(written);
    }
    name
}

/// The same with the type that a method belongs to, from the demangled path of the function that
/// polls it, where there is one: `ledger::Bank::transfer` rather than `ledger::transfer`.
pub fn coroutine_name(type_: &Type, path: Option<&str>) -> String {
    let is_method = type_.scope.iter().any(|segment| segment.starts_with("{impl#"));
    match path {
        Some(path) if is_method => method_name(path),
        _ => function_name(type_),
    }
}

/// `<ledger::Bank as ledger::Audit>::run::{{closure}}` as its author would say it:
/// `ledger::Bank::run`.
fn method_name(path: &str) -> String {
    let path = path.trim_end_matches("::{{closure}}");
    let path = match path.rfind("::{closure#") {
        Some(at) => path.get(..at).unwrap_or(path),
        None => path,
    };
    let Some(rest) = path.strip_prefix('<') else { return simplified(path) };
    let Some((type_, method)) = split_brackets(rest) else { return simplified(path) };
    let type_ = type_.split(" as ").next().unwrap_or(type_);
    format!("{}{method}", simplified(type_))
}

/// Splits behind the bracket that closes one opened before `text`.
fn split_brackets(text: &str) -> Option<(&str, &str)> {
    let mut depth = 1usize;
    for (at, character) in text.char_indices() {
        match character {
            '<' => depth += 1,
            '>' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return Some((text.get(..at)?, text.get(at + 1..)?));
        }
    }
    None
}

/// What a type is called: a closure after the function that it is written in, any other by its path.
pub fn type_name(type_: &Type) -> String {
    if type_.own_name.starts_with('{') { function_name(type_) } else { simplified(&type_.name) }
}

/// One segment as it was written; `None` for one that stands for nothing in the source.
fn written(segment: &str) -> Option<&str> {
    let Some(inner) = segment.strip_prefix('{') else {
        return Some(segment.split('<').next().unwrap_or(segment));
    };
    if inner.starts_with("async_block") {
        Some("{async block}")
    } else if inner.starts_with("async_closure") {
        Some("{async closure}")
    } else if inner.starts_with("closure") {
        Some("{closure}")
    } else {
        // `{async_fn_env#0}` is the function itself, `{impl#3}` has no name in the source.
        None
    }
}

/// A path without the parts in brackets that only tools need: type arguments and allocators.
pub fn simplified(path: &str) -> String {
    let mut simple = String::with_capacity(path.len());
    let mut depth = 0usize;
    let mut before = ' ';
    for character in path.chars() {
        let last = std::mem::replace(&mut before, character);
        match character {
            '<' => depth += 1,
            // The arrow of a function's type closes nothing.
            '>' if last == '-' => {}
            '>' => depth = depth.saturating_sub(1),
            _ if depth == 0 => simple.push(character),
            _ => {}
        }
    }
    simple
}

/// The type inside `Pin<Box<..>>`; any other type as it is.
pub fn unboxed(type_name: &str) -> &str {
    let inner = type_name
        .strip_prefix("core::pin::Pin<alloc::boxed::Box<")
        .and_then(|rest| rest.strip_suffix(">>"));
    let inner = inner.map(|inner| inner.strip_suffix(", alloc::alloc::Global").unwrap_or(inner));
    inner.unwrap_or(type_name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn segments_read_as_written() {
        assert_eq!(written("transfer<T>"), Some("transfer"));
        assert_eq!(written("{async_fn_env#0}"), None);
        assert_eq!(written("{async_block_env#2}<u8>"), Some("{async block}"));
        assert_eq!(written("{impl#3}"), None);
    }

    #[test]
    fn methods_carry_their_type() {
        let check = |path, expected: &str| assert_eq!(method_name(path), expected);
        check("<ledger::Bank as ledger::Audit>::run::{{closure}}", "ledger::Bank::run");
        check("ledger::Bank::transfer::{{closure}}", "ledger::Bank::transfer");
        check("<ledger::Bank<u8>>::transfer::{closure#0}", "ledger::Bank::transfer");
    }

    #[test]
    fn boxes_are_opened() {
        let check = |name, expected: &str| assert_eq!(unboxed(name), expected);
        check("core::pin::Pin<alloc::boxed::Box<a::B<u8>, alloc::alloc::Global>>", "a::B<u8>");
        check("core::pin::Pin<alloc::boxed::Box<a::B<u8>>>", "a::B<u8>");
        check("a::B", "a::B");
    }

    #[test]
    fn type_arguments_go() {
        assert_eq!(simplified("a::B<c::D<u8>>::e"), "a::B::e");
        assert_eq!(simplified("a::B<fn(u8) -> u8>::e"), "a::B::e");
    }
}
