//! From one frame to its caller: by call frame information, or by the CPU's calling convention.

use gimli::Register;

use super::evaluation::{Machine, Unit};
use super::frame::Frame;
use super::place::Unavailable;
use crate::address::Address;
use crate::arch::{CallRecord, Registers, SYSCALL_INSTRUCTION};
use crate::evidence::Trust;
use crate::program::Program;
use crate::snapshot::Mapping;
use crate::symbols::{CfaUnwind, RegisterUnwind, UnwindRow};

/// What is known of a frame's caller.
pub(super) struct Caller {
    /// The frame's canonical frame address.
    pub(super) cfa: Address,
    /// The caller's registers; absent when the frame is the outermost one.
    pub(super) registers: Option<Registers>,
    /// How sure that is.
    pub(super) trust: Trust,
}

/// The caller of `frame`, by the rules of `row`.
pub(super) fn by_row(
    program: &Program<'_>,
    frame: &Frame,
    row: &UnwindRow,
) -> Result<Caller, Unavailable> {
    let machine = Machine {
        program,
        registers: &frame.registers,
        cfa: None,
        image: frame.image,
        unit: Unit::CallFrames(row.encoding),
        frame_base: None,
    };
    let cfa = match &row.cfa {
        CfaUnwind::RegisterAndOffset(register, offset) => {
            Address(machine.register(*register)?).offset(offset.cast_unsigned())
        }
        CfaUnwind::Expression(bytes) => Address(machine.number(bytes, None)?),
    };
    let mut caller = frame.registers.clone();
    for register in Registers::numbers() {
        let rule = row.registers.iter().find(|(number, _)| *number == register);
        let value = match rule {
            Some((_, rule)) => value(&machine, register, rule, cfa),
            None if register == Registers::stack_pointer_number() => Ok(cfa.0),
            None if Registers::is_callee_saved(register) => machine.register(register),
            None => Err(Unavailable::RegisterLost(register.0)),
        };
        let is_return_address = register == row.return_address;
        let is_lost = matches!(rule, None | Some((_, RegisterUnwind::Lost)));
        match value {
            Err(why) if is_return_address && !is_lost => return Err(why),
            value => caller.set(register, value.ok()),
        }
    }
    let return_address = caller.get(row.return_address).filter(|pc| *pc != 0);
    caller.set(Registers::return_address_number(), return_address);
    Ok(Caller { cfa, registers: return_address.map(|_| caller), trust: Trust::Read })
}

fn value(
    machine: &Machine<'_, '_>,
    register: Register,
    rule: &RegisterUnwind,
    cfa: Address,
) -> Result<u64, Unavailable> {
    match rule {
        RegisterUnwind::Lost => Err(Unavailable::RegisterLost(register.0)),
        RegisterUnwind::Same => machine.register(register),
        RegisterUnwind::SavedAt(offset) => machine.memory(cfa.offset(offset.cast_unsigned())),
        RegisterUnwind::CfaPlus(offset) => Ok(cfa.offset(offset.cast_unsigned()).0),
        RegisterUnwind::In(other) => machine.register(*other),
        RegisterUnwind::SavedAtExpression(bytes) => {
            let address = machine.number(bytes, Some(cfa))?;
            machine.memory(Address(address))
        }
        RegisterUnwind::Expression(bytes) => machine.number(bytes, Some(cfa)),
        RegisterUnwind::Constant(value) => Ok(*value),
    }
}

/// The caller that the frame pointer leads to, if it leads up the same stack and to code.
pub(super) fn by_frame_pointer(program: &Program<'_>, registers: &Registers) -> Option<Caller> {
    let record = registers.call_record()?;
    let stack = mapping_at(program, registers.sp())?;
    let is_on_stack = record.cfa > registers.sp() && record.cfa <= stack.end;
    let saved_at = record.frame_pointer?;
    if !is_on_stack || saved_at < registers.sp() {
        return None;
    }
    let frame_pointer = program.read_address(saved_at).ok()?;
    if !frame_pointer.is_null() && frame_pointer <= saved_at {
        return None;
    }
    behind(program, registers, &record, Some(frame_pointer))
}

/// The caller of a function that has not begun, as when a pointer that is no function was called.
pub(super) fn at_entry(program: &Program<'_>, registers: &Registers) -> Option<Caller> {
    behind(program, registers, &registers.call_record_at_entry()?, None)
}

/// The caller of code that no rule describes and that has just made a system call, as a raw `clone`
/// does, which keeps no frame: the new thread has none, and in the old one the return address is
/// where the call left it.
///
/// Source: glibc 2.36 `sysdeps/unix/sysv/linux/x86_64/clone3.S` ends its call frame information
/// before the system call; musl has none there.
pub(super) fn after_clone(program: &Program<'_>, registers: &Registers) -> Option<Caller> {
    let mut before = [0; SYSCALL_INSTRUCTION.len()];
    let at = registers.pc().back(before.len() as u64);
    program.read(at, &mut before).ok().filter(|()| before == SYSCALL_INSTRUCTION)?;
    match registers.syscall_result()? {
        0 => Some(outermost(registers)),
        _ => at_entry(program, registers),
    }
}

/// That there is no caller of code at the entry of a program or of its loader: the kernel jumps
/// there.
pub(super) fn at_start(program: &Program<'_>, registers: &Registers) -> Option<Caller> {
    /// More than the few instructions that the first code of a process has, in bytes.
    const START: u64 = 64;
    let (image, address) = program.image_at(registers.pc())?;
    let entry = program.object(image)?.entry_point();
    (entry..entry.saturating_add(START)).contains(&address.0).then(|| outermost(registers))
}

fn outermost(registers: &Registers) -> Caller {
    Caller { cfa: registers.sp(), registers: None, trust: Trust::Derived }
}

fn behind(
    program: &Program<'_>,
    registers: &Registers,
    record: &CallRecord,
    frame_pointer: Option<Address>,
) -> Option<Caller> {
    let pc = program.read_address(record.return_address).ok()?;
    if !is_code(program, pc) {
        return None;
    }
    let frame_pointer = frame_pointer.map(|address| address.0);
    Some(Caller {
        cfa: record.cfa,
        registers: Some(registers.behind(record, pc.0, frame_pointer)),
        trust: Trust::Guessed,
    })
}

/// Whether `address` can be executed.
pub(super) fn is_code(program: &Program<'_>, address: Address) -> bool {
    mapping_at(program, address).is_some_and(|mapping| mapping.executable)
}

fn mapping_at<'program>(
    program: &'program Program<'_>,
    address: Address,
) -> Option<&'program Mapping> {
    let mappings = &program.snapshot.facts.mappings;
    let behind = mappings.partition_point(|mapping| mapping.start <= address);
    let mapping = mappings.get(behind.checked_sub(1)?)?;
    (address < mapping.end).then_some(mapping)
}
