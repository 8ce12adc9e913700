//! The tasks, each a tree of what it waits for, with filters by state, resource and words.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use asynctest_engine::report::{FutureNode, Task, TaskKind};

use super::cause::{place, variables};
use super::escape::escaped;

/// Most levels of a tree: browsers have a limit too.
const DEEPEST: usize = 200;

pub(super) fn section(tasks: &[Task]) -> String {
    let states: BTreeSet<&str> = tasks.iter().map(|task| task.state.as_str()).collect();
    let resources: BTreeSet<&str> = tasks.iter().flat_map(resources).collect();
    let count: u64 = tasks.iter().map(|task| task.count).sum();
    let mut text = format!(
        "<h2>Tasks (<span id=\"shown\">{count}</span> of {count})</h2>\n<div class=\"filters\">"
    );
    text.push_str(&choice("state", "every state", &states));
    text.push_str(&choice("resource", "every wait", &resources));
    text.push_str("<input id=\"words\" placeholder=\"words in it\" aria-label=\"words\"></div>\n");
    for task in tasks {
        text.push_str(&self::task(task));
    }
    text
}

fn choice(id: &str, all: &str, values: &BTreeSet<&str>) -> String {
    let mut text =
        format!("<select id=\"{id}\" aria-label=\"{id}\"><option value=\"\">{all}</option>");
    for value in values {
        let _ = write!(text, "<option>{}</option>", escaped(value));
    }
    text.push_str("</select>");
    text
}

/// The kinds of everything that a task waits for.
fn resources(task: &Task) -> BTreeSet<&str> {
    let mut kinds = BTreeSet::new();
    let mut left: Vec<&FutureNode> = task.future.iter().collect();
    while let Some(node) = left.pop() {
        kinds.extend(node.wait.as_ref().map(|wait| wait.resource.kind.as_str()));
        left.extend(&node.children);
    }
    kinds
}

fn task(task: &Task) -> String {
    let waits: Vec<&str> = resources(task).into_iter().collect();
    let open = if task.kind == TaskKind::BlockOn { " open" } else { "" };
    let many = if task.count > 1 { format!(" ×{}", task.count) } else { String::new() };
    let spawned = task.spawned.as_ref().map(|spawn| place(Some(&spawn.location)));
    let mut text = format!(
        "<details{open} data-task data-state=\"{}\" data-resources=\"{}\" data-count=\"{}\">\
         <summary><b>{}</b> {}{many} · {} · {}</summary>\n",
        escaped(&task.state),
        escaped(&waits.join("\n")),
        task.count,
        escaped(&task.label),
        escaped(&task.name),
        escaped(&task.state),
        spawned.unwrap_or_default(),
    );
    match &task.future {
        Some(future) => text.push_str(&tree(future)),
        None => text.push_str("<p class=\"quiet\">its future is not in memory as it is now</p>"),
    }
    text.push_str("</details>\n");
    text
}

/// A future with what it polls, a link a line; what polls several indents what is below it.
fn tree(root: &FutureNode) -> String {
    let mut text = String::new();
    let mut left: Vec<(&FutureNode, usize)> = vec![(root, 1)];
    let mut depth = 0;
    while let Some((node, level)) = left.pop() {
        while depth < level {
            text.push_str("<ul class=\"tree\">");
            depth += 1;
        }
        while depth > level {
            text.push_str("</ul>");
            depth -= 1;
        }
        text.push_str(&link(node));
        let is_fork = node.children.len() > 1;
        let below = if is_fork { (level + 1).min(DEEPEST) } else { level };
        left.extend(node.children.iter().rev().map(|child| (child, below)));
    }
    text.push_str(&"</ul>".repeat(depth));
    text
}

fn link(node: &FutureNode) -> String {
    let state = match node.state.as_deref() {
        None | Some("suspended") => String::new(),
        Some(state) => format!(" ({})", escaped(state)),
    };
    let source = node.location.as_ref().and_then(|location| location.text.as_deref());
    let source = source.map(|source| format!(" | <code>{}</code>", escaped(source)));
    let wait = node.wait.as_ref().map(|wait| {
        let detail = wait.detail.as_deref().map(|detail| format!(": {detail}")).unwrap_or_default();
        let task = wait.task.as_deref().map(|task| format!(" of {task}")).unwrap_or_default();
        let said = format!("waits for {}{task}{detail}", wait.resource.kind);
        format!(" <span class=\"mark\">{}</span>", escaped(&said))
    });
    let fork = match node.children.len() {
        0 | 1 => String::new(),
        count => format!(" <span class=\"quiet\">waits for {count} futures at once</span>"),
    };
    let values = variables(&node.variables).map(|said| format!("<br>{said}"));
    format!(
        "<li>{} {}{state}{}{}{fork}{}</li>\n",
        place(node.location.as_ref()),
        escaped(&node.name),
        source.unwrap_or_default(),
        wait.unwrap_or_default(),
        values.unwrap_or_default(),
    )
}
