//! A report as text. The first line is the cause; the evidence follows in the order in which a
//! reader would ask. The short form has under 40 lines; the full one leaves nothing out.
//!
//! - [`style`]: colors, or none
//! - [`cause`]: what is wrong, and what that rests on
//! - [`chain`]: an await chain, a line a link
//! - [`tasks`], [`threads`]: the sections on them

mod cause;
mod chain;
mod style;
mod tasks;
mod threads;

#[cfg(test)]
mod tests;

use std::path::Path;

use asynctest_engine::evidence::Gap;
use asynctest_engine::report::{
    Certainty, Counts, Finding, Location, Report, Task, TaskKind, Thread, span,
};

use crate::runner::verdict::Verdict;

pub(crate) use style::Style;

/// Most lines of the short form.
const MOST: usize = 39;

/// How much of a report is wanted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Detail {
    /// What a reader needs first.
    Short,
    /// All of it.
    Full,
}

/// The report for a reader with two minutes. `folder` is where the full one is.
pub(crate) fn report(report: &Report, style: Style, folder: Option<&Path>) -> String {
    let head = head(report, style);
    let foot = foot(report, style, folder, Detail::Short);
    let room = MOST.saturating_sub(head.len() + foot.len());
    let own = foremost(report, style, room);
    let children = children(report, style, room.saturating_sub(own.len()));
    joined([head, own.into_iter().chain(children).collect(), foot])
}

/// The processes that it has started, as far as there is room: each has a line at least.
fn children(report: &Report, style: Style, room: usize) -> Vec<String> {
    let share = room.checked_div(report.children.len()).unwrap_or(room).saturating_sub(1);
    let section = |child: &Report| {
        let tasks = around(child, None, style, share);
        std::iter::once(style.bold(&child_heading(child))).chain(tasks).collect::<Vec<_>>()
    };
    report.children.iter().flat_map(section).collect()
}

fn child_heading(child: &Report) -> String {
    let Counts { tasks_found, tasks_walked, gaps } = &child.counts;
    format!(
        "  child process {} {}: {tasks_walked} of {tasks_found} tasks walked, {gaps} gaps",
        child.subject.process,
        one_line(&child.subject.binary)
    )
}

/// The whole report: all tasks, all links, all frames.
pub(crate) fn full(report: &Report) -> String {
    joined([
        head(report, Style::Plain),
        everything(report),
        foot(report, Style::Plain, None, Detail::Full),
    ])
}

/// Where to look first: the root's line; or the line of the user's own code where the test's body, or
/// else the first task, stands.
pub(super) fn place(report: &Report) -> Option<&Location> {
    if let Some(root) = cause::root(report) {
        return root.location.as_ref();
    }
    let body = |task: &&Task| task.kind == TaskKind::BlockOn;
    let task = report.tasks.iter().find(body).or(report.tasks.first())?;
    let (place, _) = chain::innermost(task.future.as_ref()?);
    place
}

/// What stands in column 0: `HANG  <binary>::<test>  <finding>: <sentence>`.
fn head(report: &Report, style: Style) -> Vec<String> {
    let subject = &report.subject;
    let name = match &subject.test {
        Some(test) => format!("{}::{}", one_line(&subject.binary), one_line(test)),
        None => format!("{} (process {})", one_line(&subject.binary), subject.process),
    };
    let said =
        format!("{}: {}", one_line(&report.headline.finding), one_line(&report.headline.sentence));
    let word = match subject.verdict.as_str() {
        "" => String::new(),
        word => format!("{}  ", style.verdict(severity(word), &one_line(word))),
    };
    vec![format!("{word}{}  {said}", style.bold(&name)), String::new()]
}

/// How a verdict's word is colored.
fn severity(word: &str) -> Verdict {
    if word == Verdict::Slow.word() { Verdict::Slow } else { Verdict::Hang }
}

/// What stands between the first line and the last ones, in at most `room` lines.
fn foremost(report: &Report, style: Style, room: usize) -> Vec<String> {
    let cause = cause::root(report).map(|root| (root, cause::section(root, style, Detail::Short)));
    if let Some((root, mut lines)) = cause {
        if lines.len() > room {
            lines = cause::section(&cause::without_variables(root), style, Detail::Short);
        }
        // A circle explains itself; of the others it matters what is around them.
        let left = room.saturating_sub(lines.len());
        let around = if root.circle { Vec::new() } else { around(report, Some(root), style, left) };
        return cut(lines.into_iter().chain(around).collect(), style, room);
    }
    around(report, None, style, room)
}

/// The bodies, the tasks and the threads, in about `room` lines, without what was told of the root.
fn around(report: &Report, root: Option<&Finding>, style: Style, room: usize) -> Vec<String> {
    let (mut bodies, mut tasks) = split(report);
    let is_told = |task: &&Task| root.is_some_and(|root| cause::tells(root, task));
    bodies.retain(|task| !is_told(task));
    tasks.retain(|task| !is_told(task));
    let mut first = tasks::bodies(&bodies, style, Detail::Short);
    if first.len() > room / 2 {
        let bare: Vec<Task> = bodies.iter().map(|task| tasks::without_variables(task)).collect();
        first = tasks::bodies(&bare.iter().collect::<Vec<_>>(), style, Detail::Short);
    }
    let is_told = |thread: &&Thread| root.is_some_and(|root| cause::tells_thread(root, thread));
    let threads: Vec<Thread> =
        report.threads.iter().filter(|thread| !is_told(thread)).cloned().collect();
    let last = threads::section(&threads, style, Detail::Short);
    // The tasks are the one section that can grow without end; an empty line follows each.
    let left = room.saturating_sub(first.len() + last.len() + 3);
    let tasks = tasks::foremost(&bodies, &tasks, style, left);
    cut(apart([first, tasks, last]), style, room)
}

fn cut(mut lines: Vec<String>, style: Style, room: usize) -> Vec<String> {
    if lines.len() > room {
        let kept = room.saturating_sub(2);
        let left_out = lines.len() - kept;
        lines.truncate(kept);
        lines.push(style.dim(&format!("  ... {left_out} more lines in report.txt")));
        lines.push(String::new());
    }
    lines
}

/// The same with nothing left out.
fn everything(report: &Report) -> Vec<String> {
    let (bodies, tasks) = split(report);
    let cause = cause::root(report).map(|root| cause::section(root, Style::Plain, Detail::Full));
    let mut lines = cause.unwrap_or_default();
    lines.extend(apart([
        tasks::bodies(&bodies, Style::Plain, Detail::Full),
        tasks::others(&tasks, Style::Plain),
        threads::section(&report.threads, Style::Plain, Detail::Full),
    ]));
    for child in &report.children {
        lines.push(child_heading(child));
        lines.extend(everything(child));
        let gap = |gap: &Gap| format!("  gap: {}: {}", one_line(&gap.what), one_line(&gap.why));
        lines.extend(child.gaps.iter().map(gap));
    }
    lines
}

/// What threads block on, and the tasks.
fn split(report: &Report) -> (Vec<&Task>, Vec<&Task>) {
    report.tasks.iter().partition(|task| task.kind == TaskKind::BlockOn)
}

/// The sections that are there, each with an empty line behind it.
fn apart(sections: [Vec<String>; 3]) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for section in sections.into_iter().filter(|section| !section.is_empty()) {
        lines.extend(section);
        lines.push(String::new());
    }
    lines
}

fn foot(report: &Report, style: Style, folder: Option<&Path>, detail: Detail) -> Vec<String> {
    let mut lines = cause::closing(report, style, detail);
    lines.push(format!("  {}", certainty(report)));
    lines.extend(looks(report).map(|said| format!("  {said}")));
    let most_gaps = match detail {
        Detail::Short => 3,
        Detail::Full => usize::MAX,
    };
    for gap in report.gaps.iter().take(most_gaps) {
        lines.push(format!("  gap: {}: {}", one_line(&gap.what), one_line(&gap.why)));
    }
    if report.gaps.len() > most_gaps {
        let more = report.gaps.len() - most_gaps;
        lines.push(format!("  gap: {more} more in report.txt"));
    }
    if let Some(folder) = folder {
        lines.push(format!("  full dump {}", style.cyan(&one_line(&from_here(folder)))));
    }
    lines.extend(cause::signature(report));
    if let Some(again) = &report.subject.again {
        lines.push(format!("  again: {}", one_line(again)));
    }
    lines
}

/// A path as somebody says it who stands where we do: relative to our folder if it lies in that.
fn from_here(path: &Path) -> String {
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let here = std::env::current_dir().ok();
    let inside = here.as_deref().and_then(|here| absolute.strip_prefix(here).ok());
    match inside {
        Some(inside) if inside.as_os_str().is_empty() => ".".to_owned(),
        Some(inside) => inside.display().to_string(),
        None => absolute.display().to_string(),
    }
}

fn certainty(report: &Report) -> String {
    let counts = &report.counts;
    let gaps = match counts.gaps {
        1 => "1 gap".to_owned(),
        gaps => format!("{gaps} gaps"),
    };
    let reasons = cause::reasons(report);
    let separator = if reasons.contains(':') { ";" } else { ":" };
    let (walked, found) = (counts.tasks_walked, counts.tasks_found);
    format!("{reasons}{separator} {walked} of {found} tasks walked, {gaps}")
}

fn certainty_word(certainty: Certainty) -> &'static str {
    match certainty {
        Certainty::Certain => "certain",
        Certainty::Likely => "likely",
        Certainty::Possible => "possible",
    }
}

/// Whether anything moved, unless the outlook has said that nothing did; and when something will.
fn looks(report: &Report) -> Option<String> {
    let looks = &report.looks;
    let apart = span(looks.apart_ms);
    if looks.count < 2 {
        return Some("looked at once: whether it moves is not known".to_owned());
    }
    let timer = looks.next_timer_ms.map(|left| format!("the next timer fires in {}", span(left)));
    let outlook = report.findings.first().and_then(|first| first.outlook.as_ref());
    if outlook.is_some() && looks.moved.is_empty() {
        return timer;
    }
    let how = format!("in {} looks {apart} apart", looks.count);
    let said = match looks.moved.as_slice() {
        [] => format!("unchanged {how}"),
        moved => {
            let moved: Vec<String> = moved.iter().map(|said| one_line(said)).collect();
            format!("moved {how}: {}", moved.join("; "))
        }
    };
    Some(match timer {
        Some(timer) => format!("{said}; {timer}"),
        None => said,
    })
}

fn joined(parts: [Vec<String>; 3]) -> String {
    let mut text = String::new();
    for line in parts.iter().flatten() {
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

/// Text from a process or a file, kept from breaking lines and from steering a terminal.
pub(super) fn one_line(text: &str) -> String {
    text.chars().map(|letter| if letter.is_control() { '\u{fffd}' } else { letter }).collect()
}
