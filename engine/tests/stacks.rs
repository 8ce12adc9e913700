//! Functions, lines, stacks and locals of a small program that the tests compile themselves, dev and
//! optimized, with each kind of debug info, and stop at a known place.

#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking, in its helpers too"
)]

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use asynctest_engine::address::{FileAddress, ProcessId};
use asynctest_engine::evidence::Trust;
use asynctest_engine::limits::Limits;
use asynctest_engine::process::Process;
use asynctest_engine::program::Program;
use asynctest_engine::snapshot::Snapshot;
use asynctest_engine::stack::{self, Frame, Local, Place, Stack};
use asynctest_engine::symbols::{DebugLevel, Object, Objects, VariableLocation};
use object::{Object as _, ObjectSection as _};
use tempfile::TempDir;

const SOURCE: &str = include_str!("programs/parked.rs");

/// The program, compiled.
struct Compiled {
    path: PathBuf,
    _folder: TempDir,
}

impl Compiled {
    fn new(flags: &[&str]) -> Compiled {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("parked");
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/programs/parked.rs");
        let rustc = std::env::var_os("RUSTC").unwrap_or("rustc".into());
        let compiled = Command::new(rustc)
            .args(["--edition", "2024", "-o"])
            .args([&path, &source])
            .args(flags)
            .status()
            .unwrap();
        assert!(compiled.success(), "rustc {flags:?}");
        Compiled { path, _folder: folder }
    }

    fn object(&self) -> Object {
        Object::open(&self.path).unwrap()
    }

    /// Runs `check` over the program while it stands still, where it waits.
    fn stopped(&self, arguments: &[&str], check: impl FnOnce(&Snapshot)) {
        let mut child = Killed(
            Command::new(&self.path)
                .args(arguments)
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .spawn()
                .unwrap(),
        );
        let mut line = String::new();
        BufReader::new(child.0.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        assert_eq!(line, "ready\n");
        let process = Process::open(ProcessId(child.0.id().try_into().unwrap())).unwrap();
        let stopped = process.stop().unwrap();
        check(&Snapshot::take(&stopped, &Limits::default()).unwrap());
    }

    /// Runs `check` over the stack of the program's first thread while it stands still.
    fn with_stack(&self, arguments: &[&str], check: impl FnOnce(&Program<'_>, &Stack)) {
        self.stopped(arguments, |snapshot| {
            let (program, gaps) = Program::new(snapshot, &Objects::default(), &Path::to_owned);
            assert_eq!(gaps, []);
            let stack = stack::unwind(&program, &snapshot.facts.threads[0], &Limits::default());
            check(&program, &stack);
        });
    }
}

/// A child that is killed when the test is done with it.
struct Killed(Child);

impl Drop for Killed {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

/// The number of the line with this mark.
fn marked(mark: &str) -> u32 {
    let mark = format!("//~ {mark}");
    let index = SOURCE.lines().position(|line| line.ends_with(&mark)).unwrap();
    u32::try_from(index).unwrap() + 1
}

/// The functions of the stack that are the program's own, with their lines.
fn own_functions(program: &Program<'_>, stack: &Stack) -> Vec<(String, u32)> {
    stack
        .frames
        .iter()
        .flat_map(|frame| stack::functions(program, frame))
        .filter_map(|function| Some((function.name, function.location?)))
        .filter(|(_, location)| location.file.ends_with("tests/programs/parked.rs"))
        .map(|(name, location)| (name, location.line))
        .filter(|(name, _)| name != "parked::wait")
        .collect()
}

fn chain() -> Vec<(String, u32)> {
    [
        ("parked::chain::inner", "inner"),
        ("parked::chain::middle", "middle"),
        ("parked::chain::Walker<u32>::outer<u32>", "outer"),
        ("parked::main", "main"),
    ]
    .map(|(name, mark)| (name.to_owned(), marked(mark)))
    .to_vec()
}

fn check_chain(flags: &[&str]) {
    let compiled = Compiled::new(flags);
    compiled.with_stack(&[], |program, stack| {
        let mut expected = vec![("parked::stop".to_owned(), marked("stop"))];
        expected.extend(chain());
        assert_eq!(own_functions(program, stack), expected, "{flags:?}");
        assert_eq!(stack.gaps, []);
        assert!(stack.frames.iter().all(|frame| frame.trust == Trust::Read));
    });
}

#[test]
fn the_calls_of_a_dev_build_are_named_with_their_lines() {
    check_chain(&["-g"]);
}

#[test]
fn the_calls_of_an_optimized_build_are_named_with_their_lines() {
    check_chain(&["-g", "-O"]);
}

#[test]
fn the_calls_of_a_build_with_dwarf_5_are_named_with_their_lines() {
    check_chain(&["-g", "-C", "dwarf-version=5"]);
}

#[test]
fn the_calls_of_a_build_with_link_time_optimization_are_named_with_their_lines() {
    check_chain(&["-g", "-O", "-C", "lto=fat"]);
}

#[test]
fn a_frame_pointer_leads_through_code_without_call_frame_information() {
    let compiled = Compiled::new(&["-g"]);
    compiled.with_stack(&["with_frame_pointer"], |program, stack| {
        let mut expected = vec![
            ("parked::callback".to_owned(), marked("callback")),
            ("parked::stop".to_owned(), marked("with_frame_pointer")),
        ];
        expected.extend(chain());
        assert_eq!(own_functions(program, stack), expected);
        assert_eq!(stack.gaps, []);
        let trust = |name| frame_of(program, stack, name).0.trust;
        assert_eq!(trust("parked::callback"), Trust::Read);
        assert_eq!(trust("call_with_frame_pointer"), Trust::Read);
        assert_eq!(trust("parked::stop"), Trust::Guessed);
        assert_eq!(trust("parked::main"), Trust::Guessed);
    });
}

#[test]
fn code_that_nothing_leads_out_of_ends_the_stack_with_a_gap() {
    let compiled = Compiled::new(&["-g"]);
    compiled.with_stack(&["without_anything"], |program, stack| {
        let expected = ("parked::callback".to_owned(), marked("callback"));
        assert_eq!(own_functions(program, stack), [expected]);
        let path = compiled.path.display();
        assert_eq!(
            stack.gaps[0].why,
            format!("call_without_anything in {path} has no call frame information")
        );
    });
}

#[test]
fn a_stack_is_followed_through_a_signal_handler() {
    let compiled = Compiled::new(&["-g"]);
    compiled.with_stack(&["signal"], |program, stack| {
        let mut expected = vec![
            ("parked::on_signal".to_owned(), marked("handler")),
            ("parked::stop".to_owned(), marked("raise")),
        ];
        expected.extend(chain());
        assert_eq!(own_functions(program, stack), expected);
        assert_eq!(stack.gaps, []);
        let trampolines = stack.frames.iter().filter(|frame| frame.is_signal_trampoline);
        assert_eq!(trampolines.count(), 1);
    });
}

#[test]
fn a_stack_that_is_too_deep_ends_with_a_gap() {
    let compiled = Compiled::new(&["-g"]);
    compiled.stopped(&[], |snapshot| {
        let (program, _) = Program::new(snapshot, &Objects::default(), &Path::to_owned);
        let limits = Limits { frames: 3, ..Limits::default() };
        let stack = stack::unwind(&program, &snapshot.facts.threads[0], &limits);
        assert_eq!(stack.frames.len(), 3);
        assert_eq!(stack.gaps[0].why, "more than 3 frames");
    });
}

/// The frame of the function of this name, and which of the frame's functions that is.
fn frame_of<'stack>(
    program: &Program<'_>,
    stack: &'stack Stack,
    name: &str,
) -> (&'stack Frame, usize) {
    let of_name = |frame| {
        let functions = stack::functions(program, frame);
        functions.iter().position(|function| function.name == name)
    };
    stack.frames.iter().find_map(|frame| Some((frame, of_name(frame)?))).unwrap()
}

fn local(program: &Program<'_>, stack: &Stack, function: &str, name: &str) -> Local {
    let (frame, depth) = frame_of(program, stack, function);
    let locals = stack::locals(program, frame);
    let is_wanted = |local: &Local| local.depth == depth && local.name.as_deref() == Some(name);
    locals.into_iter().find(is_wanted).unwrap_or_else(|| panic!("no {name} in {function}"))
}

fn value(program: &Program<'_>, local: &Local) -> u64 {
    match local.place.as_ref().unwrap() {
        Place::Memory(address) => program.read_unsigned(*address, 8).unwrap(),
        Place::Value { bytes, .. } => u64::from_le_bytes(bytes[..8].try_into().unwrap()),
    }
}

#[test]
fn the_variables_of_a_dev_build_are_found_in_each_function() {
    let compiled = Compiled::new(&["-g"]);
    compiled.with_stack(&[], |program, stack| {
        let outer = "parked::chain::Walker<u32>::outer<u32>";
        for (function, name, expected) in [
            ("parked::chain::inner", "depth", 42),
            ("parked::chain::inner", "array", 42),
            ("parked::chain::middle", "step", 40),
            ("parked::chain::middle", "extra", 2),
            ("parked::chain::middle", "sum", 42),
            (outer, "number", 20),
            (outer, "doubled", 40),
        ] {
            let local = local(program, stack, function, name);
            assert_eq!(value(program, &local), expected, "{name} in {function}");
            assert!(local.type_id.is_some(), "{name} has a type");
            assert!(local.declaration.unwrap().file.ends_with("tests/programs/parked.rs"));
        }
    });
}

#[test]
fn a_variable_of_an_optimized_build_that_memory_holds_is_found() {
    let compiled = Compiled::new(&["-g", "-O"]);
    compiled.with_stack(&[], |program, stack| {
        let array = local(program, stack, "parked::chain::inner", "array");
        assert_eq!(value(program, &array), 42);
    });
}

/// The function that the symbol of a name leads to.
fn outer_address(object: &Object) -> FileAddress {
    let symbols = object.symbols_named(|name| name.contains("Walker") && name.contains("outer"));
    symbols[0].address
}

#[test]
fn every_place_of_a_variable_anywhere_in_a_function_is_listed() {
    let object = Compiled::new(&["-g", "-O"]).object();
    let function = object.function_at(outer_address(&object)).unwrap();
    let variables = object.variables_in(function);
    let step = variables.iter().find(|variable| variable.name.as_deref() == Some("step"));
    let step = step.unwrap();
    assert_eq!(step.nesting, 1, "it belongs to an inlined function");
    assert_eq!(object.function_name(step.function).unwrap(), "parked::chain::middle");
    let VariableLocation::Places(places) = &step.location else { panic!("{step:?}") };
    assert!(places.iter().all(|place| place.range.is_some()), "{places:?}");
}

#[test]
fn the_generic_arguments_of_a_function_are_types() {
    let object = Compiled::new(&["-g"]).object();
    let function = object.function_at(outer_address(&object)).unwrap();
    let names: Vec<String> =
        object.template_parameters(function).into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["T"]);
    assert_eq!(object.function_declaration(function).unwrap().line, marked("outer") - 2);
}

#[test]
fn the_level_of_debug_info_is_told_for_each_unit() {
    let level = |flags: &[&str]| {
        let object = Compiled::new(flags).object();
        object.debug_level_at(outer_address(&object))
    };
    assert_eq!(level(&["-g"]), DebugLevel::Full);
    assert_eq!(level(&["-C", "debuginfo=1"]), DebugLevel::Lines);
    assert_eq!(level(&["-C", "debuginfo=line-tables-only"]), DebugLevel::Lines);
    assert_eq!(level(&[]), DebugLevel::Nothing);
    let split = level(&["-g", "-C", "split-debuginfo=unpacked"]);
    assert!(matches!(split, DebugLevel::Split { .. }), "{split:?}");
}

#[test]
fn a_function_without_debug_info_has_the_name_of_its_symbol() {
    let object = Compiled::new(&[]).object();
    let functions = object.functions_at(outer_address(&object));
    assert_eq!(functions.len(), 1);
    assert!(functions[0].name.ends_with("outer"), "{functions:?}");
    assert_eq!(functions[0].function, None);
}

#[test]
fn the_code_that_the_kernel_maps_can_be_unwound() {
    let compiled = Compiled::new(&["-g"]);
    compiled.with_stack(&[], |program, _| {
        let kernel = program.images().find(|(_, image)| image.path == Path::new("[vdso]"));
        let object = &kernel.unwrap().1.object;
        let symbols = object.symbols_named(|name| name == "__vdso_clock_gettime");
        assert!(object.unwind_row(symbols[0].address).is_some());
    });
}

/// Numbers that look random and are the same in each run (a linear congruential generator).
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        usize::try_from(self.0 >> 33).unwrap() % limit
    }
}

#[test]
fn damaged_debug_info_gives_fewer_answers_and_no_panic() {
    let compiled = Compiled::new(&["-g", "-O"]);
    let intact = std::fs::read(&compiled.path).unwrap();
    let outer = outer_address(&compiled.object());
    let mut numbers = Numbers(1);
    let mut named = 0;
    for round in 0..64 {
        let mut bytes = intact.clone();
        let sections = described(&intact);
        let (start, length) = sections[round % sections.len()];
        for _ in 0..=length >> (4 + round / sections.len()) {
            bytes[start + numbers.below(length)] = numbers.below(256).try_into().unwrap();
        }
        let object = Object::from_bytes(&compiled.path, bytes).unwrap();
        for step in 0..20 {
            named += ask_everything(&object, FileAddress(outer.0.wrapping_add(step * 0x155)));
        }
        object.units();
    }
    assert!(named > 0, "all damage was so great that nothing was read");
}

/// Where the sections lie that describe code, and how long each is.
fn described(bytes: &[u8]) -> Vec<(usize, usize)> {
    let elf = object::File::parse(bytes).unwrap();
    let is_described = |name: &str| name.starts_with(".debug_") || name.starts_with(".eh_frame");
    elf.sections()
        .filter(|section| section.name().is_ok_and(is_described))
        .filter_map(|section| section.file_range())
        .filter(|(_, length)| *length > 0)
        .map(|(start, length)| (start.try_into().unwrap(), length.try_into().unwrap()))
        .collect()
}

/// Asks everything about an address; says how many functions there are by the debug info.
fn ask_everything(object: &Object, address: FileAddress) -> usize {
    let functions = object.functions_at(address);
    object.variables_at(address);
    object.frame_base_at(address);
    object.unwind_row(address);
    object.symbol_at(address);
    if let Some(function) = object.function_at(address) {
        object.variables_in(function);
        object.template_parameters(function);
        object.function_declaration(function);
    }
    functions.iter().filter(|function| function.function.is_some()).count()
}
