//! Keeps the binary that was looked at beside the archive: a rebuild would put another one under
//! its name.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::snapshot::archive::Error;

/// The name that it has beside the archive.
const NAME: &str = "binary";

/// Puts a hard link to `binary` into `folder`, in place of an older one, and returns its path. Takes
/// no room; fails where both are not on one file system.
pub fn link_binary(binary: &Path, folder: &Path) -> Result<PathBuf, Error> {
    put(binary, folder, |path| fs::hard_link(binary, path))
}

/// Puts a copy of `binary` into `folder`, in place of an older one, and returns its path.
pub fn copy_binary(binary: &Path, folder: &Path) -> Result<PathBuf, Error> {
    put(binary, folder, |path| fs::copy(binary, path).map(drop))
}

/// Makes the file in a folder of its own and moves it to its place when it is complete.
fn put(
    binary: &Path,
    folder: &Path,
    make: impl FnOnce(&Path) -> io::Result<()>,
) -> Result<PathBuf, Error> {
    let path = folder.join(NAME);
    let replace = || {
        let workshop = tempfile::tempdir_in(folder)?;
        let made = workshop.path().join(NAME);
        make(&made)?;
        // A rename onto another link to the same file does nothing, which is as good.
        fs::rename(&made, &path)
    };
    match replace() {
        Ok(()) => Ok(path),
        Err(source) => Err(Error::Binary { binary: binary.to_owned(), path, source }),
    }
}
