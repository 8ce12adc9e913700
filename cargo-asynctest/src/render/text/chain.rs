//! An await chain: a line a link, outermost first; what the leaf waits for at its end.

use asynctest_engine::evidence::Trust;
use asynctest_engine::report::{FutureNode, Location, Origin, Variable, Wait, short_type};

use super::{Detail, Style, one_line};

/// Most forks in a row that are shown.
const DEEPEST: usize = 64;

/// How much of a long chain the short form shows: its first links, and its last.
const FIRST_LINKS: usize = 4;
const LAST_LINKS: usize = 8;

/// Most letters of one value, and of one line with variables, in the short form.
const LONGEST_VALUE: usize = 60;
const LONGEST_VARIABLES: usize = 120;

/// The lines of a future and of all it waits for.
pub(super) fn lines(root: &FutureNode, style: Style, detail: Detail) -> Vec<String> {
    let mut links = Vec::new();
    flatten(root, 0, detail, &mut links);
    let width = links.iter().map(|link| link.place.chars().count()).max().unwrap_or(0).min(48);
    let line = |link: &Link| [Some(link.line(width, style)), link.variables_line(style)];
    links.iter().flat_map(line).flatten().collect()
}

/// The innermost place of the user's own code on the way that is waited for, and the leaf's wait.
pub(super) fn innermost(root: &FutureNode) -> (Option<&Location>, Option<&Wait>) {
    let mut node = root;
    let mut place = None;
    loop {
        if let Some(location) = &node.location
            && is_users(location.origin)
        {
            place = Some(location);
        }
        match node.only_child() {
            Some(child) => node = child,
            // Several ways: none of them is the one.
            None => return (place, node.wait.as_ref()),
        }
    }
}

/// The labels of the tasks that a future waits for, in order.
pub(super) fn awaited_tasks(root: &FutureNode) -> Vec<&str> {
    let mut labels = Vec::new();
    let mut left = vec![root];
    while let Some(node) = left.pop() {
        labels.extend(node.wait.as_ref().and_then(|wait| wait.task.as_deref()));
        left.extend(node.children.iter().rev());
    }
    labels
}

/// Whether code is shown: whose it is may not be known.
pub(super) fn is_users(origin: Origin) -> bool {
    matches!(origin, Origin::User | Origin::Unknown)
}

/// `file:line`, with a sign where it is not read but concluded.
pub(super) fn place(location: &Location) -> String {
    let sign = match location.trust {
        Trust::Read | Trust::Derived => "",
        Trust::Guessed => "?",
    };
    format!("{}:{}{sign}", one_line(&location.file), location.line)
}

/// What a wait says: `waits for Mutex 0x7f.. (2 before it)`.
pub(super) fn wait(wait: &Wait) -> String {
    let resource = &wait.resource;
    let mut said = match resource.kind.as_str() {
        "" | "unknown" => format!("waits for {}", one_line(&short_type(&resource.type_name))),
        kind => format!("waits for {}", one_line(kind)),
    };
    if let Some(task) = &wait.task {
        said.push_str(&format!(" of {}", one_line(task)));
    }
    // A task is known by its name.
    if let (None, Some(address)) = (&wait.task, &resource.address) {
        said.push_str(&format!(" at {}", one_line(address)));
    }
    if let Some(detail) = &wait.detail {
        said.push_str(&format!(": {}", one_line(detail)));
    }
    if let Some(poll) = &wait.poll {
        let (function, place) = (one_line(&poll.function), place(&poll.location));
        said.push_str(&format!(", in `{function}` ({place})"));
    }
    said
}

/// Variables in a line, each with its value: `from: "alice", amount: 250`. The short form has those
/// that say something in a few letters, as many as a line takes.
pub(super) fn variables(variables: &[Variable], detail: Detail) -> Option<String> {
    let said = variables.iter().map(|Variable { name, value }| {
        let value = one_line(value);
        (value.chars().count(), format!("{}: {value}", one_line(name)))
    });
    let mut said: Vec<String> = match detail {
        Detail::Full => said.map(|(_, text)| text).collect(),
        Detail::Short => {
            said.filter(|(length, _)| *length <= LONGEST_VALUE).map(|(_, text)| text).collect()
        }
    };
    if detail == Detail::Short {
        let mut left = LONGEST_VARIABLES;
        let mut fits = |text: &String| {
            left = left.saturating_sub(text.chars().count());
            left > 0
        };
        let fitting = said.iter().map_while(|text| fits(text).then_some(())).count();
        said.truncate(fitting);
    }
    (!said.is_empty()).then(|| said.join(", "))
}

struct Link {
    depth: usize,
    /// Whether it is where the user's code stands.
    mark: char,
    place: String,
    name: String,
    text: String,
    /// A line that is no link.
    wait: Option<String>,
    /// The variables there.
    variables: Option<String>,
    /// How many links in a row are just like this one.
    times: u32,
}

impl Link {
    fn is_like(&self, other: &Link) -> bool {
        let parts = |link: &Link| (link.place.clone(), link.name.clone(), link.wait.clone());
        parts(self) == parts(other)
    }

    fn line(&self, width: usize, style: Style) -> String {
        let indent = "  ".repeat(self.depth.min(20));
        if let Some(wait) = &self.wait {
            return format!("      {indent}{}", style.bold(wait));
        }
        let place = format!("{:<width$}", self.place);
        let text = match self.text.is_empty() {
            true => String::new(),
            false => format!("  | {}", self.text),
        };
        let place = style.cyan(&place);
        let times = match self.times {
            1 => String::new(),
            times => format!(" ({times} times)"),
        };
        format!("    {} {indent}{place}  {}{times}{text}", self.mark, self.name)
    }

    fn variables_line(&self, style: Style) -> Option<String> {
        let indent = "  ".repeat(self.depth.min(20));
        self.variables.as_ref().map(|said| format!("          {indent}{}", style.dim(said)))
    }
}

/// The links of a tree, in order. Links in libraries are shown in the full form only; a fork
/// indents what is behind it.
fn flatten(root: &FutureNode, depth: usize, detail: Detail, links: &mut Vec<Link>) {
    let (mut straight, node) = straight(root, depth, detail);
    match detail {
        Detail::Short => links.extend(shortened(straight, depth)),
        Detail::Full => links.append(&mut straight),
    }
    if let Some(waited) = &node.wait {
        links.push(said(wait(waited), depth));
    }
    if node.children.is_empty() {
        return;
    }
    if depth >= DEEPEST {
        links.push(said("... deeper than is shown".to_owned(), depth));
        return;
    }
    links.push(said(fork(node), depth));
    let mut before = 0u64;
    for child in &node.children {
        let number = match child.count {
            1 => format!("{} of {}:", before + 1, node.width()),
            count => format!("{count} of {}:", node.width()),
        };
        before = before.saturating_add(child.count);
        let mut below = Vec::new();
        flatten(child, depth + 1, detail, &mut below);
        match below.as_slice() {
            [Link { wait: Some(only), .. }] => links.push(said(format!("{number} {only}"), depth)),
            _ => {
                links.push(said(number, depth));
                links.append(&mut below);
            }
        }
    }
}

/// The links up to the next fork or the leaf, and the future there.
///
/// How deep a chain is depends on what was read of the process, not on our stack: it is followed
/// without recursion.
fn straight(root: &FutureNode, depth: usize, detail: Detail) -> (Vec<Link>, &FutureNode) {
    let mut links: Vec<Link> = Vec::new();
    let mut last_shown = None;
    let mut node = root;
    loop {
        if let Some(link) = link(node, depth, detail) {
            if node.location.as_ref().is_some_and(|place| is_users(place.origin)) {
                last_shown = Some(links.len());
            }
            links.push(link);
        }
        match node.only_child() {
            Some(child) => node = child,
            None => break,
        }
    }
    if let Some(link) = last_shown.and_then(|index| links.get_mut(index)) {
        link.mark = '>';
    }
    (links, node)
}

/// A chain for the short form: what repeats is said once, and the middle of a long one is left out.
fn shortened(links: Vec<Link>, depth: usize) -> Vec<Link> {
    let mut kept: Vec<Link> = Vec::new();
    for link in links {
        match kept.last_mut() {
            Some(last) if last.is_like(&link) => {
                last.times += 1;
                last.mark = link.mark;
            }
            _ => kept.push(link),
        }
    }
    if kept.len() > FIRST_LINKS + LAST_LINKS + 1 {
        let left_out = kept.len() - FIRST_LINKS - LAST_LINKS;
        let line = said(format!("... {left_out} more links in report.txt"), depth);
        kept.splice(FIRST_LINKS..FIRST_LINKS + left_out, [line]);
    }
    kept
}

/// What polls several futures, unless the compiler made up its name.
fn fork(node: &FutureNode) -> String {
    let count = node.width();
    match node.location.is_some() || node.name.contains('{') {
        true => format!("waits for {count} futures at once:"),
        false => format!("{} waits for {count} futures at once:", one_line(&node.name)),
    }
}

fn said(text: String, depth: usize) -> Link {
    Link { wait: Some(text), ..blank(depth) }
}

fn blank(depth: usize) -> Link {
    Link {
        depth,
        mark: ' ',
        place: String::new(),
        name: String::new(),
        text: String::new(),
        wait: None,
        variables: None,
        times: 1,
    }
}

/// A node's own line. In the short form a leaf that says what it waits for needs none.
fn link(node: &FutureNode, depth: usize, detail: Detail) -> Option<Link> {
    let users = node.location.as_ref().is_some_and(|place| is_users(place.origin));
    let is_end = node.children.is_empty() && node.wait.is_none();
    if detail == Detail::Short && !users && !is_end {
        return None;
    }
    let state = match node.state.as_deref() {
        None | Some("suspended") => String::new(),
        Some(state) => format!(" ({})", one_line(state)),
    };
    Some(Link {
        place: node.location.as_ref().map_or_else(|| "?".to_owned(), place),
        name: format!("{}{state}", one_line(&node.name)),
        text: node
            .location
            .as_ref()
            .and_then(|place| place.text.as_deref())
            .map_or_else(String::new, one_line),
        variables: variables(&node.variables, detail),
        ..blank(depth)
    })
}
