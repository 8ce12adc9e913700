//! Files: whose they are, and how they are shown.

use std::borrow::Cow;
use std::path::Path;

use super::compose::SourceText;
use super::schema::{Location, Origin, Subject};
use crate::model::{Frame, Line};

/// Where the crates that std is built with seem to lie, in the std that rustup delivers: those that
/// print a backtrace, for one.
const STD_DEPENDENCIES: &str = "/rust/deps/";

/// How this report shows files.
pub(super) struct Paths<'source> {
    workspace: Option<String>,
    roots: Vec<String>,
    text: SourceText<'source>,
}

impl<'source> Paths<'source> {
    pub(super) fn new(subject: &Subject, text: SourceText<'source>) -> Paths<'source> {
        let bare = |root: &String| root.trim_end_matches('/').to_owned();
        Paths {
            workspace: subject.workspace.as_ref().map(bare),
            roots: subject.source_roots.iter().map(bare).collect(),
            text,
        }
    }

    /// A place in a file as the report shows it.
    pub(super) fn location(&self, line: &Line) -> Location {
        let file = line.file.to_string_lossy();
        Location {
            file: self.shown(&file),
            line: line.line,
            text: (self.text)(&line.file, line.line).map(|text| text.trim().to_owned()),
            origin: self.origin(&file),
            trust: line.trust,
        }
    }

    /// Whose code a frame is; where its file is not known, its function's path tells.
    pub(super) fn origin_of_frame(&self, frame: &Frame) -> Origin {
        let by_file = frame.line.as_ref().map(|line| self.origin(&line.file.to_string_lossy()));
        by_file.unwrap_or_else(|| {
            let is_std = ["std::", "core::", "alloc::", "test::"]
                .iter()
                .any(|name| frame.function.starts_with(name));
            if is_std { Origin::Std } else { Origin::Unknown }
        })
    }

    /// Whose file this is. With no folder named as the user's own, everything is that comes neither
    /// from the toolchain nor from where cargo keeps downloaded crates.
    pub(super) fn origin(&self, file: &str) -> Origin {
        let file = straight(file);
        let file = file.as_ref();
        if file.starts_with("/rustc/")
            || file.starts_with(STD_DEPENDENCIES)
            || file.contains("/lib/rustlib/src/")
        {
            return Origin::Std;
        }
        if ["/registry/src/", "/git/checkouts/"].iter().any(|part| file.contains(part)) {
            return Origin::Library;
        }
        let is_own = self.roots.is_empty() || self.roots.iter().any(|root| is_inside(file, root));
        if is_own { Origin::User } else { Origin::Library }
    }

    /// The file relative to the workspace or else to the first root it lies in; or without the part of the path that says
    /// only where cargo keeps its downloads.
    fn shown(&self, file: &str) -> String {
        let file = straight(file);
        let file = file.as_ref();
        let is_own = self.roots.is_empty() || self.roots.iter().any(|root| is_inside(file, root));
        let workspace = self.workspace.iter().filter(|_| is_own);
        let inside = workspace.chain(&self.roots).filter(|root| is_inside(file, root));
        if let Some(root) = inside.min_by_key(|root| root.len()) {
            let relative = file.get(root.len()..).unwrap_or(file);
            return relative.trim_start_matches('/').to_owned();
        }
        if let Some((_, crate_path)) = file.split_once("/registry/src/") {
            return crate_path.split_once('/').map_or(crate_path, |(_, path)| path).to_owned();
        }
        if let Some((_, path)) = file.split_once("/lib/rustlib/src/rust/") {
            return path.to_owned();
        }
        if let Some(path) = file.strip_prefix(STD_DEPENDENCIES) {
            return path.to_owned();
        }
        match file.strip_prefix("/rustc/").and_then(|rest| rest.split_once('/')) {
            Some((_, path)) => path.to_owned(),
            None => file.to_owned(),
        }
    }
}

/// A path without detours: `tests/util/../support.rs`, as `#[path]` leaves it, is `tests/support.rs`.
fn straight(file: &str) -> Cow<'_, str> {
    if !file.contains("/../") {
        return Cow::Borrowed(file);
    }
    let mut parts: Vec<&str> = Vec::new();
    for part in file.split('/') {
        let is_named = parts.last().is_some_and(|last| !last.is_empty() && *last != "..");
        if part == ".." && is_named {
            parts.pop();
        } else {
            parts.push(part);
        }
    }
    Cow::Owned(parts.join("/"))
}

fn is_inside(file: &str, root: &str) -> bool {
    Path::new(file).starts_with(root)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(roots: &[&str], file: &str, shown: &str, origin: Origin) {
        let source_roots = roots.iter().map(|root| (*root).to_owned()).collect();
        let subject = Subject { source_roots, ..Subject::default() };
        let paths = Paths::new(&subject, &|_, _| None);
        assert_eq!((paths.shown(file), paths.origin(file)), (shown.to_owned(), origin), "{file}");
    }

    #[test]
    fn own_files_are_relative_to_their_root() {
        check(&["/w"], "/w/src/a.rs", "src/a.rs", Origin::User);
        check(&["/w", "/w/member"], "/w/member/src/a.rs", "member/src/a.rs", Origin::User);
        check(&[], "/w/src/a.rs", "/w/src/a.rs", Origin::User);
        check(&["/w"], "/world/src/a.rs", "/world/src/a.rs", Origin::Library);
    }

    #[test]
    fn own_files_are_relative_to_the_workspace() {
        let subject = Subject {
            source_roots: vec!["/w/member".to_owned()],
            workspace: Some("/w/".to_owned()),
            ..Subject::default()
        };
        let paths = Paths::new(&subject, &|_, _| None);
        assert_eq!(paths.shown("/w/member/src/a.rs"), "member/src/a.rs");
        assert_eq!(paths.shown("/w/vendor/tokio/src/a.rs"), "/w/vendor/tokio/src/a.rs");
    }

    #[test]
    fn detours_are_left_out() {
        check(&["/w"], "/w/tests/util/../support.rs", "tests/support.rs", Origin::User);
        check(&["/w"], "/w/a/b/../../c.rs", "c.rs", Origin::User);
        check(&["/w"], "/w/../x/c.rs", "/x/c.rs", Origin::Library);
        check(&[], "/../c.rs", "/../c.rs", Origin::User);
        check(&[], "../c.rs", "../c.rs", Origin::User);
    }

    #[test]
    fn downloads_and_the_toolchain_lose_their_folders() {
        let file = "/h/.cargo/registry/src/index-1/tokio-1.54.1/src/lib.rs";
        check(&["/h"], "/h/x.rs", "x.rs", Origin::User);
        check(&["/w"], file, "tokio-1.54.1/src/lib.rs", Origin::Library);
        check(&["/w"], "/rustc/59807/library/std/src/a.rs", "library/std/src/a.rs", Origin::Std);
        check(&[], "/rust/deps/gimli-0.32.3/src/a.rs", "gimli-0.32.3/src/a.rs", Origin::Std);
    }
}
