//! A report side by side with the marks of the program that it is about.

mod holders;
mod task;

use std::collections::{BTreeMap, BTreeSet};

use asynctest_engine::report::{FutureNode, Location, Report, TaskKind, Variable};

use crate::marks::{Program, Who};
use crate::standing::{Standing, stacks, standings};
use task::differences;

/// What `report` says otherwise than the marks, a sentence each. `file` is the end of the path of
/// the program's source, and `source` its text.
pub fn compare(program: &Program, report: &Report, file: &str, source: &str) -> Vec<String> {
    let mut wrong = Vec::new();
    tasks(program, report, file, &mut wrong);
    threads(program, report, file, &mut wrong);
    finding(program, report, file, &mut wrong);
    completeness(program, report, &mut wrong);
    proof(program, report, &mut wrong);
    texts(report, file, source, &mut wrong);
    variables(program, report, file, &mut wrong);
    wrong
}

/// Gives each marked task its standing in the report; what is left over on either side is wrong.
fn tasks(program: &Program, report: &Report, file: &str, wrong: &mut Vec<String>) {
    let mut standings = standings(report, file);
    let mut labels: BTreeMap<&Who, Vec<String>> = BTreeMap::new();
    let mut matched = Vec::new();
    for (who, expected) in &program.tasks {
        if matches!(who, Who::Thread(_)) {
            continue;
        }
        let candidates = standings
            .iter_mut()
            .filter(|standing| standing.count >= expected.count && may_be(who, standing.kind));
        let nearest = candidates
            .map(|standing| (differences(expected, standing), standing))
            .min_by_key(|(differences, _)| differences.len());
        let Some((differences, standing)) = nearest else {
            wrong.push(format!("{who}: not in the report, {} of it", expected.count));
            continue;
        };
        wrong.extend(differences.iter().map(|difference| format!("{who}: {difference}")));
        if differences.is_empty() {
            let known = labels.entry(who).or_default();
            known.push(standing.label.clone());
            known.extend(standing.others.clone());
            standing.count -= expected.count;
            matched.push((who, standing.clone()));
        }
    }
    wrong.extend(standings.iter().filter(|standing| standing.count > 0).map(unexpected));
    wrong.extend(holders::differences(program, report, file, &labels));
    for (who, standing) in matched {
        ends(program, who, &standing, &labels, wrong);
    }
}

/// Whether a task of this kind can be the one that is marked so.
fn may_be(who: &Who, kind: TaskKind) -> bool {
    match kind {
        TaskKind::BlockOn => matches!(who, Who::Body | Who::Root(_)),
        TaskKind::Spawned | TaskKind::Blocking => matches!(who, Who::Task(_)),
    }
}

fn unexpected(standing: &Standing) -> String {
    format!(
        "in the report and not marked, {} of it: {} `{}`, {}, spawned {:?}, chains {:?}, stack {:?}",
        standing.count,
        standing.label,
        standing.name,
        standing.state,
        standing.spawned,
        standing.paths,
        standing.stack,
    )
}

/// Checks that the waits of `who` that a task ends name that task.
fn ends(
    program: &Program,
    who: &Who,
    standing: &Standing,
    labels: &BTreeMap<&Who, Vec<String>>,
    wrong: &mut Vec<String>,
) {
    let expected = program.tasks.get(who).into_iter().flat_map(|expected| &expected.paths);
    for path in expected {
        let Some(name) = path.waits.as_ref().and_then(|waits| waits.task.as_ref()) else {
            continue;
        };
        let known = labels.get(&Who::Task(name.clone()));
        let named = standing
            .paths
            .iter()
            .filter(|chain| chain.lines == path.lines)
            .filter_map(|chain| chain.waits.as_ref()?.task.as_ref())
            .any(|label| known.is_some_and(|known| known.contains(label)));
        if !named {
            wrong.push(format!(
                "{who}: does not say that it waits for task {name}, which is {known:?}"
            ));
        }
    }
}

/// Checks the threads that are marked and poll no task.
fn threads(program: &Program, report: &Report, file: &str, wrong: &mut Vec<String>) {
    let stacks = stacks(report, file);
    for (who, expected) in &program.tasks {
        let found = stacks.iter().any(|stack| stack.ends_with(&expected.runs));
        if matches!(who, Who::Thread(_)) && !found {
            wrong.push(format!("{who}: no stack ends in lines {:?}: {stacks:?}", expected.runs));
        }
    }
}

/// Checks that the first line names what is marked as the root, and that its waits are on the marked
/// lines.
fn finding(program: &Program, report: &Report, file: &str, wrong: &mut Vec<String>) {
    let Some(expected) = &program.finding else { return };
    let found = &report.headline.finding;
    if found != expected {
        wrong.push(format!("the finding is {found}: {}", report.headline.sentence));
        return;
    }
    let steps = report.findings.first().map(|root| root.steps.as_slice()).unwrap_or_default();
    let places = steps.iter().filter_map(|step| step.location.as_ref());
    let lines: BTreeSet<u32> =
        places.filter(|place| place.file.ends_with(file)).map(|place| place.line).collect();
    if lines != program.roots {
        wrong.push(format!("the root is in lines {lines:?} and marked in {:?}", program.roots));
    }
}

/// Checks what is said of the variables of those futures of which they are marked.
fn variables(program: &Program, report: &Report, file: &str, wrong: &mut Vec<String>) {
    let mut found: BTreeMap<u32, BTreeSet<String>> = BTreeMap::new();
    let mut left: Vec<&FutureNode> =
        report.tasks.iter().filter_map(|task| task.future.as_ref()).collect();
    while let Some(node) = left.pop() {
        let place = node.location.as_ref().filter(|place| place.file.ends_with(file));
        if let Some(place) = place {
            let variable = |one: &Variable| format!("{}: {}", one.name, one.value);
            let said: Vec<String> = node.variables.iter().map(variable).collect();
            found.entry(place.line).or_default().insert(said.join(", "));
        }
        left.extend(&node.children);
    }
    for (line, expected) in &program.variables {
        let said = found.remove(line).unwrap_or_default();
        if said != *expected {
            wrong.push(format!("line {line}: the variables are {said:?}, marked is {expected:?}"));
        }
    }
}

/// Checks that nothing was left unread.
fn completeness(program: &Program, report: &Report, wrong: &mut Vec<String>) {
    let counts = &report.counts;
    if counts.tasks_walked != counts.tasks_found {
        let (walked, found) = (counts.tasks_walked, counts.tasks_found);
        wrong.push(format!("{walked} of {found} tasks walked"));
    }
    let listed: u64 = report.tasks.iter().map(|task| task.count).sum();
    if listed != counts.tasks_found {
        wrong.push(format!("{listed} tasks listed, {} counted", counts.tasks_found));
    }
    if u64::try_from(report.gaps.len()) != Ok(counts.gaps) {
        wrong.push(format!("{} gaps listed, {} counted", report.gaps.len(), counts.gaps));
    }
    wrong.extend(report.gaps.iter().map(|gap| format!("gap: {}: {}", gap.what, gap.why)));
    match (program.moves, report.looks.moved.as_slice()) {
        (true, []) => wrong.push("something moves, and the report says that nothing does".into()),
        (false, [_, ..]) => wrong.push(format!("nothing moves, but: {:?}", report.looks.moved)),
        (true, [_, ..]) | (false, []) => {}
    }
}

/// Checks that a program is proven to be stuck exactly when nothing can wake it.
fn proof(program: &Program, report: &Report, wrong: &mut Vec<String>) {
    let stirs = program.stirs || program.moves;
    match (stirs, &report.looks.stirs) {
        (true, Some(found)) if found.is_empty() => {
            wrong.push("it could be woken, and the report says that nothing can".into());
        }
        (false, Some(found)) if !found.is_empty() => {
            wrong.push(format!("nothing can wake it, but: {found:?}"));
        }
        (_, None) => wrong.push("what could wake it was not looked at".into()),
        (_, Some(_)) => {}
    }
    if report.subject.verdict == "STUCK" && !report.looks.is_stuck() {
        wrong.push("it is called STUCK without a proof".into());
    }
}

/// Checks that each line that is shown is that line of the source.
fn texts(report: &Report, file: &str, source: &str, wrong: &mut Vec<String>) {
    let lines: Vec<&str> = source.lines().collect();
    let mut locations = Vec::new();
    for task in &report.tasks {
        locations.extend(task.spawned.as_ref().map(|spawn| &spawn.location));
        if let Some(future) = &task.future {
            collect(future, &mut locations);
        }
    }
    for location in locations.into_iter().filter(|location| location.file.ends_with(file)) {
        let index = usize::try_from(location.line).ok().and_then(|line| line.checked_sub(1));
        let text = index.and_then(|index| lines.get(index)).map(|text| text.trim());
        if location.text.as_deref() != text {
            let shown = &location.text;
            wrong.push(format!("line {} is shown as {shown:?} and is {text:?}", location.line));
        }
    }
}

fn collect<'report>(future: &'report FutureNode, locations: &mut Vec<&'report Location>) {
    locations.extend(&future.location);
    for child in &future.children {
        collect(child, locations);
    }
}

#[cfg(test)]
mod tests;
