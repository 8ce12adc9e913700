//! The graph, drawn by us as SVG.

use std::fmt::Write as _;

use asynctest_engine::evidence::Certainty;
use asynctest_engine::report::{Graph, GraphNode, GraphNodeKind, Role};

use super::escape::escaped;
use crate::render::graph::layout::layout;
use crate::render::graph::{Drawn, lines};

/// Most nodes that are drawn.
const MOST: usize = 60;

/// The size of a node, and the room between two, in pixels.
const WIDTH: usize = 210;
const HEIGHT: usize = 62;
const ACROSS: usize = 96;
const DOWN: usize = 26;
const MARGIN: usize = 20;

/// Most letters in a line of a node.
const MOST_LETTERS: usize = 27;

pub(super) fn section(graph: &Graph) -> String {
    let drawn = Drawn::new(graph, MOST);
    if drawn.edges.is_empty() {
        return String::new();
    }
    let layout = layout(&drawn);
    let width = 2 * MARGIN + layout.columns * (WIDTH + ACROSS);
    let height = 2 * MARGIN + layout.rows * (HEIGHT + DOWN) + HEIGHT;
    let mut text = format!(
        "<h2>Who waits for whom</h2>\n<div class=\"graph\"><svg width=\"{width}\" height=\"{height}\" \
         viewBox=\"0 0 {width} {height}\" role=\"img\" aria-label=\"wait-for graph\">\n\
         <defs><marker id=\"arrow\" viewBox=\"0 0 8 8\" refX=\"7\" refY=\"4\" markerWidth=\"8\" \
         markerHeight=\"8\" orient=\"auto\"><path d=\"M0 0 L8 4 L0 8 z\" fill=\"#888\"/></marker></defs>\n"
    );
    let place_of = |id: u64| {
        let index = drawn.nodes.binary_search_by_key(&id, |node| node.id).ok()?;
        layout.places.get(index).copied()
    };
    for edge in &drawn.edges {
        if let (Some(from), Some(to)) = (place_of(edge.from), place_of(edge.to)) {
            let mut class = String::from("edge");
            class.push_str(if edge.cause { " cause" } else { "" });
            class.push_str(if edge.certainty == Certainty::Definite { "" } else { " unsure" });
            text.push_str(&arrow(from, to, &class, &edge.label));
        }
    }
    for (node, place) in drawn.nodes.iter().zip(&layout.places) {
        text.push_str(&self::node(node, *place));
    }
    text.push_str("</svg></div>\n");
    if drawn.left_out > 0 {
        let _ =
            writeln!(text, "<p class=\"quiet\">{} more nodes are not drawn.</p>", drawn.left_out);
    }
    text
}

/// The upper left corner of a place.
fn corner((column, row): (usize, usize)) -> (usize, usize) {
    (MARGIN + column * (WIDTH + ACROSS), MARGIN + HEIGHT / 2 + row * (HEIGHT + DOWN))
}

fn arrow(from: (usize, usize), to: (usize, usize), class: &str, label: &str) -> String {
    let (from_x, from_y) = corner(from);
    let (to_x, to_y) = corner(to);
    let leads_right = from.0 < to.0;
    let (path, label_x, label_y) = if leads_right {
        let (x1, y1) = (from_x + WIDTH, from_y + HEIGHT / 2);
        let (x2, y2) = (to_x, to_y + HEIGHT / 2);
        let bend = (x2 - x1) / 2;
        let path = format!("M{x1} {y1} C{} {y1} {} {y2} {x2} {y2}", x1 + bend, x2 - bend);
        (path, x1.midpoint(x2), y1.midpoint(y2))
    } else {
        // Back, or within a column: above the nodes.
        let (x1, y1) = (from_x + WIDTH / 2 + 14, from_y);
        let (x2, y2) = (to_x + WIDTH / 2 - 14, to_y);
        let top = y1.min(y2).saturating_sub(HEIGHT / 2 + 8);
        let path = format!("M{x1} {y1} C{x1} {top} {x2} {top} {x2} {y2}");
        (path, x1.midpoint(x2), top + 14)
    };
    format!(
        "<path class=\"{class}\" d=\"{path}\" marker-end=\"url(#arrow)\"/>\n\
         <text class=\"edge-label\" x=\"{label_x}\" y=\"{}\" text-anchor=\"middle\">{}</text>\n",
        label_y.saturating_sub(4),
        escaped(label)
    )
}

fn node(node: &GraphNode, place: (usize, usize)) -> String {
    let (x, y) = corner(place);
    let class = match node.role {
        Role::Cause => "cause",
        Role::Victim => "victim",
        Role::None => "other",
    };
    let radius = match node.kind {
        GraphNodeKind::Resource => HEIGHT / 2,
        GraphNodeKind::Thread | GraphNodeKind::Runtime => 0,
        GraphNodeKind::Task
        | GraphNodeKind::Branch
        | GraphNodeKind::Aside
        | GraphNodeKind::Place => 6,
    };
    let all = lines(node);
    let mut text = format!(
        "<g class=\"{class}\"><title>{}</title><rect class=\"box\" x=\"{x}\" y=\"{y}\" \
         width=\"{WIDTH}\" height=\"{HEIGHT}\" rx=\"{radius}\"/>\n",
        escaped(&all.join("\n"))
    );
    let above = HEIGHT.saturating_sub(all.len() * 17) / 2;
    for (index, line) in all.iter().enumerate() {
        let class = if index == 0 { "first" } else { "more" };
        let _ = writeln!(
            text,
            "<text class=\"{class}\" x=\"{}\" y=\"{}\" text-anchor=\"middle\">{}</text>",
            x + WIDTH / 2,
            y + above + 13 + index * 17,
            escaped(&shortened(line))
        );
    }
    text.push_str("</g>\n");
    text
}

/// The end of a line that is too long: paths differ there.
fn shortened(line: &str) -> String {
    let count = line.chars().count();
    if count <= MOST_LETTERS {
        return line.to_owned();
    }
    let end: String = line.chars().skip(count - MOST_LETTERS + 1).collect();
    format!("…{end}")
}
