//! Where code goes on when a call unwinds: what destroys the values that are alive during the call.
//!
//! Source: Itanium C++ ABI, exception handling tables, "The Language-Specific Data Area"; as LLVM writes
//! it (`llvm/lib/CodeGen/AsmPrinter/EHStreamer.cpp`).

use gimli::{EndianSlice, LittleEndian, Pointer, Reader as _};
use object::{Object as _, ObjectSection as _};

use super::object::{Elf, Object, Reader};
use super::unwind;
use crate::address::FileAddress;

/// That a part of the table is not there.
const OMITTED: u8 = 0xff;

/// Numbers of as many bytes as they need, and of four.
const VARIABLE: u8 = 0x01;
const FOUR_BYTES: u8 = 0x03;

impl Object {
    /// Where the call whose last byte lies at `address` goes on when it unwinds; none where it does
    /// not, or nothing is to be done then.
    pub fn landing_pad(&self, address: FileAddress) -> Option<FileAddress> {
        self.with_elf(|elf| find(elf, address.0)).map(FileAddress)
    }
}

fn find(elf: &Elf<'_>, address: u64) -> Option<u64> {
    let bases = unwind::bases(elf);
    let description = unwind::description(elf, &bases, address)?;
    let Pointer::Direct(table) = description.lsda()? else { return None };
    let function = description.initial_address();
    let section = elf.section_by_name(".gcc_except_table")?;
    let start = usize::try_from(table.checked_sub(section.address())?).ok()?;
    let bytes = section.data().ok()?.get(start..)?;
    let within = address.checked_sub(function)?;
    let pad = pad(EndianSlice::new(bytes, LittleEndian), within)?;
    Some(function.wrapping_add(pad))
}

/// How far behind its function's begin the landing pad lies of the code that lies `within` behind it.
fn pad(mut table: Reader<'_>, within: u64) -> Option<u64> {
    // Another base than the function's begin is never written.
    if table.read_u8().ok()? != OMITTED {
        return None;
    }
    if table.read_u8().ok()? != OMITTED {
        table.read_uleb128().ok()?;
    }
    let encoding = table.read_u8().ok()?;
    let length = usize::try_from(table.read_uleb128().ok()?).ok()?;
    let mut calls = table.split(length).ok()?;
    while !calls.is_empty() {
        let begin = number(&mut calls, encoding)?;
        let length = number(&mut calls, encoding)?;
        let pad = number(&mut calls, encoding)?;
        calls.read_uleb128().ok()?;
        if (begin..begin.saturating_add(length)).contains(&within) {
            return (pad != 0).then_some(pad);
        }
    }
    None
}

fn number(table: &mut Reader<'_>, encoding: u8) -> Option<u64> {
    match encoding {
        VARIABLE => table.read_uleb128().ok(),
        FOUR_BYTES => table.read_u32().ok().map(u64::from),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(table: &[u8], within: u64, expected: Option<u64>) {
        assert_eq!(pad(EndianSlice::new(table, LittleEndian), within), expected);
    }

    #[test]
    fn a_call_has_the_pad_of_its_stretch() {
        // No base, no types; two stretches in numbers of any length, the second without a pad.
        let table = [0xff, 0xff, 0x01, 9, 0x10, 0x08, 0x90, 0x01, 0, 0x20, 0x08, 0, 0];
        check(&table, 0x14, Some(0x90));
        check(&table, 0x24, None);
        check(&table, 0x18, None);
        // The same in four bytes, with types behind.
        let long = [0xff, 0x9b, 0x10, 0x03, 13, 4, 0, 0, 0, 2, 0, 0, 0, 0x30, 0, 0, 0, 1];
        check(&long, 5, Some(0x30));
        // One that is cut off.
        check(&long[..9], 5, None);
        check(&[], 0, None);
    }
}
