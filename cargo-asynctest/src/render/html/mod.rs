//! A report as one HTML page that needs nothing else: no network, no other file.
//!
//! Everything in it that comes from a process or a file is escaped. Its own policy forbids it to load
//! anything.
//!
//! - [`drawing`]: the graph as SVG
//! - [`cause`]: what is wrong
//! - [`tree`]: the tasks with what they wait for

mod cause;
mod drawing;
mod escape;
mod tree;

use std::fmt::Write as _;

use asynctest_engine::report::{Report, Thread, span};

use escape::escaped;

const STYLE: &str = include_str!("style.css");
const SCRIPT: &str = include_str!("filter.js");

/// What the page may do: nothing but its own style and script.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'";

/// The page.
pub(crate) fn page(report: &Report) -> String {
    let title = title(report);
    let mut page = format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"{POLICY}\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n<title>{title}</title>\n\
         <style>\n{STYLE}</style>\n</head>\n<body>\n"
    );
    page.push_str(&head(report));
    page.push_str(&cause::section(report));
    page.push_str(&drawing::section(&report.graph));
    page.push_str(&tree::section(&report.tasks));
    page.push_str(&threads(&report.threads));
    page.push_str(&gaps(report));
    let _ = write!(page, "<script>\n{SCRIPT}</script>\n</body>\n</html>\n");
    page
}

fn title(report: &Report) -> String {
    let test = report.subject.test.as_deref().unwrap_or(&report.subject.binary);
    format!("{} · {}", escaped(test), escaped(&report.headline.finding))
}

fn head(report: &Report) -> String {
    let subject = &report.subject;
    let test = subject.test.as_deref().map(|test| format!("::{test}")).unwrap_or_default();
    let name = format!("{}{test}", subject.binary);
    let headline = &report.headline;
    let mut head = format!(
        "<p><span class=\"verdict\">{}</span><code>{}</code></p>\n<h1>{}: {}</h1>\n",
        escaped(&subject.verdict),
        escaped(&name),
        escaped(&headline.finding),
        escaped(&headline.sentence),
    );
    let moved = match report.looks.moved.as_slice() {
        [] => "nothing moved".to_owned(),
        moved => format!("moved: {}", moved.join("; ")),
    };
    let _ = writeln!(
        head,
        "<p class=\"quiet\">{} looks {} apart: {} · {} of {} tasks walked · {} gaps</p>",
        report.looks.count,
        span(report.looks.apart_ms),
        escaped(&moved),
        report.counts.tasks_walked,
        report.counts.tasks_found,
        report.counts.gaps,
    );
    if let Some(again) = &subject.again {
        let _ = writeln!(head, "<pre>{}</pre>", escaped(again));
    }
    head
}

fn threads(threads: &[Thread]) -> String {
    let mut text = format!("<h2>Threads ({})</h2>\n", threads.len());
    for thread in threads {
        let _ = writeln!(
            text,
            "<details><summary>thread {} {} · {}</summary><pre>",
            thread.id,
            escaped(&thread.name),
            escaped(&thread.doing)
        );
        for frame in &thread.frames {
            let place = frame.location.as_ref().map_or_else(
                || frame.address.clone(),
                |location| format!("{}:{}", location.file, location.line),
            );
            let _ = writeln!(text, "{}  {}", escaped(&place), escaped(&frame.function));
        }
        text.push_str("</pre></details>\n");
    }
    text
}

fn gaps(report: &Report) -> String {
    if report.gaps.is_empty() {
        return String::new();
    }
    let mut text = format!("<h2>What could not be read ({})</h2>\n<ul>\n", report.gaps.len());
    for gap in &report.gaps {
        let _ = writeln!(text, "<li>{}: {}</li>", escaped(&gap.what), escaped(&gap.why));
    }
    text.push_str("</ul>\n");
    text
}
