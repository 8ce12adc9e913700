//! One task of the report against one of the marks.

use crate::marks::{Expected, Path, Waits};
use crate::standing::{Chain, Standing, Wait};

/// What the report says of the task otherwise than the marks.
pub(super) fn differences(expected: &Expected, standing: &Standing) -> Vec<String> {
    let mut wrong = Vec::new();
    if let Some(name) = &expected.name
        && !is_called(&standing.name, name)
    {
        wrong.push(format!("should be called `{name}`, is `{}`", standing.name));
    }
    if expected.spawned.is_some() && expected.spawned != standing.spawned {
        let (expected, found) = (expected.spawned, standing.spawned);
        wrong.push(format!("should be spawned at {expected:?}, is {found:?}"));
    }
    if expected.state != standing.state {
        let (expected, found) = (expected.state, &standing.state);
        wrong.push(format!("should be {expected}, is {found}"));
    }
    if !standing.stack.ends_with(&expected.runs) {
        let (expected, found) = (&expected.runs, &standing.stack);
        wrong.push(format!("should run at lines {expected:?}, its stack is {found:?}"));
    }
    if expected.polls != standing.polls {
        let (expected, found) = (&expected.polls, &standing.polls);
        wrong.push(format!("its waits should be written in {expected:?}, are in {found:?}"));
    }
    // A running task's stored state is stale, and one that never ran has no chain.
    if !expected.paths.is_empty() {
        chains(&expected.paths, &standing.paths, &mut wrong);
    }
    wrong
}

/// Whether the full name of a function is that of the function `name`: `a::b::name`, `name<T>`.
fn is_called(full: &str, name: &str) -> bool {
    let path = full.split('<').next().unwrap_or(full);
    path.rsplit("::").next() == Some(name)
}

/// Gives each marked chain one of the report's.
fn chains(expected: &[Path], found: &[Chain], wrong: &mut Vec<String>) {
    let mut left: Vec<&Chain> = found.iter().collect();
    for path in expected.iter().flat_map(|path| std::iter::repeat_n(path, path.count)) {
        match left.iter().position(|chain| is_same(path, chain)) {
            Some(index) => {
                left.remove(index);
            }
            None => wrong.push(format!("no chain through {path:?}")),
        }
    }
    wrong.extend(left.iter().map(|chain| format!("a chain that is not marked: {chain:?}")));
}

fn is_same(path: &Path, chain: &Chain) -> bool {
    path.lines == chain.lines
        && match (&path.waits, &chain.waits) {
            (None, None) => true,
            (Some(waits), Some(wait)) => is_kind(waits, wait),
            (None, Some(_)) | (Some(_), None) => false,
        }
}

fn is_kind(waits: &Waits, wait: &Wait) -> bool {
    let by_type = waits.or_unknown && wait.kind == "unknown";
    // In a mark a `-` stands for a space, so it is told from none.
    let kind = wait.kind.replace('-', " ");
    let detail = wait.detail.as_deref().unwrap_or_default().replace('-', " ");
    let is_said = waits.says.as_ref().is_none_or(|says| detail.contains(says.as_str()));
    is_said && (waits.kind == kind || (by_type && wait.type_name.contains(&waits.kind)))
}
