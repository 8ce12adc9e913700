//! The findings: the root whole, the others in a line each.

use std::fmt::Write as _;

use asynctest_engine::report::{Certainty, Finding, Location, Report, Step, Variable};

use super::escape::escaped;

pub(super) fn section(report: &Report) -> String {
    let mut findings = report.findings.iter();
    let mut text = String::new();
    if let Some(root) = findings.next() {
        text.push_str(&self::root(root));
    }
    for finding in findings {
        let _ = writeln!(
            text,
            "<p>besides, {}: <b>{}</b>: {}</p>",
            word(finding.certainty),
            escaped(&finding.finding),
            escaped(&finding.sentence)
        );
    }
    text
}

fn root(root: &Finding) -> String {
    let mut text = format!("<h2>Cause <span class=\"badge\">{}</span>", word(root.certainty));
    for also in &root.also {
        let _ = write!(text, "<span class=\"badge\">also {}</span>", escaped(also));
    }
    text.push_str("</h2>\n");
    for step in &root.steps {
        text.push_str(&self::step(step));
    }
    if let Some(outlook) = &root.outlook {
        let _ = writeln!(text, "<p>{}</p>", escaped(outlook));
    }
    if !root.victims.is_empty() {
        let _ = writeln!(
            text,
            "<p class=\"quiet\">Waiting only because of this ({}):</p><ul>",
            root.victim_count
        );
        for victim in &root.victims {
            let _ = writeln!(
                text,
                "<li class=\"quiet\">{} {} waits for {} {}</li>",
                escaped(&victim.who),
                escaped(victim.name.as_deref().unwrap_or_default()),
                escaped(&victim.waits),
                place(victim.location.as_ref())
            );
        }
        text.push_str("</ul>\n");
    }
    let _ = writeln!(text, "<p><b>Help:</b> {}</p>", escaped(&root.help));
    let _ = writeln!(
        text,
        "<p class=\"quiet\">{}: {} · signature <code>{}</code></p>",
        word(root.certainty),
        escaped(&root.reasons.join("; ")),
        escaped(&root.signature)
    );
    text
}

fn step(step: &Step) -> String {
    let mut text = format!(
        "<p><b>{}</b> {} · {} · waits for {} {}</p>\n<pre>",
        escaped(&step.who),
        escaped(step.name.as_deref().unwrap_or_default()),
        escaped(&step.state),
        escaped(&step.waits),
        place(step.location.as_ref())
    );
    for hold in &step.holds {
        if let Some(since) = &hold.since {
            let _ = writeln!(text, "  {}", source(since, &format!("holds {}", hold.what)));
        }
    }
    for (index, line) in step.way.iter().enumerate() {
        let is_last = index + 1 == step.way.len();
        let (mark, sign) = if is_last { ("&gt;", "waits") } else { (" ", "") };
        let _ = writeln!(text, "{mark} {}", source(&line.location, sign));
        if let Some(said) = variables(&line.variables) {
            let _ = writeln!(text, "      {said}");
        }
    }
    text.push_str("</pre>\n");
    text
}

fn source(location: &Location, sign: &str) -> String {
    let text = location.text.as_deref().unwrap_or_default();
    let sign = match sign {
        "" => String::new(),
        sign => format!("   <span class=\"mark\">&lt;- {}</span>", escaped(sign)),
    };
    format!("{} | {}{sign}", place(Some(location)), escaped(text))
}

/// The variables of a future, each with its value.
pub(super) fn variables(variables: &[Variable]) -> Option<String> {
    let said: Vec<String> = variables
        .iter()
        .map(|variable| format!("{}: {}", escaped(&variable.name), escaped(&variable.value)))
        .collect();
    (!said.is_empty()).then(|| format!("<span class=\"quiet\">{}</span>", said.join(", ")))
}

pub(super) fn place(location: Option<&Location>) -> String {
    location.map_or_else(String::new, |location| {
        format!("<span class=\"place\">{}:{}</span>", escaped(&location.file), location.line)
    })
}

fn word(certainty: Certainty) -> &'static str {
    match certainty {
        Certainty::Certain => "certain",
        Certainty::Likely => "likely",
        Certainty::Possible => "possible",
    }
}
