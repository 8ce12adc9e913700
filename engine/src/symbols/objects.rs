//! The object files opened so far, so that many looks at one program read its symbols once.

use std::cell::RefCell;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use super::error::Error;
use super::object::{BuildId, Object};

/// Opened object files, by build id or else by path.
#[derive(Default)]
pub struct Objects {
    opened: RefCell<HashMap<Key, Rc<Object>>>,
}

#[derive(PartialEq, Eq, Hash)]
enum Key {
    BuildId(BuildId),
    Path(PathBuf),
}

impl Objects {
    /// Adds an object that is open already, so that no file is read for its build id.
    pub fn insert(&self, object: Object) {
        let key = match object.build_id() {
            Some(build_id) => Key::BuildId(build_id.clone()),
            None => Key::Path(object.path().to_owned()),
        };
        self.opened.borrow_mut().insert(key, Rc::new(object));
    }

    /// The object with this build id, read from `file` unless it is open already. With no build id
    /// to go by, `path`, which the process has mapped, names it.
    pub fn object(
        &self,
        path: &Path,
        build_id: Option<&BuildId>,
        file: &Path,
    ) -> Result<Rc<Object>, Error> {
        let key = match build_id {
            Some(build_id) => Key::BuildId(build_id.clone()),
            None => Key::Path(path.to_owned()),
        };
        self.read_once(key, path, build_id, || Object::open(file))
    }

    /// The object with this build id that lies in memory as `bytes`, read unless it is open already.
    /// `path` is what it is called.
    pub fn object_in_memory(
        &self,
        path: &Path,
        build_id: Option<&BuildId>,
        bytes: Vec<u8>,
    ) -> Result<Rc<Object>, Error> {
        match build_id {
            Some(known) => self.read_once(Key::BuildId(known.clone()), path, build_id, || {
                Object::from_bytes(path, bytes)
            }),
            None => Object::from_bytes(path, bytes).map(Rc::new),
        }
    }

    fn read_once(
        &self,
        key: Key,
        path: &Path,
        build_id: Option<&BuildId>,
        read: impl FnOnce() -> Result<Object, Error>,
    ) -> Result<Rc<Object>, Error> {
        if let Some(object) = self.opened.borrow().get(&key) {
            return Ok(Rc::clone(object));
        }
        let object = Rc::new(read()?);
        if build_id.is_some() && object.build_id() != build_id {
            return Err(Error::OtherBuild { path: path.to_owned() });
        }
        self.opened.borrow_mut().insert(key, Rc::clone(&object));
        Ok(object)
    }
}
