//! Mermaid's `flowchart`: the cause is red, its victims are grey.

use std::fmt::Write as _;

use asynctest_engine::evidence::Certainty;
use asynctest_engine::report::{Graph, GraphNodeKind, Role};

use super::{Drawn, lines};

/// More would not be read, and Mermaid draws no more than a few hundred edges.
const MOST: usize = 40;

/// The graph; nothing when there is nothing in it.
pub(in crate::render) fn mermaid(graph: &Graph) -> Option<String> {
    let drawn = Drawn::new(graph, MOST);
    if drawn.edges.is_empty() {
        return None;
    }
    let mut text = String::from("flowchart LR\n");
    for node in &drawn.nodes {
        let label: Vec<String> = lines(node).iter().map(|line| escaped(line)).collect();
        let label = label.join("<br/>");
        let (open, close) = match node.kind {
            GraphNodeKind::Resource => ("([", "])"),
            GraphNodeKind::Thread | GraphNodeKind::Runtime => ("[[", "]]"),
            GraphNodeKind::Task
            | GraphNodeKind::Branch
            | GraphNodeKind::Aside
            | GraphNodeKind::Place => ("[", "]"),
        };
        let _ = writeln!(text, "  n{}{open}\"{label}\"{close}{}", node.id, class(node.role));
    }
    for edge in &drawn.edges {
        let arrow = if edge.certainty == Certainty::Definite { "-->" } else { "-.->" };
        let label = escaped(&edge.label);
        let _ = writeln!(text, "  n{} {arrow}|\"{label}\"| n{}", edge.from, edge.to);
    }
    text.push_str("  classDef cause fill:#fdd,stroke:#c00,color:#000\n");
    text.push_str("  classDef victim fill:#eee,stroke:#999,color:#555\n");
    Some(text)
}

fn class(role: Role) -> &'static str {
    match role {
        Role::Cause => ":::cause",
        Role::Victim => ":::victim",
        Role::None => "",
    }
}

/// Text that Mermaid takes for nothing but text: it knows characters by number.
fn escaped(text: &str) -> String {
    let mut escaped = String::new();
    for letter in text.chars().take(120) {
        match letter {
            letter if letter.is_alphanumeric() || " ._-/".contains(letter) => escaped.push(letter),
            letter => {
                let _ = write!(escaped, "#{};", u32::from(letter));
            }
        }
    }
    escaped
}
