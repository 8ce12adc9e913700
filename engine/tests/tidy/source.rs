//! A source file as a tree of tokens, and walks over it.

use std::fs;
use std::path::Path;

use proc_macro2::{TokenStream, TokenTree};

/// A source file.
pub(crate) struct Source {
    /// Its path from the workspace's root, with `/`.
    pub(crate) path: String,
    /// Its text.
    pub(crate) text: String,
    /// Its tokens; documentation is among them as `doc` attributes.
    pub(crate) tokens: Vec<TokenTree>,
}

impl Source {
    /// Reads `text` as the file `path`.
    pub(crate) fn new(path: &str, text: &str) -> Source {
        let tokens: TokenStream = text.parse().unwrap_or_else(|error| panic!("{path}: {error}"));
        Source {
            path: path.to_owned(),
            text: text.to_owned(),
            tokens: tokens.into_iter().collect(),
        }
    }

    /// Whether all of it is tests.
    pub(crate) fn is_test(&self) -> bool {
        self.path.contains("/tests/") || self.path.ends_with("/tests.rs")
    }

    /// Gives `visit` each run of sibling tokens that is no test code, with the number of inline
    /// modules around it.
    pub(crate) fn walk(&self, visit: &mut dyn FnMut(&[TokenTree], usize)) {
        if !self.is_test() {
            walk(&self.tokens, 0, visit);
        }
    }
}

/// Adds the Rust files below `folder`, in order of their paths.
pub(crate) fn collect(root: &Path, folder: &Path, sources: &mut Vec<Source>) {
    let entries =
        fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    for path in paths {
        if path.is_dir() {
            collect(root, &path, sources);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let name = path.strip_prefix(root).unwrap().to_string_lossy();
            sources.push(Source::new(&name, &fs::read_to_string(&path).unwrap()));
        }
    }
}

/// The identifier at `index`, if there is one.
pub(crate) fn ident(tokens: &[TokenTree], index: usize) -> Option<String> {
    match tokens.get(index) {
        Some(TokenTree::Ident(ident)) => Some(ident.to_string()),
        _ => None,
    }
}

/// The tokens inside the group at `index`, if there is one.
pub(crate) fn group(tokens: &[TokenTree], index: usize) -> Option<Vec<TokenTree>> {
    match tokens.get(index) {
        Some(TokenTree::Group(group)) => Some(group.stream().into_iter().collect()),
        _ => None,
    }
}

/// Whether the two tokens from `index` on are `::`.
pub(crate) fn is_path_separator(tokens: &[TokenTree], index: usize) -> bool {
    let is_colon = |index| matches!(tokens.get(index), Some(TokenTree::Punct(punct)) if punct.as_char() == ':');
    is_colon(index) && is_colon(index + 1)
}

fn walk(tokens: &[TokenTree], modules: usize, visit: &mut dyn FnMut(&[TokenTree], usize)) {
    let tokens = without_tests(tokens);
    visit(&tokens, modules);
    for index in 0..tokens.len() {
        if let Some(inner) = group(&tokens, index) {
            let is_module =
                index >= 2 && ident(&tokens, index - 2).is_some_and(|word| word == "mod");
            walk(&inner, modules + usize::from(is_module), visit);
        }
    }
}

/// `tokens` without documentation and the items behind `#[cfg(test)]`.
fn without_tests(tokens: &[TokenTree]) -> Vec<TokenTree> {
    let mut kept = Vec::new();
    let mut index = 0;
    while index < tokens.len() {
        match attribute(tokens, index) {
            Some((text, after)) if text == "cfg(test)" => index = item_end(tokens, after),
            Some((text, after)) if text.starts_with("doc=") => index = after,
            _ => {
                kept.push(tokens[index].clone());
                index += 1;
            }
        }
    }
    kept
}

/// The text of the attribute at `index`, without spaces, and where it ends.
fn attribute(tokens: &[TokenTree], index: usize) -> Option<(String, usize)> {
    let is = |index, character| matches!(tokens.get(index), Some(TokenTree::Punct(punct)) if punct.as_char() == character);
    let at = if is(index + 1, '!') { index + 2 } else { index + 1 };
    match tokens.get(at) {
        Some(TokenTree::Group(group)) if is(index, '#') => {
            let text = group.stream().to_string().replace(' ', "");
            Some((text, at + 1))
        }
        _ => None,
    }
}

/// Where the item that begins at `start` ends: behind its first `;` or braces.
fn item_end(tokens: &[TokenTree], start: usize) -> usize {
    let ends = |token: &TokenTree| match token {
        TokenTree::Group(group) => group.delimiter() == proc_macro2::Delimiter::Brace,
        TokenTree::Punct(punct) => punct.as_char() == ';',
        TokenTree::Ident(_) | TokenTree::Literal(_) => false,
    };
    let length = tokens.iter().skip(start).position(ends);
    length.map_or(tokens.len(), |length| start + length + 1)
}
