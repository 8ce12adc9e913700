//! Rust's own test harness, as far as it tells what a test process can still do.

use std::path::Path;

use crate::stack::ThreadStack;
use crate::sync;

/// What the compiler's `main` for tests calls (Rust 1.95, library/test/src/lib.rs,
/// `test_main_static`).
const MAIN: &str = "test::test_main_static";

/// What waits for the tests that run (Rust 1.85 and 1.95, library/test/src/lib.rs, `run_tests`).
const LOOP: &str = "test::run_tests";

/// What calls a test, or the closure that was made of it (Rust 1.95, library/test/src/lib.rs).
const CALLS_TEST: &str = "test::__rust_begin_short_backtrace";

/// Whether this function calls a test.
pub(super) fn calls_test(function: &str) -> bool {
    function.starts_with(CALLS_TEST)
}

/// Whether this function, in this file, is the harness's main one.
pub(super) fn is_main(function: &str, file: &Path) -> bool {
    function.starts_with(MAIN) && is_toolchain(file)
}

/// Whether a thread waits for the end of a test. It does so with a timeout while a test is younger than
/// a minute, and all that comes of that is the line `test NAME has been running for over 60 seconds`.
pub(super) fn waits_for_tests(stack: &ThreadStack) -> bool {
    let is_innermost = sync::own_functions(stack).first().is_some_and(|path| path == LOOP);
    let mut functions = stack.frames.iter().flat_map(|(_, functions)| functions);
    is_innermost
        && functions.any(|function| {
            let file = function.location.as_ref().map(|location| &location.file);
            function.name.starts_with(LOOP) && file.is_some_and(|file| is_toolchain(file))
        })
}

/// Whether this is a file of the standard library.
pub(super) fn is_toolchain(file: &Path) -> bool {
    file.starts_with("/rustc")
}
