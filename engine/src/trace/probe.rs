//! Whether watchpoints fire here.
//!
//! Some virtual machines accept the addresses and ignore them (AMD SEV guests among them): a story
//! would then wait for ever, in silence. So the first push of the program's start is watched: every
//! program begins with one, since its loader is called.

use crate::address::ThreadId;
use crate::arch::{Access, HardwareTrap, TRAP_SLOTS, WatchSize};
use crate::process::{Error, Event, Resume, Traced};

/// Most instructions that are stepped to come to a push.
const MOST_STEPS: usize = 64;

/// The size of what is pushed, in bytes.
const PUSHED: u64 = 8;

/// Whether a watch on what the program pushes first fires. Its only thread stands at its first
/// instruction, and behind that push afterwards. One that pushes nothing is taken to be fine.
pub fn watchpoints_fire(traced: &mut Traced, thread: ThreadId) -> Result<bool, Error> {
    let mut fires = true;
    for _ in 0..MOST_STEPS {
        let Some(registers) = traced.registers(thread) else { break };
        let below = registers.sp().offset(PUSHED.wrapping_neg());
        let Some(size) = WatchSize::covering(below, PUSHED) else { break };
        let watch = HardwareTrap { address: below, access: Access::Write(size) };
        let mut slots = [None; TRAP_SLOTS];
        slots.iter_mut().take(1).for_each(|slot| *slot = Some(watch));
        traced.arm(thread, &slots)?;
        traced.resume(thread, Resume::Step)?;
        let trapped = match traced.wait()? {
            Event::Trapped(_, trapped) => trapped,
            other => {
                traced.put_back(other);
                return Ok(true);
            }
        };
        let has_pushed = traced.registers(thread).is_some_and(|after| after.sp() == below);
        if has_pushed {
            fires = trapped.hits.contains(&Some(watch));
            break;
        }
    }
    traced.arm(thread, &[None; TRAP_SLOTS])?;
    Ok(fires)
}
