//! Text that is owned.
//!
//! Source: alloc 1.95 `string.rs` (`struct String { vec: Vec<u8> }`); std 1.95 `path.rs`,
//! `ffi/os_str.rs` and `sys/os_str/bytes.rs` (`PathBuf`, `OsString` and `Buf` around a `Vec<u8>`).

use super::Known;
use crate::value::render::Renderer;
use crate::value::{Place, search};

pub(super) const TYPES: &[Known] = &[
    ("alloc::string::String", text),
    ("std::path::PathBuf", text),
    ("std::ffi::os_str::OsString", text),
    ("alloc::ffi::c_str::CString", c_text),
];

/// Source: alloc 1.95 `ffi/c_str.rs` (`struct CString { inner: Box<[u8]> }`, which ends with a zero).
fn c_text(renderer: &mut Renderer<'_>, place: &Place<'_>) -> Option<()> {
    let bytes = place.field("inner")?;
    let length = bytes.field("length")?.unsigned()?.checked_sub(1)?;
    renderer.text(place, bytes.field("data_ptr")?.pointer()?, length)
}

fn text(renderer: &mut Renderer<'_>, place: &Place<'_>) -> Option<()> {
    let vectors = search(place, 6, &|type_| type_.is("alloc::vec::Vec"));
    let bytes = vectors.first()?;
    let start = bytes.fields(&["buf", "inner", "ptr"])?.pointer()?;
    renderer.text(place, start, bytes.field("len")?.unsigned()?)
}
