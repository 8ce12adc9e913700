//! All marks of a program together: its tasks as the report must show them.

use std::collections::{BTreeMap, BTreeSet};

use asynctest_engine::report::SpawnKind;

use super::{Comment, Holds, Leaves, Link, Mark, Waits, Who, comments, variables};
use crate::Error;

/// What the marks of one source file say.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Program {
    /// The tasks, in the order of who they are.
    pub tasks: BTreeMap<Who, Expected>,
    /// Whether the two looks differ.
    pub moves: bool,
    /// Whether something outside of the process could still wake it.
    pub stirs: bool,
    /// What the report calls the hang, if that is marked.
    pub finding: Option<String>,
    /// The lines of the waits that it names.
    pub roots: BTreeSet<u32>,
    /// Who holds what is waited for, and on which line that is said.
    pub holds: Vec<(u32, Holds)>,
    /// The futures that nothing polls, and on which line that is said.
    pub leaves: Vec<(u32, Leaves)>,
    /// What the variables are of the futures that are suspended on a line.
    pub variables: BTreeMap<u32, BTreeSet<String>>,
}

/// What the marks say of one task.
#[derive(Clone, PartialEq, Debug)]
pub struct Expected {
    /// How many there are.
    pub count: u64,
    /// The function it is called by, if that is marked.
    pub name: Option<String>,
    /// Where it comes from, if that is marked.
    pub spawned: Option<(SpawnKind, u32)>,
    /// `idle`, `scheduled` or `running`.
    pub state: &'static str,
    /// Its await chains, one a leaf, in any order.
    pub paths: Vec<Path>,
    /// The lines of the functions in which its leaves' waits are written.
    pub polls: BTreeSet<u32>,
    /// The lines of its thread's stack inside its poll, outermost first.
    pub runs: Vec<u32>,
}

impl Default for Expected {
    fn default() -> Expected {
        Expected {
            count: 1,
            name: None,
            spawned: None,
            state: "idle",
            paths: Vec::new(),
            polls: BTreeSet::new(),
            runs: Vec::new(),
        }
    }
}

/// One await chain, from the task to a leaf.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Path {
    /// The user's lines, outermost first.
    pub lines: Vec<u32>,
    /// What the leaf waits for.
    pub waits: Option<Waits>,
    /// How many chains like this there are.
    pub count: usize,
}

impl Program {
    /// Reads the marks of `source`.
    pub fn parse(source: &str) -> Result<Program, Error> {
        let mut program = Program { variables: variables(source), ..Program::default() };
        let mut links: BTreeMap<Who, Vec<(u32, Link)>> = BTreeMap::new();
        let mut runs: BTreeMap<Who, BTreeMap<u32, u32>> = BTreeMap::new();
        for comment in comments(source)? {
            for mark in &comment.marks {
                match mark {
                    Mark::Link(link) => {
                        let line = (comment.line, link.clone());
                        links.entry(link.who.clone()).or_default().push(line);
                    }
                    Mark::Runs(mark) => runs
                        .entry(mark.who.clone())
                        .or_default()
                        .extend(mark.depths.clone().map(|depth| (depth, comment.line))),
                    Mark::Moves => program.moves = true,
                    Mark::Stirs => program.stirs = true,
                    Mark::Finding(slug) => {
                        program.finding = Some(slug.clone());
                        program.roots.insert(comment.line);
                    }
                    Mark::Holds(holds) => program.holds.push((comment.line, holds.clone())),
                    Mark::Leaves(leaves) => program.leaves.push((comment.line, leaves.clone())),
                    Mark::Scheduled(_)
                    | Mark::Running(_)
                    | Mark::Names(_)
                    | Mark::Polls(_)
                    | Mark::Spawned(_)
                    | Mark::Written(_) => program.note(&comment, mark),
                }
            }
        }
        for (who, links) in links {
            program.tasks.entry(who).or_default().paths = paths(&links);
        }
        for (who, lines) in runs {
            let task = program.tasks.entry(who).or_default();
            task.runs = lines.into_values().collect();
            task.state = "running";
        }
        Ok(program)
    }

    /// Notes what one mark says of a task as a whole.
    fn note(&mut self, comment: &Comment, mark: &Mark) {
        match mark {
            Mark::Scheduled(who) => self.task(who).state = "scheduled",
            Mark::Running(who) => self.task(who).state = "running",
            Mark::Names(who) => self.task(who).name = declared(&comment.code),
            Mark::Polls(who) => drop(self.task(who).polls.insert(comment.line)),
            Mark::Spawned(tally) | Mark::Written(tally) => {
                let kind = match mark {
                    Mark::Written(_) => SpawnKind::Written,
                    _ => SpawnKind::Spawned,
                };
                let task = self.task(&Who::Task(tally.name.clone()));
                task.count = tally.count;
                task.spawned = Some((kind, comment.line));
            }
            Mark::Link(_)
            | Mark::Runs(_)
            | Mark::Holds(_)
            | Mark::Leaves(_)
            | Mark::Moves
            | Mark::Stirs
            | Mark::Finding(_) => {}
        }
    }

    fn task(&mut self, who: &Who) -> &mut Expected {
        self.tasks.entry(who.clone()).or_default()
    }
}

/// The chains that a task's links make, one a branch.
fn paths(links: &[(u32, Link)]) -> Vec<Path> {
    let branches: BTreeSet<_> =
        links.iter().filter_map(|(_, link)| link.branch.as_deref()).collect();
    if branches.is_empty() {
        return vec![path(links, None)];
    }
    branches.into_iter().map(|branch| path(links, Some(branch))).collect()
}

/// The chain of one branch: its own links, and the common ones at depths where it has none.
fn path(links: &[(u32, Link)], branch: Option<&str>) -> Path {
    let mut chain: BTreeMap<u32, (u32, Option<&Waits>)> = BTreeMap::new();
    let common = links.iter().filter(|(_, link)| link.branch.is_none());
    let own = links.iter().filter(|(_, link)| branch.is_some() && link.branch.as_deref() == branch);
    for (line, link) in common.clone().chain(own.clone()) {
        for depth in link.depths.clone() {
            chain.insert(depth, (*line, link.waits.as_ref()));
        }
    }
    Path {
        count: common.chain(own).map(|(_, link)| link.count).max().unwrap_or(1),
        waits: chain.last_key_value().and_then(|(_, (_, waits))| waits.cloned()),
        lines: chain.range(1..).map(|(_, (line, _))| *line).collect(),
    }
}

/// The name of the function that `code` declares.
fn declared(code: &str) -> Option<String> {
    let (_, rest) = code.split_once("fn ")?;
    let name: String = rest
        .chars()
        .take_while(|character| character.is_alphanumeric() || *character == '_')
        .collect();
    Some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn waits(kind: &str) -> Option<Waits> {
        Some(Waits { kind: kind.into(), or_unknown: false, task: None, says: None })
    }

    #[test]
    fn chains_are_ordered_by_depth() {
        let source = "f().await //~ body 3 waits Mutex\ng().await //~ body 1\nh().await //~ body 2";
        let program = Program::parse(source).unwrap();
        let path = Path { lines: vec![2, 3, 1], waits: waits("Mutex"), count: 1 };
        assert_eq!(program.tasks[&Who::Body].paths, [path]);
    }

    #[test]
    fn a_leaf_by_itself_has_no_line() {
        let program = Program::parse("block_on(receiver); //~ body 0 waits oneshot").unwrap();
        let path = Path { lines: Vec::new(), waits: waits("oneshot"), count: 1 };
        assert_eq!(program.tasks[&Who::Body].paths, [path]);
    }

    #[test]
    fn branches_share_what_has_no_branch() {
        let source = "\
            join!( //~ body 1, body/late 1 waits sleep\n\
            a.await //~ body/a 2 waits Notify\n";
        let program = Program::parse(source).unwrap();
        let paths = [
            Path { lines: vec![1, 2], waits: waits("Notify"), count: 1 },
            Path { lines: vec![1], waits: waits("sleep"), count: 1 },
        ];
        assert_eq!(program.tasks[&Who::Body].paths, paths);
    }

    #[test]
    fn a_task_is_told_in_several_places() {
        let source = "\
            spawn(work(1)); //~ spawned worker x3\n\
            pub async fn work<T>(of: T) { //~ names task worker\n\
            spin() //~ task worker runs 1, moves\n";
        let program = Program::parse(source).unwrap();
        let worker = &program.tasks[&Who::Task("worker".into())];
        assert!(program.moves);
        assert_eq!(worker.name.as_deref(), Some("work"));
        assert_eq!((worker.count, worker.state), (3, "running"));
        assert_eq!(worker.spawned, Some((SpawnKind::Spawned, 1)));
        assert_eq!(worker.runs, [3]);
        assert!(worker.paths.is_empty());
    }
}
