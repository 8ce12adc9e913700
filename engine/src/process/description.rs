//! What `/proc` says of a whole process: its mappings, open files and arguments.

use std::fs;
use std::ops::Range;
use std::path::PathBuf;

use crate::address::{Address, ThreadId};
use crate::process::{Error, Process, procfs, refusal};

/// The longest name of an executable that is looked at, in bytes (`PATH_MAX`).
const LONGEST_PATH: u64 = 4096;

/// The number of the entry in the auxiliary vector that points to the executable's name.
const AT_EXECFN: u64 = 31;

impl Process {
    /// The file it runs. A name that ends in ` (deleted)` is one that is there no more.
    pub fn executable(&self) -> Result<PathBuf, Error> {
        let path = procfs::path(self.id(), self.live_thread()?, "exe");
        fs::read_link(&path).map_err(|_| refusal::ended(self.id()))
    }

    /// Its memory map, as `/proc/PID/maps` has it.
    pub fn maps(&self) -> Result<Vec<u8>, Error> {
        self.read_file("maps")
    }

    /// Its open files by number, with what each leads to, such as `socket:[123]`.
    pub fn descriptors(&self) -> Result<Vec<(i32, PathBuf)>, Error> {
        let folder = procfs::path(self.id(), self.live_thread()?, "fd");
        let numbers = procfs::numbers(&folder).map_err(|_| refusal::ended(self.id()))?;
        let target =
            |number: i32| Some((number, fs::read_link(folder.join(number.to_string())).ok()?));
        let mut descriptors: Vec<_> = numbers.into_iter().filter_map(target).collect();
        descriptors.sort_unstable();
        Ok(descriptors)
    }

    /// Where its command line, its environment and its executable's name lie. Passwords are handed
    /// over there.
    pub fn arguments(&self) -> Result<Vec<Range<Address>>, Error> {
        let thread = self.live_thread()?;
        let mut areas = procfs::argument_areas(self.id(), thread);
        areas.extend(self.executable_name(thread)?);
        Ok(areas)
    }

    /// Where the name lies that the executable was started by.
    fn executable_name(&self, thread: ThreadId) -> Result<Option<Range<Address>>, Error> {
        let vector = self.read_file_of(thread, "auxv")?;
        let entry = vector.as_chunks::<16>().0.iter().find_map(|entry| {
            let (key, value) = entry.split_first_chunk::<8>()?;
            let value = u64::from_le_bytes(*value.first_chunk()?);
            (u64::from_le_bytes(*key) == AT_EXECFN).then_some(Address(value))
        });
        let Some(start) = entry else { return Ok(None) };
        let memory = self.memory()?;
        let is_text = |at: &u64| {
            let mut byte = [0];
            memory.read(start.offset(*at), &mut byte) && byte != [0]
        };
        let length = (0..LONGEST_PATH).take_while(is_text).count() as u64;
        Ok(Some(start..start.offset(length)))
    }

    fn read_file(&self, file: &str) -> Result<Vec<u8>, Error> {
        self.read_file_of(self.live_thread()?, file)
    }

    fn read_file_of(&self, thread: ThreadId, file: &str) -> Result<Vec<u8>, Error> {
        procfs::read(self.id(), thread, file).map_err(|source| {
            if procfs::stat(self.id(), thread).is_ok_and(|stat| !stat.is_dead()) {
                let path = procfs::path(self.id(), thread, file);
                return Error::Proc { path, source };
            }
            refusal::ended(self.id())
        })
    }
}
