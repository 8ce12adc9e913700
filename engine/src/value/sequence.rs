//! Values that lie side by side: in a `Vec`, in a boxed slice, in an array.

use super::place::Place;
use crate::address::Address;
use crate::symbols::{Kind, Type, TypeId};

/// The type of the elements of a `Vec`, a boxed slice or an array.
pub fn element_type(place: &Place<'_>) -> Option<TypeId> {
    let type_ = &*place.type_;
    if let Kind::Array { element, .. } = type_.kind {
        Some(element)
    } else if type_.is("alloc::vec::Vec") {
        type_.parameter("T")
    } else if is_boxed_slice(type_) {
        let pointer = place.member(type_.member("data_ptr")?)?;
        let Kind::Pointer { target } = pointer.type_.kind else { return None };
        target
    } else {
        None
    }
}

/// The elements of a `Vec`, a boxed slice or an array, at most so many of them.
pub fn elements<'program>(place: &Place<'program>, most: usize) -> Option<Vec<Place<'program>>> {
    let element = element_type(place)?;
    let (start, count) = extent(place)?;
    let size = place.cast(element)?.type_.size;
    let most = u64::try_from(most).unwrap_or(u64::MAX);
    (0..count.min(most))
        .map(|index| place.at(start.offset(index.saturating_mul(size)), element))
        .collect()
}

/// Where the first element lies, and how many there are.
fn extent(place: &Place<'_>) -> Option<(Address, u64)> {
    Some(if let Kind::Array { count, .. } = place.type_.kind {
        (place.address, count)
    } else if place.type_.is("alloc::vec::Vec") {
        (place.fields(&["buf", "inner", "ptr"])?.pointer()?, place.field("len")?.unsigned()?)
    } else {
        (place.field("data_ptr")?.pointer()?, place.field("length")?.unsigned()?)
    })
}

/// Source: rustc describes a wide pointer to a slice as a struct of `data_ptr` and `length`, in no
/// namespace: its own name is the whole path.
fn is_boxed_slice(type_: &Type) -> bool {
    type_.name.starts_with("alloc::boxed::Box<[") && type_.member("data_ptr").is_some()
}
