//! What functions begin with, done on the registers of a thread that stands there: so that a thread
//! gets over a breakpoint while others may run into it.
//!
//! Sources: Intel SDM volume 2, PUSH (`50+r`), SUB (`83 /5`, `81 /5`), ENDBR64; volume 1, section 3.4.3
//! (flags).

use nix::libc::user_regs_struct;

use crate::address::Address;

/// A thread behind an instruction.
#[derive(Clone, Copy, Debug)]
pub struct Behind {
    /// The registers behind it.
    pub registers: user_regs_struct,
    /// The number that it writes to memory, and where.
    pub stored: Option<(Address, u64)>,
}

/// What the instruction that `code` begins with does, at which a thread with these registers stands: if
/// it is one of those that most functions begin with.
pub fn first_effect(code: &[u8], registers: &user_regs_struct) -> Option<Behind> {
    match code {
        [number @ 0x50..=0x57, ..] => Some(push(registers, number & 7, 1)),
        [0x41, number @ 0x50..=0x57, ..] => Some(push(registers, number & 7 | 8, 2)),
        [0x48, 0x83, 0xec, bytes, ..] => {
            Some(lower(registers, i64::from(bytes.cast_signed()).cast_unsigned(), 4))
        }
        [0x48, 0x81, 0xec, bytes @ ..] => {
            let bytes = i32::from_le_bytes(*bytes.first_chunk()?);
            Some(lower(registers, i64::from(bytes).cast_unsigned(), 7))
        }
        [0xf3, 0x0f, 0x1e, 0xfa, ..] => {
            Some(Behind { registers: behind(registers, 4), stored: None })
        }
        _ => None,
    }
}

/// The registers behind an instruction of this length that changes none of them.
fn behind(registers: &user_regs_struct, length: u64) -> user_regs_struct {
    user_regs_struct { rip: registers.rip.wrapping_add(length), ..*registers }
}

fn push(registers: &user_regs_struct, number: u8, length: u64) -> Behind {
    let values = [
        registers.rax,
        registers.rcx,
        registers.rdx,
        registers.rbx,
        registers.rsp,
        registers.rbp,
        registers.rsi,
        registers.rdi,
        registers.r8,
        registers.r9,
        registers.r10,
        registers.r11,
        registers.r12,
        registers.r13,
        registers.r14,
        registers.r15,
    ];
    let value = values.get(usize::from(number)).copied().unwrap_or(0);
    let sp = registers.rsp.wrapping_sub(8);
    let registers = user_regs_struct { rsp: sp, ..behind(registers, length) };
    Behind { registers, stored: Some((Address(sp), value)) }
}

/// `sub` from the stack pointer.
fn lower(registers: &user_regs_struct, bytes: u64, length: u64) -> Behind {
    let before = registers.rsp;
    let after = before.wrapping_sub(bytes);
    let changed = before ^ bytes ^ after;
    let low = after.to_le_bytes().first().copied().unwrap_or(0);
    let flags = [
        (0, before < bytes),
        (2, low.count_ones().is_multiple_of(2)),
        (4, changed & 0x10 != 0),
        (6, after == 0),
        (7, after >> 63 != 0),
        (11, ((before ^ bytes) & (before ^ after)) >> 63 != 0),
    ];
    let set = |all: u64, (bit, is_set): (u32, bool)| all & !(1 << bit) | u64::from(is_set) << bit;
    let eflags = flags.into_iter().fold(registers.eflags, set);
    let registers = user_regs_struct { rsp: after, eflags, ..behind(registers, length) };
    Behind { registers, stored: None }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn registers(rsp: u64) -> user_regs_struct {
        user_regs_struct {
            r15: 15,
            r14: 14,
            r13: 13,
            r12: 12,
            rbp: 5,
            rbx: 3,
            r11: 11,
            r10: 10,
            r9: 9,
            r8: 8,
            rax: 0,
            rcx: 1,
            rdx: 2,
            rsi: 6,
            rdi: 7,
            orig_rax: 0,
            rip: 0x100,
            cs: 0,
            eflags: 0x8d7,
            rsp,
            ss: 0,
            fs_base: 0,
            gs_base: 0,
            ds: 0,
            es: 0,
            fs: 0,
            gs: 0,
        }
    }

    #[test]
    fn a_push_stores_the_register() {
        let check = |code: &[u8], length: u64, value: u64| {
            let effect = first_effect(code, &registers(0x8000)).unwrap();
            assert_eq!(effect.registers.rip, 0x100 + length);
            assert_eq!(effect.registers.rsp, 0x7ff8);
            assert_eq!(effect.registers.eflags, 0x8d7);
            assert_eq!(effect.stored, Some((Address(0x7ff8), value)));
        };
        check(&[0x55, 0x48], 1, 5);
        check(&[0x50], 1, 0);
        check(&[0x54], 1, 0x8000);
        check(&[0x41, 0x57], 2, 15);
        check(&[0x41, 0x54], 2, 12);
    }

    #[test]
    fn the_stack_pointer_is_lowered() {
        let check = |code: &[u8], before: u64, after: u64, eflags: u64| {
            let effect = first_effect(code, &registers(before)).unwrap();
            assert_eq!(effect.registers.rsp, after);
            assert_eq!(effect.registers.eflags, eflags, "{:x}", effect.registers.eflags);
            assert!(effect.stored.is_none());
        };
        // Bit 1 is always set; the others are carry 0x1, parity 0x4, adjust 0x10, zero 0x40, sign
        // 0x80, overflow 0x800.
        check(&[0x48, 0x83, 0xec, 0x18], 0x8000, 0x7fe8, 0x16);
        check(&[0x48, 0x81, 0xec, 0x88, 0x01, 0, 0], 0x7ffc_0000_1000, 0x7ffc_0000_0e78, 0x16);
        check(&[0x48, 0x83, 0xec, 0x08], 0x8, 0, 0x46);
        check(&[0x48, 0x83, 0xec, 0x10], 0x8, u64::MAX - 7, 0x83);
    }

    #[test]
    fn others_are_left_to_the_cpu() {
        assert!(first_effect(&[0x48, 0x89, 0xe5], &registers(0)).is_none());
        assert!(first_effect(&[0x48, 0x81, 0xec], &registers(0)).is_none());
        assert!(first_effect(&[], &registers(0)).is_none());
        let effect = first_effect(&[0xf3, 0x0f, 0x1e, 0xfa], &registers(0x10)).unwrap();
        assert_eq!((effect.registers.rip, effect.registers.rsp), (0x104, 0x10));
    }
}
