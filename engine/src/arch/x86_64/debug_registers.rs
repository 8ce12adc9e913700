//! The registers that stop a thread when it writes to an address or is about to execute one.
//!
//! Sources: Intel SDM volume 3, chapter 19.2 (DR0 to DR3 hold addresses, DR6 says which of them was
//! hit, DR7 what each is for); Linux `arch/x86/kernel/ptrace.c` and `hw_breakpoint.c` (they are read
//! and written through the `u_debugreg` of `struct user`; an address is checked when DR7 is
//! written; after a stop before an instruction the kernel sets the flag that lets it pass).

use std::mem::offset_of;

use nix::libc;

use crate::address::Address;

/// How many addresses one thread can be stopped at.
pub const TRAP_SLOTS: usize = 4;

/// What stops a thread.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct HardwareTrap {
    /// Where; aligned to its size for a write.
    pub address: Address,
    /// What must happen there.
    pub access: Access,
}

/// What must happen at an address.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Access {
    /// The instruction there is about to be executed.
    Execute,
    /// Some of the bytes from there on were written: so many, 1, 2, 4 or 8.
    Write(WatchSize),
}

/// How many bytes are watched.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum WatchSize {
    /// 1.
    One,
    /// 2.
    Two,
    /// 4.
    Four,
    /// 8.
    Eight,
}

impl WatchSize {
    /// The size that covers a value of so many bytes at this address, if one does.
    pub fn covering(address: Address, bytes: u64) -> Option<WatchSize> {
        let size = match bytes {
            1 => WatchSize::One,
            2 => WatchSize::Two,
            4 => WatchSize::Four,
            8 => WatchSize::Eight,
            _ => return None,
        };
        address.0.is_multiple_of(bytes).then_some(size)
    }
}

/// The traps of one thread, by slot.
pub type TrapSlots = [Option<HardwareTrap>; TRAP_SLOTS];

/// Why a thread has stopped, as DR6 has it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct TrapStatus(u64);

impl TrapStatus {
    /// The status in the value of [`STATUS_OFFSET`].
    pub fn new(value: u64) -> TrapStatus {
        TrapStatus(value)
    }

    /// Whether the trap in this slot was hit.
    pub fn is_hit(self, slot: usize) -> bool {
        slot < TRAP_SLOTS && self.0 & (1 << slot) != 0
    }

    /// Whether any trap was hit.
    pub fn is_any_hit(self) -> bool {
        (0..TRAP_SLOTS).any(|slot| self.is_hit(slot))
    }

    /// Whether one instruction was executed as asked for.
    pub fn is_stepped(self) -> bool {
        const SINGLE_STEP: u64 = 1 << 14;
        self.0 & SINGLE_STEP != 0
    }
}

/// Where in `struct user` the status lies.
pub const STATUS_OFFSET: usize = register_offset(6);

/// Where in `struct user` the control register lies.
pub const CONTROL_OFFSET: usize = register_offset(7);

/// Where in `struct user` the address of a slot lies.
pub const fn slot_offset(slot: usize) -> usize {
    register_offset(slot)
}

const fn register_offset(number: usize) -> usize {
    offset_of!(libc::user, u_debugreg) + number * size_of::<u64>()
}

/// The control register that arms these traps.
pub fn trap_control(slots: &TrapSlots) -> u64 {
    let armed = slots.iter().enumerate().filter_map(|(slot, trap)| Some((slot, (*trap)?)));
    armed.fold(0, |control, (slot, trap)| {
        let enabled = 1 << (slot * 2);
        let condition = condition(trap.access) << (16 + slot * 4);
        control | enabled | condition
    })
}

/// The four bits for one slot: what is trapped, and how many bytes.
fn condition(access: Access) -> u64 {
    const WRITE: u64 = 0b01;
    let length = match access {
        Access::Execute => return 0,
        Access::Write(WatchSize::One) => 0b00,
        Access::Write(WatchSize::Two) => 0b01,
        Access::Write(WatchSize::Four) => 0b11,
        Access::Write(WatchSize::Eight) => 0b10,
    };
    WRITE | length << 2
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trap(access: Access) -> Option<HardwareTrap> {
        Some(HardwareTrap { address: Address(0x1000), access })
    }

    #[test]
    fn each_slot_has_its_own_bits() {
        let check = |slots: TrapSlots, expected: u64| assert_eq!(trap_control(&slots), expected);
        check([None; 4], 0);
        check([trap(Access::Execute), None, None, None], 0x1);
        check([trap(Access::Write(WatchSize::Eight)), None, None, None], 0x9_0001);
        check([None, trap(Access::Write(WatchSize::Four)), None, None], 0xd0_0004);
        check([None, None, None, trap(Access::Write(WatchSize::One))], 0x1000_0040);
    }

    #[test]
    fn a_watch_covers_what_is_aligned() {
        let check = |address, bytes, expected| {
            assert_eq!(WatchSize::covering(Address(address), bytes), expected);
        };
        check(0x1008, 8, Some(WatchSize::Eight));
        check(0x1004, 8, None);
        check(0x1004, 4, Some(WatchSize::Four));
        check(0x1001, 1, Some(WatchSize::One));
        check(0x1000, 3, None);
        check(0x1000, 0, None);
    }

    #[test]
    fn a_status_tells_steps_from_hits() {
        let status = TrapStatus::new(0xffff_0ff0 | 1 << 14);
        assert!(status.is_stepped() && !status.is_any_hit());
        let status = TrapStatus::new(0xffff_0ff2);
        assert!(!status.is_stepped() && status.is_hit(1) && !status.is_hit(0));
        assert!(!status.is_hit(14));
    }
}
