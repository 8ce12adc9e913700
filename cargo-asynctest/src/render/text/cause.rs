//! The cause: its waits in a line each, why nothing can end them, who is involved with the source
//! lines, who only waits for it, and what mends it.

use asynctest_engine::report::{
    Certainty, Finding, Headline, Location, Report, SpawnKind, Step, Task, Thread, Victim,
};

use super::{Detail, Style, certainty_word, chain, one_line, tasks};

/// Most waits, and most involved tasks, of the short form.
const MOST_STEPS: usize = 6;

/// Most lines of one task's way to where it waits in the short form.
const MOST_WAY: usize = 4;

/// Most victims that the short form names.
const MOST_VICTIMS: usize = 4;

/// Most findings beside the root in the short form.
const MOST_BESIDES: usize = 2;

/// The finding that the first line is about, unless nothing is known.
pub(super) fn root(report: &Report) -> Option<&Finding> {
    report.findings.first().filter(|root| root.finding != "undetermined")
}

/// All that is said of the root.
pub(super) fn section(root: &Finding, style: Style, detail: Detail) -> Vec<String> {
    let most = match detail {
        Detail::Short => MOST_STEPS,
        Detail::Full => usize::MAX,
    };
    let mut lines = waits(root, style, most);
    if let Some(outlook) = &root.outlook {
        lines.push(format!("  {}", one_line(outlook)));
    }
    lines.push(String::new());
    for step in root.steps.iter().take(most) {
        lines.extend(involved(step, style, detail));
    }
    lines.push(String::new());
    lines
}

/// The same without the values of variables, where there is no room for them.
pub(super) fn without_variables(root: &Finding) -> Finding {
    let mut bare = root.clone();
    let way = bare.steps.iter_mut().flat_map(|step| &mut step.way);
    way.for_each(|point| point.variables.clear());
    bare
}

/// Whether all that there is to say of a task is said of one of the first steps of the root: it waits
/// for one thing, and no other task stands where it stands.
pub(super) fn tells(root: &Finding, task: &Task) -> bool {
    // What is polled has no chain but the stack of its thread, of which a step has the lines.
    if task.future.is_none() && task.state == "running" {
        return struck(root).any(|step| step.who == task.label);
    }
    let is_straight = task.future.as_ref().is_some_and(|future| !tasks::has_fork(future));
    let mut steps = root.steps.iter().take(MOST_STEPS);
    let is_it = |step: &Step| step.who == task.label && step.state != "not polled";
    is_straight && task.count == 1 && steps.any(is_it)
}

/// The steps of the root that are no waits, but what happened to a thread.
fn struck(root: &Finding) -> impl Iterator<Item = &Step> {
    root.steps.iter().filter(|step| matches!(step.state.as_str(), "panicked" | "crashed"))
}

/// Whether all that there is to say of a thread in short is said of a step of the root.
pub(super) fn tells_thread(root: &Finding, thread: &Thread) -> bool {
    struck(root).any(|step| step.thread == Some(thread.id) && !step.way.is_empty())
}

/// What is said at the end: victims, what else is true, what mends it.
pub(super) fn closing(report: &Report, style: Style, detail: Detail) -> Vec<String> {
    let mut lines = Vec::new();
    let root = root(report);
    if let Some(root) = root {
        lines.extend(victims(root, style, detail));
    }
    lines.extend(besides(report, detail));
    if let Some(root) = root {
        if !root.also.is_empty() {
            lines.push(format!("  it is also: {}", one_line(&root.also.join(", "))));
        }
        lines.push(format!("  {} {}", style.bold("help:"), one_line(&root.help)));
    }
    lines
}

/// `deadlock-0f3c..: cargo asynctest explain deadlock` with what is the same in each run.
pub(super) fn signature(report: &Report) -> Option<String> {
    let root = root(report)?;
    let (finding, signature) = (one_line(&root.finding), one_line(&root.signature));
    Some(format!("  signature {signature} · more: cargo asynctest explain {finding}"))
}

/// `certain: each wait was read; `.
pub(super) fn reasons(report: &Report) -> String {
    let Headline { certainty, .. } = report.headline;
    let reasons = root(report).map(|root| root.reasons.join("; ")).unwrap_or_default();
    match reasons.is_empty() {
        true => certainty_word(certainty).to_owned(),
        false => format!("{}: {}", certainty_word(certainty), one_line(&reasons)),
    }
}

fn waits(root: &Finding, style: Style, most: usize) -> Vec<String> {
    let shown = || root.steps.iter().take(most);
    let widest = |of: fn(&Step) -> String| shown().map(|step| of(step).chars().count()).max();
    let width = widest(who).unwrap_or(0).min(40);
    let mut lines: Vec<String> = shown()
        .map(|step| {
            let place = place(step.location.as_ref(), style);
            let who = format!("{:<width$}", who(step));
            let does = match step.state.as_str() {
                "running" => "is running".to_owned(),
                "panicked" | "crashed" => one_line(&step.state),
                "not polled" => format!("needs {}", one_line(&step.waits)),
                _ => format!("waits for {}", one_line(&step.waits)),
            };
            format!("  {}  {does}{place}", style.bold(&who))
        })
        .collect();
    if root.steps.len() > most {
        lines.push(style.dim(&format!("  ... {} more in report.txt", root.steps.len() - most)));
    }
    lines
}

fn who(step: &Step) -> String {
    let name = step.name.as_deref().map(|name| format!(" {}", one_line(name))).unwrap_or_default();
    let future = if step.state == "not polled" { " (a future that nothing polls)" } else { "" };
    format!("{}{name}{future}", one_line(&step.who))
}

fn place(location: Option<&Location>, style: Style) -> String {
    location.map(|place| format!("  {}", style.cyan(&chain::place(place)))).unwrap_or_default()
}

/// One that is involved: what it has, the way to where it waits, and that line.
fn involved(step: &Step, style: Style, detail: Detail) -> Vec<String> {
    let mut lines = vec![title(step, style)];
    for hold in &step.holds {
        let variable = hold.variable.as_deref();
        let variable = variable.map(|name| format!(" in `{}`", one_line(name))).unwrap_or_default();
        let sign = format!("<- holds {}{variable}", one_line(&hold.what));
        match &hold.since {
            Some(since) => lines.push(source(' ', since, &sign, style)),
            None => lines.push(format!("      {}", style.bold(&sign))),
        }
    }
    let left_out = match detail {
        Detail::Short => step.way.len().saturating_sub(MOST_WAY),
        Detail::Full => 0,
    };
    if left_out > 0 {
        lines.push(style.dim(&format!("      ... {left_out} lines around it in report.txt")));
    }
    let way = step.way.iter().skip(left_out);
    for (index, line) in way.enumerate() {
        let is_last = index + 1 + left_out == step.way.len();
        let sign = if is_last { waits_sign(step) } else { String::new() };
        lines.push(source(if is_last { '>' } else { ' ' }, &line.location, &sign, style));
        let said = chain::variables(&line.variables, detail);
        lines.extend(said.map(|said| format!("          {}", style.dim(&said))));
    }
    lines
}

/// `<- waits, 1st of 2 in the queue`.
fn waits_sign(step: &Step) -> String {
    match step.queue {
        Some([place, length]) => format!("<- waits, number {place} of {length} in the queue"),
        None if step.state == "not polled" => "<- stands here, not polled".to_owned(),
        None if step.state == "running" => "<- is here".to_owned(),
        None if matches!(step.state.as_str(), "panicked" | "crashed") => "<- here".to_owned(),
        None => "<- waits".to_owned(),
    }
}

fn source(mark: char, location: &Location, sign: &str, style: Style) -> String {
    let text = location.text.as_deref().map(|text| format!(" | {}", one_line(text)));
    let sign = match sign.is_empty() {
        true => String::new(),
        false => format!("   {}", style.bold(sign)),
    };
    format!("    {mark} {}{}{sign}", style.cyan(&chain::place(location)), text.unwrap_or_default())
}

fn title(step: &Step, style: Style) -> String {
    let mut parts = vec![style.bold(&who(step))];
    if !step.state.is_empty() {
        parts.push(one_line(&step.state));
    }
    if let Some(thread) = step.thread {
        parts.push(format!("on thread {thread}"));
    }
    if let Some(spawn) = &step.spawned {
        let word = match spawn.kind {
            SpawnKind::Spawned => "spawned",
            SpawnKind::Written => "written",
        };
        parts.push(format!("{word} {}", style.cyan(&chain::place(&spawn.location))));
    }
    format!("  {}", parts.join(" · "))
}

fn victims(root: &Finding, style: Style, detail: Detail) -> Vec<String> {
    let most = match detail {
        Detail::Short => MOST_VICTIMS,
        Detail::Full => usize::MAX,
    };
    if root.victims.is_empty() {
        return Vec::new();
    }
    let named: Vec<String> =
        root.victims.iter().take(most).map(|victim| self::victim(victim, style)).collect();
    let more = root.victim_count.saturating_sub(named.len() as u64);
    let more = if more > 0 { format!("; {more} more") } else { String::new() };
    vec![format!("  waiting only because of this: {}{more}", named.join("; "))]
}

fn victim(victim: &Victim, style: Style) -> String {
    let name = victim.name.as_deref().filter(|_| victim.who != "test body");
    let name = name.map(|name| format!(" {}", one_line(name))).unwrap_or_default();
    let place =
        victim.location.as_ref().map(|place| format!(" {}", style.cyan(&chain::place(place))));
    let (who, waits) = (one_line(&victim.who), one_line(&victim.waits));
    format!("{who}{name}{} ({waits})", place.unwrap_or_default())
}

/// What else is wrong, apart from the root.
fn besides(report: &Report, detail: Detail) -> Vec<String> {
    let most = match detail {
        Detail::Short => MOST_BESIDES,
        Detail::Full => usize::MAX,
    };
    let is_new = |finding: &&Finding| !report.headline.sentence.ends_with(&finding.sentence);
    let others = || report.findings.iter().skip(1).filter(is_new);
    let mut lines: Vec<String> = others()
        .take(most)
        .map(|finding| {
            let (code, said) = (one_line(&finding.finding), one_line(&finding.sentence));
            let word = certainty_word(finding.certainty);
            let why = finding.reasons.first().filter(|_| finding.certainty < Certainty::Certain);
            let why = why.map(|why| format!(" ({})", one_line(why))).unwrap_or_default();
            format!("  besides, {word}: {code}: {said}{why}")
        })
        .collect();
    let left = others().count().saturating_sub(most);
    if left > 0 {
        lines.push(format!("  besides: {left} more findings in report.txt"));
    }
    lines
}
