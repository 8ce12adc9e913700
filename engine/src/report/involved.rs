//! Which tasks a report is about.

use super::schema::Subject;
use super::tasks;
use crate::diagnosis::{self, Case, Looked};
use crate::graph::Node;
use crate::model::{TaskKey, World};

/// The test's body, and the tasks that are part of what is wrong in `last`, the root's first; some of
/// them several times.
pub fn involved(subject: &Subject, first: Option<&World>, last: &World) -> Vec<TaskKey> {
    let body = tasks::body(subject, last);
    let looked = Looked { first, last, apart_ms: 0, body };
    let case = Case::new(&looked);
    let found = diagnosis::diagnose(&case);
    let nodes = found.iter().flat_map(diagnosis::Finding::nodes);
    let keys = nodes.filter_map(|id| match case.graph.node(id)? {
        Node::Branch(branch) => Some(branch.task.key),
        Node::Thread(_) => case.task_of(id),
        Node::Resource(_) | Node::Runtime(_) | Node::Pool(_) | Node::Place(_) => None,
    });
    body.into_iter().chain(keys).collect()
}
