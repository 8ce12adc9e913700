//! The byte that stops whoever executes it, and what an instruction is about to write.
//!
//! Sources: Intel SDM volume 2, sections 2.1 and 2.2 (prefixes, ModR/M and SIB) and INT3, MOV, XCHG;
//! Linux `arch/x86/kernel/traps.c` (a thread that has executed the byte gets a `SIGTRAP` of the
//! kernel's and stands behind it) and `arch/x86/kernel/ptrace.c` (registers are written through the
//! `regs` of `struct user`).

use std::mem::offset_of;

use gimli::X86_64;
use nix::libc;

use super::{Registers, dwarf_number};
use crate::address::Address;

/// The instruction of one byte that stops the thread that executes it.
pub const BREAKPOINT: u8 = 0xcc;

/// Where in `struct user` the program counter lies.
pub const PC_OFFSET: usize = offset_of!(libc::user, regs) + offset_of!(libc::user_regs_struct, rip);

impl Registers {
    /// Where the breakpoint lies that this thread has just executed.
    pub fn executed_breakpoint(&self) -> Address {
        Address(self.pc().0.wrapping_sub(1))
    }

    /// Where the instruction that `code` begins with, at which this thread stands, is about to write:
    /// for atomic operations and plain stores of one register or number, at an address that is
    /// counted from general registers.
    pub fn about_to_write(&self, code: &[u8]) -> Option<Address> {
        const LOCK: u8 = 0xf0;
        const OTHER_WIDTH: u8 = 0x66;
        let mut code = code;
        let mut is_locked = false;
        while let [first @ (LOCK | OTHER_WIDTH), rest @ ..] = code {
            is_locked |= *first == LOCK;
            code = rest;
        }
        let (rex, code) = match code {
            [rex @ 0x40..=0x4f, rest @ ..] => (*rex, rest),
            _ => (0, code),
        };
        let modes = match code {
            [0x0f, _, modes @ ..] if is_locked => modes,
            [0x86..=0x89 | 0xc6 | 0xc7, modes @ ..] => modes,
            [_, modes @ ..] if is_locked => modes,
            _ => return None,
        };
        self.memory_operand(rex, modes)
    }

    /// The address in memory that the bytes from ModR/M on say.
    fn memory_operand(&self, rex: u8, code: &[u8]) -> Option<Address> {
        const INDIRECT: u8 = 0;
        const SCALED: u8 = 4;
        const NO_BASE: u8 = 5;
        let (modes, rest) = code.split_first()?;
        let (mode, low) = (modes >> 6, modes & 7);
        if mode == 3 || (mode == INDIRECT && low == NO_BASE) {
            return None;
        }
        let (base, index, rest) = match low {
            SCALED => {
                let (scaled, rest) = rest.split_first()?;
                (scaled & 7, self.index(rex, *scaled)?, rest)
            }
            _ => (low, 0, rest),
        };
        let has_base = mode != INDIRECT || base != NO_BASE;
        let start = if has_base { self.numbered(base, rex & 1 != 0)? } else { 0 };
        let offset = match mode {
            INDIRECT if has_base => 0,
            1 => i64::from(rest.first()?.cast_signed()),
            _ => i64::from(i32::from_le_bytes(*rest.first_chunk()?)),
        };
        Some(Address(start.wrapping_add(index).wrapping_add_signed(offset)))
    }

    /// What the index of a SIB byte adds to an address.
    fn index(&self, rex: u8, scaled: u8) -> Option<u64> {
        let number = (scaled >> 3) & 7;
        let is_extended = rex & 2 != 0;
        // The stack pointer cannot be an index: its number says that there is none.
        if !is_extended && dwarf_number(number) == Some(X86_64::RSP) {
            return Some(0);
        }
        Some(self.numbered(number, is_extended)? << (scaled >> 6))
    }

    /// The register of this number in machine code.
    fn numbered(&self, number: u8, is_extended: bool) -> Option<u64> {
        self.get(dwarf_number(if is_extended { number | 8 } else { number })?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(code: &[u8], expected: Option<u64>) {
        let mut registers = Registers::from_pc_and_sp(Address(0x10), Address(0x8000), 0);
        for (register, value) in [
            (X86_64::RAX, 0x100),
            (X86_64::RCX, 0x3),
            (X86_64::RDI, 0x1000),
            (X86_64::RBP, 0x9000),
            (X86_64::R12, 0x2000),
            (X86_64::R13, 0x4000),
        ] {
            registers.set(register, Some(value));
        }
        assert_eq!(registers.about_to_write(code), expected.map(Address), "{code:02x?}");
    }

    #[test]
    fn atomic_operations_write_to_memory() {
        // lock cmpxchg %rdx,(%rdi)
        check(&[0xf0, 0x48, 0x0f, 0xb1, 0x17], Some(0x1000));
        // lock xadd %rax,0x8(%rbp)
        check(&[0xf0, 0x48, 0x0f, 0xc1, 0x45, 0x08], Some(0x9008));
        // lock andq $-2,-0x10(%rdi)
        check(&[0xf0, 0x48, 0x83, 0x67, 0xf0, 0xfe], Some(0xff0));
        // lock decq (%r12)
        check(&[0xf0, 0x49, 0xff, 0x0c, 0x24], Some(0x2000));
        // lock orl $0x1,0x123(%rsp,%rcx,4)
        check(&[0xf0, 0x83, 0x8c, 0x8c, 0x23, 0x01, 0, 0, 0x01], Some(0x812f));
        // lock incq 0x0(%r13)
        check(&[0xf0, 0x49, 0xff, 0x45, 0x00], Some(0x4000));
        // xchg %rcx,(%rax)
        check(&[0x48, 0x87, 0x08], Some(0x100));
    }

    #[test]
    fn plain_stores_write_to_memory() {
        // mov %rcx,0x20(%rdi)
        check(&[0x48, 0x89, 0x4f, 0x20], Some(0x1020));
        // movb $0x1,(%rax)
        check(&[0xc6, 0x00, 0x01], Some(0x100));
        // mov %cl,(%rax,%rcx,1)
        check(&[0x88, 0x0c, 0x08], Some(0x103));
        // movw $0x1,(%rdi)
        check(&[0x66, 0xc7, 0x07, 0x01, 0x00], Some(0x1000));
        // movl $0x0,0x40(,%rcx,8)
        check(&[0xc7, 0x04, 0xcd, 0x40, 0, 0, 0, 0, 0, 0, 0], Some(0x58));
    }

    #[test]
    fn nothing_else_does() {
        // mov (%rdi),%rax
        check(&[0x48, 0x8b, 0x07], None);
        // mov %rax,%rdi
        check(&[0x48, 0x89, 0xc7], None);
        // mov %rax,0x100(%rip)
        check(&[0x48, 0x89, 0x05, 0, 1, 0, 0], None);
        // add %rax,(%rdi)
        check(&[0x48, 0x01, 0x07], None);
        check(&[0xf0], None);
        check(&[], None);
    }
}
