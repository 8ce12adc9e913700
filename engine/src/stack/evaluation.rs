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
