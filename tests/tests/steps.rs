//! Steps a task of each program in `fixtures/tests/steps`, and compares the story with the one in
//! `tests/goldens/steps`, which has the source lines and no line numbers. With `BLESS=1` a story that
//! differs is written there.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::{fs, process};

use asynctest_tests::Error;
use asynctest_tests::command::{asynctest, run, workspace};
use asynctest_tests::matrix::{Package, Profile, Setting, TOKIOS, Toolchain};
use libtest_mimic::{Arguments, Failed, Trial};
use serde_json::Value;

/// A task of a program.
#[derive(Clone, Copy)]
struct Stepped {
    /// The program's module, which has one test, `steps`.
    program: &'static str,
    /// The task.
    task: &'static str,
    /// The name of the golden story.
    golden: &'static str,
    /// What of its variables is watched.
    watched: &'static [&'static str],
    /// What of it is the same each time.
    told: Told,
}

/// What of a story is compared.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Told {
    /// The lines, and how the task ends: whether a short wait is over before it begins depends on
    /// the machine.
    Lines,
    /// Where it is suspended, too.
    Polls,
    /// And who wakes it.
    All,
}

const STEPPED: [Stepped; 13] = [
    stepped("straight", "work", "straight", Told::Polls),
    stepped("straight", "main", "body", Told::Polls),
    stepped("loops", "walk", "loops", Told::All),
    stepped("select_loser", "race", "select_loser", Told::All),
    stepped("migrating", "steps::{async block}::{async block}", "migrating", Told::Lines),
    stepped("aborted", "wait_long", "aborted", Told::All),
    stepped("panicking", "divide", "panicking", Told::All),
    stepped("local_set", "measure", "local_set", Told::All),
    stepped("boxed_recursion", "count_down", "boxed_recursion", Told::All),
    stepped("stream", "add_up", "stream", Told::All),
    stepped("woken_by", "wait_for_all", "woken_by", Told::All),
    stepped("values", "hold", "values", Told::All),
    Stepped {
        watched: &["account.balance", "paid"],
        ..stepped("watched", "pay_in", "watched", Told::All)
    },
];

const fn stepped(
    program: &'static str,
    task: &'static str,
    golden: &'static str,
    told: Told,
) -> Stepped {
    Stepped { program, task, golden, watched: &[], told }
}

/// The versions of Tokio on which they are stepped.
const STEPPED_ON: [&str; 3] = ["tokio-1.28", "tokio-1.38", "tokio-newest"];

/// One story at a time: each needs a CPU for itself and one for the test.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

fn main() -> process::ExitCode {
    let arguments = Arguments::from_args();
    let is_written = std::env::var_os("BLESS").is_some();
    let mut trials = Vec::new();
    for tokio in TOKIOS.into_iter().filter(|tokio| STEPPED_ON.contains(&tokio.name)) {
        let setting = Setting { tokio, toolchain: Toolchain::Default };
        for stepped in STEPPED {
            let name = format!("{}::dev::{}", tokio.name, stepped.golden);
            trials.push(Trial::test(name, move || check(stepped, setting, is_written)));
        }
    }
    libtest_mimic::run(&arguments, trials).exit_code()
}

fn check(stepped: Stepped, setting: Setting, is_written: bool) -> Result<(), Failed> {
    let _alone = ONE_AT_A_TIME.lock();
    let story = story(stepped, setting)?;
    let path = workspace().join(format!("tests/goldens/steps/{}.txt", stepped.golden));
    let golden = fs::read_to_string(&path).unwrap_or_default();
    if story == golden {
        return Ok(());
    }
    if is_written {
        return Ok(fs::write(&path, story).map_err(Error::file(&path))?);
    }
    Err(difference(&golden, &story).into())
}

/// Runs the command on the program, and reads its story.
fn story(stepped: Stepped, setting: Setting) -> Result<String, Failed> {
    let temporary = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let target: PathBuf = temporary.parent().unwrap_or(temporary).to_owned();
    let package = Package::fixtures(&target, setting)?;
    let mut command = asynctest(Profile::Dev)?;
    package.of(&mut command, Profile::Dev);
    command.args(["--test", "steps", "--message-format", "json", "--step-task", stepped.task]);
    command.args(stepped.watched.iter().flat_map(|watched| ["--watch", watched]));
    command.args(["--", "--exact", &format!("{}::steps", stepped.program)]);
    let ended = run(&mut command)?.expect_code(0)?;
    let mut story = String::new();
    for line in ended.stdout.lines() {
        let event: Value = serde_json::from_str(line)
            .map_err(|source| Error::Json { what: line.to_owned(), source })?;
        if let Some(line) = shown(&event, stepped.told) {
            let _ = writeln!(story, "{line}");
        }
    }
    Ok(story)
}

/// One event as a line of a golden story.
fn shown(event: &Value, told: Told) -> Option<String> {
    let text = |pointer: &str| {
        event.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned()
    };
    let depth = event.pointer("/depth").and_then(Value::as_u64).unwrap_or(0);
    let inside = "    ".repeat(usize::try_from(depth).unwrap_or(0));
    let line = match event.pointer("/event").and_then(Value::as_str)? {
        "entered" => format!("{inside}> {}", text("/at/text")),
        "line" => format!("{inside}    {}", text("/at/text")),
        "changed" => format!("{inside}        {} = {}", text("/name"), text("/value")),
        "watched" => watched(event, &inside),
        "awaits" => format!("{inside}        awaits {}", awaited(&text("/what"))),
        "returned" => format!("{inside}< {} = {}", text("/function"), text("/value")),
        "dropped" => format!("{inside}dropped: {}", text("/function")),
        "suspended" if told != Told::Lines => suspended(event),
        "woken" if told == Told::All => format!("woken by {}", cause(event)),
        "aborted" => format!("aborted by {}", cause(event)),
        "panics" => format!("panics: {}", text("/at/text")),
        "completed" => format!("completed: {}", text("/value")),
        "panicked" => format!("ended by a panic: {}", text("/message")),
        "cancelled" => "cancelled".to_owned(),
        "note" => format!("note: {}", text("/text")),
        _ => return None,
    };
    Some(line)
}

/// What is awaited: a library's future without its module, which is another in another version.
fn awaited(what: &str) -> &str {
    let is_own = what.starts_with("steps::");
    what.rsplit("::").next().filter(|_| !is_own).unwrap_or(what)
}

/// A value that is watched, and who wrote it.
fn watched(event: &Value, inside: &str) -> String {
    let text = |pointer: &str| event.pointer(pointer).and_then(Value::as_str);
    let before = text("/before").map(|before| format!("{before} -> ")).unwrap_or_default();
    let by = event.pointer("/by").filter(|by| !by.is_null());
    let by = by.map(|_| format!(", by {}", cause(event))).unwrap_or_default();
    let (what, value) = (text("/what").unwrap_or_default(), text("/value").unwrap_or_default());
    format!("{inside}        watch {what}: {before}{value}{by}")
}

fn suspended(event: &Value) -> String {
    let list = |pointer: &str, key: &str| {
        let values = event.pointer(pointer).and_then(Value::as_array).cloned().unwrap_or_default();
        let words = values.iter().filter_map(|value| value.get(key)?.as_str().map(str::to_owned));
        words.collect::<Vec<_>>().join(" | ")
    };
    format!("suspended: {}; waits for {}", list("/chain", "text"), list("/waits", "kind"))
}

fn cause(event: &Value) -> String {
    let text = |pointer: &str| event.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    format!("{} {}: {}", text("/by/kind"), text("/by/task"), text("/by/at/text"))
}

/// The lines from the first one on that differs.
fn difference(golden: &str, story: &str) -> String {
    let same = golden.lines().zip(story.lines()).take_while(|(one, other)| one == other).count();
    let rest = |text: &str| {
        text.lines().skip(same).take(12).map(|line| format!("    {line}\n")).collect::<String>()
    };
    format!("behind {same} lines the story should be\n{}and is\n{}", rest(golden), rest(story))
}
