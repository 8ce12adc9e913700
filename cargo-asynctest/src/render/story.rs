//! What a task does that is followed: a line of text or of JSON for each thing.

use std::io::{self, Write};

use asynctest_engine::step::{Cause, CauseKind, Event, Place, Told, Waiting};

use super::text::Style;
use crate::plan::{TestBinary, TestCase};
use crate::runner::verdict::{self, Exit};

/// How it is told.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Format {
    /// For people, on stderr.
    Text(Style),
    /// For programs, on stdout.
    Json,
}

/// Tells a story.
pub(crate) struct Teller {
    format: Format,
}

impl Teller {
    /// Tells it in this way.
    pub(crate) fn new(format: Format) -> Teller {
        Teller { format }
    }

    /// Tells one thing. That nobody reads any more is no error.
    pub(crate) fn tell(&mut self, told: &Told) {
        match self.format {
            Format::Text(style) => {
                let _ = writeln!(io::stderr(), "{}", labelled(style, told));
            }
            Format::Json => {
                if let Ok(json) = serde_json::to_string(told) {
                    let _ = writeln!(io::stdout(), "{json}");
                }
            }
        }
    }
}

/// Tells how the test ended.
pub(crate) fn ended(style: Style, binary: &TestBinary, case: &TestCase, exit: &Exit) {
    let verdict = verdict::of_exit(exit);
    let word = style.verdict(verdict, verdict.word());
    let why = match exit {
        Exit::Code(0) => String::new(),
        other => format!("  ({other})"),
    };
    eprintln!("{word}  {}::{}{why}", binary.id, case.name);
}

/// One thing, with the task that it is of where there are several.
fn labelled(style: Style, told: &Told) -> String {
    let text = line(style, &told.event);
    let Some(stepped) = &told.stepped else { return text };
    let label = style.cyan(&format!("{stepped} |"));
    let lines = text.lines().map(|line| match line.is_empty() {
        true => String::new(),
        false => format!("{label} {line}"),
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// One thing as a line of text.
fn line(style: Style, event: &Event) -> String {
    let inside = |depth: usize| "  ".repeat(depth + 1);
    match event {
        Event::Met { task, id, thread } => {
            let id = id.map(|id| format!(" {id}")).unwrap_or_default();
            // The test's harness has begun a line.
            format!("\n{}", style.bold(&format!("task{id} {task} is met on {thread}")))
        }
        Event::Polled { number, thread, at } => {
            let at = at.as_ref().map(|at| format!(", goes on at {}", name(at)));
            style.dim(&format!("poll {number} on {thread}{}", at.unwrap_or_default()))
        }
        Event::Entered { depth, function, at } => {
            let at = at.as_ref().map(|at| place(style, at)).unwrap_or_default();
            format!("{}{} {at}", inside(*depth), style.bold(&format!("{function} begins")))
        }
        Event::Resumed { depth, function, at } => {
            let text = style.bold(&format!("{function} goes on"));
            format!("{}{text} at {}", inside(*depth), name(at))
        }
        Event::Line { depth, at } => format!("{}{}", inside(*depth), place(style, at)),
        Event::Changed { depth, name, before: _, value } => {
            format!("{}    {name} = {value}", inside(*depth))
        }
        Event::Watched { what, before, value, by } => {
            let by = by.as_ref().map(|by| format!(", by {}", cause(by))).unwrap_or_default();
            let before = before.as_ref().map(|before| format!(": {before} ->"));
            style.bold(&format!("watch {what}{} {value}{by}", before.as_deref().unwrap_or(" =")))
        }
        Event::Awaits { depth, what, at: _ } => {
            format!("{}    {}", inside(*depth), style.dim(&format!("awaits {what}")))
        }
        Event::Returned { depth, function, value } => {
            let value = value.as_ref().map(|value| format!(" = {value}")).unwrap_or_default();
            format!("{}{}{value}", inside(*depth), style.bold(&format!("{function} returns")))
        }
        Event::Dropped { depth, function } => {
            format!("{}{}", inside(*depth), style.bold(&format!("{function} is dropped")))
        }
        Event::Suspended { waits } => style.bold(&suspended(waits)),
        Event::Woken { by } => style.bold(&format!("woken by {}", cause(by))),
        Event::Aborted { by } => style.bold(&format!("aborted by {}", cause(by))),
        Event::Panics { at } => {
            let at = at.as_ref().map(|at| format!(" at {}", name(at))).unwrap_or_default();
            style.bold_red(&format!("panics{at}"))
        }
        Event::Completed { value } => {
            let value = value.as_ref().map(|value| format!(": {value}")).unwrap_or_default();
            style.bold(&format!("completed{value}"))
        }
        Event::Panicked { message } => {
            let text = message.as_ref().map(|text| format!(": {text}")).unwrap_or_default();
            style.bold_red(&format!("ended by a panic{text}"))
        }
        Event::Cancelled => style.bold("cancelled: its future was dropped"),
        Event::LimitReached => style.dim("no further lines were asked for"),
        Event::Note { text } => style.dim(text),
    }
}

/// A place with its source.
fn place(style: Style, at: &Place) -> String {
    let text = at.text.as_deref().unwrap_or_default();
    format!("{}  {text}", style.cyan(&name(at)))
}

fn name(at: &Place) -> String {
    format!("{}:{}", at.file, at.line)
}

/// Where a task is suspended, a line for each chain of lines that leads to something it waits for.
fn suspended(waits: &[Waiting]) -> String {
    /// Most lines that are shown.
    const SHOWN: usize = 12;
    let mut lines: Vec<(&[Place], Vec<String>)> = Vec::new();
    for waiting in waits {
        let what = match waiting.count {
            1 => waiting.kind.clone(),
            count => format!("{} ({count} of them)", waiting.kind),
        };
        match lines.iter_mut().find(|(chain, _)| *chain == waiting.chain) {
            Some((_, same)) => same.push(what),
            None => lines.push((&waiting.chain, vec![what])),
        }
    }
    let mut text = "suspended".to_owned();
    for (index, (chain, what)) in lines.iter().take(SHOWN).enumerate() {
        if index > 0 {
            text.push_str("\n      and");
        }
        let chain: Vec<String> = chain.iter().map(name).collect();
        if !chain.is_empty() {
            text.push_str(&format!(" at {},", chain.join(" > ")));
        }
        text.push_str(&format!(" waits for {}", what.join(", ")));
    }
    if let Some(more) = lines.len().checked_sub(SHOWN).filter(|more| *more > 0) {
        text.push_str(&format!("\n      and at {more} more"));
    }
    text
}

/// Who did it.
fn cause(by: &Cause) -> String {
    let task = || {
        let id = by.id.map(|id| format!(" {id}")).unwrap_or_default();
        format!("task{id} {}", by.task.as_deref().unwrap_or_default())
    };
    let who = match by.kind {
        CauseKind::Itself => "itself".to_owned(),
        CauseKind::Task => task(),
        CauseKind::Completion => format!("the end of {}", task()),
        CauseKind::Thread => format!("thread {}", by.thread),
        CauseKind::Timer => "a timer".to_owned(),
        CauseKind::Descriptor => "a descriptor that is ready".to_owned(),
        CauseKind::Shutdown => "the end of the runtime".to_owned(),
    };
    match &by.at {
        Some(at) => format!("{who} at {}", name(at)),
        None => who,
    }
}
