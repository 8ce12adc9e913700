//! An address with a type.

use std::fmt;
use std::rc::Rc;

use crate::address::Address;
use crate::program::{ImageId, Program};
use crate::symbols::{Kind, Member, Type, TypeId, Variant};

/// Most wrappers taken off one value.
const MOST_WRAPPERS: usize = 32;

/// A value in memory: where it lies, and its type.
#[derive(Clone)]
pub struct Place<'program> {
    /// The process.
    pub program: &'program Program<'program>,
    /// The image whose debug info describes the type.
    pub image: ImageId,
    /// Where the value begins.
    pub address: Address,
    /// Its type.
    pub type_: Rc<Type>,
}

/// What a pointer points to.
pub enum Pointee<'program> {
    /// A value of the type that the pointer names.
    Thin(Place<'program>),
    /// A value behind a trait object: its concrete type came from the vtable.
    Dynamic(Place<'program>),
    /// A trait object whose vtable is at this address, which no debug info describes.
    UnknownDynamic(Address),
}

impl<'program> Place<'program> {
    /// The value of this type at `address`.
    pub fn new(
        program: &'program Program<'program>,
        image: ImageId,
        address: Address,
        type_id: TypeId,
    ) -> Option<Place<'program>> {
        let type_ = program.object(image)?.type_of(type_id)?;
        Some(Place { program, image, address, type_ })
    }

    /// The value at `data` of the concrete type that the vtable of a trait object belongs to.
    pub fn dynamic(
        program: &'program Program<'program>,
        data: Address,
        vtable: Address,
    ) -> Option<Place<'program>> {
        let (image, at) = program.image_at(vtable)?;
        let type_id = program.object(image)?.vtable_type(at)?;
        Place::new(program, image, data, type_id)
    }

    /// The same address as another type of the same image.
    pub fn cast(&self, type_id: TypeId) -> Option<Place<'program>> {
        Place::new(self.program, self.image, self.address, type_id)
    }

    /// A value of a type of the same image somewhere else.
    pub fn at(&self, address: Address, type_id: TypeId) -> Option<Place<'program>> {
        Place::new(self.program, self.image, address, type_id)
    }

    /// One of this value's members.
    pub fn member(&self, member: &Member) -> Option<Place<'program>> {
        self.at(self.address.offset(member.offset), member.type_id)
    }

    /// The field of this name; through the active variant, for an enum.
    pub fn field(&self, name: &str) -> Option<Place<'program>> {
        if let Kind::Enum { .. } = self.type_.kind {
            let (_, inner) = self.active_variant()?;
            return inner.member(inner.type_.member(name)?);
        }
        self.member(self.type_.member(name)?)
    }

    /// The fields of these names, one in the other.
    pub fn fields(&self, names: &[&str]) -> Option<Place<'program>> {
        names.iter().try_fold(self.clone(), |place, name| place.field(name))
    }

    /// All fields: of the active variant, for an enum.
    pub fn all_fields(&self) -> Vec<(String, Place<'program>)> {
        let holder = match self.type_.kind {
            Kind::Enum { .. } => self.active_variant().map(|(_, inner)| inner),
            _ => Some(self.clone()),
        };
        let Some(holder) = holder else { return Vec::new() };
        let members = holder.type_.members().iter();
        members.filter_map(|member| Some((member.name.clone(), holder.member(member)?))).collect()
    }

    /// The variant that an enum or a coroutine is in, and its fields as a struct.
    pub fn active_variant(&self) -> Option<(Variant, Place<'program>)> {
        let Kind::Enum { discriminant, variants } = &self.type_.kind else { return None };
        let variant = match discriminant {
            None => variants.first()?,
            Some(discriminant) => {
                let value = self.member(discriminant)?.unsigned_wide()?;
                let selects = |variant: &&Variant| {
                    variant.values.iter().any(|(from, to)| (*from..=*to).contains(&value))
                };
                variants
                    .iter()
                    .find(selects)
                    .or_else(|| variants.iter().find(|variant| variant.values.is_empty()))?
            }
        };
        let inner = self.member(&variant.member)?;
        Some((variant.clone(), inner))
    }

    /// The name of the active variant.
    pub fn variant_name(&self) -> Option<String> {
        self.active_variant().map(|(_, inner)| inner.type_.own_name.clone())
    }

    /// The number in a base type, a plain enum or a pointer, up to 8 bytes wide.
    pub fn unsigned(&self) -> Option<u64> {
        let place = self.innermost();
        match place.type_.kind {
            Kind::Base { .. } | Kind::Plain { .. } | Kind::Pointer { .. } => {
                place.program.read_unsigned(place.address, place.type_.size).ok()
            }
            Kind::Struct { .. }
            | Kind::Enum { .. }
            | Kind::Union { .. }
            | Kind::Array { .. }
            | Kind::Function
            | Kind::Opaque => None,
        }
    }

    fn unsigned_wide(&self) -> Option<u128> {
        let size = usize::try_from(self.type_.size).ok()?;
        let mut bytes = [0; 16];
        self.program.read(self.address, bytes.get_mut(..size)?).ok()?;
        Some(u128::from_le_bytes(bytes))
    }

    /// The pointer stored here, through wrappers such as `NonNull` and `AtomicPtr`.
    pub fn pointer(&self) -> Option<Address> {
        self.unsigned().map(Address)
    }

    /// This value without the wrappers that add nothing to it: structs with one field that has a
    /// size (`Pin`, `UnsafeCell`, `NonNull`, `AtomicUsize`), one in the other.
    pub fn innermost(&self) -> Place<'program> {
        let mut place = self.clone();
        for _ in 0..MOST_WRAPPERS {
            match place.only_field() {
                Some(inner) => place = inner,
                None => break,
            }
        }
        place
    }

    /// The one field that has a size, if there is just one and it fills this struct.
    pub fn only_field(&self) -> Option<Place<'program>> {
        let (Kind::Struct { members } | Kind::Union { members }) = &self.type_.kind else {
            return None;
        };
        let mut sized = members
            .iter()
            .filter_map(|member| self.member(member))
            .filter(|place| place.type_.size > 0);
        let only = sized.next()?;
        (sized.next().is_none() && only.type_.size == self.type_.size).then_some(only)
    }

    /// What this pointer points to: a reference, a `Box`, a trait object.
    pub fn pointee(&self) -> Option<Pointee<'program>> {
        let place = self.innermost();
        match &place.type_.kind {
            Kind::Pointer { target } => {
                let address = place.program.read_address(place.address).ok()?;
                if address.is_null() {
                    return None;
                }
                place.at(address, (*target)?).map(Pointee::Thin)
            }
            Kind::Struct { .. } => place.dynamic_pointee(),
            Kind::Base { .. }
            | Kind::Enum { .. }
            | Kind::Plain { .. }
            | Kind::Union { .. }
            | Kind::Array { .. }
            | Kind::Function
            | Kind::Opaque => None,
        }
    }

    /// Source: rustc describes a wide pointer to a trait object as a struct of `pointer` and
    /// `vtable`.
    fn dynamic_pointee(&self) -> Option<Pointee<'program>> {
        let vtable = self.field("vtable")?.pointer()?;
        let data = self.field("pointer")?.pointer()?;
        Some(match Place::dynamic(self.program, data, vtable) {
            Some(place) => Pointee::Dynamic(place),
            None => Pointee::UnknownDynamic(vtable),
        })
    }

    /// Whether the two types may describe the same thing: their full names are equal.
    pub fn is_same_type(&self, other: &Type) -> bool {
        self.type_.name == other.name
    }
}

impl fmt::Debug for Place<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} at {}", self.type_.name, self.address)
    }
}
