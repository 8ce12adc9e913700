//! What libtest prints around the output of a test that it runs alone.
//!
//! Source: Rust 1.85 and 1.95, library/test/src/formatters/pretty.rs: an empty line, how many tests
//! there are, then `test NAME ... ` before the test begins, when it runs one at a time.

/// What a test printed to `stdout`, without what libtest printed before it. As it is when it does
/// not begin as libtest does.
pub(super) fn without_heading<'output>(stdout: &'output [u8], test: &str) -> &'output [u8] {
    let rest = stdout
        .strip_prefix(b"\nrunning 1 test\ntest ")
        .and_then(|rest| rest.strip_prefix(test.as_bytes()));
    let Some(rest) = rest else {
        return stdout;
    };
    let rest = rest.strip_prefix(b" - should panic").unwrap_or(rest);
    rest.strip_prefix(b" ... ").unwrap_or(stdout)
}

#[cfg(test)]
mod tests {
    use super::without_heading;

    fn check(stdout: &str, expected: &str) {
        let rest = without_heading(stdout.as_bytes(), "a::b");
        assert_eq!(String::from_utf8_lossy(rest), expected);
    }

    #[test]
    fn only_what_the_test_printed_is_left() {
        check("\nrunning 1 test\ntest a::b ... ", "");
        check("\nrunning 1 test\ntest a::b ... said\n", "said\n");
        check("\nrunning 1 test\ntest a::b - should panic ... said", "said");
    }

    #[test]
    fn what_libtest_did_not_print_stays() {
        for output in ["", "said", "\nrunning 1 test\n", "\nrunning 1 test\ntest a::bc ... "] {
            check(output, output);
        }
    }
}
