//! Deadly signals: what they are called, and what led to one.

use nix::sys::signal::Signal;

use crate::stack::ThreadStack;

/// What led to a signal, by a part of the name of a function on the stack, the innermost of which
/// counts.
///
/// Source: library/std/src/sys/pal/unix/stack_overflow.rs, library/core/src/panicking.rs.
const ORIGINS: [(&str, &str); 4] = [
    ("stack_overflow::", "its stack has overflowed"),
    ("panicking::panic_in_cleanup", "a destructor panicked while a panic was unwinding"),
    ("panicking::panic_cannot_unwind", "a panic came to a function that must not unwind"),
    ("panicking::panic_nounwind", "a check of the standard library failed that must not unwind"),
];

/// The name of a signal.
pub(super) fn name(number: i32) -> String {
    Signal::try_from(number)
        .map_or_else(|_| format!("signal {number}"), |signal| signal.to_string())
}

/// What led to a signal, if this stack tells.
pub(super) fn origin(stack: &ThreadStack) -> Option<&'static str> {
    stack.functions().find_map(|function| {
        let mut known = ORIGINS.iter();
        known.find(|(part, _)| function.contains(part)).map(|(_, origin)| *origin)
    })
}
