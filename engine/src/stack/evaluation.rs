//! Running DWARF expressions over the registers and memory of a frame.

use gimli::{
    Encoding, EndianSlice, Evaluation, EvaluationResult, LittleEndian, Location, Piece, Register,
    Value, ValueType,
};

use super::place::{Place, Unavailable};
use crate::address::{Address, FileAddress};
use crate::arch::{Registers, thread_local_address};
use crate::program::{Image, ImageId, Program};
use crate::symbols::{Expression, Object};

/// Most operations of one expression: loops are allowed in them.
const MOST_OPERATIONS: u32 = 10_000;

/// Most bytes that the pieces of one value make.
const MOST_BYTES: usize = 1 << 16;

/// The mask of an address of 64 bits.
const ADDRESS_MASK: u64 = u64::MAX;

type Bytes<'expression> = EndianSlice<'expression, LittleEndian>;

/// Everything that an expression may ask for.
pub(super) struct Machine<'frame, 'snapshot> {
    /// Memory and images.
    pub(super) program: &'frame Program<'snapshot>,
    /// The registers of the frame.
    pub(super) registers: &'frame Registers,
    /// The frame's canonical frame address.
    pub(super) cfa: Option<Address>,
    /// The image whose debug info the expression is of.
    pub(super) image: Option<ImageId>,
    /// Where the expression was found.
    pub(super) unit: Unit<'frame>,
    /// The function's frame base.
    pub(super) frame_base: Option<u64>,
}

/// Where an expression was found.
#[derive(Clone, Copy)]
pub(super) enum Unit<'frame> {
    /// In call frame information.
    CallFrames(Encoding),
    /// In the unit of this expression.
    Of(&'frame Expression),
}

impl Machine<'_, '_> {
    /// The value of a register in this frame.
    pub(super) fn register(&self, register: Register) -> Result<u64, Unavailable> {
        let value = self.registers.get(register);
        value.ok_or(Unavailable::RegisterLost(register.0))
    }

    /// The number of an address's size at `address`.
    pub(super) fn memory(&self, address: Address) -> Result<u64, Unavailable> {
        let value = self.program.read_unsigned(address, 8);
        value.map_err(|_| Unavailable::Unreadable(address))
    }

    /// The number that an expression computes, with `initial` on its stack.
    pub(super) fn number(
        &self,
        bytes: &[u8],
        initial: Option<Address>,
    ) -> Result<u64, Unavailable> {
        match self.pieces(bytes, initial)?.as_slice() {
            [piece] => match piece.location {
                Location::Address { address } => Ok(address),
                Location::Register { register } => self.register(register),
                Location::Value { value } => {
                    value.to_u64(ADDRESS_MASK).or(Err(Unavailable::Damaged))
                }
                Location::Empty | Location::Bytes { .. } | Location::ImplicitPointer { .. } => {
                    Err(Unavailable::Damaged)
                }
            },
            _ => Err(Unavailable::Damaged),
        }
    }

    /// The place that an expression describes.
    pub(super) fn place(&self, bytes: &[u8]) -> Result<Place, Unavailable> {
        if bytes.is_empty() {
            return Err(Unavailable::OptimizedOut);
        }
        let pieces = self.pieces(bytes, None)?;
        if let [piece] = pieces.as_slice()
            && piece.size_in_bits.is_none()
        {
            return self.whole(piece);
        }
        self.assemble(&pieces)
    }

    /// The place of a value that lies all in one.
    fn whole(&self, piece: &Piece<Bytes<'_>>) -> Result<Place, Unavailable> {
        let bytes = match piece.location {
            Location::Address { address } => return Ok(Place::Memory(Address(address))),
            Location::Empty => return Err(Unavailable::OptimizedOut),
            Location::ImplicitPointer { .. } => {
                return Err(Unavailable::Unsupported("a pointer to a value with no address"));
            }
            Location::Register { register } => self.register(register)?.to_le_bytes().to_vec(),
            Location::Value { value } => value_bytes(value),
            Location::Bytes { value } => value.slice().to_vec(),
        };
        Ok(Place::Value { bytes, missing: Vec::new() })
    }

    /// The bytes of a value that lies in pieces.
    fn assemble(&self, pieces: &[Piece<Bytes<'_>>]) -> Result<Place, Unavailable> {
        let mut bytes: Vec<u8> = Vec::new();
        let mut missing = Vec::new();
        for piece in pieces {
            let size = piece_size(piece)?;
            let begin = bytes.len();
            let end = begin.saturating_add(size);
            if end > MOST_BYTES {
                return Err(Unavailable::Damaged);
            }
            match self.piece_bytes(piece, size) {
                Ok(piece) => bytes.extend(piece),
                Err(_) => missing.push(begin..end),
            }
            bytes.resize(end, 0);
        }
        if missing.iter().map(ExactSizeIterator::len).sum::<usize>() == bytes.len() {
            return Err(Unavailable::OptimizedOut);
        }
        Ok(Place::Value { bytes, missing })
    }

    fn piece_bytes(&self, piece: &Piece<Bytes<'_>>, size: usize) -> Result<Vec<u8>, Unavailable> {
        let mut bytes = match self.whole(piece)? {
            Place::Value { bytes, .. } => bytes,
            Place::Memory(address) => {
                let mut bytes = vec![0; size];
                let read = self.program.read(address, &mut bytes);
                read.map_err(|_| Unavailable::Unreadable(address))?;
                bytes
            }
        };
        bytes.truncate(size);
        match bytes.len() == size {
            true => Ok(bytes),
            false => Err(Unavailable::Damaged),
        }
    }

    fn pieces<'bytes>(
        &self,
        bytes: &'bytes [u8],
        initial: Option<Address>,
    ) -> Result<Vec<Piece<Bytes<'bytes>>>, Unavailable> {
        let encoding = match self.unit {
            Unit::CallFrames(encoding) => encoding,
            Unit::Of(expression) => {
                let object = self.object().ok_or(Unavailable::Damaged)?;
                object.encoding(expression).ok_or(Unavailable::Damaged)?
            }
        };
        let mut evaluation = Evaluation::new(EndianSlice::new(bytes, LittleEndian), encoding);
        evaluation.set_max_iterations(MOST_OPERATIONS);
        if let Some(initial) = initial {
            evaluation.set_initial_value(initial.0);
        }
        let mut state = evaluation.evaluate();
        loop {
            state = match state.map_err(|_| Unavailable::Damaged)? {
                EvaluationResult::Complete => return Ok(evaluation.result()),
                wanted => self.resume(&mut evaluation, wanted)?,
            };
        }
    }

    /// Gives an expression what it asked for.
    fn resume<'bytes>(
        &self,
        evaluation: &mut Evaluation<Bytes<'bytes>>,
        wanted: EvaluationResult<Bytes<'bytes>>,
    ) -> Result<gimli::Result<EvaluationResult<Bytes<'bytes>>>, Unavailable> {
        Ok(match wanted {
            EvaluationResult::RequiresMemory { address, size, base_type, .. } => {
                let address = Address(address);
                let number = self.program.read_unsigned(address, u64::from(size));
                let number = number.map_err(|_| Unavailable::Unreadable(address))?;
                evaluation.resume_with_memory(self.typed(base_type, number)?)
            }
            EvaluationResult::RequiresRegister { register, base_type } => {
                let number = self.register(register)?;
                evaluation.resume_with_register(self.typed(base_type, number)?)
            }
            EvaluationResult::RequiresFrameBase => {
                let frame_base = self.frame_base.ok_or(Unavailable::OptimizedOut)?;
                evaluation.resume_with_frame_base(frame_base)
            }
            EvaluationResult::RequiresTls(offset) => {
                evaluation.resume_with_tls(self.thread_local(offset)?.0)
            }
            EvaluationResult::RequiresCallFrameCfa => {
                let cfa = self.cfa.ok_or(Unavailable::OptimizedOut)?;
                evaluation.resume_with_call_frame_cfa(cfa.0)
            }
            EvaluationResult::RequiresRelocatedAddress(address) => {
                evaluation.resume_with_relocated_address(self.relocate(FileAddress(address))?.0)
            }
            EvaluationResult::RequiresIndexedAddress { index, relocate } => {
                let address = self.indexed_address(index)?;
                let address = match relocate {
                    true => self.relocate(address)?.0,
                    false => address.0,
                };
                evaluation.resume_with_indexed_address(address)
            }
            EvaluationResult::RequiresBaseType(offset) => {
                evaluation.resume_with_base_type(self.base_type(offset)?)
            }
            EvaluationResult::RequiresEntryValue(_) => return Err(Unavailable::EntryValue),
            EvaluationResult::RequiresAtLocation(_) => {
                return Err(Unavailable::Unsupported("a call of another description"));
            }
            EvaluationResult::RequiresParameterRef(_) => {
                return Err(Unavailable::Unsupported("a parameter of the caller"));
            }
            EvaluationResult::RequiresWasmLocal { .. }
            | EvaluationResult::RequiresWasmGlobal { .. }
            | EvaluationResult::RequiresWasmStack { .. }
            | EvaluationResult::Complete => return Err(Unavailable::Damaged),
        })
    }

    fn image(&self) -> Option<&Image> {
        self.program.image(self.image?)
    }

    fn object(&self) -> Option<&Object> {
        self.program.object(self.image?)
    }

    fn relocate(&self, address: FileAddress) -> Result<Address, Unavailable> {
        let image = self.image().ok_or(Unavailable::Damaged)?;
        Ok(image.address(address))
    }

    fn indexed_address(&self, index: gimli::DebugAddrIndex) -> Result<FileAddress, Unavailable> {
        let (Unit::Of(expression), Some(object)) = (self.unit, self.object()) else {
            return Err(Unavailable::Damaged);
        };
        let address = object.indexed_address(expression, index);
        address.ok_or(Unavailable::Damaged)
    }

    /// The kind of number that the type at `offset` is; 0 stands for an address.
    fn base_type(&self, offset: gimli::UnitOffset) -> Result<ValueType, Unavailable> {
        if offset.0 == 0 {
            return Ok(ValueType::Generic);
        }
        let (Unit::Of(expression), Some(object)) = (self.unit, self.object()) else {
            return Err(Unavailable::Damaged);
        };
        let base_type = object.base_type(expression, offset);
        base_type.ok_or(Unavailable::Unsupported("a number of an unusual type"))
    }

    fn typed(&self, base_type: gimli::UnitOffset, number: u64) -> Result<Value, Unavailable> {
        let base_type = self.base_type(base_type)?;
        Value::from_u64(base_type, number).or(Err(Unavailable::Damaged))
    }

    /// Where a thread-local variable lies; known only for those of the executable itself, whose
    /// place needs no help from the dynamic loader.
    fn thread_local(&self, offset: u64) -> Result<Address, Unavailable> {
        let image = self.image().ok_or(Unavailable::Damaged)?;
        if image.path != self.program.snapshot.facts.executable {
            return Err(Unavailable::Unsupported("a shared library's thread-local"));
        }
        let segment = image.object.thread_local_segment();
        let segment = segment.ok_or(Unavailable::Damaged)?;
        let thread_pointer = self.registers.thread_pointer();
        Ok(thread_local_address(thread_pointer, segment.size, segment.alignment, offset))
    }
}

/// How many bytes a piece makes. Pieces that do not begin or end at a byte are not supported.
fn piece_size(piece: &Piece<Bytes<'_>>) -> Result<usize, Unavailable> {
    let bits = piece.size_in_bits.ok_or(Unavailable::Damaged)?;
    if bits % 8 != 0 || piece.bit_offset.unwrap_or(0) != 0 {
        return Err(Unavailable::Unsupported("single bits"));
    }
    usize::try_from(bits / 8).or(Err(Unavailable::Damaged))
}

fn value_bytes(value: Value) -> Vec<u8> {
    match value {
        Value::Generic(value) | Value::U64(value) => value.to_le_bytes().to_vec(),
        Value::I64(value) => value.to_le_bytes().to_vec(),
        Value::I32(value) => value.to_le_bytes().to_vec(),
        Value::U32(value) => value.to_le_bytes().to_vec(),
        Value::I16(value) => value.to_le_bytes().to_vec(),
        Value::U16(value) => value.to_le_bytes().to_vec(),
        Value::I8(value) => value.to_le_bytes().to_vec(),
        Value::U8(value) => value.to_le_bytes().to_vec(),
        Value::F32(value) => value.to_le_bytes().to_vec(),
        Value::F64(value) => value.to_le_bytes().to_vec(),
    }
}

#[cfg(test)]
mod tests {
    use gimli::constants::{
        DW_OP_and, DW_OP_breg6, DW_OP_breg7, DW_OP_breg16, DW_OP_call_frame_cfa, DW_OP_deref,
        DW_OP_entry_value, DW_OP_fbreg, DW_OP_ge, DW_OP_lit3, DW_OP_lit5, DW_OP_lit11, DW_OP_lit15,
        DW_OP_piece, DW_OP_plus, DW_OP_reg0, DW_OP_reg3, DW_OP_shl, DW_OP_skip, DW_OP_stack_value,
    };
    use gimli::{Encoding, Format, X86_64};

    use super::{Machine, Unit};
    use crate::address::Address;
    use crate::stack::place::{Place, Unavailable};
    use crate::stack::synthetic::{CODE, STACK, thread, with_process};

    const ENCODING: Encoding = Encoding { address_size: 8, format: Format::Dwarf32, version: 4 };

    fn with_machine(check: impl FnOnce(&Machine<'_, '_>)) {
        with_process(&[77, 78], |program| {
            let mut registers = thread(CODE + 0xb, STACK + 0x100).registers;
            registers.set(X86_64::RBX, Some(0x1234));
            check(&Machine {
                program,
                registers: &registers,
                cfa: Some(Address(STACK + 0x200)),
                image: None,
                unit: Unit::CallFrames(ENCODING),
                frame_base: Some(STACK + 0x300),
            });
        });
    }

    fn check(expression: &[u8], expected: Result<Place, Unavailable>) {
        with_machine(|machine| assert_eq!(machine.place(expression), expected, "{expression:?}"));
    }

    fn memory(address: u64) -> Result<Place, Unavailable> {
        Ok(Place::Memory(Address(address)))
    }

    fn value(bytes: &[u8]) -> Result<Place, Unavailable> {
        Ok(Place::Value { bytes: bytes.to_vec(), missing: Vec::new() })
    }

    #[test]
    fn places_in_memory() {
        check(&[DW_OP_breg6.0, 0x78], memory(STACK + 0xf8));
        check(&[DW_OP_fbreg.0, 0x10], memory(STACK + 0x310));
        check(&[DW_OP_call_frame_cfa.0], memory(STACK + 0x200));
        check(&[DW_OP_breg7.0, 8, DW_OP_deref.0], memory(78));
    }

    #[test]
    fn values_that_have_no_place() {
        check(&[DW_OP_reg3.0], value(&0x1234u64.to_le_bytes()));
        check(&[DW_OP_lit5.0, DW_OP_stack_value.0], value(&5u64.to_le_bytes()));
    }

    #[test]
    fn a_value_in_pieces_of_which_one_is_gone() {
        let pieces = [DW_OP_reg3.0, DW_OP_piece.0, 2, DW_OP_piece.0, 2, DW_OP_breg7.0, 0];
        let pieces = [&pieces[..], &[DW_OP_piece.0, 1]].concat();
        let missing = std::iter::once(2..4).collect();
        check(&pieces, Ok(Place::Value { bytes: vec![0x34, 0x12, 0, 0, 77], missing }));
        check(&[DW_OP_piece.0, 8], Err(Unavailable::OptimizedOut));
    }

    #[test]
    fn what_cannot_be_found_says_why() {
        check(&[], Err(Unavailable::OptimizedOut));
        check(&[DW_OP_reg0.0], Err(Unavailable::RegisterLost(0)));
        check(&[DW_OP_entry_value.0, 1, DW_OP_reg3.0], Err(Unavailable::EntryValue));
        let unreadable = Err(Unavailable::Unreadable(Address(STACK + 0x1000)));
        check(&[DW_OP_breg7.0, 0x80, 0x20, DW_OP_deref.0], unreadable);
    }

    #[test]
    fn an_expression_that_never_ends_is_damaged() {
        check(&[DW_OP_skip.0, 0xfd, 0xff], Err(Unavailable::Damaged));
        check(&[DW_OP_piece.0, 0xff, 0xff, 0x7f], Err(Unavailable::Damaged));
    }

    #[test]
    fn the_frame_of_a_procedure_linkage_table() {
        let expression = [
            [DW_OP_breg7.0, 8, DW_OP_breg16.0, 0, DW_OP_lit15.0].as_slice(),
            &[DW_OP_and.0, DW_OP_lit11.0, DW_OP_ge.0, DW_OP_lit3.0, DW_OP_shl.0, DW_OP_plus.0],
        ];
        let number = |machine: &Machine<'_, '_>| machine.number(&expression.concat(), None);
        with_machine(|machine| assert_eq!(number(machine), Ok(STACK + 16)));
    }
}
