//! The only home of CPU facts: registers, DWARF register numbers, thread-local storage, hardware
//! traps.
//!
//! One folder entry per CPU, with the same items in the same order; the rest of the engine names
//! only what is re-exported here.

#[cfg(target_arch = "x86_64")]
mod x86_64;

#[cfg(target_arch = "x86_64")]
pub use x86_64::{
    ARGUMENTS, Access, Argument, BRANCH_TARGET, BREAKPOINT, Behind, CONTROL_OFFSET, CallRecord,
    Callee, Condition, Effect, FRAME_REGISTERS, HardwareTrap, Instruction, LONGEST_INSTRUCTION,
    NAME, PC_OFFSET, Registers, STATUS_OFFSET, SYSCALL_INSTRUCTION, TRAP_SLOTS, TrapSlots,
    TrapStatus, WatchSize, argument_in, direct_calls, first_effect, instruction, slot_offset,
    syscall_name, thread_local_address, trap_control,
};

#[cfg(not(target_arch = "x86_64"))]
compile_error!("this CPU is not supported yet: cargo-asynctest runs on Linux x86-64");
