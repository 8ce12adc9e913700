//! What a program is that another runner has us run, from how it is called.

use std::ffi::OsString;
use std::path::Path;

use crate::cli::calls_runner;

/// What it is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Wrapped {
    /// One test, as nextest runs each.
    OneTest {
        /// Its name.
        name: String,
    },
    /// A whole test program, as cargo runs it.
    Program,
    /// Nothing to watch: a list, benches, a doctest, a program that is no test.
    Passed,
}

/// How many hexadecimal digits cargo ends the names of test executables with.
const HASH: usize = 16;

/// Tells what the program `command` is. `test` is the test that nextest says it runs.
pub(super) fn wrapped(command: &[OsString], test: Option<&str>) -> Wrapped {
    let Some((program, arguments)) = command.split_first() else {
        return Wrapped::Passed;
    };
    let has = |word: &str| arguments.iter().any(|argument| argument == word);
    let is_asked = ["--list", "--bench", "--help", "-h"].iter().any(|word| has(word));
    // A runner of ours in turn does the watching.
    if is_asked || calls_runner(command) {
        return Wrapped::Passed;
    }
    match test.filter(|name| has("--exact") && has(name)) {
        Some(name) => Wrapped::OneTest { name: name.to_owned() },
        None if is_test(Path::new(program)) => Wrapped::Program,
        None => Wrapped::Passed,
    }
}

/// Whether cargo has built it as a test: it then bears a hash, `it-be9fa7a54bb55e38`, which programs
/// that `cargo run` starts and doctests do not.
///
/// Source: cargo 1.95, src/cargo/core/compiler/build_runner/compilation_files.rs.
fn is_test(program: &Path) -> bool {
    target(program).is_some()
}

/// The name of the target that a test executable is of.
pub(super) fn target(program: &Path) -> Option<&str> {
    let (target, hash) = program.file_stem()?.to_str()?.rsplit_once('-')?;
    let is_hash = hash.len() == HASH && hash.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_hash.then_some(target)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(line: &str, test: Option<&str>, expected: &Wrapped) {
        let command: Vec<OsString> = line.split_whitespace().map(OsString::from).collect();
        assert_eq!(wrapped(&command, test), *expected, "{line}");
    }

    const IT: &str = "/t/debug/deps/it-be9fa7a54bb55e38";

    #[test]
    fn nextest_runs_one_test() {
        let one = Wrapped::OneTest { name: "a::b".to_owned() };
        check(&format!("{IT} --exact a::b --nocapture"), Some("a::b"), &one);
        check(&format!("{IT} --exact a::b --nocapture --ignored"), Some("a::b"), &one);
        check("/elsewhere/it --exact a::b --nocapture", Some("a::b"), &one);
        check(&format!("{IT} --list --format terse"), Some("a::b"), &Wrapped::Passed);
    }

    #[test]
    fn cargo_runs_whole_programs() {
        for arguments in ["", "--exact a", "--nocapture --test-threads 1", "a b --skip c"] {
            check(&format!("{IT} {arguments}"), None, &Wrapped::Program);
        }
    }

    /// A test that runs `cargo test` itself hands nextest's variables on.
    #[test]
    fn a_test_program_within_a_test_is_whole() {
        check(IT, Some("a::b"), &Wrapped::Program);
        check("/t/debug/serve --exact", Some("a::b"), &Wrapped::Passed);
    }

    #[test]
    fn what_is_no_test_is_passed_on() {
        for line in [
            "/t/debug/serve --port 80",
            "/t/debug/examples/demo",
            "/t/debug/my-be9fa7a54bb55e3",
            "/tmp/rustdoctestYxrXXb/rust_out",
            "/t/release/deps/speed-be9fa7a54bb55e38 --bench",
            "/t/debug/deps/it-be9fa7a54bb55e38 --list",
            "/bin/cargo-asynctest asynctest runner /t/debug/deps/it-be9fa7a54bb55e38",
            "",
        ] {
            check(line, None, &Wrapped::Passed);
        }
    }
}
