//! What single instructions do, of the few kinds that unoptimized code is made of where it only moves
//! values about, tests flags, jumps and calls. Any other is not understood, on purpose.
//!
//! Source: Intel SDM volume 2, chapter 2 (prefixes, ModR/M, SIB) and appendix A (opcode map).

use gimli::{Register, X86_64};

use super::dwarf_number;

/// One instruction.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Instruction {
    /// How many bytes it has.
    pub length: u64,
    /// What it does.
    pub effect: Effect,
}

/// What an instruction does.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Effect {
    /// Sets a register to a register's value and a number.
    Address {
        /// The register that is set.
        register: Register,
        /// The other register.
        base: Register,
        /// The number.
        offset: i64,
    },
    /// Sets a register to what lies at this address.
    Load {
        /// The register.
        register: Register,
        /// The address.
        from: u64,
    },
    /// Sets a register to something else.
    Sets(Register),
    /// Puts something where a register's value and a number say.
    Store {
        /// The register.
        base: Register,
        /// The number.
        offset: i64,
    },
    /// Puts this number where a register's value and a number say.
    Put {
        /// The register.
        base: Register,
        /// The number that is added to it.
        offset: i64,
        /// What is put there, of its first byte.
        value: u8,
    },
    /// Tests the lowest bit of what lies where a register's value and a number say.
    Test {
        /// The register.
        base: Register,
        /// The number.
        offset: i64,
    },
    /// None that matters here: flags, other registers.
    Other,
    /// Calls a function.
    Call(Callee),
    /// Goes on at this address.
    Jump(u64),
    /// Goes on at the address that lies at this one.
    JumpThrough(u64),
    /// Goes on at an address, or behind.
    Branch {
        /// The address.
        target: u64,
        /// When it does.
        when: Condition,
    },
    /// Is never come past.
    Trap,
}

/// What decides on a branch.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Condition {
    /// That what was tested last is not set.
    Clear,
    /// That what was tested last is set.
    Set,
    /// Something else.
    Other,
}

/// What a call leads to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Callee {
    /// The function at this address.
    At(u64),
    /// The function whose address lies at this one.
    AtPointer(u64),
    /// The function whose address this register has.
    In(Register),
}

/// The registers by which a function finds what lies in its frame.
pub const FRAME_REGISTERS: [Register; 2] = [X86_64::RSP, X86_64::RBP];

/// What stands where an indirect branch may lead: `endbr64`.
pub const BRANCH_TARGET: [u8; 4] = [0xf3, 0x0f, 0x1e, 0xfa];

/// The instruction that `code` begins with, which lies at `address`, if it is understood.
pub fn instruction(code: &[u8], address: u64) -> Option<Instruction> {
    let mut bytes = Bytes { code, address, at: 0 };
    let effect = effect(&mut bytes)?;
    Some(Instruction { length: bytes.at as u64, effect })
}

/// The bytes of an instruction, as far as they have been read.
struct Bytes<'code> {
    code: &'code [u8],
    address: u64,
    at: usize,
}

/// What ModR/M and SIB name besides the register in the middle.
enum Operand {
    Register(u8),
    /// A base register and a number, without an index.
    Memory(u8, i64),
    /// An address counted from the end of the instruction.
    Relative(i64),
    /// Anything else in memory.
    Indexed,
}

/// An instruction's prefix of the 64-bit mode, and whether another one stands before it.
struct Prefix {
    rex: u8,
    is_wide: bool,
    has_other: bool,
}

impl Prefix {
    fn register(&self, middle: u8) -> Option<Register> {
        dwarf_number(if self.rex & 4 == 0 { middle } else { middle | 8 })
    }

    fn base(&self, low: u8) -> Option<Register> {
        dwarf_number(if self.rex & 1 == 0 { low } else { low | 8 })
    }
}

impl Bytes<'_> {
    fn byte(&mut self) -> Option<u8> {
        let byte = *self.code.get(self.at)?;
        self.at += 1;
        Some(byte)
    }

    fn short(&mut self) -> Option<i64> {
        Some(i64::from(self.byte()?.cast_signed()))
    }

    fn long(&mut self) -> Option<i64> {
        let bytes = self.code.get(self.at..)?.first_chunk()?;
        self.at += 4;
        Some(i64::from(i32::from_le_bytes(*bytes)))
    }

    /// The address this far behind what was read.
    fn ahead(&self, distance: i64) -> u64 {
        self.address.wrapping_add(self.at as u64).wrapping_add_signed(distance)
    }

    /// The register in the middle of ModR/M, and what it names besides.
    fn operands(&mut self) -> Option<(u8, Operand)> {
        const SCALED: u8 = 4;
        const RELATIVE: u8 = 5;
        let modes = self.byte()?;
        let (mode, middle, low) = (modes >> 6, (modes >> 3) & 7, modes & 7);
        if mode == 3 {
            return Some((middle, Operand::Register(low)));
        }
        let (base, is_indexed) = match low {
            SCALED => {
                let scaled = self.byte()?;
                let base = scaled & 7;
                // Without a distance this base means that there is none.
                if mode == 0 && base == RELATIVE {
                    self.long()?;
                    return Some((middle, Operand::Indexed));
                }
                (base, (scaled >> 3) & 7 != SCALED)
            }
            RELATIVE if mode == 0 => return Some((middle, Operand::Relative(self.long()?))),
            low => (low, false),
        };
        let offset = match mode {
            0 => 0,
            1 => self.short()?,
            _ => self.long()?,
        };
        let operand = if is_indexed { Operand::Indexed } else { Operand::Memory(base, offset) };
        Some((middle, operand))
    }
}

fn effect(bytes: &mut Bytes<'_>) -> Option<Effect> {
    let mut prefix = Prefix { rex: 0, is_wide: false, has_other: false };
    let mut opcode = bytes.byte()?;
    while let 0x66 | 0xf2 | 0xf3 = opcode {
        prefix.has_other = true;
        opcode = bytes.byte()?;
    }
    if let 0x40..=0x4f = opcode {
        prefix.rex = opcode;
        prefix.is_wide = opcode & 8 != 0;
        opcode = bytes.byte()?;
    }
    match opcode {
        0x0f => two_bytes(bytes, &prefix),
        // Of the other prefixes these change what is moved, and how much: none is made here.
        _ if prefix.has_other && opcode != 0x90 && opcode != 0x89 && opcode != 0x8b => None,
        0x88 | 0x89 => store(bytes, &prefix),
        0x8a | 0x8b => load(bytes, &prefix),
        0x8d => address(bytes, &prefix),
        0xc6 | 0xc7 => {
            let (middle, operand) = bytes.operands()?;
            // The number that is put there belongs to the instruction.
            let number = if opcode == 0xc6 { bytes.short()? } else { bytes.long()? };
            let [value, ..] = number.to_le_bytes();
            let Operand::Memory(base, offset) = operand else { return None };
            let base = prefix.base(base)?;
            let is_frame = FRAME_REGISTERS.contains(&base);
            (middle == 0 && is_frame).then_some(Effect::Put { base, offset, value })
        }
        0x31 | 0x33 => match bytes.operands()? {
            (middle, Operand::Register(low)) if middle == low => {
                Some(Effect::Sets(prefix.register(middle)?))
            }
            _ => None,
        },
        0x38..=0x3b | 0x84 | 0x85 => bytes.operands().map(|_| Effect::Other),
        0x80 | 0x81 | 0x83 => compare(bytes, opcode),
        0xf6 => match bytes.operands()? {
            (0, Operand::Memory(base, offset)) => Some(match bytes.short()? {
                1 => Effect::Test { base: prefix.base(base)?, offset },
                _ => Effect::Other,
            }),
            (0, _) => bytes.short().map(|_| Effect::Other),
            _ => None,
        },
        0xa8 => bytes.short().map(|_| Effect::Other),
        0x24 => bytes.short().map(|_| Effect::Sets(X86_64::RAX)),
        0x90 => Some(Effect::Other),
        0xb8..=0xbf => {
            bytes.long()?;
            if prefix.is_wide {
                bytes.long()?;
            }
            Some(Effect::Sets(prefix.base(opcode & 7)?))
        }
        0xe8 => {
            let distance = bytes.long()?;
            Some(Effect::Call(Callee::At(bytes.ahead(distance))))
        }
        0xe9 => {
            let distance = bytes.long()?;
            Some(Effect::Jump(bytes.ahead(distance)))
        }
        0xeb => {
            let distance = bytes.short()?;
            Some(Effect::Jump(bytes.ahead(distance)))
        }
        0x70..=0x7f => {
            let distance = bytes.short()?;
            Some(Effect::Branch { target: bytes.ahead(distance), when: condition(opcode) })
        }
        0xff => match bytes.operands()? {
            (2, Operand::Register(low)) => Some(Effect::Call(Callee::In(prefix.base(low)?))),
            (2, Operand::Relative(distance)) => {
                Some(Effect::Call(Callee::AtPointer(bytes.ahead(distance))))
            }
            (4, Operand::Relative(distance)) => Some(Effect::JumpThrough(bytes.ahead(distance))),
            _ => None,
        },
        _ => None,
    }
}

/// Those whose opcode has two bytes.
fn two_bytes(bytes: &mut Bytes<'_>, prefix: &Prefix) -> Option<Effect> {
    let opcode = bytes.byte()?;
    match opcode {
        0x0b => Some(Effect::Trap),
        // To a register of the vector unit, or between two of them.
        0x10 | 0x28 | 0x57 => bytes.operands().map(|_| Effect::Other),
        0x11 | 0x29 => match bytes.operands()?.1 {
            Operand::Memory(base, offset) => {
                Some(Effect::Store { base: prefix.base(base)?, offset })
            }
            Operand::Register(_) => Some(Effect::Other),
            Operand::Relative(_) | Operand::Indexed => None,
        },
        0x1f => bytes.operands().map(|_| Effect::Other),
        0xb6 | 0xb7 => {
            let (middle, _) = bytes.operands()?;
            Some(Effect::Sets(prefix.register(middle)?))
        }
        0x80..=0x8f => {
            let distance = bytes.long()?;
            Some(Effect::Branch { target: bytes.ahead(distance), when: condition(opcode) })
        }
        _ => None,
    }
}

/// What decides on a branch with this opcode, the last byte of it.
fn condition(opcode: u8) -> Condition {
    match opcode & 0xf {
        4 => Condition::Clear,
        5 => Condition::Set,
        _ => Condition::Other,
    }
}

fn store(bytes: &mut Bytes<'_>, prefix: &Prefix) -> Option<Effect> {
    let (middle, operand) = bytes.operands()?;
    match operand {
        Operand::Register(low) if prefix.is_wide => Some(Effect::Address {
            register: prefix.base(low)?,
            base: prefix.register(middle)?,
            offset: 0,
        }),
        Operand::Register(low) => Some(Effect::Sets(prefix.base(low)?)),
        Operand::Memory(base, offset) => Some(Effect::Store { base: prefix.base(base)?, offset }),
        Operand::Relative(_) | Operand::Indexed => None,
    }
}

fn load(bytes: &mut Bytes<'_>, prefix: &Prefix) -> Option<Effect> {
    let (middle, operand) = bytes.operands()?;
    let register = prefix.register(middle)?;
    match operand {
        Operand::Register(low) if prefix.is_wide => {
            Some(Effect::Address { register, base: prefix.base(low)?, offset: 0 })
        }
        Operand::Relative(distance) if prefix.is_wide => {
            Some(Effect::Load { register, from: bytes.ahead(distance) })
        }
        Operand::Register(_) | Operand::Memory(..) | Operand::Relative(_) | Operand::Indexed => {
            Some(Effect::Sets(register))
        }
    }
}

fn address(bytes: &mut Bytes<'_>, prefix: &Prefix) -> Option<Effect> {
    let (middle, operand) = bytes.operands()?;
    let register = prefix.register(middle)?;
    match operand {
        Operand::Memory(base, offset) if prefix.is_wide => {
            Some(Effect::Address { register, base: prefix.base(base)?, offset })
        }
        Operand::Memory(..) | Operand::Relative(_) | Operand::Indexed => {
            Some(Effect::Sets(register))
        }
        Operand::Register(_) => None,
    }
}

/// A comparison with a number: others with these opcodes compute.
fn compare(bytes: &mut Bytes<'_>, opcode: u8) -> Option<Effect> {
    const COMPARE: u8 = 7;
    let (middle, _) = bytes.operands()?;
    if opcode == 0x81 {
        bytes.long()?
    } else {
        bytes.short()?
    };
    (middle == COMPARE).then_some(Effect::Other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(code: &[u8], expected: Option<(u64, Effect)>) {
        let found = instruction(code, 0x1000);
        assert_eq!(found.map(|found| (found.length, found.effect)), expected, "{code:02x?}");
    }

    #[test]
    fn what_cleanup_is_made_of() {
        let address = |offset| Effect::Address { register: X86_64::RDI, base: X86_64::RSP, offset };
        let store = |base, offset| Effect::Store { base, offset };
        // lea 0x28(%rsp),%rdi
        check(&[0x48, 0x8d, 0x7c, 0x24, 0x28], Some((5, address(0x28))));
        // mov 0xf2361(%rip),%rax
        let load = Effect::Load { register: X86_64::RAX, from: 0x1000 + 7 + 0xf2361 };
        check(&[0x48, 0x8b, 0x05, 0x61, 0x23, 0x0f, 0x00], Some((7, load)));
        // call *%rax; call *0x10(%rip); call .+5
        check(&[0xff, 0xd0], Some((2, Effect::Call(Callee::In(X86_64::RAX)))));
        let through = Effect::Call(Callee::AtPointer(0x1016));
        check(&[0xff, 0x15, 0x10, 0, 0, 0], Some((6, through)));
        check(&[0xe8, 0, 0, 0, 0], Some((5, Effect::Call(Callee::At(0x1005)))));
        // movb $0x0,0x37(%rsp); mov %eax,0x50(%rsp); mov %rcx,0x48(%rax)
        let put = Effect::Put { base: X86_64::RSP, offset: 0x37, value: 0 };
        check(&[0xc6, 0x44, 0x24, 0x37, 0], Some((5, put)));
        check(&[0x89, 0x44, 0x24, 0x50], Some((4, store(X86_64::RSP, 0x50))));
        check(&[0x48, 0x89, 0x48, 0x48], Some((4, store(X86_64::RAX, 0x48))));
        // testb $0x1,0x37(%rsp); jne .+2+0x7a; jmp .+2-2
        let test = Effect::Test { base: X86_64::RSP, offset: 0x37 };
        check(&[0xf6, 0x44, 0x24, 0x37, 0x01], Some((5, test)));
        let branch = Effect::Branch { target: 0x107c, when: Condition::Set };
        check(&[0x75, 0x7a], Some((2, branch)));
        check(&[0xeb, 0xfe], Some((2, Effect::Jump(0x1000))));
        // jmp *0x10(%rip)
        check(&[0xff, 0x25, 0x10, 0, 0, 0], Some((6, Effect::JumpThrough(0x1016))));
        // ud2
        check(&[0x0f, 0x0b], Some((2, Effect::Trap)));
    }

    #[test]
    fn what_is_not_understood() {
        // lock decq (%rdi); xchg %al,(%rdi); decq (%rdi); movl $0,(%rdi); ret; nothing
        check(&[0xf0, 0x48, 0xff, 0x0f], None);
        check(&[0x86, 0x07], None);
        check(&[0x48, 0xff, 0x0f], None);
        check(&[0xc7, 0x07, 0, 0, 0, 0], None);
        check(&[0xc3], None);
        check(&[0x48, 0x8d, 0x7c], None);
        check(&[], None);
    }
}
