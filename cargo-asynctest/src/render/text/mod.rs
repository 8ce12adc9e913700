//! A report as text. The first line is the cause; the evidence follows in the order in which a
//! reader would ask. The short form has under 40 lines; the full one leaves nothing out.
//!
//! - [`style`]: colors, or none
//! - [`chain`]: an await chain, a line a link
//! - [`tasks`], [`threads`]: the sections on them

mod chain;
mod style;
mod tasks;
mod threads;

#[cfg(test)]
mod tests;

use asynctest_engine::report::{Certainty, Location, Report, Task, TaskKind};

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
pub(crate) fn report(report: &Report, style: Style, folder: Option<&str>) -> String {
    let head = head(report, style);
    let foot = foot(report, style, folder, Detail::Short);
    let mut middle = middle(report, style, Detail::Short);
    let room = MOST.saturating_sub(head.len() + foot.len() + 1);
    if middle.len() > room {
        let left_out = middle.len() - room;
        middle.truncate(room);
        middle.push(style.dim(&format!("  ... {left_out} more lines in the full dump")));
    }
    joined([head, middle, foot])
}

/// The whole report: all tasks, all links, all frames.
pub(crate) fn full(report: &Report) -> String {
    joined([
        head(report, Style::Plain),
        middle(report, Style::Plain, Detail::Full),
        foot(report, Style::Plain, None, Detail::Full),
    ])
}

/// The line of the user's own code where the test's body, or else the first task, stands.
pub(super) fn place(report: &Report) -> Option<&Location> {
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

fn middle(report: &Report, style: Style, detail: Detail) -> Vec<String> {
    let (bodies, tasks): (Vec<_>, Vec<_>) =
        report.tasks.iter().partition(|task| task.kind == TaskKind::BlockOn);
    let sections = [
        tasks::bodies(&bodies, style, detail),
        tasks::others(&tasks, style, detail),
        threads::section(&report.threads, style, detail),
    ];
    let mut lines: Vec<String> = Vec::new();
    for section in sections.into_iter().filter(|section| !section.is_empty()) {
        lines.extend(section);
        lines.push(String::new());
    }
    lines
}

fn foot(report: &Report, style: Style, folder: Option<&str>, detail: Detail) -> Vec<String> {
    let mut lines = vec![format!("  {}", certainty(report)), format!("  {}", looks(report))];
    let most_gaps = match detail {
        Detail::Short => 3,
        Detail::Full => usize::MAX,
    };
    for gap in report.gaps.iter().take(most_gaps) {
        lines.push(format!("  gap: {}: {}", one_line(&gap.what), one_line(&gap.why)));
    }
    if report.gaps.len() > most_gaps {
        let more = report.gaps.len() - most_gaps;
        lines.push(format!("  gap: {more} more in the full dump"));
    }
    if let Some(folder) = folder {
        lines.push(format!("  full dump {}", style.cyan(folder)));
    }
    if let Some(again) = &report.subject.again {
        lines.push(format!("  again: {}", one_line(again)));
    }
    lines
}

fn certainty(report: &Report) -> String {
    let word = match report.headline.certainty {
        Certainty::Certain => "certain",
        Certainty::Likely => "likely",
        Certainty::Possible => "possible",
    };
    let counts = &report.counts;
    let gaps = match counts.gaps {
        1 => "1 gap".to_owned(),
        gaps => format!("{gaps} gaps"),
    };
    format!("{word}: {} of {} tasks walked, {gaps}", counts.tasks_walked, counts.tasks_found)
}

fn looks(report: &Report) -> String {
    let looks = &report.looks;
    let apart = looks.apart_ms as f64 / 1000.0;
    if looks.count < 2 {
        return "looked at once: whether it moves is not known".to_owned();
    }
    let how = format!("in {} looks {apart:.1} s apart", looks.count);
    let said = match looks.moved.as_slice() {
        [] => format!("unchanged {how}"),
        moved => {
            let moved: Vec<String> = moved.iter().map(|said| one_line(said)).collect();
            format!("moved {how}: {}", moved.join("; "))
        }
    };
    match looks.next_timer_ms {
        Some(left) => format!("{said}; the next timer fires in {:.1} s", left as f64 / 1000.0),
        None => said,
    }
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
