//! Panics of the standard library.
//!
//! Every panic, and every one that is handed on, calls `rust_panic` when its hook has run and before
//! anything is unwound. Its only argument is what the panic carries, a `&mut dyn PanicPayload`: the
//! message has been made by then, because the hook was given it.
//!
//! Source: rust 1.95 and 1.70 library/std/src/panicking.rs (`rust_panic`, `FormatStringPayload`,
//! `StaticStrPayload`, `begin_panic::Payload`, `RewrapBox`). The standard library comes without the
//! types of these, so what is read is checked against what a text can be.

use crate::address::{Address, ThreadId};
use crate::program::{Image, Program};
use crate::stack::ThreadStack;

/// The longest message that is read, in bytes.
const LONGEST: u64 = 16 << 10;

/// The largest that a buffer of a message can be, in bytes.
const LARGEST: u64 = 1 << 30;

/// The function in which every panic begins to unwind: its symbol, which since Rust 1.86 the compiler
/// mangles.
const ENTRY: &str = "rust_panic";

/// Where every panic of this program comes by.
pub fn entries(image: &Image) -> Vec<Address> {
    let is_entry = |name: &str| name == ENTRY || (name.starts_with("_R") && name.ends_with(ENTRY));
    let symbols = image.object.symbols_named(|name| is_entry(name)).into_iter();
    let whole = symbols.filter(|symbol| {
        let path = symbol.demangled();
        path.rsplit("::").next() == Some(ENTRY)
    });
    let mut entries: Vec<Address> = whole.map(|symbol| image.address(symbol.address)).collect();
    entries.sort();
    entries.dedup();
    entries
}

/// Who catches a panic.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Catcher {
    /// The test harness, or nobody: it ends the test.
    Harness,
    /// The program, which may go on: a runtime that polls a task, a thread's start, `catch_unwind`.
    Program,
}

/// Who catches a panic on this stack.
///
/// Source: rust 1.95 library/std/src/panicking.rs (`catch_unwind::do_call`), library/test/src/lib.rs
/// (`__rust_begin_short_backtrace`, which calls the test).
pub fn catcher(stack: &ThreadStack) -> Catcher {
    for function in stack.functions() {
        if function.starts_with("test::__rust_begin_short_backtrace") {
            return Catcher::Harness;
        }
        let is_catch = function.contains("panicking::catch_unwind")
            || function.contains("panicking::try::do_call")
            || function.starts_with("std::panic::catch_unwind");
        if is_catch {
            return Catcher::Program;
        }
    }
    Catcher::Harness
}

/// What the panic says that this thread is about to unwind for.
pub(super) fn message(program: &Program<'_>, thread: ThreadId) -> Option<String> {
    let mut threads = program.snapshot.facts.threads.iter();
    let registers = &threads.find(|known| known.id == thread)?.registers;
    let payload = Address(registers.argument(0)?);
    let vtable = Address(registers.argument(1)?);
    let size = size(program, vtable)?;
    let words = words(program, payload, size)?;
    match words.as_slice() {
        [first, second] => {
            let boxed = || boxed(program, Address(*first), Address(*second));
            text(program, *first, *second).or_else(boxed)
        }
        _ => words.windows(3).find_map(|three| string(program, three)),
    }
}

/// A `Box<dyn Any>` that holds a text.
fn boxed(program: &Program<'_>, value: Address, vtable: Address) -> Option<String> {
    let size = size(program, vtable)?;
    match words(program, value, size)?.as_slice() {
        [address, length] => text(program, *address, *length),
        three => string(program, three),
    }
}

/// The size of the values of a vtable's type, if a text or what holds one can be so large: the word
/// behind the function that drops them.
fn size(program: &Program<'_>, vtable: Address) -> Option<u64> {
    const MOST: u64 = 64;
    let size = program.read_unsigned(vtable.offset(8), 8).ok()?;
    ((16..=MOST).contains(&size) && size % 8 == 0).then_some(size)
}

fn words(program: &Program<'_>, address: Address, size: u64) -> Option<Vec<u64>> {
    (0..size / 8).map(|index| program.read_unsigned(address.offset(index * 8), 8).ok()).collect()
}

/// A `String`: its capacity and its address, in either order, and its length.
fn string(program: &Program<'_>, words: &[u64]) -> Option<String> {
    let [first, second, length] = *words else { return None };
    [(first, second), (second, first)].into_iter().find_map(|(capacity, address)| {
        let is_one = length <= capacity && capacity < LARGEST;
        is_one.then(|| text(program, address, length))?
    })
}

/// The text of so many bytes, if it is one.
fn text(program: &Program<'_>, address: u64, length: u64) -> Option<String> {
    if length == 0 || length >= LARGEST {
        return None;
    }
    let mut bytes = vec![0; usize::try_from(length.min(LONGEST)).ok()?];
    program.read(Address(address), &mut bytes).ok()?;
    match String::from_utf8(bytes) {
        Ok(text) => Some(text),
        // A text that is cut may be so within a letter.
        Err(error) => {
            let valid = error.utf8_error().valid_up_to();
            let is_cut = length > LONGEST && error.utf8_error().error_len().is_none();
            let text = error.into_bytes().into_iter().take(valid).collect();
            String::from_utf8(text).ok().filter(|_| is_cut)
        }
    }
}
