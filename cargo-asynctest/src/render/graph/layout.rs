//! Where the nodes of a graph stand: in columns, so that most edges lead to the right.
//!
//! Edges that close a circle are left out of account; each node stands one column behind the last of
//! those that need it. In a column, nodes are ordered by where their neighbors stand.

use std::collections::HashMap;

use super::Drawn;

/// How often the columns are ordered by their neighbors.
const ROUNDS: usize = 6;

/// The column and the row of each node, in the order of the nodes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(in crate::render) struct Layout {
    /// Column and row of each node.
    pub(in crate::render) places: Vec<(usize, usize)>,
    /// How many columns there are.
    pub(in crate::render) columns: usize,
    /// How many nodes the longest column has.
    pub(in crate::render) rows: usize,
}

/// The layout of what is drawn.
pub(in crate::render) fn layout(drawn: &Drawn<'_>) -> Layout {
    let index: HashMap<u64, usize> =
        drawn.nodes.iter().enumerate().map(|(index, node)| (node.id, index)).collect();
    let edges: Vec<(usize, usize)> = drawn
        .edges
        .iter()
        .filter_map(|edge| Some((*index.get(&edge.from)?, *index.get(&edge.to)?)))
        .filter(|(from, to)| from != to)
        .collect();
    let columns = columns(drawn.nodes.len(), &edges);
    let mut order: Vec<Vec<usize>> =
        vec![Vec::new(); columns.iter().max().map_or(0, |max| max + 1)];
    for (node, column) in columns.iter().enumerate() {
        if let Some(column) = order.get_mut(*column) {
            column.push(node);
        }
    }
    let mut rows = rows(drawn.nodes.len(), &order);
    for _ in 0..ROUNDS {
        for column in &mut order {
            column.sort_by_key(|node| (neighborhood(*node, &edges, &rows), *node));
        }
        rows = self::rows(drawn.nodes.len(), &order);
    }
    Layout {
        places: columns.into_iter().zip(rows).collect(),
        columns: order.len(),
        rows: order.iter().map(Vec::len).max().unwrap_or(0),
    }
}

/// The row of each node.
fn rows(count: usize, order: &[Vec<usize>]) -> Vec<usize> {
    let mut rows = vec![0; count];
    for column in order {
        for (row, node) in column.iter().enumerate() {
            if let Some(slot) = rows.get_mut(*node) {
                *slot = row;
            }
        }
    }
    rows
}

/// The middle of the rows of a node's neighbors, in thousandths.
fn neighborhood(node: usize, edges: &[(usize, usize)], rows: &[usize]) -> usize {
    let near = edges.iter().filter_map(|&(from, to)| match (from == node, to == node) {
        (true, _) => rows.get(to),
        (_, true) => rows.get(from),
        (false, false) => None,
    });
    let (sum, count) = near.fold((0, 0), |(sum, count), row| (sum + row * 1000, count + 1));
    sum.checked_div(count).unwrap_or(0)
}

/// The column of each node: the length of the longest way to it.
fn columns(count: usize, edges: &[(usize, usize)]) -> Vec<usize> {
    let forward = without_circles(count, edges);
    let mut columns = vec![0; count];
    // With no circle, each round sets at least one more column for good.
    for _ in 0..count {
        let mut is_done = true;
        for &(from, to) in &forward {
            let behind = columns.get(from).map_or(0, |column| column + 1);
            if let Some(column) = columns.get_mut(to)
                && *column < behind
            {
                *column = behind;
                is_done = false;
            }
        }
        if is_done {
            break;
        }
    }
    columns
}

/// The edges that do not lead back to a node on the way to them.
fn without_circles(count: usize, edges: &[(usize, usize)]) -> Vec<(usize, usize)> {
    #[derive(Clone, Copy, PartialEq)]
    enum Seen {
        No,
        OnTheWay,
        Done,
    }
    let mut seen = vec![Seen::No; count];
    let mut forward = Vec::new();
    let targets = |node: usize| {
        edges.iter().filter(move |(from, _)| *from == node).map(|(_, to)| *to).collect::<Vec<_>>()
    };
    // What nothing needs comes first, so that a circle is entered where others enter it.
    let is_needed = |node: &usize| edges.iter().any(|(_, to)| to == node);
    let mut starts: Vec<usize> = (0..count).collect();
    starts.sort_by_key(is_needed);
    for start in starts {
        let mut way = vec![(start, targets(start))];
        if seen.get(start) != Some(&Seen::No) {
            continue;
        }
        if let Some(slot) = seen.get_mut(start) {
            *slot = Seen::OnTheWay;
        }
        while let Some((node, left)) = way.last_mut() {
            let node = *node;
            match left.pop() {
                Some(to) => match seen.get(to).copied() {
                    Some(Seen::OnTheWay) | None => {}
                    Some(Seen::Done) => forward.push((node, to)),
                    Some(Seen::No) => {
                        forward.push((node, to));
                        if let Some(slot) = seen.get_mut(to) {
                            *slot = Seen::OnTheWay;
                        }
                        way.push((to, targets(to)));
                    }
                },
                None => {
                    if let Some(slot) = seen.get_mut(node) {
                        *slot = Seen::Done;
                    }
                    way.pop();
                }
            }
        }
    }
    forward
}

#[cfg(test)]
mod tests {
    use asynctest_engine::evidence::Certainty;
    use asynctest_engine::report::{Graph, GraphEdge, GraphNode, GraphNodeKind, Role};

    use super::*;

    #[track_caller]
    fn check(count: u64, edges: &[(u64, u64)], expected: &[(usize, usize)]) {
        let node = |id| GraphNode {
            id,
            kind: GraphNodeKind::Task,
            label: String::new(),
            name: None,
            location: None,
            role: Role::None,
        };
        let edge = |&(from, to): &(u64, u64)| GraphEdge {
            from,
            to,
            label: String::new(),
            certainty: Certainty::Definite,
            cause: false,
        };
        let graph = Graph {
            nodes: (0..count).map(node).collect(),
            edges: edges.iter().map(edge).collect(),
            left_out: 0,
        };
        assert_eq!(layout(&Drawn::new(&graph, 100)).places, expected);
    }

    #[test]
    fn who_waits_stands_left_of_what_it_waits_for() {
        check(3, &[(2, 0), (0, 1)], &[(1, 0), (2, 0), (0, 0)]);
    }

    #[test]
    fn a_circle_is_cut_where_it_is_entered() {
        check(4, &[(0, 1), (1, 2), (2, 1), (3, 1)], &[(0, 0), (1, 0), (2, 0), (0, 1)]);
        check(2, &[(0, 1), (1, 0), (0, 0)], &[(0, 0), (1, 0)]);
        check(0, &[], &[]);
    }

    #[test]
    fn each_place_is_taken_once() {
        check(4, &[(0, 2), (0, 3), (1, 2), (1, 3)], &[(0, 0), (0, 1), (1, 0), (1, 1)]);
    }
}
