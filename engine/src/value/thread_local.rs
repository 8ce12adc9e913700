//! Thread-local variables.

use super::place::Place;
use crate::arch;
use crate::program::{ImageId, Program};
use crate::snapshot::Thread;
use crate::symbols::{ThreadLocal, ThreadLocalSegment};

/// The thread-local variables of one name in the main executable: one for each version of the crate.
pub struct ThreadLocals<'program> {
    program: &'program Program<'program>,
    found: Option<Found>,
}

struct Found {
    image: ImageId,
    segment: ThreadLocalSegment,
    variables: Vec<ThreadLocal>,
}

impl<'program> ThreadLocals<'program> {
    /// Those whose path begins with `path`, which names the crate of this name.
    pub fn named(
        program: &'program Program<'program>,
        path: &str,
        crate_name: &str,
    ) -> ThreadLocals<'program> {
        let found = program.executable().and_then(|(image, executable)| {
            let segment = executable.object.thread_local_segment()?;
            let variables = executable.object.thread_locals(path, crate_name);
            Some(Found { image, segment, variables })
        });
        ThreadLocals { program, found }
    }

    /// A thread's copies of them, with the wrappers that std puts around them. Whether the thread
    /// has used its copy is for the caller to tell.
    pub fn of(&self, thread: &Thread) -> impl Iterator<Item = Place<'program>> {
        let found = self.found.iter();
        found.flat_map(|found| found.variables.iter().filter_map(|v| self.place(found, v, thread)))
    }

    fn place(
        &self,
        found: &Found,
        variable: &ThreadLocal,
        thread: &Thread,
    ) -> Option<Place<'program>> {
        let address = arch::thread_local_address(
            thread.registers.thread_pointer(),
            found.segment.size,
            found.segment.alignment,
            variable.offset,
        );
        Place::new(self.program, found.image, address, variable.type_id)
    }
}
