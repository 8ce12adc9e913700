//! Types as the debug info describes them: names, members, variants, with their sizes and offsets.
//!
//! A type is read when it is asked for and kept. Its members name other types by [`TypeId`], so a
//! type that contains itself behind a pointer is no trouble here.

use std::path::PathBuf;
use std::rc::Rc;

use gimli::{AttributeValue, DwAt, UnitOffset, constants};

use super::entry::{Entry, number, reference};
use super::ids::TypeId;
use super::object::{Object, Reader};
use super::units::{DebugInfo, Unit};

/// Most members, variants or parameters read of one type.
const MOST_PARTS: usize = 65_536;

/// Longest chain of aliases and arrays of arrays.
const DEEPEST: usize = 16;

/// One type.
#[derive(Clone, Debug)]
pub struct Type {
    /// Its entry.
    pub id: TypeId,
    /// Its full path with type arguments, such as `tokio::sync::mutex::Mutex<u32>`.
    pub name: String,
    /// How much of that is the path without type arguments, in bytes.
    path: usize,
    /// The last segment of the path, with type arguments: `Mutex<u32>`, `{async_fn_env#0}`.
    pub own_name: String,
    /// The namespaces around it, outermost first.
    pub scope: Vec<String>,
    /// Its size in bytes.
    pub size: u64,
    /// Its alignment in bytes, where the debug info gives it.
    pub alignment: Option<u64>,
    /// Its type arguments, by parameter name.
    pub parameters: Vec<(String, TypeId)>,
    /// What it is made of.
    pub kind: Kind,
}

/// What a type is made of.
#[derive(Clone, Debug)]
pub enum Kind {
    /// A number, `bool`, `char` or `()`.
    Base {
        /// How its bits are read.
        encoding: Encoding,
    },
    /// A struct, tuple or closure.
    Struct {
        /// Its fields, in the order of the debug info.
        members: Vec<Member>,
    },
    /// An enum with fields, or a coroutine.
    Enum {
        /// Where its discriminant lies; absent when there is one variant only.
        discriminant: Option<Member>,
        /// Its variants.
        variants: Vec<Variant>,
    },
    /// An enum without fields.
    Plain {
        /// Its variants' names and values.
        enumerators: Vec<(String, i128)>,
    },
    /// A union.
    Union {
        /// Its fields.
        members: Vec<Member>,
    },
    /// A thin pointer or reference.
    Pointer {
        /// What it points to; absent for `*const ()` and the like.
        target: Option<TypeId>,
    },
    /// An array.
    Array {
        /// Its element.
        element: TypeId,
        /// How many elements it has.
        count: u64,
    },
    /// A function, behind a pointer.
    Function,
    /// Something this reader does not know, or only a declaration of a type.
    Opaque,
}

/// How the bits of a base type are read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Encoding {
    /// `bool`.
    Boolean,
    /// `char`.
    Character,
    /// `f32`, `f64`.
    Float,
    /// `i8` and so on.
    Signed,
    /// `u8` and so on, and everything else.
    Unsigned,
}

/// A field.
#[derive(Clone, Debug)]
pub struct Member {
    /// Its name; `__0` in a tuple.
    pub name: String,
    /// Its type.
    pub type_id: TypeId,
    /// Where it lies in the type around it, in bytes.
    pub offset: u64,
    /// Where it is declared. For a variant of a coroutine: the line of its `.await`.
    pub declared: Option<Declared>,
}

/// A line that the debug info names.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Declared {
    /// The file.
    pub file: PathBuf,
    /// The line, from 1.
    pub line: u32,
}

/// A variant of an enum.
#[derive(Clone, Debug)]
pub struct Variant {
    /// The discriminant's values that select it; empty for the one that all others select.
    pub values: Vec<(u128, u128)>,
    /// Its fields, as a struct at an offset.
    pub member: Member,
}

impl Type {
    /// The fields of a struct or union; none for other types.
    pub fn members(&self) -> &[Member] {
        match &self.kind {
            Kind::Struct { members } | Kind::Union { members } => members,
            Kind::Base { .. }
            | Kind::Enum { .. }
            | Kind::Plain { .. }
            | Kind::Pointer { .. }
            | Kind::Array { .. }
            | Kind::Function
            | Kind::Opaque => &[],
        }
    }

    /// The field of this name.
    pub fn member(&self, name: &str) -> Option<&Member> {
        self.members().iter().find(|member| member.name == name)
    }

    /// The type argument of this name.
    pub fn parameter(&self, name: &str) -> Option<TypeId> {
        self.parameters.iter().find(|(parameter, _)| parameter == name).map(|(_, id)| *id)
    }

    /// The full path without type arguments: `tokio::sync::mutex::Mutex`.
    pub fn path(&self) -> &str {
        self.name.get(..self.path).unwrap_or_default()
    }

    /// Whether its full path without type arguments is this.
    pub fn is(&self, path: &str) -> bool {
        self.path() == path
    }

    /// The name of its crate.
    pub fn crate_name(&self) -> Option<&str> {
        self.scope.first().map(String::as_str)
    }
}

impl Object {
    /// The type with this id; absent when the debug info is damaged there.
    pub fn type_of(&self, id: TypeId) -> Option<Rc<Type>> {
        if let Some(known) = self.types.borrow().get(&id) {
            return known.clone();
        }
        let found = self.with_debug_info(|debug_info| read(debug_info, id, DEEPEST)).map(Rc::new);
        self.types.borrow_mut().insert(id, found.clone());
        found
    }

    /// The concrete type behind the trait object whose vtable lies at `address`.
    ///
    /// Source: rustc's `{vtable}` variables, whose type names the concrete one as
    /// `DW_AT_containing_type`.
    pub fn vtable_type(&self, address: crate::address::FileAddress) -> Option<TypeId> {
        self.with_debug_info(|debug_info| {
            let (start, unit) = debug_info.unit_at(address.0)?;
            let type_offset = debug_info.index(start)?.vtable(address)?;
            let entry = unit.entry(type_offset).ok()?;
            reference(&unit, &entry, constants::DW_AT_containing_type).map(TypeId::from)
        })
    }

    /// The types of a wanted own name that any unit describes. Reads the names of all units: a last
    /// resort.
    pub fn types_anywhere(&self, is_wanted: &dyn Fn(&str) -> bool) -> Vec<TypeId> {
        self.with_debug_info(|debug_info| {
            let mut found = Vec::new();
            for start in debug_info.starts() {
                let Some(index) = debug_info.index(*start) else { continue };
                let types = index.types(is_wanted).into_iter();
                found.extend(types.map(|offset| TypeId((start.0 + offset.0) as u64)));
            }
            found
        })
    }

    /// The types of a wanted own name that the unit of the entry `near` describes.
    pub fn sibling_types(&self, near: TypeId, is_wanted: &dyn Fn(&str) -> bool) -> Vec<TypeId> {
        self.with_debug_info(|debug_info| {
            let start = debug_info.start_of(near.offset())?;
            let index = debug_info.index(start)?;
            Some(
                index
                    .types(is_wanted)
                    .into_iter()
                    .map(|offset| TypeId((start.0 + offset.0) as u64))
                    .collect(),
            )
        })
        .unwrap_or_default()
    }
}

/// `depth` bounds the names and arrays that are made of one another.
fn read(debug_info: &DebugInfo<'_>, id: TypeId, depth: usize) -> Option<Type> {
    let depth = depth.checked_sub(1)?;
    let (unit, offset) = debug_info.unit_of(id.offset())?;
    let start = debug_info.start_of(id.offset())?;
    let mut cursor = unit.entries_at_offset(offset).ok()?;
    cursor.next_dfs().ok()?;
    let entry = cursor.current()?.clone();
    match entry.tag() {
        constants::DW_TAG_typedef
        | constants::DW_TAG_const_type
        | constants::DW_TAG_volatile_type
        | constants::DW_TAG_restrict_type
        | constants::DW_TAG_atomic_type => {
            let target = reference(&unit, &entry, constants::DW_AT_type).map(TypeId::from)?;
            return read(debug_info, target, depth);
        }
        _ => {}
    }
    let children = Children::read(debug_info, &unit, offset);
    let own_name = debug_info.text(&unit, &entry, constants::DW_AT_name).unwrap_or_default();
    let scope = debug_info.index(start).map(|index| index.scope(offset)).unwrap_or_default();
    let name =
        scope.iter().map(String::as_str).chain([own_name.as_str()]).collect::<Vec<_>>().join("::");
    let arguments = own_name.find('<').map_or(0, |start| own_name.len() - start);
    let path = name.len() - arguments;
    let kind = kind(&unit, &entry, &children)?;
    let size = match &kind {
        Kind::Pointer { .. } => number(&entry, constants::DW_AT_byte_size).unwrap_or(8),
        Kind::Array { element, count } => {
            let element = read(debug_info, *element, depth);
            element.map_or(0, |element| element.size).saturating_mul(*count)
        }
        _ => number(&entry, constants::DW_AT_byte_size).unwrap_or(0),
    };
    Some(Type {
        id,
        name,
        path,
        own_name,
        scope,
        size,
        alignment: number(&entry, constants::DW_AT_alignment),
        parameters: children.parameters,
        kind,
    })
}

fn kind(unit: &Unit<'_>, entry: &Entry<'_>, children: &Children) -> Option<Kind> {
    Some(match entry.tag() {
        constants::DW_TAG_base_type => Kind::Base { encoding: encoding(entry) },
        constants::DW_TAG_unspecified_type => Kind::Base { encoding: Encoding::Unsigned },
        constants::DW_TAG_structure_type | constants::DW_TAG_class_type => {
            if children.has_variants {
                Kind::Enum {
                    discriminant: children.discriminant.clone(),
                    variants: children.variants.clone(),
                }
            } else {
                Kind::Struct { members: children.members.clone() }
            }
        }
        constants::DW_TAG_union_type => Kind::Union { members: children.members.clone() },
        constants::DW_TAG_enumeration_type => {
            Kind::Plain { enumerators: children.enumerators.clone() }
        }
        constants::DW_TAG_pointer_type
        | constants::DW_TAG_reference_type
        | constants::DW_TAG_rvalue_reference_type => Kind::Pointer {
            target: reference(unit, entry, constants::DW_AT_type).map(TypeId::from),
        },
        constants::DW_TAG_array_type => Kind::Array {
            element: reference(unit, entry, constants::DW_AT_type).map(TypeId::from)?,
            count: children.count.unwrap_or(0),
        },
        constants::DW_TAG_subroutine_type => Kind::Function,
        _ => Kind::Opaque,
    })
}

fn encoding(entry: &Entry<'_>) -> Encoding {
    match entry.attr_value(constants::DW_AT_encoding) {
        Some(AttributeValue::Encoding(constants::DW_ATE_boolean)) => Encoding::Boolean,
        Some(AttributeValue::Encoding(constants::DW_ATE_UTF)) => Encoding::Character,
        Some(AttributeValue::Encoding(constants::DW_ATE_float)) => Encoding::Float,
        Some(AttributeValue::Encoding(
            constants::DW_ATE_signed | constants::DW_ATE_signed_char,
        )) => Encoding::Signed,
        _ => Encoding::Unsigned,
    }
}

/// What the direct children of a type's entry say.
#[derive(Default)]
struct Children {
    members: Vec<Member>,
    parameters: Vec<(String, TypeId)>,
    has_variants: bool,
    discriminant: Option<Member>,
    variants: Vec<Variant>,
    enumerators: Vec<(String, i128)>,
    count: Option<u64>,
}

impl Children {
    fn read<'data>(
        debug_info: &DebugInfo<'data>,
        unit: &Unit<'data>,
        offset: UnitOffset,
    ) -> Children {
        let mut children = Children::default();
        let Ok(mut tree) = unit.entries_tree(Some(offset)) else {
            return children;
        };
        let Ok(root) = tree.root() else {
            return children;
        };
        let mut nodes = root.children();
        for _ in 0..MOST_PARTS {
            let Ok(Some(node)) = nodes.next() else { break };
            let entry = node.entry().clone();
            match entry.tag() {
                constants::DW_TAG_member => {
                    children.members.extend(member(debug_info, unit, &entry));
                }
                constants::DW_TAG_template_type_parameter => {
                    let name = debug_info.text(unit, &entry, constants::DW_AT_name);
                    let type_id = reference(unit, &entry, constants::DW_AT_type).map(TypeId::from);
                    children.parameters.extend(name.zip(type_id));
                }
                constants::DW_TAG_variant_part => {
                    children.has_variants = true;
                    let discriminant = entry.attr_value(constants::DW_AT_discr);
                    children.discriminant = match discriminant {
                        Some(AttributeValue::UnitRef(at)) => {
                            unit.entry(at).ok().and_then(|entry| member(debug_info, unit, &entry))
                        }
                        _ => None,
                    };
                    children.variants = variants(debug_info, unit, node);
                }
                constants::DW_TAG_enumerator => {
                    let name = debug_info.text(unit, &entry, constants::DW_AT_name);
                    let value = constant(&entry, constants::DW_AT_const_value);
                    children.enumerators.extend(name.zip(value));
                }
                constants::DW_TAG_subrange_type => {
                    children.count = number(&entry, constants::DW_AT_count)
                        .or_else(|| number(&entry, constants::DW_AT_upper_bound)?.checked_add(1));
                }
                _ => {}
            }
        }
        children
    }
}

fn variants<'data>(
    debug_info: &DebugInfo<'data>,
    unit: &Unit<'data>,
    part: gimli::EntriesTreeNode<'_, '_, Reader<'data>>,
) -> Vec<Variant> {
    let mut variants = Vec::new();
    let mut nodes = part.children();
    for _ in 0..MOST_PARTS {
        let Ok(Some(node)) = nodes.next() else { break };
        if node.entry().tag() != constants::DW_TAG_variant {
            continue;
        }
        let values = discriminant_values(node.entry());
        let mut inner = node.children();
        while let Ok(Some(child)) = inner.next() {
            if child.entry().tag() == constants::DW_TAG_member {
                if let Some(member) = member(debug_info, unit, child.entry()) {
                    variants.push(Variant { values, member });
                }
                break;
            }
        }
    }
    variants
}

fn discriminant_values(entry: &Entry<'_>) -> Vec<(u128, u128)> {
    let single = constant_bits(entry, constants::DW_AT_discr_value);
    single.map(|value| (value, value)).into_iter().collect()
}

fn member<'data>(
    debug_info: &DebugInfo<'data>,
    unit: &Unit<'data>,
    entry: &Entry<'data>,
) -> Option<Member> {
    Some(Member {
        name: debug_info.text(unit, entry, constants::DW_AT_name).unwrap_or_default(),
        type_id: reference(unit, entry, constants::DW_AT_type).map(TypeId::from)?,
        offset: number(entry, constants::DW_AT_data_member_location).unwrap_or(0),
        declared: declared(debug_info, unit, entry),
    })
}

fn declared<'data>(
    debug_info: &DebugInfo<'data>,
    unit: &Unit<'data>,
    entry: &Entry<'data>,
) -> Option<Declared> {
    let line = u32::try_from(number(entry, constants::DW_AT_decl_line)?).ok()?;
    let file = number(entry, constants::DW_AT_decl_file)?;
    Some(Declared { file: debug_info.file(unit, file)?, line })
}

fn constant(entry: &Entry<'_>, name: DwAt) -> Option<i128> {
    let value = entry.attr_value(name)?;
    value.sdata_value().map(i128::from).or_else(|| value.udata_value().map(i128::from))
}

/// A constant's bits, zero-extended from the form it is written in.
fn constant_bits(entry: &Entry<'_>, name: DwAt) -> Option<u128> {
    match entry.attr_value(name)? {
        AttributeValue::Data1(value) => Some(u128::from(value)),
        AttributeValue::Data2(value) => Some(u128::from(value)),
        AttributeValue::Data4(value) => Some(u128::from(value)),
        AttributeValue::Data8(value) => Some(u128::from(value)),
        AttributeValue::Udata(value) => Some(u128::from(value)),
        AttributeValue::Sdata(value) => Some(u128::from(value as u64)),
        AttributeValue::Block(bytes) => {
            let mut value = [0; 16];
            value.get_mut(..bytes.slice().len())?.copy_from_slice(bytes.slice());
            Some(u128::from_le_bytes(value))
        }
        _ => None,
    }
}
