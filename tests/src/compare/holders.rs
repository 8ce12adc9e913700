//! Who holds what, and which futures nothing polls, in the report against the marks.

use std::collections::BTreeMap;

use asynctest_engine::report::{Location, Report};

use crate::marks::{Program, Who};

/// What the report says of holders and of futures that nothing polls otherwise than the marks.
pub(super) fn differences(
    program: &Program,
    report: &Report,
    file: &str,
    labels: &BTreeMap<&Who, Vec<String>>,
) -> Vec<String> {
    let names = Names { report, file, labels };
    let mut wrong = Vec::new();
    if !program.holds.is_empty() {
        compare(expected_holders(program), names.holders(), &mut wrong);
    }
    if !program.leaves.is_empty() {
        let expected = program.leaves.iter();
        let expected = expected.map(|(line, leaves)| {
            left(&leaves.who, &leaves.variable, leaves.is_since_here.then_some(*line))
        });
        compare(expected.collect(), names.left(), &mut wrong);
    }
    wrong
}

fn expected_holders(program: &Program) -> Vec<String> {
    let expected = program.holds.iter().map(|(line, holds)| {
        let since = holds.is_since_here.then_some(*line);
        let aside = if holds.is_aside { "/aside" } else { "" };
        let (who, variable, certainty) = (&holds.who, &holds.variable, holds.certainty);
        format!("{who}{aside} holds {variable} since {since:?}, {certainty:?}")
    });
    expected.collect()
}

fn left(who: &dyn std::fmt::Display, variable: &str, since: Option<u32>) -> String {
    format!("{who} leaves {variable} since {since:?}")
}

/// What the report calls things, in the words of the marks.
struct Names<'names> {
    report: &'names Report,
    file: &'names str,
    labels: &'names BTreeMap<&'names Who, Vec<String>>,
}

impl Names<'_> {
    fn holders(&self) -> Vec<String> {
        let found = self.report.holdings.iter().map(|holding| {
            let since = self.line(&holding.since);
            let aside = if holding.aside { "/aside" } else { "" };
            let variable = holding.variable.as_deref().unwrap_or("-");
            let (who, certainty) = (self.who(&holding.holder), holding.certainty);
            format!("{who}{aside} holds {variable} since {since:?}, {certainty:?}")
        });
        found.collect()
    }

    fn left(&self) -> Vec<String> {
        let tasks = self.report.tasks.iter();
        let found = tasks.flat_map(|task| task.aside.iter().map(move |aside| (task, aside)));
        let found = found.map(|(task, aside)| {
            let variable = aside.variable.as_deref().unwrap_or("-");
            left(&self.who(&task.label), variable, self.line(&aside.since))
        });
        found.collect()
    }

    fn who(&self, label: &str) -> String {
        let mut known = self.labels.iter();
        let known = known.find(|(_, known)| known.iter().any(|one| one == label));
        let mut threads = self.report.threads.iter();
        let thread = threads.find(|thread| label == format!("thread {}", thread.id));
        match (known, thread) {
            (Some((who, _)), _) => who.to_string(),
            (None, Some(thread)) => format!("thread {}", thread.name),
            (None, None) => label.to_owned(),
        }
    }

    fn line(&self, location: &Option<Location>) -> Option<u32> {
        let location = location.as_ref().filter(|location| location.file.ends_with(self.file));
        location.map(|location| location.line)
    }
}

fn compare(mut expected: Vec<String>, found: Vec<String>, wrong: &mut Vec<String>) {
    for found in found {
        match expected.iter().position(|expected| *expected == found) {
            Some(index) => drop(expected.remove(index)),
            None => wrong.push(format!("in the report and not marked: {found}")),
        }
    }
    wrong.extend(expected.into_iter().map(|expected| format!("not in the report: {expected}")));
}
