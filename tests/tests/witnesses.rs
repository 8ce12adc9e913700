//! What others say of the same processes: gdb of the threads' stacks, Tokio's own task dump of the
//! tasks' await lines.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::sync::{Arc, OnceLock};

use asynctest_engine::report::TaskKind;
use asynctest_tests::Error;
use asynctest_tests::hanging::Hanging;
use asynctest_tests::matrix::{Package, Profile, Setting, Targets};
use asynctest_tests::stacks::{gdb, has_gdb, of_gdb, of_report};
use asynctest_tests::standing::standings;
use libtest_mimic::{Arguments, Failed, Trial};

/// Fixtures whose threads stand still in the user's code.
const STILL: [&str; 6] =
    ["blocked_thread", "drop_blocks", "nested_block_on", "no_tokio", "starved", "std_mutex"];

type Executables = Arc<OnceLock<Result<BTreeMap<String, PathBuf>, String>>>;

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let executables = Executables::default();
    let mut trials: Vec<Trial> = STILL
        .iter()
        .map(|name| {
            let executables = executables.clone();
            let check = move || stacks_agree_with_gdb(&executables, name);
            Trial::test(format!("gdb::{name}"), check).with_ignored_flag(!has_gdb())
        })
        .collect();
    trials.push(Trial::test("tokio::task_dump", await_lines_agree_with_the_task_dump));
    libtest_mimic::run(&arguments, trials).exit_code()
}

/// This workspace's target folder, or that of whoever runs the tests.
fn target() -> PathBuf {
    let temporary = Path::new(env!("CARGO_TARGET_TMPDIR"));
    temporary.parent().unwrap_or(temporary).to_owned()
}

/// The fixtures against the newest Tokio, built once.
fn fixtures(executables: &Executables) -> Result<&BTreeMap<String, PathBuf>, Failed> {
    let built = executables.get_or_init(|| {
        let package = Package::fixtures(&target(), Setting::NEWEST);
        package
            .and_then(|package| package.build(Targets::Tests, Profile::Dev))
            .map_err(|error| error.to_string())
    });
    Ok(built.as_ref()?)
}

fn stacks_agree_with_gdb(executables: &Executables, name: &str) -> Result<(), Failed> {
    let executables = fixtures(executables)?;
    let hangs = executables.get("hangs").ok_or("cargo built no test `hangs`")?;
    let mut command = Command::new(hangs);
    command.args(["--exact", &format!("{name}::hangs"), "--test-threads=1"]);
    let hanging = Hanging::start(&mut command)?;
    let file = format!("tests/hangs/{name}.rs");
    let output = gdb(hanging.id())?;
    let theirs = of_gdb(&output, &file);
    if theirs.is_empty() {
        return Err(format!("gdb shows no frame of {file}:\n{output}").into());
    }
    let ours = of_report(&hanging.report()?, &file, &format!("hangs::{name}::"));
    let same = ours.len() == theirs.len()
        && ours.iter().zip(&theirs).all(|((our_thread, ours), (their_thread, theirs))| {
            let frames = ours.iter().zip(theirs).all(|(our, their)| our.agrees_with(their));
            our_thread == their_thread && ours.len() == theirs.len() && frames
        });
    if same { Ok(()) } else { Err(format!("gdb:  {theirs:#?}\nours: {ours:#?}").into()) }
}

fn await_lines_agree_with_the_task_dump() -> Result<(), Failed> {
    let executable = task_dump_program()?;
    let (hanging, lines) = Hanging::printing(&mut Command::new(executable), "done")?;
    let theirs: BTreeSet<(u64, Vec<u32>)> =
        lines.iter().map(|line| trace(line)).collect::<Option<_>>().ok_or("a strange dump")?;
    if theirs.len() < 8 {
        return Err(format!("Tokio dumped too little: {lines:?}").into());
    }
    let report = hanging.report()?;
    let mut ours = BTreeSet::new();
    for standing in standings(&report, "src/main.rs") {
        if standing.kind == TaskKind::Spawned {
            let id = standing.id.ok_or_else(|| format!("{} has no id", standing.label))?;
            ours.extend(standing.paths.into_iter().map(|path| (id, path.lines)));
        }
    }
    if ours == theirs { Ok(()) } else { Err(format!("tokio: {theirs:?}\nours:  {ours:?}").into()) }
}

/// Builds the program that lets Tokio dump its tasks.
fn task_dump_program() -> Result<PathBuf, Error> {
    let manifest = "[package]\nname = \"taskdump\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n\
        [dependencies]\ntokio = { version = \"1\", features = [\"full\", \"taskdump\"] }\n\n\
        [workspace]\n";
    let package = Package::new(&target(), "taskdump", manifest)?;
    package.write("src/main.rs", include_str!("../programs/taskdump.rs"))?;
    let flags = "[build]\nrustflags = [\"--cfg\", \"tokio_unstable\"]\n";
    package.write(".cargo/config.toml", flags)?;
    let mut executables = package.build(Targets::Binaries, Profile::Dev)?;
    executables.remove("taskdump").ok_or_else(|| Error::Missing("the program taskdump".into()))
}

/// Reads `7 31 38`: a task's id and the lines of one of its traces.
fn trace(line: &str) -> Option<(u64, Vec<u32>)> {
    let mut words = line.split_whitespace();
    let id = words.next()?.parse().ok()?;
    Some((id, words.map(|word| word.parse().ok()).collect::<Option<_>>()?))
}
