//! Thread-local variables.

use super::place::Place;
use crate::arch;
use crate::program::Program;
use crate::snapshot::Thread;

/// A thread's copies of the thread-local variables of this name in the main executable, with the
/// wrappers that std puts around them: one for each version of the crate. Whether the thread has
/// used its copy is for the caller to tell.
pub fn thread_locals<'program>(
    program: &'program Program<'program>,
    thread: &Thread,
    path: &str,
    crate_name: &str,
) -> Vec<Place<'program>> {
    let Some((image, executable)) = program.executable() else { return Vec::new() };
    let Some(segment) = executable.object.thread_local_segment() else { return Vec::new() };
    let variables = executable.object.thread_locals(path, crate_name);
    let place = |offset, type_id| {
        let address = arch::thread_local_address(
            thread.registers.thread_pointer(),
            segment.size,
            segment.alignment,
            offset,
        );
        Place::new(program, image, address, type_id)
    };
    variables.iter().filter_map(|variable| place(variable.offset, variable.type_id)).collect()
}
