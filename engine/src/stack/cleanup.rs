//! What a frame would destroy if the call that it is in unwound: the values that are alive in it, also
//! those that have no name in the source, and none that was moved away.
//!
//! Read from the code of the call's landing pad, which unoptimized code makes of nothing but calls of
//! `drop_in_place` and `Drop::drop`, one a value, and of tests of flags in the frame, which tell which of the
//! values are still there that are moved away on some ways. Code of any other form, as optimizers make it, is
//! not understood as a whole, and then nothing is said.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use gimli::Register;

use super::frame::Frame;
use crate::address::{Address, FileAddress};
use crate::arch::{self, Callee, Condition, Effect};
use crate::program::{ImageId, Program};
use crate::symbols::{Object, SourceLocation, TypeId};

/// The longest function that is read.
const LONGEST_FUNCTION: u64 = 1 << 18;

/// Most instructions of one landing pad that are followed.
const MOST_INSTRUCTIONS: usize = 4096;

/// Most values of one frame.
const MOST_VALUES: usize = 64;

/// What cleanup destroys in a frame.
#[derive(Clone, PartialEq, Debug)]
pub struct Cleanup {
    /// The values in the frame.
    pub values: Vec<Dropped>,
    /// Whether these are all of them: of each that is destroyed it is known where it lies.
    pub is_whole: bool,
}

/// One value that cleanup destroys.
#[derive(Clone, PartialEq, Debug)]
pub struct Dropped {
    /// Where it lies.
    pub address: Address,
    /// Its type, where what is called tells it, in the frame's image.
    pub type_id: Option<TypeId>,
    /// Whether it is destroyed in any case.
    pub is_sure: bool,
    /// The line that puts it there, if one does so visibly.
    pub made: Option<SourceLocation>,
}

impl Cleanup {
    /// Those that lie from `begin` on and before `end`.
    pub fn within(&self, begin: Address, end: Address) -> impl Iterator<Item = &Dropped> {
        self.values.iter().filter(move |value| (begin..end).contains(&value.address))
    }
}

/// What `frame` destroys if its call unwinds; none where that is not known as a whole.
pub fn cleanup(program: &Program<'_>, frame: &Frame) -> Option<Cleanup> {
    // Where a thread was interrupted between two instructions there is no call.
    if frame.lookup_pc == frame.pc {
        return None;
    }
    let (image, address) = program.image_at(frame.lookup_pc)?;
    let object = program.object(image)?;
    let pad = object.landing_pad(address)?;
    let function = object.function_at(address)?;
    let ranges = object.function_ranges(function);
    let (begin, end) = ranges.into_iter().find(|(begin, end)| (*begin..*end).contains(&pad))?;
    let length = end.0.checked_sub(begin.0).filter(|length| *length <= LONGEST_FUNCTION)?;
    let mut code = vec![0; usize::try_from(length).ok()?];
    program.read(program.image(image)?.address(begin), &mut code).ok()?;
    let code = Code { program, frame, object, image, begin, code };
    let graph = code.graph(pad)?;
    let values = graph.drops.iter().take(MOST_VALUES).filter_map(|(at, drop)| {
        let base = frame.registers.get(drop.base)?;
        Some(Dropped {
            address: Address(base.wrapping_add_signed(drop.offset)),
            type_id: drop.type_id,
            is_sure: !graph.ends_without(pad.0, *at),
            made: code.made(drop, &graph),
        })
    });
    let is_whole = !graph.has_other_drops && graph.drops.len() <= MOST_VALUES;
    Some(Cleanup { values: values.collect(), is_whole })
}

/// The code of a function.
struct Code<'program, 'snapshot> {
    program: &'program Program<'snapshot>,
    frame: &'program Frame,
    object: &'program Object,
    image: ImageId,
    begin: FileAddress,
    code: Vec<u8>,
}

/// A call that destroys a value in the frame.
#[derive(Clone, Copy)]
struct Drop {
    base: Register,
    offset: i64,
    type_id: Option<TypeId>,
}

/// What is done behind a landing pad, by the addresses of the instructions.
#[derive(Default)]
struct Graph {
    next: BTreeMap<u64, Vec<u64>>,
    drops: BTreeMap<u64, Drop>,
    /// Whether something is destroyed of which it is not known where it lies.
    has_other_drops: bool,
    /// Where unwinding goes on to the caller.
    ends: BTreeSet<u64>,
}

impl Graph {
    /// Whether unwinding can go on without the instruction at `avoided`.
    fn ends_without(&self, start: u64, avoided: u64) -> bool {
        let mut seen = BTreeSet::from([avoided]);
        let mut left = vec![start];
        while let Some(at) = left.pop() {
            if !seen.insert(at) {
                continue;
            }
            if self.ends.contains(&at) {
                return true;
            }
            left.extend(self.next.get(&at).into_iter().flatten());
        }
        false
    }
}

/// What a register is known to have.
#[derive(Clone, Copy)]
enum Known {
    /// An address in the frame.
    Slot(Register, i64),
    /// What lies at this address of the image.
    Loaded(u64),
}

/// What is known on the way.
#[derive(Default)]
struct State {
    /// Of registers.
    known: HashMap<u16, Known>,
    /// Of flags that were changed.
    flags: HashMap<(u16, i64), u8>,
    /// Whether the flag that was tested last is set.
    tested: Option<bool>,
}

impl State {
    fn note(&mut self, effect: Effect) {
        match effect {
            Effect::Address { register, base, offset } if arch::FRAME_REGISTERS.contains(&base) => {
                self.known.insert(register.0, Known::Slot(base, offset));
            }
            Effect::Load { register, from } => {
                self.known.insert(register.0, Known::Loaded(from));
            }
            Effect::Address { register, .. } | Effect::Sets(register) => {
                self.known.remove(&register.0);
            }
            Effect::Put { base, offset, value } => {
                self.flags.insert((base.0, offset), value);
            }
            Effect::Store { .. }
            | Effect::Test { .. }
            | Effect::Other
            | Effect::Call(_)
            | Effect::Jump(_)
            | Effect::JumpThrough(_)
            | Effect::Branch { .. }
            | Effect::Trap => {}
        }
    }
}

/// What is called.
enum Called {
    /// What destroys a value, and of which type.
    Drops(Option<TypeId>),
    /// What goes on unwinding.
    Resumes,
    /// What does not return.
    Aborts,
}

impl Code<'_, '_> {
    fn at(&self, address: u64) -> Option<&[u8]> {
        self.code.get(usize::try_from(address.checked_sub(self.begin.0)?).ok()?..)
    }

    /// All that is done from the landing pad on; none where some of it is not understood, or the pad leads
    /// nowhere.
    fn graph(&self, pad: FileAddress) -> Option<Graph> {
        let mut graph = Graph::default();
        let mut left = vec![pad.0];
        // Behind a branch that may go both ways, flags may be what either way has made them.
        let mut is_straight = true;
        while let Some(mut at) = left.pop() {
            let mut state = State::default();
            while !graph.next.contains_key(&at) {
                if graph.next.len() > MOST_INSTRUCTIONS {
                    return None;
                }
                let instruction = arch::instruction(self.at(at)?, at)?;
                let behind = at.wrapping_add(instruction.length);
                let tested = state.tested.take().filter(|_| is_straight);
                let mut next = vec![behind];
                match instruction.effect {
                    Effect::Jump(target) => next = vec![target],
                    Effect::Branch { target, when } => match (tested, when) {
                        (Some(is_set), Condition::Set) if is_set => next = vec![target],
                        (Some(is_set), Condition::Clear) if !is_set => next = vec![target],
                        (Some(_), Condition::Set | Condition::Clear) => {}
                        (_, Condition::Other) | (None, _) => {
                            is_straight = false;
                            next.push(target);
                        }
                    },
                    Effect::Trap => next.clear(),
                    Effect::JumpThrough(_) => return None,
                    Effect::Call(callee) => {
                        if !self.call(callee, at, &state, &mut graph)? {
                            next.clear();
                        }
                        state.known.clear();
                    }
                    Effect::Test { base, offset } => {
                        state.tested = self.flag(base, offset, &state);
                    }
                    effect => state.note(effect),
                }
                let onward = next.first().copied();
                left.extend(next.iter().skip(1));
                graph.next.insert(at, next);
                let Some(onward) = onward else { break };
                at = onward;
            }
        }
        (!graph.ends.is_empty()).then_some(graph)
    }

    /// Notes what a call does; whether the code goes on behind it.
    fn call(&self, callee: Callee, at: u64, state: &State, graph: &mut Graph) -> Option<bool> {
        match self.called(callee, &state.known)? {
            Called::Drops(type_id) => {
                let argument = arch::ARGUMENTS.first()?;
                match state.known.get(&argument.0) {
                    Some(Known::Slot(base, offset)) => {
                        let (base, offset) = (*base, *offset);
                        graph.drops.insert(at, Drop { base, offset, type_id });
                    }
                    Some(Known::Loaded(_)) | None => graph.has_other_drops = true,
                }
                Some(true)
            }
            Called::Resumes => {
                graph.ends.insert(at);
                Some(false)
            }
            Called::Aborts => Some(false),
        }
    }

    /// Whether a flag in the frame is set.
    fn flag(&self, base: Register, offset: i64, state: &State) -> Option<bool> {
        if !arch::FRAME_REGISTERS.contains(&base) {
            return None;
        }
        if let Some(value) = state.flags.get(&(base.0, offset)) {
            return Some(*value == 1);
        }
        let address = self.frame.registers.get(base)?.wrapping_add_signed(offset);
        match self.program.read_unsigned(Address(address), 1).ok()? {
            0 => Some(false),
            1 => Some(true),
            _ => None,
        }
    }

    fn called(&self, callee: Callee, known: &HashMap<u16, Known>) -> Option<Called> {
        let image = self.program.image(self.image)?;
        let through = |slot: u64| self.program.read_address(image.address(FileAddress(slot))).ok();
        let target = match callee {
            Callee::At(target) => image.address(FileAddress(target)),
            Callee::AtPointer(slot) => through(slot)?,
            Callee::In(register) => match known.get(&register.0)? {
                Known::Loaded(slot) => through(*slot)?,
                Known::Slot(..) => return None,
            },
        };
        self.function(self.linked(target).unwrap_or(target))
    }

    /// What the function at this address does, by its name.
    fn function(&self, target: Address) -> Option<Called> {
        let (id, address) = self.program.image_at(target)?;
        let object = self.program.object(id)?;
        let function = object.function_at(address);
        let name = match function.and_then(|function| object.function_name(function)) {
            Some(name) => name,
            None => object.symbol_at(address)?.demangled(),
        };
        if name.starts_with("core::ptr::drop_in_place") {
            let parameters = object.template_parameters(function?);
            let type_id = parameters.first().map(|(_, type_id)| *type_id);
            return Some(Called::Drops(type_id.filter(|_| id == self.image)));
        }
        if name.starts_with("_Unwind_Resume") {
            return Some(Called::Resumes);
        }
        if name.starts_with("core::panicking::") {
            return Some(Called::Aborts);
        }
        // `Drop::drop` of a box that was emptied: its memory is let go of.
        is_drop_method(&name).then_some(Called::Drops(None))
    }

    /// What a stub of the linker leads to.
    fn linked(&self, stub: Address) -> Option<Address> {
        const LENGTH: usize = 16;
        let (id, address) = self.program.image_at(stub)?;
        let mut code = [0; LENGTH];
        self.program.read(stub, &mut code).ok()?;
        let (code, before) = match code.strip_prefix(&arch::BRANCH_TARGET) {
            Some(code) => (code, arch::BRANCH_TARGET.len() as u64),
            None => (code.as_slice(), 0),
        };
        let jump = arch::instruction(code, address.0.wrapping_add(before))?;
        let Effect::JumpThrough(slot) = jump.effect else { return None };
        let slot = self.program.image(id)?.address(FileAddress(slot));
        self.program.read_address(slot).ok()
    }

    /// The line of the first instruction that puts something where a value lies, or hands on that place,
    /// and that is no part of the cleanup.
    fn made(&self, drop: &Drop, graph: &Graph) -> Option<SourceLocation> {
        let end = self.begin.0.saturating_add(self.code.len() as u64);
        let mut at = self.begin.0;
        while at < end {
            let Some(instruction) = arch::instruction(self.at(at)?, at) else {
                at += 1;
                continue;
            };
            let is_slot = match instruction.effect {
                Effect::Store { base, offset }
                | Effect::Put { base, offset, .. }
                | Effect::Address { base, offset, .. } => {
                    base == drop.base && offset == drop.offset
                }
                _ => false,
            };
            if is_slot && !graph.next.contains_key(&at) {
                return self.object.line_at(FileAddress(at));
            }
            at = at.saturating_add(instruction.length.max(1));
        }
        None
    }
}

/// Whether this is a `Drop::drop`, as debug info or a demangled symbol names it.
fn is_drop_method(name: &str) -> bool {
    let path = name.split_once("::drop<").map_or(name, |(path, _)| path);
    let is_method = path.len() < name.len() || name.ends_with("::drop");
    is_method && (name.contains("as core::ops::drop::Drop>") || path.contains("{impl#"))
}
