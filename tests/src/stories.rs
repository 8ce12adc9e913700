//! Stories of stepped tasks, as text that is the same on every machine: with source lines and without
//! line numbers.

use std::fmt::Write as _;
use std::path::Path;

use serde_json::Value;

use crate::Error;
use crate::command::{asynctest, run};
use crate::matrix::{Package, Profile, Setting};

/// A task of a program.
#[derive(Clone, Copy)]
pub struct Stepped {
    /// The program's module, which has one test, `steps`.
    pub program: &'static str,
    /// The task.
    pub task: &'static str,
    /// Another one that is stepped too, of which nothing is compared.
    pub beside: Option<&'static str>,
    /// The name of the golden story.
    pub golden: &'static str,
    /// What of its variables is watched.
    pub watched: &'static [&'static str],
    /// What of it is the same each time.
    pub told: Told,
}

/// What of a story is compared.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Told {
    /// The lines, and how the task ends: whether a short wait is over before it begins depends on
    /// the machine.
    Lines,
    /// Where it is suspended, too.
    Polls,
    /// And who wakes it.
    All,
}

/// How threads are stopped.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Means {
    /// By watchpoints, as long as these fire.
    Watchpoints,
    /// By breakpoints, as where watchpoints do not fire.
    Breakpoints,
}

/// What is said where breakpoints are used.
const SAID: &str = "breakpoints are used instead of watchpoints";

/// All of them.
pub const STEPPED: [Stepped; 17] = [
    stepped("straight", "work", "straight", Told::Polls),
    stepped("straight", "main", "body", Told::Polls),
    stepped("loops", "walk", "loops", Told::All),
    stepped("select_loser", "race", "select_loser", Told::All),
    stepped("migrating", "steps::{async block}::{async block}", "migrating", Told::Lines),
    stepped("aborted", "wait_long", "aborted", Told::All),
    stepped("panicking", "divide", "panicking", Told::All),
    stepped("panicking_plainly", "refuse", "panicking_plainly", Told::All),
    stepped("side_by_side", "gather", "side_by_side", Told::Polls),
    stepped("local_set", "measure", "local_set", Told::All),
    stepped("boxed_recursion", "count_down", "boxed_recursion", Told::All),
    stepped("stream", "add_up", "stream", Told::All),
    stepped("woken_by", "wait_for_all", "woken_by", Told::All),
    stepped("values", "hold", "values", Told::All),
    Stepped {
        beside: Some("main"),
        ..stepped("side_by_side", "gather", "side_by_side", Told::Polls)
    },
    Stepped {
        beside: Some("work#7"),
        ..stepped("migrating", "steps::{async block}::{async block}", "migrating", Told::Lines)
    },
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
    Stepped { program, task, beside: None, golden, watched: &[], told }
}

/// Runs the command on the program, built with this below `target`, and reads its story.
pub fn story(
    stepped: Stepped,
    means: Means,
    setting: Setting,
    profile: Profile,
    target: &Path,
) -> Result<String, Error> {
    let package = Package::fixtures(target, setting)?;
    let mut command = asynctest(Profile::Dev)?;
    package.of(&mut command, profile);
    command.args(["--test", "steps", "--message-format", "json", "--step-task", stepped.task]);
    command.args(stepped.watched.iter().flat_map(|watched| ["--watch", watched]));
    command.args(stepped.beside.iter().flat_map(|beside| ["--step-task", beside]));
    if means == Means::Breakpoints {
        command.args(["--step-by", "breakpoints"]);
    }
    command.args(["--", "--exact", &format!("{}::steps", stepped.program)]);
    let ended = run(&mut command)?.expect_code(0)?;
    let mut story = String::new();
    let lines = ended.stdout.lines().filter(|line| !line.contains(SAID));
    if means == Means::Breakpoints && !ended.stdout.contains(SAID) {
        return Err(Error::Missing(format!("the note that {SAID}")));
    }
    for line in lines {
        let event: Value = serde_json::from_str(line)
            .map_err(|source| Error::Json { what: line.to_owned(), source })?;
        let of = event.pointer("/stepped").and_then(Value::as_str);
        if of.is_some_and(|of| of != stepped.task) {
            continue;
        }
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
        "resumed" if told != Told::Lines => format!("{inside}> goes on: {}", text("/at/text")),
        "line" => format!("{inside}    {}", text("/at/text")),
        "changed" => {
            format!("{inside}        {} = {}", text("/name"), without_addresses(&text("/value")))
        }
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

/// A value with `0x..` for each address in it, which is another each time.
fn without_addresses(value: &str) -> String {
    let mut parts = value.split("0x");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |text, part| {
        let rest = part.trim_start_matches(|letter: char| letter.is_ascii_hexdigit());
        format!("{text}0x..{rest}")
    })
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

/// Where it is suspended: each chain of lines, and what it leads to.
fn suspended(event: &Value) -> String {
    let list = |pointer: &str, value: &Value| {
        value.pointer(pointer).and_then(Value::as_array).cloned().unwrap_or_default()
    };
    let text = |value: &Value, key: &str| {
        value.get(key).and_then(Value::as_str).unwrap_or_default().to_owned()
    };
    let waiting = |waiting: &Value| {
        let chain: Vec<String> =
            list("/chain", waiting).iter().map(|place| text(place, "text")).collect();
        let count = waiting.get("count").and_then(Value::as_u64).unwrap_or_default();
        let times = if count == 1 { String::new() } else { format!(" x {count}") };
        format!("{}; waits for {}{times}", chain.join(" | "), text(waiting, "kind"))
    };
    let waits: Vec<String> = list("/waits", event).iter().map(waiting).collect();
    format!("suspended: {}", waits.join("; and "))
}

fn cause(event: &Value) -> String {
    let text = |pointer: &str| event.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    format!("{} {}: {}", text("/by/kind"), text("/by/task"), text("/by/at/text"))
}

/// The lines from the first one on that differs.
pub fn difference(golden: &str, story: &str) -> String {
    let same = golden.lines().zip(story.lines()).take_while(|(one, other)| one == other).count();
    let rest = |text: &str| {
        text.lines().skip(same).take(12).map(|line| format!("    {line}\n")).collect::<String>()
    };
    format!("behind {same} lines the story should be\n{}and is\n{}", rest(golden), rest(story))
}
