//! Graphviz's language.

use std::fmt::Write as _;

use asynctest_engine::evidence::Certainty;
use asynctest_engine::report::{Graph, GraphNodeKind, Role};

use super::{Drawn, lines};

/// The whole graph.
pub(in crate::render) fn dot(graph: &Graph) -> String {
    let drawn = Drawn::new(graph, usize::MAX);
    let mut text =
        String::from("digraph waits {\n  rankdir=LR;\n  node [fontname=\"sans-serif\"];\n");
    for node in &drawn.nodes {
        let label: Vec<String> = lines(node).iter().map(|line| escaped(line)).collect();
        let shape = match node.kind {
            GraphNodeKind::Resource => "ellipse",
            GraphNodeKind::Thread | GraphNodeKind::Runtime => "box3d",
            GraphNodeKind::Task
            | GraphNodeKind::Branch
            | GraphNodeKind::Aside
            | GraphNodeKind::Place => "box",
        };
        let color = match node.role {
            Role::Cause => ", color=red, penwidth=2",
            Role::Victim => ", color=grey, fontcolor=grey40",
            Role::None => "",
        };
        let _ = writeln!(
            text,
            "  n{} [label=\"{}\", shape={shape}{color}];",
            node.id,
            label.join("\\n")
        );
    }
    for edge in &drawn.edges {
        let style = if edge.certainty == Certainty::Definite { "solid" } else { "dashed" };
        let color = if edge.cause { ", color=red" } else { "" };
        let label = escaped(&edge.label);
        let _ = writeln!(
            text,
            "  n{} -> n{} [label=\"{label}\", style={style}{color}];",
            edge.from, edge.to
        );
    }
    text.push_str("}\n");
    text
}

fn escaped(text: &str) -> String {
    let mut escaped = String::new();
    for letter in text.chars() {
        match letter {
            '"' | '\\' => escaped.extend(['\\', letter]),
            letter if letter.is_control() => escaped.push(' '),
            letter => escaped.push(letter),
        }
    }
    escaped
}
