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
];

fn text(renderer: &mut Renderer<'_>, place: &Place<'_>) -> Option<()> {
    let vectors = search(place, 6, &|type_| type_.is("alloc::vec::Vec"));
    let bytes = vectors.first()?;
    let start = bytes.fields(&["buf", "inner", "ptr"])?.pointer()?;
    renderer.text(place, start, bytes.field("len")?.unsigned()?)
}
