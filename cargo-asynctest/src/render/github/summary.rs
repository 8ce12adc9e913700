//! The job summary: a table of what did not pass, then the reports, with their graphs.

use std::fmt::Write as _;

use super::failure::Failure;
use crate::runner::verdict::Totals;

/// A step's summary may have 1 MiB; with more, all of it is refused. Some room is left to others.
const MOST: usize = (1 << 20) - (64 << 10);

/// Most letters of a cell.
const CELL: usize = 300;

/// Mermaid draws no longer text than 50,000 letters.
const GRAPH: usize = 50_000;

/// How much may be added to a summary of so many bytes.
pub(super) fn room(taken: u64) -> usize {
    MOST.saturating_sub(usize::try_from(taken).unwrap_or(usize::MAX))
}

/// The table of failures, then the reports, as many as fit whole into `room` bytes.
pub(super) fn text(failures: &[Failure], totals: &Totals, room: usize) -> String {
    // Kept back for the lines that say what is left out.
    let room = room.saturating_sub(200);
    let mut text = head(totals);
    let mut rows = 0;
    for failure in failures {
        let row = row(failure);
        if text.len() + row.len() > room {
            break;
        }
        text.push_str(&row);
        rows += 1;
    }
    if text.len() > room {
        return String::new();
    }
    if rows < failures.len() {
        let _ = writeln!(text, "\n{} more tests did not pass.", failures.len() - rows);
    }
    let mut left_out = 0;
    for block in failures.iter().filter_map(block) {
        if text.len() + block.len() > room {
            left_out += 1;
        } else {
            text.push_str(&block);
        }
    }
    if left_out > 0 {
        let _ = writeln!(text, "\n{left_out} reports are left out here: the log has them.");
    }
    text
}

fn head(totals: &Totals) -> String {
    let Totals { planned, ended, passed, failed, crashed, hung, interrupted, .. } = totals;
    let counts =
        [(failed, "failed"), (crashed, "crashed"), (hung, "hung"), (interrupted, "stopped")];
    let counts = counts.into_iter().filter(|(count, _)| **count > 0);
    let counts: String = counts.map(|(count, word)| format!(", {count} {word}")).collect();
    format!(
        "### Tests that did not pass\n\n{ended} of {planned} tests run: {passed} passed{counts}\n\n\
         | test | cause | where |\n|---|---|---|\n"
    )
}

/// A test's graph and report.
fn block(failure: &Failure) -> Option<String> {
    let report = failure.report.as_ref()?;
    let graph = failure.graph.as_deref().filter(|graph| graph.len() < GRAPH);
    let graph = graph.map(|graph| fenced("mermaid", graph));
    Some(format!("{}{}", graph.unwrap_or_default(), fenced("text", report)))
}

fn row(failure: &Failure) -> String {
    let place = failure
        .place
        .as_ref()
        .map_or_else(String::new, |place| format!("{}:{}", place.file, place.line));
    let cause = format!("{} {}", failure.word(), failure.cause);
    format!("| {} | {} | {} |\n", cell(&failure.name), cell(&cause), cell(&place))
}

/// Text that Markdown takes for nothing but text, cut where it is long.
fn cell(text: &str) -> String {
    let mut cell = String::new();
    for letter in text.chars().take(CELL) {
        match letter {
            letter if letter.is_alphanumeric() || " .,-/".contains(letter) => cell.push(letter),
            letter if letter.is_whitespace() || letter.is_control() => cell.push(' '),
            letter => {
                let _ = write!(cell, "&#{};", u32::from(letter));
            }
        }
    }
    if text.chars().nth(CELL).is_some() {
        cell.push('…');
    }
    cell
}

/// A block of code, whose fence is longer than any in it.
fn fenced(language: &str, text: &str) -> String {
    let longest = text.split(|letter| letter != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest.max(2) + 1);
    format!("\n{fence}{language}\n{}\n{fence}\n", text.trim_end())
}

#[cfg(test)]
mod tests {
    use pulldown_cmark::{CodeBlockKind, Event, Options, Parser, Tag, TagEnd};

    use super::{Failure, GRAPH, cell, fenced, text};
    use crate::render::github::failure::sample;
    use crate::runner::verdict::{Totals, Verdict};

    fn failure(name: &str, report: &str) -> Failure {
        let failure = sample::failure(name, Some(Verdict::Hang));
        Failure { report: Some(report.to_owned()), ..failure }
    }

    fn totals() -> Totals {
        Totals { planned: 5, ended: 4, passed: 1, hung: 2, interrupted: 1, ..Totals::default() }
    }

    /// What a page shows of it: the cells of each row, and the blocks of code by their language.
    fn rendered(markdown: &str) -> (Vec<Vec<String>>, Vec<(String, String)>) {
        let (mut rows, mut blocks) = (Vec::new(), Vec::new());
        let mut in_row = false;
        for event in Parser::new_ext(markdown, Options::ENABLE_TABLES) {
            match event {
                Event::Start(Tag::TableHead | Tag::TableRow) => {
                    rows.push(Vec::new());
                    in_row = true;
                }
                Event::End(TagEnd::TableHead | TagEnd::TableRow) => in_row = false,
                Event::Start(Tag::TableCell) => rows.last_mut().unwrap().push(String::new()),
                Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(language))) => {
                    blocks.push((language.to_string(), String::new()));
                }
                Event::Text(text) if in_row => {
                    rows.last_mut().unwrap().last_mut().unwrap().push_str(&text);
                }
                Event::Text(text) => {
                    if let Some((_, block)) = blocks.last_mut() {
                        block.push_str(&text);
                    }
                }
                Event::Html(_) | Event::InlineHtml(_) | Event::Start(Tag::Link { .. }) => {
                    panic!("{event:?} in\n{markdown}")
                }
                _ => {}
            }
        }
        (rows, blocks)
    }

    #[test]
    fn a_summary_is_as_its_golden() {
        let mut first =
            failure("it::x", "HANG  it::x  undetermined: no wait was read\n\n  task 1\n");
        first.graph = Some("flowchart LR\n  n1[\"task 1\"]\n".to_owned());
        let mut second = failure("it::y", "");
        (second.verdict, second.place, second.report) = (None, None, None);
        second.cause = "it was running when the run was ended".to_owned();
        let text = text(&[first, second], &totals(), 10_000);
        assert_eq!(text, include_str!("summary.md"));
    }

    #[test]
    fn a_page_shows_every_name_and_report_as_it_is() {
        let name = "it::<b>|`x`|*y*_z_[l](u)\\#!~$&amp;@user #1";
        let report = "line\n```\n````rust\n| no | table |\n<script>\n# no head\n";
        let mut graph = failure(name, report);
        graph.graph = Some("flowchart LR\n".to_owned());
        let (rows, blocks) = rendered(&text(&[graph], &totals(), 10_000));
        let [_, row] = rows.as_slice() else { panic!("{rows:?}") };
        let cause = "HANG undetermined: 100% stuck, it says";
        assert_eq!(row.as_slice(), [name, cause, "src/a,b.rs:41"]);
        let expected = [("mermaid", "flowchart LR\n"), ("text", report)];
        assert_eq!(blocks, expected.map(|(kind, text)| (kind.to_owned(), text.to_owned())));
    }

    #[test]
    fn no_report_ends_its_own_fence() {
        assert_eq!(fenced("text", "a\n```\nb\n"), "\n````text\na\n```\nb\n````\n");
        assert_eq!(fenced("text", "a"), "\n```text\na\n```\n");
    }

    #[test]
    fn a_cell_is_text_alone() {
        assert_eq!(cell("a|b\n<i>"), "a&#124;b &#60;i&#62;");
        assert_eq!(cell(&"x".repeat(301)).chars().count(), 301);
        assert!(cell(&"x".repeat(301)).ends_with('…'));
    }

    #[test]
    fn a_graph_that_is_not_drawn_is_left_out() {
        let mut failure = failure("x", "report");
        failure.graph = Some("x".repeat(GRAPH));
        assert!(!text(&[failure], &totals(), 1 << 20).contains("mermaid"));
    }

    #[test]
    fn a_summary_never_outgrows_its_room() {
        let failures: Vec<Failure> = (0..50)
            .map(|index| failure(&format!("it::t{index}"), &"line\n".repeat(1000)))
            .collect();
        let text = |room| text(&failures, &totals(), room);
        for room in [0, 300, 1_000, 10_000, 100_000, 1_000_000] {
            assert!(text(room).len() <= room, "{} in {room}", text(room).len());
        }
        assert!(text(100_000).contains("reports are left out"));
        assert!(text(1_000).contains("more tests did not pass"));
        assert!(!text(1_000_000).contains("left out"));
    }
}
