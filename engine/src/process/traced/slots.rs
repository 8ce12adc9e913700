//! Arming hardware traps, thread by thread.

use nix::libc::c_long;
use nix::sys::ptrace;
use nix::unistd::Pid;

use super::{Traced, alive};
use crate::address::ThreadId;
use crate::arch::{
    CONTROL_OFFSET, STATUS_OFFSET, TrapSlots, TrapStatus, slot_offset, trap_control,
};
use crate::process::Error;

impl Traced {
    /// Arms exactly these traps in a stopped thread.
    ///
    /// # Errors
    ///
    /// The system refuses an address.
    pub fn arm(&mut self, thread: ThreadId, slots: &TrapSlots) -> Result<(), Error> {
        let Some(tracee) = self.threads.get_mut(&thread) else { return Ok(()) };
        if tracee.armed == *slots {
            return Ok(());
        }
        if self.breakpoints.is_some() {
            tracee.armed = *slots;
            self.plant();
            return Ok(());
        }
        // An address is checked against what its slot is for: nothing may be armed while they
        // change.
        let mut result = write(thread, CONTROL_OFFSET, 0);
        for (number, (old, new)) in tracee.armed.iter().zip(slots).enumerate() {
            if let Some(new) = new
                && old.map(|old| old.address) != Some(new.address)
            {
                result = result.and_then(|()| write(thread, slot_offset(number), new.address.0));
            }
        }
        result = result.and_then(|()| match trap_control(slots) {
            0 => Ok(()),
            control => write(thread, CONTROL_OFFSET, control),
        });
        // An address that is no longer armed is not known to be the one in the slot.
        tracee.armed = *slots;
        alive("set traps in", thread, result)
    }
}

/// Why a thread has stopped; told once.
pub(super) fn take_status(thread: ThreadId) -> TrapStatus {
    let id = Pid::from_raw(thread.0);
    let value = ptrace::read_user(id, STATUS_OFFSET as ptrace::AddressType);
    let status = TrapStatus::new(value.unwrap_or(0).cast_unsigned());
    // The CPU only ever adds to it. One that was killed meanwhile has none.
    let _ = write(thread, STATUS_OFFSET, 0);
    status
}

fn write(thread: ThreadId, offset: usize, value: u64) -> nix::Result<()> {
    let value: c_long = value.cast_signed();
    ptrace::write_user(Pid::from_raw(thread.0), offset as ptrace::AddressType, value)
}
