//! x86-64 as the System V psABI and Linux have it.
//!
//! Sources: System V AMD64 psABI 1.0, figure 3.36 (DWARF register numbers) and section 3.4.6
//! (thread-local storage, variant II); Linux `arch/x86/include/uapi/asm/ptrace.h`.

mod breakpoints;
mod debug_registers;
mod instruction;
mod prologue;

pub use breakpoints::{BREAKPOINT, PC_OFFSET};
pub use debug_registers::{
    Access, CONTROL_OFFSET, HardwareTrap, STATUS_OFFSET, TRAP_SLOTS, TrapSlots, TrapStatus,
    WatchSize, slot_offset, trap_control,
};
pub use instruction::{
    BRANCH_TARGET, Callee, Condition, Effect, FRAME_REGISTERS, Instruction, instruction,
};
pub use prologue::{Behind, first_effect};

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

    /// The same thread within the instruction that has just written to memory, where `next` are the
    /// bytes at the program counter: that stands behind the instruction, or still at it when it is one
    /// that repeats itself (Intel SDM volume 3, chapter 19.2.5).
    pub fn at_write(&self, next: u64) -> Registers {
        const REPEATS: [u8; 2] = [0xf2, 0xf3];
        const WIDE: u8 = 0x48;
        const STRINGS: [u8; 4] = [0xa4, 0xa5, 0xaa, 0xab];
        let [first, second, third, ..] = next.to_le_bytes();
        let operation = if second == WIDE { third } else { second };
        let mut registers = self.clone();
        if !(REPEATS.contains(&first) && STRINGS.contains(&operation)) {
            registers.set(X86_64::RA, Some(self.pc().0.saturating_sub(1)));
        }
        registers
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

/// The registers that pass a function's first arguments (psABI, figure 3.4).
pub const ARGUMENTS: [Register; 2] = [X86_64::RDI, X86_64::RSI];

/// What a call passes as an argument: a register's value and a number added to it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Argument {
    /// The register.
    pub register: Register,
    /// The number.
    pub offset: i64,
}

/// What the code that ends with a call's first byte puts last into this register, one of
/// [`ARGUMENTS`], among the few instructions before the call. Instructions cannot be told apart
/// backwards, so that other bytes may be taken for one of these: what lies at the argument tells.
///
/// Source: Intel SDM volume 2, LEA (`8D /r`) and MOV (`89 /r`, `8B /r`).
pub fn argument_in(before: &[u8], register: Register) -> Option<Argument> {
    const REACH: usize = 32;
    let start = before.len().saturating_sub(REACH);
    (start..before.len()).rev().find_map(|at| move_to(before.get(at..)?, register))
}

/// The instruction that `code` begins with, if it sets this register, one of the first eight in
/// machine code, to an address or another register.
fn move_to(code: &[u8], register: Register) -> Option<Argument> {
    let [rex, opcode, modes, rest @ ..] = code else { return None };
    let (mode, middle, low) = (modes >> 6, (modes >> 3) & 7, modes & 7);
    let extended = |low: u8, bit: u8| if rex & bit != 0 { low | 8 } else { low };
    let moved = |number: u8| Some(Argument { register: dwarf_number(number)?, offset: 0 });
    let is_it = |number: u8| dwarf_number(number) == Some(register);
    match (rex, opcode, mode) {
        (0x48 | 0x4c, 0x89, 3) if is_it(low) => moved(extended(middle, 4)),
        (0x48 | 0x49, 0x8b, 3) if is_it(middle) => moved(extended(low, 1)),
        (0x48 | 0x49, 0x8d, 0..=2) if is_it(middle) => {
            let (base, rest) = base_register(low, rest)?;
            let offset = match mode {
                // Without a distance this base means the instruction pointer.
                0 if low == 5 => return None,
                0 => 0,
                1 => i64::from(rest.first()?.cast_signed()),
                _ => i64::from(i32::from_le_bytes(*rest.first_chunk()?)),
            };
            Some(Argument { register: dwarf_number(extended(base, 1))?, offset })
        }
        _ => None,
    }
}

/// The base register of an address without an index, and the bytes behind.
fn base_register(low: u8, rest: &[u8]) -> Option<(u8, &[u8])> {
    const SCALED: u8 = 4;
    const NO_INDEX: u8 = 4;
    if low != SCALED {
        return Some((low, rest));
    }
    let (scaled, rest) = rest.split_first()?;
    ((scaled >> 3) & 7 == NO_INDEX).then_some((scaled & 7, rest))
}

/// The DWARF number of the register with this number in machine code (psABI, figure 3.36).
fn dwarf_number(number: u8) -> Option<Register> {
    const NUMBERS: [u16; 16] = [0, 2, 1, 3, 7, 6, 4, 5, 8, 9, 10, 11, 12, 13, 14, 15];
    NUMBERS.get(usize::from(number)).copied().map(Register)
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

#[cfg(test)]
mod tests {
    use super::{ARGUMENTS, Registers, argument_in};
    use crate::address::Address;

    #[track_caller]
    fn check(code: &[u8], expected: Option<(u16, i64)>) {
        check_number(0, code, expected);
    }

    #[track_caller]
    fn check_number(number: usize, code: &[u8], expected: Option<(u16, i64)>) {
        let found = argument_in(code, ARGUMENTS[number]);
        let found = found.map(|argument| (argument.register.0, argument.offset));
        assert_eq!(found, expected, "{code:02x?}");
    }

    #[test]
    fn what_has_written_lies_before_the_program_counter() {
        let check = |next: [u8; 8], expected| {
            let registers = Registers::from_pc_and_sp(Address(0x100), Address(0x8000), 0);
            assert_eq!(registers.at_write(u64::from_le_bytes(next)).pc(), Address(expected));
        };
        // mov -0x18(%rbp),%rax
        check([0x48, 0x8b, 0x45, 0xe8, 0, 0, 0, 0], 0xff);
        // rep movsq
        check([0xf3, 0x48, 0xa5, 0, 0, 0, 0, 0], 0x100);
        // rep stosb
        check([0xf3, 0xaa, 0x48, 0xa5, 0, 0, 0, 0], 0x100);
        // movss %xmm0,(%rax)
        check([0xf3, 0x0f, 0x11, 0, 0, 0, 0, 0], 0xff);
    }

    #[test]
    fn what_is_put_into_the_first_argument() {
        // lea 0x70(%rsp),%rdi; mov %r15,%rsi
        check(&[0x48, 0x8d, 0x7c, 0x24, 0x70, 0x4c, 0x89, 0xfe], Some((7, 0x70)));
        // lea 0x118(%rsp),%rdi
        check(&[0x48, 0x8d, 0xbc, 0x24, 0x18, 0x01, 0, 0], Some((7, 0x118)));
        // lea -0x10(%rbp),%rdi
        check(&[0x48, 0x8d, 0x7d, 0xf0], Some((6, -0x10)));
        // mov %r14,%rdi
        check(&[0x4c, 0x89, 0xf7], Some((14, 0)));
        // mov %rbx,%rdi
        check(&[0x48, 0x89, 0xdf], Some((3, 0)));
    }

    #[test]
    fn what_is_put_into_the_second_argument() {
        // mov %r12,%rdi; mov %r13,%rsi; mov %rbp,%rdx
        let code = [0x4c, 0x89, 0xe7, 0x4c, 0x89, 0xee, 0x48, 0x89, 0xea];
        check_number(0, &code, Some((12, 0)));
        check_number(1, &code, Some((13, 0)));
        // lea 0x38(%rsp),%rsi
        check_number(1, &[0x48, 0x8d, 0x74, 0x24, 0x38], Some((7, 0x38)));
    }

    #[test]
    fn the_last_one_counts_and_nothing_else_does() {
        // mov %rbx,%rdi; lea 0x8(%r12),%rdi
        check(&[0x48, 0x89, 0xdf, 0x49, 0x8d, 0x7c, 0x24, 0x08], Some((12, 8)));
        // lea 0xe563f(%rip),%rdi
        check(&[0x48, 0x8d, 0x3d, 0x3f, 0x56, 0x0e, 0], None);
        // lea (%rsp,%rax,8),%rdi
        check(&[0x48, 0x8d, 0x3c, 0xc4], None);
        check(&[0x48, 0x8d], None);
        check(&[], None);
    }
}
