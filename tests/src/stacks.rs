//! The user's frames of each thread, by gdb and by a report, in the same words.

use std::collections::BTreeMap;
use std::process::Command;

use asynctest_engine::report::Report;

use crate::Error;
use crate::command::run;

/// The user's frames of one thread, innermost first.
pub type Stack = Vec<Frame>;

/// A frame of the user's code.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Frame {
    /// The function's path, without generics; closures and async bodies are `{}`.
    pub function: String,
    /// The line; absent where it would mislead.
    pub line: Option<u32>,
}

impl Frame {
    /// Whether it is the same frame: lines count where both have one.
    pub fn agrees_with(&self, other: &Frame) -> bool {
        let lines = self.line.zip(other.line);
        self.function == other.function && lines.is_none_or(|(line, other)| line == other)
    }
}

/// Whether gdb can be run here.
pub fn has_gdb() -> bool {
    run(Command::new("gdb").arg("--version")).is_ok_and(|ended| ended.code == Some(0))
}

/// What gdb says of all threads of a process: its output as it is.
pub fn gdb(process: u32) -> Result<String, Error> {
    let mut command = Command::new("gdb");
    command.args(["-nx", "-batch", "-iex", "set width 0", "-iex", "set debuginfod enabled off"]);
    command.args(["-iex", "set print frame-arguments none", "-p", &process.to_string()]);
    command.args(["-ex", "thread apply all bt"]);
    Ok(run(&mut command)?.expect_code(0)?.stdout)
}

/// The frames in source files whose path has `file` in it, by thread id. Threads without any are
/// left out.
pub fn of_gdb(output: &str, file: &str) -> BTreeMap<i32, Stack> {
    let mut threads: BTreeMap<i32, Stack> = BTreeMap::new();
    let mut thread = None;
    for line in output.lines() {
        if line.starts_with("Thread ") {
            thread =
                line.split_once("(LWP ").and_then(|(_, rest)| rest.split(')').next()?.parse().ok());
        } else if let Some((frame, thread)) = gdb_frame(line, file).zip(thread) {
            threads.entry(thread).or_default().push(frame);
        }
    }
    threads
}

/// Reads `#5  0x1234 in hangs::work (...) at tests/hangs/x.rs:12`.
fn gdb_frame(line: &str, file: &str) -> Option<Frame> {
    let (_, rest) = line.strip_prefix('#')?.split_once(' ')?;
    let rest = match rest.trim_start().split_once(" in ") {
        Some((address, rest)) if address.starts_with("0x") => rest,
        _ => rest.trim_start(),
    };
    let (function, place) = rest.rsplit_once(" at ")?;
    let (path, line) = place.rsplit_once(':')?;
    let function = function.split(" (").next()?;
    path.contains(file).then(|| Frame { function: plain(function), line: line.parse().ok() })
}

/// The same from a report. A frame that is given no line counts as one of `file` if its function is
/// in `module`.
pub fn of_report(report: &Report, file: &str, module: &str) -> BTreeMap<i32, Stack> {
    let mut threads: BTreeMap<i32, Stack> = BTreeMap::new();
    for thread in &report.threads {
        for frame in &thread.frames {
            let location = frame.location.as_ref();
            let is_inside = match location {
                Some(location) => location.file.contains(file),
                None => frame.function.starts_with(module),
            };
            if is_inside {
                let frame = Frame {
                    function: plain(&frame.function),
                    line: location.map(|location| location.line),
                };
                threads.entry(thread.id).or_default().push(frame);
            }
        }
    }
    threads
}

/// The path of a function without generics and hashes, each `{...}` as `{}`.
fn plain(function: &str) -> String {
    let mut plain = String::new();
    let mut depth = 0_u32;
    let mut braces = 0_u32;
    for character in function.replace("::<", "<").chars() {
        match character {
            '<' => depth += 1,
            '>' => depth = depth.saturating_sub(1),
            _ if depth > 0 => {}
            '{' => {
                braces += 1;
                if braces == 1 {
                    plain.push_str("{}");
                }
            }
            '}' => braces = braces.saturating_sub(1),
            _ if braces > 0 => {}
            _ => plain.push(character),
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(line: &str, expected: Option<(&str, u32)>) {
        let expected =
            expected.map(|(function, line)| Frame { function: function.into(), line: Some(line) });
        assert_eq!(gdb_frame(line, "tests/hangs/"), expected);
    }

    #[test]
    fn frames_of_gdb() {
        check(
            "#5  0x000055 in hangs::busy::scan (start=7) at tests/hangs/busy.rs:19",
            Some(("hangs::busy::scan", 19)),
        );
        check(
            "#6  hangs::busy::search::{async_fn#0} () at /a/tests/hangs/busy.rs:14",
            Some(("hangs::busy::search::{}", 14)),
        );
        check(
            "#6  hangs::drive<hangs::until::{async_fn_env#0}> (...) at tests/hangs/x.rs:1",
            Some(("hangs::drive", 1)),
        );
        check("#7  0x01 in core::ops::call (...) at /rustc/1/library/core/src/ops.rs:250", None);
        check("#8  0x01 in syscall () from /lib/libc.so.6", None);
        check("[Inferior 1 (process 7) detached]", None);
    }

    #[test]
    fn threads_of_gdb() {
        let output = "\nThread 2 (Thread 0x7f (LWP 12) \"a\"):\n\
            #0  0x1 in x::f (...) at tests/hangs/x.rs:3\n\
            #1  0x1 in x::g::{closure#0} (...) at tests/hangs/x.rs:9\n\
            \nThread 1 (Thread 0x7f (LWP 11) \"b\"):\n#0  0x1 in main () at main.c:1\n";
        let frame = |function: &str, line| Frame { function: function.into(), line: Some(line) };
        let expected = BTreeMap::from([(12, vec![frame("x::f", 3), frame("x::g::{}", 9)])]);
        assert_eq!(of_gdb(output, "tests/hangs/"), expected);
    }

    #[test]
    fn names_that_differ_only_in_style_are_the_same() {
        assert_eq!(plain("a::b::{{closure}}"), "a::b::{}");
        assert_eq!(plain("a::b::{async_block#1}"), "a::b::{}");
        assert_eq!(plain("a::c<u8, d::e>"), "a::c");
        assert_eq!(plain("a::c::<u8>"), "a::c");
    }
}
