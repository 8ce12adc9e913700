//! What a body returns, and where: in registers or in memory that its caller provides.
//!
//! Source: rustc 1.95 `compiler/rustc_ty_utils/src/abi.rs` and the psABI, section 3.2.3, as measured:
//! at most eight bytes go into one register; two numbers, or a tag and one number that lies at the
//! same place in each variant, go into two; everything else goes into memory, whose address is then
//! the first argument.

use super::body::Body;
use super::story::Seen;
use crate::address::Address;
use crate::arch::Registers;
use crate::symbols::{Encoding, Kind, Object, TypeId};
use crate::trace::OUTSIDE;
use crate::value::{Place, render};

/// Where a result is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Returned {
    /// In the first register.
    One,
    /// In two registers, the second part of it at this offset.
    Two(u64),
    /// In memory.
    Memory,
    /// In a register that is not read here.
    Elsewhere,
}

/// A number in a value: where it lies, its size, and whether it is a floating-point one.
type Scalar = (u64, u64, bool);

/// Size of a register in bytes.
const WORD: u64 = 8;

/// How deep in types numbers are looked for.
const DEPTH: usize = 16;

impl Seen {
    /// Where the coroutine lies whose body a thread is about to begin.
    pub(super) fn environment_at_entry(&self, registers: &Registers) -> Option<Address> {
        let spot = self.code.spot(registers.pc());
        let (body, _) = spot.bodies.last()?;
        let object = self.code.object(body.image)?;
        let returned = body.returns.map(|returns| returned(object, returns));
        let number = usize::from(returned == Some(Returned::Memory));
        registers.argument(number).map(Address)
    }

    /// What a body has just returned: the value in `Poll::Ready`.
    pub(super) fn returned_value(&self, body: &Body, registers: &Registers) -> Option<String> {
        let object = self.code.object(body.image)?;
        let returns = body.returns?;
        let [first, second] = registers.result_words()?;
        let mut outside = first.to_le_bytes().to_vec();
        let address = match returned(object, returns) {
            Returned::Memory => Address(first),
            Returned::One => OUTSIDE,
            Returned::Two(offset) => {
                outside.resize(usize::try_from(offset).ok()?.min(WORD as usize), 0);
                outside.extend(second.to_le_bytes());
                OUTSIDE
            }
            Returned::Elsewhere => return None,
        };
        let snapshot = self.view.snapshot_with(Vec::new(), outside);
        let program = self.view.program(&snapshot);
        let poll = Place::new(&program, body.image, address, returns)?;
        let (_, variant) = poll.active_variant()?;
        if !variant.type_.own_name.starts_with("Ready") {
            return None;
        }
        Some(render(&variant.field("__0")?, self.values.as_ref()?))
    }
}

/// Whether a function that returns this is given the address for it.
pub(super) fn is_in_memory(object: &Object, type_id: TypeId) -> bool {
    returned(object, type_id) == Returned::Memory
}

/// Where a result of this type is.
fn returned(object: &Object, type_id: TypeId) -> Returned {
    let Some(type_) = object.type_of(type_id) else { return Returned::Memory };
    let scalars = scalars(object, type_id, 0, DEPTH);
    match scalars.as_deref() {
        Some([(0, _, true)]) => Returned::Elsewhere,
        Some([(0, 16, false)]) => Returned::Two(WORD),
        Some([one, two]) if type_.size <= 2 * WORD => match (one, two) {
            ((_, _, false), (offset, _, false)) => Returned::Two(*offset),
            _ => Returned::Elsewhere,
        },
        _ if type_.size <= WORD => Returned::One,
        _ => Returned::Memory,
    }
}

/// The numbers in a value of this type, in order; none when there are more than two, or others in
/// other variants.
fn scalars(object: &Object, type_id: TypeId, at: u64, depth: usize) -> Option<Vec<Scalar>> {
    let depth = depth.checked_sub(1)?;
    let type_ = object.type_of(type_id)?;
    let mut found = match &type_.kind {
        _ if type_.size == 0 => Vec::new(),
        Kind::Base { encoding } => vec![(at, type_.size, *encoding == Encoding::Float)],
        Kind::Plain { .. } | Kind::Pointer { .. } => vec![(at, type_.size, false)],
        Kind::Struct { members } => {
            let mut all = Vec::new();
            for member in members {
                let offset = at.checked_add(member.offset)?;
                all.extend(scalars(object, member.type_id, offset, depth)?);
            }
            all
        }
        Kind::Enum { discriminant, variants } => {
            let mut all = Vec::new();
            if let Some(tag) = discriminant {
                let offset = at.checked_add(tag.offset)?;
                all.extend(scalars(object, tag.type_id, offset, depth)?);
            }
            for variant in variants {
                let offset = at.checked_add(variant.member.offset)?;
                for scalar in scalars(object, variant.member.type_id, offset, depth)? {
                    if !all.contains(&scalar) {
                        all.push(scalar);
                    }
                }
            }
            all
        }
        Kind::Union { .. } | Kind::Array { .. } | Kind::Function | Kind::Opaque => return None,
    };
    found.sort_unstable();
    let overlap = found.windows(2).any(
        |pair| matches!(pair, [(one, size, _), (two, _, _)] if one.saturating_add(*size) > *two),
    );
    (found.len() <= 2 && !overlap).then_some(found)
}
