//! An await chain: a line a link, outermost first; what the leaf waits for at its end.

use asynctest_engine::evidence::Trust;
use asynctest_engine::report::{FutureNode, Location, Origin, Wait};

use super::{Detail, Style, one_line};

/// The lines of a future and of all it waits for.
pub(super) fn lines(root: &FutureNode, style: Style, detail: Detail) -> Vec<String> {
    let mut links = Vec::new();
    flatten(root, 0, detail, &mut links);
    let width = links.iter().map(|link| link.place.chars().count()).max().unwrap_or(0).min(48);
    links.iter().map(|link| link.line(width, style)).collect()
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
        match node.children.as_slice() {
            [child] => node = child,
            // Several ways: none of them is the one.
            _ => return (place, node.wait.as_ref()),
        }
    }
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
        "" | "unknown" => format!("waits for {}", one_line(&resource.type_name)),
        kind => format!("waits for {}", one_line(kind)),
    };
    if let Some(task) = &wait.task {
        said.push_str(&format!(" of {}", one_line(task)));
    }
    if let Some(address) = &resource.address {
        said.push_str(&format!(" at {}", one_line(address)));
    }
    if let Some(detail) = &wait.detail {
        said.push_str(&format!(": {}", one_line(detail)));
    }
    said
}

struct Link {
    depth: usize,
    /// Whether it is where the user's code stands.
    mark: char,
    place: String,
    name: String,
    text: String,
    wait: Option<String>,
}

impl Link {
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
        format!("    {} {indent}{place}  {}{text}", self.mark, self.name)
    }
}

/// The links of a tree, in order. Links in libraries are shown in the full form only; a fork
/// indents what is behind it.
fn flatten(root: &FutureNode, depth: usize, detail: Detail, links: &mut Vec<Link>) {
    // The depth of a tree is bounded by what the reader of the process allows, not by our stack:
    // a plain chain is followed without recursion.
    let mut node = root;
    let mut last_shown = None;
    loop {
        if let Some(link) = link(node, depth, detail) {
            if node.location.as_ref().is_some_and(|place| is_users(place.origin)) {
                last_shown = Some(links.len());
            }
            links.push(link);
        }
        match node.children.as_slice() {
            [child] => node = child,
            _ => break,
        }
    }
    if let Some(link) = last_shown.and_then(|index| links.get_mut(index)) {
        link.mark = '>';
    }
    if let Some(waited) = &node.wait {
        links.push(Link { wait: Some(wait(waited)), ..blank(depth) });
    }
    if depth >= 64 && !node.children.is_empty() {
        links.push(Link { wait: Some("... deeper than is shown".to_owned()), ..blank(depth) });
        return;
    }
    for (index, child) in node.children.iter().enumerate() {
        links.push(Link {
            wait: Some(format!("{} of {}:", index + 1, node.children.len())),
            ..blank(depth)
        });
        flatten(child, depth + 1, detail, links);
    }
}

fn blank(depth: usize) -> Link {
    Link {
        depth,
        mark: ' ',
        place: String::new(),
        name: String::new(),
        text: String::new(),
        wait: None,
    }
}

/// A node's own line. In the short form a leaf that says what it waits for needs none.
fn link(node: &FutureNode, depth: usize, detail: Detail) -> Option<Link> {
    let users = node.location.as_ref().is_some_and(|place| is_users(place.origin));
    let is_end = node.children.len() != 1 && node.wait.is_none();
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
        ..blank(depth)
    })
}
