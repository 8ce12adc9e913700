//! How to get from a function's frame to its caller's: the call frame information of a file.
//!
//! Looked up by `.eh_frame_hdr`'s table, or in all of `.eh_frame` where there is no such table;
//! else in `.debug_frame`. What
//! the rules yield in a frame is for [`crate::stack`] to say.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use gimli::{
    BaseAddresses, CfaRule, DebugFrame, EhFrame, EhFrameHdr, EhFrameOffset, Encoding, EndianSlice,
    FrameDescriptionEntry, LittleEndian, Register, RegisterRule, UnwindContext, UnwindExpression,
    UnwindSection,
};
use object::{Object as _, ObjectSection as _};

use super::object::{Elf, Object, Reader};
use crate::address::FileAddress;

/// How to get to the caller's frame from any instruction of a stretch of code.
#[derive(Clone, PartialEq, Debug)]
pub struct UnwindRow {
    /// How the canonical frame address is computed.
    pub(crate) cfa: CfaUnwind,
    /// How the caller's registers are found; the others follow the CPU's convention.
    pub(crate) registers: Vec<(Register, RegisterUnwind)>,
    /// The register that holds the return address.
    pub(crate) return_address: Register,
    /// Whether this is the frame that a signal handler returns to.
    pub(crate) is_signal_frame: bool,
    /// How expressions in this row are encoded.
    pub(crate) encoding: Encoding,
}

/// How a canonical frame address is computed.
#[derive(Clone, PartialEq, Debug)]
pub(crate) enum CfaUnwind {
    /// A register's value plus an offset.
    RegisterAndOffset(Register, i64),
    /// The value of this expression.
    Expression(Vec<u8>),
}

/// How a register's value in the caller is found.
#[derive(Clone, PartialEq, Debug)]
pub(crate) enum RegisterUnwind {
    /// It is lost.
    Lost,
    /// It is unchanged.
    Same,
    /// In memory, this far from the canonical frame address.
    SavedAt(i64),
    /// The canonical frame address plus this.
    CfaPlus(i64),
    /// In another register.
    In(Register),
    /// In memory, where this expression says.
    SavedAtExpression(Vec<u8>),
    /// The value of this expression.
    Expression(Vec<u8>),
    /// This number.
    Constant(u64),
}

/// The rows found so far, by first address; with the address behind each.
#[derive(Default)]
pub(super) struct UnwindRows {
    found: RefCell<BTreeMap<u64, (u64, Rc<UnwindRow>)>>,
}

impl UnwindRows {
    fn get(&self, address: u64) -> Option<Rc<UnwindRow>> {
        let found = self.found.borrow();
        let (_, (end, row)) = found.range(..=address).next_back()?;
        (address < *end).then(|| Rc::clone(row))
    }

    fn insert(&self, begin: u64, end: u64, row: UnwindRow) -> Rc<UnwindRow> {
        let row = Rc::new(row);
        let mut found = self.found.borrow_mut();
        found.insert(begin, (end, Rc::clone(&row)));
        row
    }
}

impl Object {
    /// How to get to the caller's frame from the instruction at `address`; none where the file has
    /// no call frame information for it.
    pub fn unwind_row(&self, address: FileAddress) -> Option<Rc<UnwindRow>> {
        self.unwind_rows.get(address.0).or_else(|| {
            let (begin, end, row) = self.with_elf(|elf| find(elf, address.0))?;
            Some(self.unwind_rows.insert(begin, end, row))
        })
    }
}

type Found = (u64, u64, UnwindRow);

fn find(elf: &Elf<'_>, address: u64) -> Option<Found> {
    let bases = bases(elf);
    let found = match section(elf, ".eh_frame_hdr") {
        Some(header) => find_by_header(elf, header, &bases, address),
        None => eh_frame(elf).and_then(|frames| find_linear(&frames, &bases, address)),
    };
    found.or_else(|| find_linear(&debug_frame(elf)?, &bases, address))
}

/// Looks `address` up in the sorted table of `.eh_frame_hdr`.
fn find_by_header<'data>(
    elf: &Elf<'data>,
    header: Reader<'data>,
    bases: &BaseAddresses,
    address: u64,
) -> Option<Found> {
    row(&eh_frame(elf)?, bases, &described_by(elf, header, bases, address)?, address)
}

/// What `.eh_frame` says of the function that may have this address: by the table where there is one.
pub(super) fn description<'data>(
    elf: &Elf<'data>,
    bases: &BaseAddresses,
    address: u64,
) -> Option<FrameDescriptionEntry<Reader<'data>>> {
    let description = match section(elf, ".eh_frame_hdr") {
        Some(header) => described_by(elf, header, bases, address)?,
        None => eh_frame(elf)?.fde_for_address(bases, address, EhFrame::cie_from_offset).ok()?,
    };
    description.contains(address).then_some(description)
}

fn described_by<'data>(
    elf: &Elf<'data>,
    header: Reader<'data>,
    bases: &BaseAddresses,
    address: u64,
) -> Option<FrameDescriptionEntry<Reader<'data>>> {
    let header = EhFrameHdr::new(header.slice(), LittleEndian);
    let header = header.parse(bases, POINTER_SIZE).ok()?;
    let entry = header.table()?.lookup(address, bases).ok()?.direct().ok()?;
    let offset = entry.checked_sub(header.eh_frame_ptr().direct().ok()?)?;
    let offset = EhFrameOffset(usize::try_from(offset).ok()?);
    eh_frame(elf)?.fde_from_offset(bases, offset, EhFrame::cie_from_offset).ok()
}

/// Looks `address` up in all of a section.
fn find_linear<'data, Section>(
    frames: &Section,
    bases: &BaseAddresses,
    address: u64,
) -> Option<Found>
where
    Section: UnwindSection<Reader<'data>>,
{
    let description = frames.fde_for_address(bases, address, Section::cie_from_offset);
    row(frames, bases, &description.ok()?, address)
}

fn row<'data, Section>(
    frames: &Section,
    bases: &BaseAddresses,
    description: &FrameDescriptionEntry<Reader<'data>>,
    address: u64,
) -> Option<Found>
where
    Section: UnwindSection<Reader<'data>>,
{
    if !description.contains(address) {
        return None;
    }
    let mut context = UnwindContext::new();
    let row = description.unwind_info_for_address(frames, bases, &mut context, address).ok()?;
    let registers: Option<Vec<_>> = row
        .registers()
        .map(|(register, rule)| Some((*register, register_unwind(frames, rule)?)))
        .collect();
    let found = UnwindRow {
        cfa: cfa_unwind(frames, row.cfa())?,
        registers: registers?,
        return_address: description.cie().return_address_register(),
        is_signal_frame: description.is_signal_trampoline(),
        encoding: description.cie().encoding(),
    };
    Some((row.start_address(), row.end_address(), found))
}

fn cfa_unwind<'data, Section>(frames: &Section, rule: &CfaRule<usize>) -> Option<CfaUnwind>
where
    Section: UnwindSection<Reader<'data>>,
{
    match rule {
        CfaRule::RegisterAndOffset { register, offset } => {
            Some(CfaUnwind::RegisterAndOffset(*register, *offset))
        }
        CfaRule::Expression(expression) => {
            Some(CfaUnwind::Expression(expression_bytes(frames, expression)?))
        }
    }
}

fn register_unwind<'data, Section>(
    frames: &Section,
    rule: &RegisterRule<usize>,
) -> Option<RegisterUnwind>
where
    Section: UnwindSection<Reader<'data>>,
{
    Some(match rule {
        RegisterRule::SameValue => RegisterUnwind::Same,
        RegisterRule::Offset(offset) => RegisterUnwind::SavedAt(*offset),
        RegisterRule::ValOffset(offset) => RegisterUnwind::CfaPlus(*offset),
        RegisterRule::Register(register) => RegisterUnwind::In(*register),
        RegisterRule::Expression(expression) => {
            RegisterUnwind::SavedAtExpression(expression_bytes(frames, expression)?)
        }
        RegisterRule::ValExpression(expression) => {
            RegisterUnwind::Expression(expression_bytes(frames, expression)?)
        }
        RegisterRule::Constant(value) => RegisterUnwind::Constant(*value),
        // The enum is open: a rule that is not known here loses the register.
        _ => RegisterUnwind::Lost,
    })
}

fn expression_bytes<'data, Section>(
    frames: &Section,
    expression: &UnwindExpression<usize>,
) -> Option<Vec<u8>>
where
    Section: UnwindSection<Reader<'data>>,
{
    Some(expression.get(frames).ok()?.0.slice().to_vec())
}

/// Size of an address in ELF files of 64 bits, in bytes.
const POINTER_SIZE: u8 = 8;

pub(super) fn bases(elf: &Elf<'_>) -> BaseAddresses {
    let address = |name| elf.section_by_name(name).map_or(0, |section| section.address());
    BaseAddresses::default()
        .set_eh_frame_hdr(address(".eh_frame_hdr"))
        .set_eh_frame(address(".eh_frame"))
        .set_text(address(".text"))
        .set_got(address(".got"))
}

fn eh_frame<'data>(elf: &Elf<'data>) -> Option<EhFrame<Reader<'data>>> {
    let mut frames = EhFrame::from(section(elf, ".eh_frame")?);
    frames.set_address_size(POINTER_SIZE);
    Some(frames)
}

fn debug_frame<'data>(elf: &Elf<'data>) -> Option<DebugFrame<Reader<'data>>> {
    let mut frames = DebugFrame::from(section(elf, ".debug_frame")?);
    frames.set_address_size(POINTER_SIZE);
    Some(frames)
}

/// A section's bytes as the file has them; a compressed one is not read.
fn section<'data>(elf: &Elf<'data>, name: &str) -> Option<Reader<'data>> {
    let bytes = elf.section_by_name(name)?.data().ok()?;
    Some(EndianSlice::new(bytes, LittleEndian))
}
