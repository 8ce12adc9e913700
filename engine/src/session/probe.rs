//! What tracing comes to on this machine, tried on a process that is there for that.

use super::error::Error;
use crate::address::ProcessId;
use crate::process::{self, Event, Resume, Traced};
use crate::trace::watchpoints_fire;

/// What became of a watchpoint.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Watchpoints {
    /// It fired.
    Fire,
    /// It was taken and did nothing.
    Ignored,
}

/// Traces a process of one thread that waits for it and becomes another program then, reads its
/// registers and its memory, tries a watchpoint, and kills it.
///
/// The outer result says whether a process can be traced at all, the inner one whether its debug
/// registers can be written.
///
/// # Errors
///
/// The process is gone, or the system does not let us.
pub fn probe(process: ProcessId) -> Result<Result<Watchpoints, process::Error>, Error> {
    let mut traced = Traced::seize(process)?;
    loop {
        match traced.wait()? {
            Event::Exec(thread) => {
                let memory = traced.memory()?;
                let stack = traced.registers(thread).map(|registers| registers.sp());
                let is_read = stack.is_some_and(|stack| memory.read(stack, &mut [0; 8]));
                if !is_read {
                    return Err(process::Error::Gone(process).into());
                }
                let fires = watchpoints_fire(&mut traced, thread);
                traced.kill();
                return Ok(fires.map(|fires| match fires {
                    true => Watchpoints::Fire,
                    false => Watchpoints::Ignored,
                }));
            }
            Event::Exited(_) => return Err(process::Error::Gone(process).into()),
            Event::Ended(_) => {}
            Event::Born(thread) | Event::Trapped(thread, _) | Event::Signaled(thread, _) => {
                traced.resume(thread, Resume::Run)?
            }
        }
    }
}
