//! Whose code is whose.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use super::object::Object;

/// The crates that are the user's own.
#[derive(Clone, Debug, Default)]
pub struct UserCrates(Rc<BTreeSet<String>>);

impl UserCrates {
    /// The crates of this program whose sources lie in one of these folders; with none, all that are
    /// neither the toolchain's nor downloaded.
    pub fn find(object: &Object, roots: &[PathBuf]) -> UserCrates {
        UserCrates(Rc::new(object.crates(&|file| match roots.is_empty() {
            true => !is_library(file),
            false => roots.iter().any(|root| file.starts_with(root)) && !is_library(file),
        })))
    }

    /// Their names.
    pub fn names(&self) -> Rc<BTreeSet<String>> {
        Rc::clone(&self.0)
    }

    /// Whether the crate of this name is the user's.
    pub fn has(&self, crate_name: &str) -> bool {
        self.0.contains(crate_name)
    }

    /// Whether a mangled name has the name of such a crate in it.
    pub fn is_in(&self, mangled: &str) -> bool {
        self.0.iter().any(|name| mangled.contains(name.as_str()))
    }

    /// Whether the function or type of this path is of a crate of the user's.
    pub fn owns(&self, path: &str) -> bool {
        let path = path.trim_start_matches('<');
        path.split("::").next().is_some_and(|crate_name| self.has(crate_name))
    }
}

/// Whether a file comes from the toolchain, or from where cargo keeps what it downloads.
pub fn is_library(file: &Path) -> bool {
    let text = file.to_string_lossy();
    text.starts_with("/rustc/")
        || text.starts_with("/rust/deps/")
        || text.contains("/lib/rustlib/src/")
        || text.contains("/registry/src/")
        || text.contains("/git/checkouts/")
}
