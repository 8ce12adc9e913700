//! The only home of CPU facts: registers, DWARF register numbers, thread-local storage.
//!
//! One folder entry per CPU, with the same items in the same order; the rest of the engine names
//! only what is re-exported here.

#[cfg(target_arch = "x86_64")]
mod x86_64;

#[cfg(target_arch = "x86_64")]
pub use x86_64::{
    CallRecord, NAME, Registers, SYSCALL_INSTRUCTION, direct_calls, syscall_name,
    thread_local_address,
};

#[cfg(not(target_arch = "x86_64"))]
compile_error!("this CPU is not supported yet: cargo-asynctest runs on Linux x86-64");
