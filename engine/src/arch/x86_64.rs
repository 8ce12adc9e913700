//! x86-64 as the System V psABI and Linux have it.
//!
//! Sources: System V AMD64 psABI 1.0, figure 3.36 (DWARF register numbers) and section 3.4.6
//! (thread-local storage, variant II); Linux `arch/x86/include/uapi/asm/ptrace.h`.

mod debug_registers;

pub use debug_registers::{
    Access, CONTROL_OFFSET, HardwareTrap, STATUS_OFFSET, TRAP_SLOTS, TrapSlots, TrapStatus,
    WatchSize, slot_offset, trap_control,
};

use gimli::{Register, X86_64};
use nix::libc::user_regs_struct;
use serde::{Deserialize, Serialize};

use crate::address::Address;

/// This CPU's name, as `uname -m` prints it.
pub const NAME: &str = "x86_64";

/// The instruction that makes a system call: pc stands behind it in a blocked thread.
pub const SYSCALL_INSTRUCTION: [u8; 2] = [0x0f, 0x05];

/// Most bytes of one instruction.
///
/// Source: Intel SDM volume 2, section 2.3.11.
pub const LONGEST_INSTRUCTION: u64 = 15;

/// Number of registers that DWARF unwinding follows: 16 general ones and the return address.
const TRACKED: usize = 17;

/// The registers of one thread or of one frame. A register that unwinding lost is absent.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Registers {
    /// By DWARF number; number 16 is the return address, which is this frame's pc.
    values: [Option<u64>; TRACKED],
    /// The thread pointer (`fs_base`).
    thread_pointer: u64,
}

impl Registers {
    /// The registers that ptrace gave for a stopped thread.
    pub fn from_user(user: &user_regs_struct) -> Registers {
        let in_dwarf_order = [
            user.rax, user.rdx, user.rcx, user.rbx, user.rsi, user.rdi, user.rbp, user.rsp,
            user.r8, user.r9, user.r10, user.r11, user.r12, user.r13, user.r14, user.r15, user.rip,
        ];
        Registers { values: in_dwarf_order.map(Some), thread_pointer: user.fs_base }
    }

    /// A frame of which only pc and sp are known.
    pub fn from_pc_and_sp(pc: Address, sp: Address, thread_pointer: u64) -> Registers {
        let mut registers = Registers { values: [None; TRACKED], thread_pointer };
        registers.set(X86_64::RA, Some(pc.0));
        registers.set(X86_64::RSP, Some(sp.0));
        registers
    }

    /// The program counter.
    pub fn pc(&self) -> Address {
        Address(self.get(X86_64::RA).unwrap_or(0))
    }

    /// The stack pointer.
    pub fn sp(&self) -> Address {
        Address(self.get(X86_64::RSP).unwrap_or(0))
    }

    /// The argument of this number, a number or a pointer, of a function of which no instruction has
    /// run yet (psABI, section 3.2.3). The address for a result in memory is the first.
    pub fn argument(&self, number: usize) -> Option<u64> {
        self.get(*[X86_64::RDI, X86_64::RSI, X86_64::RDX].get(number)?)
    }

    /// The two words in which a function that has just returned has left a small result, or in the
    /// first the address of one in memory.
    pub fn result_words(&self) -> Option<[u64; 2]> {
        Some([self.get(X86_64::RAX)?, self.get(X86_64::RDX)?])
    }

    /// Where the return address lies of a function of which no instruction has run yet.
    pub fn return_address_at_entry(&self) -> Address {
        self.sp()
    }

    /// The stack pointer once a function has returned of which no instruction has run yet.
    pub fn sp_after_return(&self) -> Address {
        self.sp().offset(8)
    }

    /// The thread pointer, from which thread-local variables are counted.
    pub fn thread_pointer(&self) -> Address {
        Address(self.thread_pointer)
    }

    /// The value of the register with this DWARF number, if it is known in this frame.
    pub fn get(&self, register: Register) -> Option<u64> {
        self.values.get(usize::from(register.0)).copied().flatten()
    }

    /// Records the value of a register in this frame; `None` when unwinding lost it. Numbers that
    /// unwinding does not follow are ignored.
    pub fn set(&mut self, register: Register, value: Option<u64>) {
        if let Some(slot) = self.values.get_mut(usize::from(register.0)) {
            *slot = value;
        }
    }

    /// The registers that unwinding follows, by DWARF number.
    pub fn numbers() -> impl Iterator<Item = Register> {
        (0..TRACKED).filter_map(|number| u16::try_from(number).ok().map(Register))
    }

    /// The call record of a function that keeps a frame pointer (psABI, figure 3.3); none when the
    /// frame pointer is unknown.
    pub fn call_record(&self) -> Option<CallRecord> {
        let frame_pointer = Address(self.get(X86_64::RBP)?);
        Some(CallRecord {
            frame_pointer: Some(frame_pointer),
            return_address: frame_pointer.offset(8),
            cfa: frame_pointer.offset(16),
        })
    }

    /// The call record of a function of which no instruction has run yet: `call` pushed the return
    /// address.
    pub fn call_record_at_entry(&self) -> Option<CallRecord> {
        let sp = Address(self.get(X86_64::RSP)?);
        Some(CallRecord { frame_pointer: None, return_address: sp, cfa: sp.offset(8) })
    }

    /// The caller's registers behind `record`, when memory has these values for its parts. What a
    /// callee may change is lost.
    pub fn behind(&self, record: &CallRecord, pc: u64, frame_pointer: Option<u64>) -> Registers {
        let mut caller = Registers::from_pc_and_sp(Address(pc), record.cfa, self.thread_pointer);
        let frame_pointer = frame_pointer.or_else(|| self.get(X86_64::RBP));
        caller.set(X86_64::RBP, frame_pointer);
        caller
    }

    /// What the system call that this frame has just made returned.
    pub fn syscall_result(&self) -> Option<u64> {
        self.get(X86_64::RAX)
    }

    /// The stack pointer's DWARF number.
    pub fn stack_pointer_number() -> Register {
        X86_64::RSP
    }

    /// The return address's DWARF number.
    pub fn return_address_number() -> Register {
        X86_64::RA
    }

    /// Whether a callee must leave this register as it was (psABI, figure 3.4).
    pub fn is_callee_saved(register: Register) -> bool {
        [X86_64::RBX, X86_64::RBP, X86_64::R12, X86_64::R13, X86_64::R14, X86_64::R15]
            .contains(&register)
    }
}

/// Where a function's caller left what leads back to it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct CallRecord {
    /// Where the caller's frame pointer was saved; absent when the register still holds it.
    pub frame_pointer: Option<Address>,
    /// Where the return address is.
    pub return_address: Address,
    /// The stack pointer before the call: the canonical frame address.
    pub cfa: Address,
}

/// Where a thread-local variable of the main executable lies: its block ends at the thread
/// pointer (variant II), rounded to the segment's alignment. `size` and `alignment` are the
/// PT_TLS segment's, in bytes; `offset` is the symbol's value.
pub fn thread_local_address(
    thread_pointer: Address,
    size: u64,
    alignment: u64,
    offset: u64,
) -> Address {
    let alignment = alignment.max(1);
    let block = size.checked_next_multiple_of(alignment).unwrap_or(size);
    thread_pointer.back(block).offset(offset)
}

/// The direct calls in `code`, which lies at `address`: where each is, and where it leads. Bytes
/// that merely look like one are among them.
///
/// Source: Intel SDM volume 2, CALL: `E8` and a 32-bit distance from the next instruction.
pub fn direct_calls(code: &[u8], address: u64) -> impl Iterator<Item = (u64, u64)> {
    const CALL: u8 = 0xe8;
    const LENGTH: u64 = 5;
    code.windows(LENGTH as usize).zip(address..).filter_map(|(bytes, from)| {
        let [CALL, distance @ ..] = bytes else { return None };
        let distance = i32::from_le_bytes(*distance.first_chunk()?);
        Some((from, from.wrapping_add(LENGTH).wrapping_add_signed(i64::from(distance))))
    })
}

/// The name of the system call with this number, of those that threads are found blocked in.
///
/// Source: Linux `arch/x86/entry/syscalls/syscall_64.tbl`.
pub fn syscall_name(number: u64) -> String {
    let known = [
        (0, "read"),
        (1, "write"),
        (7, "poll"),
        (17, "pread64"),
        (18, "pwrite64"),
        (19, "readv"),
        (20, "writev"),
        (23, "select"),
        (34, "pause"),
        (35, "nanosleep"),
        (42, "connect"),
        (43, "accept"),
        (44, "sendto"),
        (45, "recvfrom"),
        (46, "sendmsg"),
        (47, "recvmsg"),
        (61, "wait4"),
        (72, "fcntl"),
        (73, "flock"),
        (74, "fsync"),
        (75, "fdatasync"),
        (128, "rt_sigtimedwait"),
        (130, "rt_sigsuspend"),
        (202, "futex"),
        (219, "restart_syscall"),
        (230, "clock_nanosleep"),
        (232, "epoll_wait"),
        (247, "waitid"),
        (270, "pselect6"),
        (271, "ppoll"),
        (281, "epoll_pwait"),
        (288, "accept4"),
        (299, "recvmmsg"),
        (426, "io_uring_enter"),
        (441, "epoll_pwait2"),
        (449, "futex_waitv"),
    ];
    let name = known.into_iter().find(|(known, _)| *known == number);
    name.map_or_else(|| format!("system call {number}"), |(_, name)| name.to_owned())
}
